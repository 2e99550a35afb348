"""Minimum interval and visit window: when the infusion of a period may be given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from randomizer.errors import Refused

if TYPE_CHECKING:
    from datetime import date, datetime

    from randomizer.domain.definition_values import AssessmentWindow, PeriodPlan


PREPARE_HOURS = 24
"""How long before the booked start a preparation may begin: what is prepared too early expires unused."""
HAND_OUT_HOURS = 12
"""How far from the booked start a kit is handed out: on the same day, wherever the site is."""
FURTHEST_DAYS = 366
"""How far ahead an infusion is booked; anything later is a slip of the pen."""


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


def assessment_window(plan: AssessmentWindow, first_given_at: datetime) -> Window:
    """When an assessment of one time point belongs.

    Args:
        plan: The time point's plan.
        first_given_at: Start of the first infusion actually given.
    """
    since = first_given_at.date()
    due = since + timedelta(days=plan.due_days)
    opens = max(since, due - timedelta(days=plan.before_days))
    closes = due + timedelta(days=plan.after_days)
    return Window(not_before=opens, opens_on=opens, due_on=due, closes_on=closes, since=since)


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


def demand_near(period: int, booked_for: datetime, moment: datetime, *, done: str, hours: int) -> None:
    """Refuse what is done to a kit too long before the booked start, or after the booking has passed.

    Args:
        period: 1-based.
        booked_for: Booked start of the infusion.
        moment: Now.
        done: What is done to the kit: "prepared", "handed out".
        hours: How long before the booked start it may be done.

    Raises:
        Refused: The sentence gives the booked start, and from or until when it counts.
    """
    demand_not_passed(period, booked_for, moment)
    earliest = booked_for - timedelta(hours=hours)
    if moment < earliest:
        raise Refused(
            f"The infusion of period {period} is booked for {minute(booked_for)}; its kit is {done} from "
            f"{minute(earliest)} on. Nothing was changed.",
            field="booked_for",
            next_step=f"Come back on {day(booked_for)}.",
        )


def passed(booked_for: datetime, moment: datetime) -> bool:
    """Whether the time of a booking has passed, so that nothing is prepared or handed out for it any more."""
    return moment > booked_for + timedelta(hours=HAND_OUT_HOURS)


def demand_not_passed(period: int, booked_for: datetime, moment: datetime) -> None:
    """Refuse to go on with a booking whose time has passed.

    Raises:
        Refused: The sentence gives the booked start, and until when it counted.
    """
    if passed(booked_for, moment):
        until = booked_for + timedelta(hours=HAND_OUT_HOURS)
        raise Refused(
            f"The infusion of period {period} was booked for {minute(booked_for)}; that booking counted "
            f"until {minute(until)}. Nothing was changed.",
            field="booked_for",
            next_step="Book the infusion again; cancel first where a kit is ready or being prepared.",
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
