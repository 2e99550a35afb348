"""What a code break asks of the investigator: a decision on treatment, and an explanation to the sponsor.

Each is a task of its own beside the impact assessment, and all of them stand before the lock. Needs no key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import reasons
from randomizer.domain.acts import DURING, Act
from randomizer.domain.participants import Participant
from randomizer.domain.people import SERVICE
from randomizer.domain.records import Task, TaskKind
from randomizer.domain.trial import OPEN
from randomizer.errors import Refused
from randomizer.services import impact, trail, trials
from randomizer.services.care import endings
from randomizer.services.signatures import StepUp, sign

if TYPE_CHECKING:
    from randomizer.domain.people import Person
    from randomizer.store.work import UnitOfWork

DECISION_MEANING = "I have decided on the further treatment of this participant after the code break."
EXPLANATION_MEANING = "I explain to the sponsor why the code of this participant had to be broken."
GOES_ON = "goes on"
STOPS = "stops"
DECIDED = "Decided after a code break."
"""Why treatment was stopped, as every page may say it: the decision's own words could tell what was given."""


def ask(uow: UnitOfWork, participant: str, *, explained: bool = True) -> None:
    """Open the tasks that follow a code break, each unless one like it is open for this participant.

    Args:
        uow: The unit of work of the code break, after its act.
        participant: Participant number.
        explained: Whether the sponsor is owed an explanation; not where its own safety physician reported.
    """
    trial, _ = trials.current(uow)
    found = uow.get(Participant, participant, what="participant")
    wanted = []
    if found.treatable and trial.phase in DURING[Act.TREATMENT_DECIDED]:
        wanted.append(TaskKind.TREATMENT_DECISION)
    if explained:
        wanted.append(TaskKind.EXPLANATION)
    for kind in wanted:
        if uow.count(Task, participant=participant, kind=kind, done_at=None):
            continue
        with trail.act(uow, Act.TASK_OPENED, SERVICE, site=found.site, participant=participant) as act:
            act.add(Task(number=act.number, kind=kind, participant=participant, opened_at=act.at))


def decide(
    uow: UnitOfWork, person: Person, step_up: StepUp, number: int, *, treatment: str, why: str
) -> Task:
    """Sign whether a participant's treatment goes on after a code break; where it stops, it is stopped.

    Args:
        uow: The unit of work.
        person: An investigator of the site, who may know what was given or not.
        step_up: Their re-authentication.
        number: Number of the task.
        treatment: `GOES_ON` or `STOPS`; follow-up goes on either way.
        why: The reason; it stays behind this door.

    Raises:
        NotAllowed: The role does not fit, or is for another site.
        NotFound: There is no such task.
        Refused: It is signed already or another task, choice or reason is missing, or the data are locked.
        StepUpRefused: The re-authentication does not count.
    """
    if treatment not in {GOES_ON, STOPS}:
        raise Refused(
            "Choose whether treatment goes on. Nothing was changed.",
            field="treatment",
            next_step="Follow-up goes on either way.",
        )
    reasons.demand(why, "The reason of the decision is missing.")
    task = impact.open_task(uow, number, TaskKind.TREATMENT_DECISION)
    found = uow.get(Participant, task.participant, what="participant")
    values = {"task": number, "participant": task.participant, "treatment": treatment}
    with trail.act(
        uow, Act.TREATMENT_DECIDED, person, site=found.site, participant=found.number, why=why.strip()
    ) as act:
        sign(act, step_up, meaning=DECISION_MEANING, about=f"participant {found.number}", values=values)
        done = act.change(task, done_at=act.at)
    if treatment == STOPS and found.treatable:
        endings.end(uow, person, Act.TREATMENT_STOPPED, found.number, why=DECIDED, follow_up=True)
    return done


def explain(uow: UnitOfWork, person: Person, step_up: StepUp, number: int, why: str) -> Task:
    """Sign the explanation of a code break to the sponsor; after the lock it is a dated addendum.

    Args:
        uow: The unit of work.
        person: An investigator of the site.
        step_up: Their re-authentication.
        number: Number of the task.
        why: The explanation; nothing of what was given.

    Raises:
        NotAllowed: The role does not fit, or is for another site.
        NotFound: There is no such task.
        Refused: It is signed already or another task, or the explanation is missing.
        StepUpRefused: The re-authentication does not count.
    """
    reasons.demand(why, "The explanation is missing.", next_step="Write why the treatment had to be known.")
    trial, _ = trials.current(uow)
    task = impact.open_task(uow, number, TaskKind.EXPLANATION)
    site = uow.get(Participant, task.participant, what="participant").site
    values = {"task": number, "participant": task.participant}
    with trail.act(
        uow, Act.BREAK_EXPLAINED, person, site=site, participant=task.participant, why=why.strip()
    ) as act:
        if trial.phase not in OPEN:
            act.note(addendum=True)
        sign(
            act, step_up, meaning=EXPLANATION_MEANING, about=f"participant {task.participant}", values=values
        )
        return act.change(task, done_at=act.at)
