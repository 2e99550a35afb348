"""The worklist: what the person can do now, in order of time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from randomizer.domain.acts import MAY, Act
from randomizer.domain.participants import Participant, State
from randomizer.domain.records import Alarm, Task, TaskKind
from randomizer.domain.supply import Kit, KitState, PeriodRecord, Product
from randomizer.domain.trial import Allocation
from randomizer.services.care import alerts
from randomizer.services.views import assessment_views, kit_views, next_steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from randomizer.masking import View
    from randomizer.services.views.next_steps import NextStep
    from randomizer.services.views.sight import Sight

LATER = datetime.max.replace(tzinfo=UTC)
LONGEST = 60  # rows; the rest follows when these are done
QUIET = frozenset({Act.RESCREENED, Act.COMPLETED})
"""Acts that wait for nobody: they stand on the participant's page and not on the worklist."""


def of(sight: Sight) -> dict[str, Any]:
    """Everything that waits for this person.

    Args:
        sight: The person looking.

    Returns:
        rows: the work, soonest first, at most 60; more: how many are left out; coming: the soonest that opens
        later, or None; requests: those for another kit; assessments: blinded ones that are due, at most 60;
        more_assessments: how many are left out; tasks and alarms: those that stand, as the person may see
        them.
    """
    steps = [(participant, step) for participant, step in _steps(sight) if _mine(sight, participant, step)]
    steps.sort(key=lambda pair: (_moment(pair[1]), pair[0].number))
    now = [pair for pair in steps if pair[1].kind != "planned"]
    later = [pair for pair in steps if pair[1].kind == "planned"]
    rows = [_row(sight, *pair) for pair in now[:LONGEST]]
    assessed = assessment_views.due(sight)
    return {
        "rows": rows,
        "more": max(0, len(now) - LONGEST),
        "coming": _row(sight, *later[0]) if later else None,
        "requests": requests(sight),
        "assessments": assessed[:LONGEST],
        "more_assessments": max(0, len(assessed) - LONGEST),
        "tasks": tasks(sight),
        "alarms": alarms(sight),
    }


def tasks(sight: Sight) -> list[View]:
    """Open tasks of the sites that the person sees."""
    sites = {one.number: one.site for one in _participants(sight)}
    found = [
        _seen(sight, task, sites[task.participant])
        for task in sight.uow.all(Task, done_at=None)
        if task.participant in sites
    ]
    return [view for view in found if view]


def task(sight: Sight, number: int) -> View:
    """A task, open or done, of a site that the person sees; empty where there is none."""
    found = sight.uow.find(Task, number)
    if found is None:
        return {}
    site = sight.uow.get(Participant, found.participant, what="participant").site
    if site not in sight.sites():
        return {}
    return _seen(sight, found, site)


def _seen(sight: Sight, task: Task, site: str) -> View:
    told = asdict(task) | {"site": site} | _alerted(sight, task)
    return sight.show(told, site=site, kind="Task")


def _alerted(sight: Sight, task: Task) -> dict[str, str]:
    """The kit of the alert that a task is about, nothing for any other task."""
    return {"kit": alerts.kit_of(sight.uow, task.number)} if task.kind is TaskKind.QUALITY_ALERT else {}


def alarms(sight: Sight) -> list[View]:
    """Alarms that stand."""
    return [view for view in (sight.show(alarm) for alarm in sight.uow.all(Alarm, cleared_at=None)) if view]


def steps_of(sight: Sight, participants: Iterable[Participant]) -> dict[str, NextStep]:
    """The next step of each of these participants, by number."""
    listed = list(participants)
    numbers = [one.number for one in listed]
    now = sight.uow.clock()
    periods, products = (
        _by_participant(sight, PeriodRecord, numbers),
        _by_participant(sight, Product, numbers),
    )
    ready = [one.kit for records in periods.values() for one in records if one.kit and not one.dispensed_at]
    waiting = sight.uow.all(Kit, number=ready)
    kits = {kit.number: kit for kit in waiting}
    expired = {kit.number for kit in waiting if kit.expired(now)}
    shipped = {kit.number for kit in waiting if kit.state is KitState.SHIPPED}
    quarantined = _quarantined(sight, periods)
    alerted = _alerted_in_hand(sight, listed, periods)
    steps = {
        one.number: next_steps.of(
            sight.definition,
            one,
            periods=periods[one.number],
            products=products[one.number],
            expired=expired,
            shipped=shipped,
            quarantined=quarantined[one.number],
            alerted=one.number in alerted,
            phase=sight.trial.phase,
            now=now,
        )
        for one in listed
    }
    return {
        number: next_steps.expiring(step, kits.get(_kit_of(step, periods[number])), now)
        for number, step in steps.items()
    }


def alert_in_hand(sight: Sight, participant: Participant, periods: Iterable[PeriodRecord]) -> View:
    """The quality alert of the kit that was handed out and is not recorded yet, or empty.

    Args:
        sight: The person looking.
        participant: The participant.
        periods: Every period of the participant.
    """
    in_hand = _in_hand(periods)
    return kit_views.alert(sight, in_hand, participant.site) if in_hand else {}


def requests(sight: Sight) -> list[dict[str, Any]]:
    """Requests for another kit that are open, of the sites at which this person may ask for one."""
    may = MAY[Act.REPLACEMENT_REQUESTED]
    people = {
        one.number: one for one in _participants(sight) if sight.person.role_for(may, one.site) is not None
    }
    records = sight.uow.all(PeriodRecord, participant=list(people), outcome=None)
    asked = [
        (people[one.participant], next_steps.request(one)) for one in records if one.asked_at is not None
    ]
    return [_row(sight, *pair) for pair in sorted(asked, key=lambda pair: (_moment(pair[1]), pair[0].number))]


def _in_hand(periods: Iterable[PeriodRecord]) -> str:
    """The kit that was handed out and is not recorded yet, or nothing."""
    return next((one.kit for one in periods if one.dispensed_at and one.outcome is None), "")


def _alerted_in_hand(
    sight: Sight, listed: Iterable[Participant], periods: Mapping[str, list[PeriodRecord]]
) -> set[str]:
    """Those of some participants of whom `alert_in_hand` tells, asked for together."""
    in_hand = [(one, kit) for one in listed if (kit := _in_hand(periods[one.number]))]
    standing = alerts.all_standing(sight.uow, [kit for _, kit in in_hand])
    return {
        one.number
        for one, kit in in_hand
        if kit in standing and kit_views.shown_alert(sight, kit, standing[kit], one.site)
    }


def _quarantined(sight: Sight, periods: Mapping[str, list[PeriodRecord]]) -> Mapping[str, set[int]]:
    """Open periods whose kit was ready and lies in quarantine, by participant."""
    found: dict[str, set[int]] = defaultdict(set)
    freed = [
        number
        for number, records in periods.items()
        if any(one.preparation_ended_at and not one.kit and one.outcome is None for one in records)
    ]
    whose = {one.slot: one.participant for one in sight.uow.all(Allocation, participant=freed)}
    for kit in sight.uow.all(Kit, slot=list(whose), state=KitState.QUARANTINED):
        found[whose[kit.slot]].add(kit.period)
    return found


def _kit_of(step: NextStep, records: list[PeriodRecord]) -> str:
    return next((one.kit for one in records if one.period == step.period), "")


def _steps(sight: Sight) -> list[tuple[Participant, NextStep]]:
    listed = [one for one in _participants(sight) if one.state is not State.COMPLETED]
    steps = steps_of(sight, listed)
    return [(one, steps[one.number]) for one in listed]


def _participants(sight: Sight) -> tuple[Participant, ...]:
    return sight.uow.all(Participant, site=list(sight.sites()))


def _by_participant(sight: Sight, kind: Any, numbers: list[str]) -> dict[str, list[Any]]:  # noqa: ANN401
    found: dict[str, list[Any]] = defaultdict(list)
    for value in sight.uow.all(kind, participant=numbers):
        found[value.participant].append(value)
    return found


def _mine(sight: Sight, participant: Participant, step: NextStep) -> bool:
    if step.act is None or step.act in QUIET:
        return False
    return sight.person.role_for(MAY[step.act], participant.site) is not None


def _moment(step: NextStep) -> datetime:
    if step.due is None:
        return LATER
    return step.due if isinstance(step.due, datetime) else datetime.combine(step.due, time(), UTC)


def _row(sight: Sight, participant: Participant, step: NextStep) -> dict[str, Any]:
    told = asdict(step) | {"participant": participant.number, "site": participant.site}
    return sight.show(told, site=participant.site, kind=type(step).__name__)
