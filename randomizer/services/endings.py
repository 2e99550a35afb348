"""How a participant's treatment ends, and corrections that leave the slot as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import participants
from randomizer.domain.acts import Act
from randomizer.domain.participants import ENDINGS, Participant, State, levels_of, levels_text
from randomizer.domain.records import Deviation
from randomizer.domain.trial import OPEN
from randomizer.errors import Refused
from randomizer.services import booking, periods, strata, trail, trials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from randomizer.domain.people import Person
    from randomizer.services.trail import OpenAct
    from randomizer.store.work import UnitOfWork


def end(uow: UnitOfWork, person: Person, what: Act, number: str, *, why: str, follow_up: bool) -> Participant:
    """End treatment early: bookings and open preparations stop at once, a code break stays possible.

    Args:
        uow: The unit of work.
        person: An investigator of the site.
        what: Treatment stopped, consent withdrawn, lost to follow-up, or died.
        number: Participant number.
        why: Reason; may stay empty where consent is withdrawn, for nobody needs to give one.
        follow_up: Whether visits go on.

    Raises:
        Refused: The reason is missing, or the participant's life does not admit it.
    """
    trial, _ = trials.current(uow)
    trial.demand(OPEN, what="Ending treatment")
    if not why.strip() and what is not Act.CONSENT_WITHDRAWN:
        raise Refused("Give the reason. Nothing was changed.", field="why")
    participant = uow.get(Participant, number, what="participant")
    participants.demand(participant, what)
    with trail.act(uow, what, person, site=participant.site, participant=number, why=why) as act:
        strata.give_back(act, participant)
        _drop_open_period(act, number)
        goes_on = follow_up and what in {Act.TREATMENT_STOPPED, Act.CONSENT_WITHDRAWN}
        return act.change(participant, ending=ENDINGS[what], follow_up=goes_on, ended_at=act.at)


def complete(uow: UnitOfWork, person: Person, number: str) -> Participant:
    """State that the participant has come to the end of the last follow-up.

    Raises:
        Refused: A period is still open, unless treatment was stopped and follow-up went on.
    """
    trial, _ = trials.current(uow)
    trial.demand(OPEN, what="Completing a participant")
    participant = uow.get(Participant, number, what="participant")
    participants.demand(participant, Act.COMPLETED)
    if participant.ending is None and any(record.outcome is None for record in periods.of(uow, number)):
        raise Refused(
            f"Participant {number} has an open period. Nothing was changed.",
            field="participant",
            next_step="Record the infusion, or record the period as missed.",
        )
    with trail.act(uow, Act.COMPLETED, person, site=participant.site, participant=number) as act:
        return act.change(participant, state=State.COMPLETED, ended_at=act.at)


def randomized_in_error(uow: UnitOfWork, person: Person, number: str, why: str) -> Participant:
    """State that the participant should not have been randomized; the slot stays used.

    Raises:
        Refused: The reason is missing, or it was stated before.
    """
    if not why.strip():
        raise Refused("Say why the randomization was an error. Nothing was changed.", field="why")
    participant = uow.get(Participant, number, what="participant")
    participants.demand(participant, Act.RANDOMIZED_IN_ERROR)
    if participant.randomized_in_error:
        raise Refused(f"Participant {number} is already marked as randomized in error.", field="participant")
    with trail.act(
        uow, Act.RANDOMIZED_IN_ERROR, person, site=participant.site, participant=number, why=why
    ) as act:
        act.add(_deviation(act, participant, "randomized in error"))
        return act.change(participant, randomized_in_error=True)


def correct_factor(
    uow: UnitOfWork, person: Person, number: str, levels: Mapping[str, str], why: str
) -> Participant:
    """Write the true factor levels beside those that the participant was randomized with.

    Args:
        uow: The unit of work.
        person: An investigator of the site.
        number: Participant number.
        levels: True level code by factor code; factors left out stay as they were.
        why: How the error came about.

    Raises:
        Refused: A factor or level is unknown, nothing changes, or the reason is missing.
    """
    if not why.strip():
        raise Refused("Say how the wrong factor came about. Nothing was changed.", field="why")
    _, definition = trials.current(uow)
    participant = uow.get(Participant, number, what="participant")
    participants.demand(participant, Act.FACTOR_CORRECTED)
    truth = levels_of(participant.levels) | dict(levels)
    definition.stratum_of(truth)
    if levels_text(truth) == (participant.corrected_levels or participant.levels):
        raise Refused("These are the levels on record already. Nothing was changed.", field="levels")
    with trail.act(
        uow, Act.FACTOR_CORRECTED, person, site=participant.site, participant=number, why=why
    ) as act:
        act.add(_deviation(act, participant, "randomized with a wrong factor"))
        return act.change(participant, corrected_levels=levels_text(truth))


def transfer(uow: UnitOfWork, person: Person, number: str, site: str, why: str) -> Participant:
    """Move a participant to another site; number, stratum and slot stay.

    Raises:
        Refused: The site is not open or is the present one, a kit is handed out, or the reason is missing.
    """
    if not why.strip():
        raise Refused("A site transfer needs its reason. Nothing was changed.", field="why")
    trials.demand_open_site(uow, site)
    participant = uow.get(Participant, number, what="participant")
    if participant.site == site:
        raise Refused(f"Participant {number} is already at site {site}.", field="site")
    in_hand = [record for record in periods.of(uow, number) if record.dispensed_at and record.outcome is None]
    if in_hand:
        raise Refused(
            f"A kit was handed out to participant {number} and its infusion is not recorded yet.",
            next_step="Record the infusion first.",
        )
    with trail.act(
        uow, Act.SITE_TRANSFERRED, person, site=participant.site, participant=number, why=why
    ) as act:
        return act.change(participant, site=site)


def _drop_open_period(act: OpenAct, number: str) -> None:
    for record in periods.of(act.uow, number):
        # A kit in somebody's hands is still to be recorded; all else stops at once.
        if record.outcome is None and record.dispensed_at is None and record.booked_for is not None:
            booking.drop(act, record)


def _deviation(act: OpenAct, participant: Participant, what: str) -> Deviation:
    return Deviation(
        number=act.number, participant=participant.number, period=0, what=what, recorded_at=act.at
    )
