"""Who goes through what: the events that every story holds from eight participants on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from randomizer.domain.eligibility import NEVER, ItemAnswer

if TYPE_CHECKING:
    from randomizer.domain.definition_values import Check, Definition

ENROLMENT_DAYS_AT_MOST = 60
MINUTES_BETWEEN_CONSENTS = 7


class Event(StrEnum):
    """What can happen to a participant of the story besides the plan."""

    SCREEN_FAILURE = "screen failure"
    RESCREENED = "screen failed and re-screened"
    PRODUCT_FAILURE = "product failure"
    CODE_BREAK = "code break"
    DEATH = "death"
    WITHDRAWAL = "withdrawal"
    SITE_TRANSFER = "site transfer"
    RANDOMIZED_IN_ERROR = "randomization in error"
    WRONG_FACTOR = "wrong factor"
    MISSED_PERIOD = "missed period 2"
    SPARE_KIT = "kit expired and replaced"
    LATE_RESULT = "quality result out of limits, then corrected"
    OUTSIDE_WINDOW = "infusion outside the window"
    ASSESSMENT_CORRECTED = "blinded assessment corrected"
    TERMINATED = "trial terminated after period 1"


SCRIPTED: tuple[frozenset[Event], ...] = (
    frozenset({Event.CODE_BREAK}),
    frozenset({Event.PRODUCT_FAILURE, Event.OUTSIDE_WINDOW, Event.ASSESSMENT_CORRECTED}),
    frozenset({Event.DEATH}),
    frozenset({Event.WITHDRAWAL}),
    frozenset({Event.SITE_TRANSFER, Event.RESCREENED}),
    frozenset({Event.RANDOMIZED_IN_ERROR, Event.WRONG_FACTOR}),
    frozenset({Event.MISSED_PERIOD}),
    frozenset({Event.SPARE_KIT, Event.LATE_RESULT}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One participant of the story.

    Args:
        index: 0-based count.
        site: Site code.
        consents_at: When the participant consents.
        levels: Level code by factor code.
        events: What happens besides.
    """

    index: int
    site: str
    consents_at: datetime
    levels: dict[str, str]
    events: frozenset[Event]


def plans(definition: Definition, count: int, start: datetime) -> tuple[Plan, ...]:
    """The participants of a story, and one screen failure beside them.

    Args:
        definition: The definition.
        count: How many are randomized.
        start: When the first one consents.
    """
    if count == 1:
        return (_plan(definition, 0, start, frozenset({Event.TERMINATED})),)
    step = min(
        timedelta(days=2),
        timedelta(days=ENROLMENT_DAYS_AT_MOST) / count,
        key=lambda pace: pace.total_seconds(),
    )
    told = []
    for index in range(count):
        events = SCRIPTED[index] if index < len(SCRIPTED) else frozenset()
        day = (start + index * step).date()
        minutes = timedelta(minutes=MINUTES_BETWEEN_CONSENTS * (index % 40))
        moment = start.replace(year=day.year, month=day.month, day=day.day) + minutes
        told.append(_plan(definition, index, moment, events))
    failure = _plan(definition, count, start, frozenset({Event.SCREEN_FAILURE}))
    return (*told, replace(failure, consents_at=start + timedelta(hours=1)))


def eligible_answers(definition: Definition, site: str) -> dict[str, ItemAnswer]:
    """Answers that meet every item of a site."""
    return {
        item.code: ItemAnswer(confirmed=True, values={check.field: _fitting(check) for check in item.checks})
        for item in definition.items_for(site)
    }


def _plan(definition: Definition, index: int, consents_at: datetime, events: frozenset[Event]) -> Plan:
    sites = definition.sites
    stratum = definition.strata[index % len(definition.strata)]
    return Plan(
        index=index,
        site=sites[index % len(sites)].code,
        consents_at=consents_at,
        levels=dict(stratum.levels),
        events=events,
    )


def _fitting(check: Check) -> str:
    if check.operator == "not within":
        return NEVER
    low = check.low if check.low is not None else check.high
    high = check.high if check.high is not None else check.low
    if low is None or high is None:
        return "0"
    if check.operator == "less than":
        return str(high - 1)
    if check.operator == "more than":
        return str(low + 1)
    return str((low + high) / 2)
