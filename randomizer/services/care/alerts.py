"""Quality alerts: a kit whose quality result is out of limits, in the same words whatever it holds.

A failed test of a participant's product, which everybody has, opens one for each kit of that participant that
is or was ready; a failed test of a kit's own preparation opens one for that kit alone. Needs no key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.acts import Act
from randomizer.domain.numbers import group3
from randomizer.domain.participants import Participant
from randomizer.domain.people import SERVICE, Role
from randomizer.domain.records import Alarm, AlarmKind, Task, TaskKind
from randomizer.domain.supply import Kit, KitState, PeriodRecord
from randomizer.domain.trial import FINAL
from randomizer.services import acting, impact, notices, trail, trials
from randomizer.services.care import kits
from randomizer.services.signatures import StepUp, sign

if TYPE_CHECKING:
    from collections.abc import Collection

    from randomizer.domain.people import Person
    from randomizer.store.work import UnitOfWork

ACKNOWLEDGED_MEANING = "I know of this quality alert and have decided what follows for the participant."
TOLD = (Role.PHARMACIST, Role.INVESTIGATOR, Role.SPONSOR, Role.SAFETY_PHYSICIAN)
KIND = "QualityAlert"
GONE = frozenset({KitState.TO_DESTROY, KitState.DESTROYED})
"""States of a kit that nobody can be given any more."""


def open_for(uow: UnitOfWork, number: str, of: Collection[str]) -> int:
    """Open an alert for each of a participant's kits that was given or can still be; returns how many.

    A kit that is ready goes into quarantine; one that was handed out opens a task for the investigator. After
    the lock no kit moves and none is handed out, so that it is about what was handed out before.

    Args:
        uow: The unit of work in which a result was recorded.
        number: Participant number.
        of: Kit numbers; one whose alert stands is left as it is, unless what was signed for it came before.
    """
    participant = uow.get(Participant, number, what="participant")
    final = trials.current(uow)[0].phase in FINAL
    records = {one.kit: one for one in uow.all(PeriodRecord, participant=number) if one.kit}
    opened = 0
    for kit in uow.all(Kit, number=sorted(of)):
        handed_out = kit.number in records and records[kit.number].dispensed_at is not None
        earlier = standing(uow, kit.number)
        waits = earlier is not None and not _acknowledged(uow, earlier)
        if waits or (not handed_out and (final or kit.state in GONE)):
            continue
        trail.check(uow, kit)
        _open(uow, participant, kit, handed_out=handed_out, earlier=earlier)
        opened += 1
    return opened


def standing(uow: UnitOfWork, kit: str) -> Alarm | None:
    """The alert of a kit that nobody has lifted or cleared, or None."""
    return all_standing(uow, [kit]).get(kit)


def all_standing(uow: UnitOfWork, of: Collection[str]) -> dict[str, Alarm]:
    """The alerts of kits that nobody has lifted or cleared, by kit number."""
    found = uow.all(Alarm, kind=AlarmKind.QUALITY, about=[_about(kit) for kit in of], cleared_at=None)
    return {alarm.about.removeprefix(_about("")): alarm for alarm in found}


def ever(uow: UnitOfWork, kit: str) -> bool:
    """Whether a kit had an alert, cleared by whomever: the trial office clears alarms and lifts nothing."""
    return uow.count(Alarm, kind=AlarmKind.QUALITY, about=_about(kit)) > 0


def kit_of(uow: UnitOfWork, task: int) -> str:
    """Number of the kit that the task of an alert is about: its entry holds both."""
    return uow.get(Alarm, task, what="alert").about.removeprefix(_about(""))


def acknowledge(uow: UnitOfWork, person: Person, step_up: StepUp, number: int) -> Task:
    """Sign that the alert of a kit that was handed out is known; after the lock as a dated addendum.

    Args:
        uow: The unit of work.
        person: An investigator of the participant's site.
        step_up: Their re-authentication.
        number: Number of the task.

    Raises:
        NotAllowed: The role does not fit, or is for another site.
        NotFound: There is no such task.
        Refused: It is signed already, or is another kind of work.
        StepUpRefused: The re-authentication does not count.
    """
    trial, _ = acting.in_trial(uow, Act.ALERT_ACKNOWLEDGED)
    task = impact.open_task(uow, number, TaskKind.QUALITY_ALERT)
    participant = acting.on_participant(uow, person, Act.ALERT_ACKNOWLEDGED, task.participant)
    values = {"task": number, "participant": participant.number, "kit": kit_of(uow, number)}
    with trail.act(
        uow, Act.ALERT_ACKNOWLEDGED, person, site=participant.site, participant=participant.number
    ) as act:
        if trial.phase in FINAL:
            act.note(addendum=True)
        sign(
            act,
            step_up,
            meaning=ACKNOWLEDGED_MEANING,
            about=f"participant {participant.number}",
            values=values,
        )
        return act.change(task, done_at=act.at)


def _acknowledged(uow: UnitOfWork, alarm: Alarm) -> bool:
    task = uow.find(Task, alarm.number)
    return task is not None and task.done_at is not None


def _open(
    uow: UnitOfWork, participant: Participant, kit: Kit, *, handed_out: bool, earlier: Alarm | None
) -> None:
    what, number = Act.QUALITY_ALERT, participant.number
    ready = kit.state is KitState.READY
    # A kit is moved by an entry of its own site; a task belongs to where the participant is treated now.
    opened = (
        kits.act_on(uow, what, SERVICE, kit, "")
        if ready
        else trail.act(uow, what, SERVICE, site=participant.site, participant=number)
    )
    with opened as act:
        if earlier is not None:  # one alert of a kit stands at a time: the one that nobody knows of
            act.change(earlier, cleared_at=act.at)
        alarm = Alarm(number=act.number, kind=AlarmKind.QUALITY, about=_about(kit.number), raised_at=act.at)
        act.add(alarm)
        if ready:
            kits.take_out(act, kit, KitState.QUARANTINED)
        elif handed_out:
            task = Task(number=act.number, kind=TaskKind.QUALITY_ALERT, participant=number, opened_at=act.at)
            act.add(task)
    notices.queue(
        uow,
        TOLD,
        site=participant.site,
        tells={KIND: ("kit", "participant", "site", "period")},
        subject=f"Quality alert: kit {group3(kit.number)}",
        body=(
            f"A quality result of kit {group3(kit.number)} is out of limits. Do not use it.\n\n"
            f"It was made for participant {number}, period {kit.period}, site {participant.site}. "
            "If it lies in the pharmacy, it is in quarantine. If it was handed out, the investigator of the "
            "site signs on the page of tasks that this is known.\n\n"
            "These words are the same for every kit, whatever it holds.\n"
        ),
    )


def _about(kit: str) -> str:
    return f"kit {kit}"
