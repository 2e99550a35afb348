"""The impact assessment of a code break: what it may have touched, signed before the lock. Needs no key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.acts import Act
from randomizer.domain.participants import Participant
from randomizer.domain.records import Task, TaskKind
from randomizer.domain.trial import OPEN
from randomizer.errors import Refused
from randomizer.services import trail, trials
from randomizer.services.signatures import StepUp, sign

if TYPE_CHECKING:
    from randomizer.domain.people import Person
    from randomizer.store.work import UnitOfWork

IMPACT_MEANING = "I have assessed which assessments came after this code break and may be affected by it."


def open_tasks(uow: UnitOfWork) -> tuple[Task, ...]:
    """Every task that nobody has signed for, the oldest first."""
    return uow.all(Task, done_at=None)


def sign_impact(uow: UnitOfWork, person: Person, step_up: StepUp, number: int, why: str) -> Task:
    """Sign the impact assessment of a code break; after the lock it is a dated addendum and blocks nothing.

    Args:
        uow: The unit of work.
        person: An investigator of the site, or the safety physician.
        step_up: Their re-authentication.
        number: Number of the task.
        why: The assessment; nothing of what was given.

    Raises:
        NotFound: There is no such task.
        Refused: It is signed already, or the assessment is missing.
        StepUpRefused: The re-authentication does not count.
    """
    if not why.strip():
        raise Refused(
            "The assessment is missing. Nothing was changed.",
            field="why",
            next_step="Write which assessments came after the code break; nothing of what was given.",
        )
    trial, _ = trials.current(uow)
    task = open_task(uow, number, TaskKind.IMPACT_ASSESSMENT)
    site = uow.get(Participant, task.participant, what="participant").site
    values = {"task": number, "participant": task.participant}
    with trail.act(
        uow, Act.IMPACT_SIGNED, person, site=site, participant=task.participant, why=why.strip()
    ) as act:
        if trial.phase not in OPEN:
            act.note(addendum=True)
        sign(act, step_up, meaning=IMPACT_MEANING, about=f"participant {task.participant}", values=values)
        return act.change(task, done_at=act.at)


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
