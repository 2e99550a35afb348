"""Minimum interval and visit window: when the infusion of a period may be given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from randomizer.errors import Refused

if TYPE_CHECKING:
    from datetime import date, datetime

    from randomizer.domain.definition_values import PeriodPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Dates (UTC) between which an infusion belongs.

    Args:
        not_before: Earliest date by the minimum interval; a hard limit.
        opens_on: First date of the visit window.
        due_on: The planned date.
        closes_on: Last date of the visit window.
        since: Date of the infusion that all of these count from.
    """

    not_before: date
    opens_on: date
    due_on: date
    closes_on: date
    since: date

    def contains(self, moment: datetime) -> bool:
        """Whether a moment lies in the visit window."""
        return self.opens_on <= moment.date() <= self.closes_on


def window(plan: PeriodPlan, previous_given_at: datetime | None) -> Window | None:
    """The window of a period, or None where nothing was given before it.

    Args:
        plan: The period's plan.
        previous_given_at: Start of the last infusion actually given.
    """
    if previous_given_at is None:
        return None
    since = previous_given_at.date()
    due = since + timedelta(days=plan.interval_days)
    not_before = since + timedelta(days=plan.minimum_interval_days)
    return Window(
        not_before=not_before,
        opens_on=max(not_before, due - timedelta(days=plan.window_before_days)),
        due_on=due,
        closes_on=due + timedelta(days=plan.window_after_days),
        since=since,
    )


def demand_interval(plan: PeriodPlan, previous_given_at: datetime | None, moment: datetime) -> None:
    """Refuse a moment below the minimum interval; there is no override.

    Raises:
        Refused: The sentence gives the first possible date and where it comes from.
    """
    limits = window(plan, previous_given_at)
    if limits is not None and moment.date() < limits.not_before:
        raise Refused(
            f"Period {plan.number} can be given from {day(limits.not_before)} "
            f"({plan.minimum_interval_days} days after the infusion on {day(limits.since)}); "
            f"got {day(moment)}. Nothing was changed.",
            field="booked_for",
            next_step=f"Choose {day(limits.not_before)} or later.",
        )


def outside(plan: PeriodPlan, previous_given_at: datetime | None, moment: datetime) -> bool:
    """Whether a moment lies outside the visit window, so that a signed deviation is needed."""
    limits = window(plan, previous_given_at)
    return limits is not None and not limits.contains(moment)


def day(moment: date) -> str:
    """A date as people read it: 27 Nov 2026."""
    return f"{moment.day} {moment:%b %Y}"


def minute(moment: datetime) -> str:
    """A moment as people read it: 27 Nov 2026, 10:42 UTC."""
    return f"{day(moment)}, {moment:%H:%M} UTC"
