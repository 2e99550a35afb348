"""The blinded assessments of a definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from randomizer.domain.definition_values import ASSESSING_ROLES, AssessmentPlan, AssessmentWindow

if TYPE_CHECKING:
    from randomizer.domain.toml_table import Faults, Table

LONGEST_TIME_POINT: Final = 40  # characters
LONGEST_DAYS: Final = 3660  # ten years


def assessments(root: Table, faults: Faults) -> tuple[AssessmentPlan, ...]:
    """Read ``[[assessments]]``; a definition without it asks nobody to sign one.

    Args:
        root: The definition.
        faults: Where what is wrong goes.
    """
    tables = root.tables("assessments", optional=True)
    found = tuple(_assessment(table, faults) for table in tables)
    for table in tables:
        table.done()
    faults.unique([one.code for one in found], [table.place("code") for table in tables], "assessments")
    return found


def _assessment(table: Table, faults: Faults) -> AssessmentPlan:
    points = table.texts("time_points", most=LONGEST_TIME_POINT)
    faults.unique(points, [table.place("time_points")] * len(points), "time points")
    return AssessmentPlan(
        code=table.code("code"),
        label=table.text("label", most=120),
        roles=table.choices("roles", ASSESSING_ROLES),
        time_points=points,
        open_question=table.text("open_question", most=2000, optional=True) or None,
        windows=_windows(table, points, faults),
    )


def _windows(table: Table, points: tuple[str, ...], faults: Faults) -> tuple[AssessmentWindow, ...]:
    tables = table.tables("windows", optional=True)
    found = tuple(_window(one, points) for one in tables)
    places = [one.place("time_point") for one in tables]
    faults.unique([one.time_point for one in found], places, "windows of one assessment")
    return found


def _window(table: Table, points: tuple[str, ...]) -> AssessmentWindow:
    made = AssessmentWindow(
        time_point=table.choice("time_point", points),
        due_days=table.whole("due_days", 0, LONGEST_DAYS),
        before_days=table.whole("before_days", 0, LONGEST_DAYS),
        after_days=table.whole("after_days", 0, LONGEST_DAYS),
    )
    table.done()
    return made
