"""The impact assessment of a code break: what it may have touched, signed before the lock. Needs no key."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.participants import Participant
from randomizer.domain.records import Assessment, CodeBreak, Signature, Task, TaskKind
from randomizer.domain.trial import OPEN
from randomizer.errors import Refused
from randomizer.services import exposure, trail, trials
from randomizer.services.signatures import StepUp, sign

if TYPE_CHECKING:
    from collections.abc import Collection

    from randomizer.domain.people import Person
    from randomizer.store.work import UnitOfWork

IMPACT_MEANING = "I have assessed which assessments came after this code break and may be affected by it."


def open_tasks(uow: UnitOfWork) -> tuple[Task, ...]:
    """Every task that nobody has signed for, the oldest first."""
    return uow.all(Task, done_at=None)


def exposed_at(uow: UnitOfWork, task: Task) -> datetime:
    """From when on the person knew whom a task is about: an answer shown, or a sheet opened.

    Both may have been entered later than they happened: from the file of intents, or by a report.
    """
    return _exposed_at(uow, (task,))[task.number]


def assessed_since(uow: UnitOfWork, *tasks: Task) -> dict[int, tuple[Assessment, ...]]:
    """The blinded assessments of each task's participant on which anything was signed since, by date.

    That is, which were signed, corrected or struck out since the code break.
    """
    exposed = _exposed_at(uow, tasks)
    listed = uow.all(Assessment, participant=sorted({task.participant for task in tasks}))
    uow.all(Signature, number=[entry for one in listed for entry in (one.number, one.entry)])  # in one look
    ordered = sorted(listed, key=lambda one: (one.done_at, one.number))
    return {
        task.number: tuple(
            one
            for one in ordered
            if one.participant == task.participant and _signature(uow, one).signed_at >= exposed[task.number]
        )
        for task in tasks
    }


def sign_impact(
    uow: UnitOfWork,
    person: Person,
    step_up: StepUp,
    number: int,
    why: str,
    *,
    listed: Collection[int] = (),
) -> Task:
    """Sign the impact assessment of a code break; after the lock it is a dated addendum and blocks nothing.

    Args:
        uow: The unit of work.
        person: An investigator of the site, or the safety physician.
        step_up: Their re-authentication.
        number: Number of the task.
        why: The assessment; nothing of what was given.
        listed: Entries in which the blinded assessments stand as the person was shown them, all that were
            signed, corrected or struck out since the code break.

    Raises:
        NotFound: There is no such task.
        Refused: It is signed already, the assessment is missing, or another list stands now.
        StepUpRefused: The re-authentication does not count.
    """
    if not why.strip():
        raise Refused(
            "The assessment is missing. Nothing was changed.",
            field="why",
            next_step="Write which assessments came after the code break; nothing of what was given.",
        )
    trail.take_turn(uow)
    trial, _ = trials.current(uow)
    task = open_task(uow, number, TaskKind.IMPACT_ASSESSMENT)
    site = uow.get(Participant, task.participant, what="participant").site
    since = assessed_since(uow, task)[number]
    if sorted(listed) != sorted(one.entry for one in since):
        raise Refused(
            "The list of blinded assessments has changed since it was shown. Nothing was signed.",
            field="assessments",
            next_step="Look at the list as it is now, and sign again.",
        )
    values = {
        "task": number,
        "participant": task.participant,
        "exposed_at": exposed_at(uow, task).isoformat(),
        "assessments": [_signed(uow, one) for one in since],
    }
    with trail.act(
        uow, Act.IMPACT_SIGNED, person, site=site, participant=task.participant, why=why.strip()
    ) as act:
        if trial.phase not in OPEN:
            act.note(addendum=True)
        sign(act, step_up, meaning=IMPACT_MEANING, about=f"participant {task.participant}", values=values)
        return act.change(task, done_at=act.at)


def _exposed_at(uow: UnitOfWork, tasks: Collection[Task]) -> dict[int, datetime]:
    breaks = uow.all(CodeBreak, participant=sorted({task.participant for task in tasks}))
    known = {one.entry: one.disclosed_at for one in breaks if one.disclosed_at is not None}
    for pack in uow.all(Entry, number=[task.number for task in tasks], act=Act.PACK_OPENED.value):
        known[pack.number] = datetime.fromisoformat(trail.noted(uow, pack.number)[exposure.REPORTED])
    return {task.number: known.get(task.number, task.opened_at) for task in tasks}


def _signature(uow: UnitOfWork, one: Assessment) -> Signature:
    """The signature under how an assessment stands now."""
    return uow.get(Signature, one.entry, what="signature")


def _signed(uow: UnitOfWork, one: Assessment) -> dict[str, Any]:
    signature = _signature(uow, one)
    return {
        "entry": one.entry,
        "assessment": one.assessment,
        "time_point": one.time_point,
        "done_at": one.done_at.isoformat(),
        "struck": one.struck,
        "signed_at": signature.signed_at.isoformat(),
        "by": signature.printed_name,
    }


def kind_of(uow: UnitOfWork, number: int) -> TaskKind:
    """What a task asks for.

    Raises:
        NotFound: There is no such task.
    """
    return uow.get(Task, number, what="task").kind


def open_task(uow: UnitOfWork, number: int, kind: TaskKind) -> Task:
    """A task of this kind that nobody has signed for.

    Args:
        uow: The unit of work.
        number: Number of the task.
        kind: What is to be signed.

    Raises:
        NotFound: There is no such task.
        Refused: It is signed already, or is another kind of work.
    """
    task = uow.get(Task, number, what="task")
    if task.kind is not kind:
        raise Refused(
            f"Task {number} is another one: {task.kind}. Nothing was changed.",
            field="task",
            next_step="Open it from the list of tasks.",
        )
    if task.done_at is not None:
        raise Refused(
            f"Task {number} is signed already. Nothing was changed.",
            field="task",
            next_step="Open the participant's page to see the signature.",
        )
    return task
