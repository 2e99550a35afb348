"""Before an act: this writer's turn, the trial in its phase, and the participant whom the act is about.

What is read from here on stays true until the act has its entry: writers queue up on the head of the trail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import acts, participants
from randomizer.domain.acts import DURING
from randomizer.domain.participants import FROM, Participant
from randomizer.services import trail, trials

if TYPE_CHECKING:
    from randomizer.domain.acts import Act
    from randomizer.domain.definition_values import Definition
    from randomizer.domain.people import Person
    from randomizer.domain.trial import Trial
    from randomizer.store.work import UnitOfWork


def in_trial(uow: UnitOfWork, act: Act) -> tuple[Trial, Definition]:
    """The trial, for an act that its phase admits.

    Args:
        uow: The unit of work.
        act: What is to happen.

    Raises:
        NotFound: The instance holds no trial yet.
        Refused: The trial is in another phase.
        Tampered: The trial or its definition differ from their entry.
    """
    trail.take_turn(uow)
    return in_phase(uow, act)


def in_phase(uow: UnitOfWork, act: Act) -> tuple[Trial, Definition]:
    """The trial as `in_trial` gives it, for a reader who waits for no turn.

    Raises:
        NotFound: The instance holds no trial yet.
        Refused: The trial is in another phase.
        Tampered: The trial or its definition differ from their entry.
    """
    trial, definition = trials.current(uow, checked=True)
    demand_phase(trial, act)
    return trial, definition


def demand_phase(trial: Trial, act: Act) -> None:
    """Refuse an act that the phase of the trial does not admit.

    Raises:
        Refused: The trial is in another phase.
    """
    trial.demand(DURING[act], what=act.doing)


def on_participant(uow: UnitOfWork, person: Person, act: Act, number: str) -> Participant:
    """The participant, if this person may do the act at their site and their life admits it.

    Args:
        uow: A unit of work that has its turn.
        person: Who acts.
        act: What is to happen.
        number: Participant number.

    Raises:
        NotAllowed: The person's roles do not cover the act at this site; nothing more is told.
        NotFound: There is no such participant.
        Refused: State or an early end rule it out.
        Tampered: The participant differs from their entry.
    """
    participant = uow.get(Participant, number, what="participant")
    acts.demand(person, act, participant.site)
    trail.check(uow, participant)
    if act in FROM:
        participants.demand(participant, act)
    return participant
