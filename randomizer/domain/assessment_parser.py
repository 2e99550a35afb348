"""The blinded assessments of a definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from randomizer.domain.definition_values import ASSESSING_ROLES, AssessmentPlan

if TYPE_CHECKING:
    from randomizer.domain.toml_table import Faults, Table

LONGEST_TIME_POINT: Final = 40  # characters


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
    )
