"""Randomize: bind the next slot of the stratum to a participant, once. Needs no key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import participants
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import SignedCheckpoint
from randomizer.domain.participants import Participant, State
from randomizer.domain.supply import PeriodRecord
from randomizer.domain.trial import Allocation, Slot
from randomizer.errors import Refused, Stopped
from randomizer.services import acting, outside, trail, trials
from randomizer.services.care import issued, products, strata
from randomizer.services.care.enrolment import ELIGIBLE_MEANING
from randomizer.services.signatures import StepUp, demand_signed, sign

if TYPE_CHECKING:
    from randomizer.domain.definition_values import Definition
    from randomizer.domain.people import Person
    from randomizer.domain.trial import Trial
    from randomizer.store.work import UnitOfWork

RANDOMIZE_MEANING = "I randomize this participant."


def randomize(uow: UnitOfWork, person: Person, step_up: StepUp, number: str) -> Allocation:
    """Allocate the next slot.

    Args:
        uow: The unit of work; the caller commits it before answering.
        person: An investigator of the participant's site.
        step_up: The investigator's re-authentication.
        number: Participant number.

    Returns:
        The allocation; the randomization number goes on the participant card.

    Raises:
        Conflict: Somebody else was first; asking again is safe.
        Exhausted: No slot is left in the stratum.
        SetBack: The database is not the one whose checkpoints were published or witnessed.
        Refused: Randomized already, not eligible, product not cleared, no emergency pack of the site holds
            the slot, or the trial is elsewhere in life.
        StepUpRefused: The re-authentication does not count.
        Stopped: An alarm stands, or the certificate is not yet under a signed checkpoint.
        Tampered: A record that this rests on differs from its entry.
    """
    _, definition = acting.in_trial(uow, Act.RANDOMIZED)
    outside.demand_whole(uow)
    participant = acting.on_participant(uow, person, Act.RANDOMIZED, number)
    demand_possible(uow, definition, participant)
    demand_signed(uow, meaning=ELIGIBLE_MEANING, about=f"participant {number}")
    with trail.act(uow, Act.RANDOMIZED, person, site=participant.site, participant=number) as act:
        ordinal = strata.take_next(act, participant)
        slot = uow.all(Slot, stratum=participant.stratum, ordinal=ordinal)[0]
        values = {"participant": number, "levels": participant.levels}
        sign(act, step_up, meaning=RANDOMIZE_MEANING, about=f"participant {number}", values=values)
        act.change(participant, state=State.RANDOMIZED)
        for period in definition.periods:
            act.add(PeriodRecord(participant=number, period=period.number))
        return act.add(
            Allocation(
                participant=number,
                slot=slot.number,
                stratum=slot.stratum,
                ordinal=ordinal,
                randomization_number=slot.randomization_number,
                allocated_at=act.at,
            )
        )


def demand_possible(uow: UnitOfWork, definition: Definition, participant: Participant) -> None:
    """Refuse what would keep anybody from randomizing this participant now.

    Raises:
        Refused: Randomized already, not eligible, product not cleared, the site is not open, or in production
            has no emergency pack with the slot.
        Stopped: An alarm stands, or the certificate is not yet under a signed checkpoint.
    """
    trial, _ = trials.current(uow)
    _demand_checkpoint(uow, trial)
    trials.demand_no_alarm(uow)
    _demand_ready(uow, participant, definition)
    trials.demand_open_site(uow, participant.site)
    issued.demand_held(uow, trial, participant)


def _demand_checkpoint(uow: UnitOfWork, trial: Trial) -> None:
    newest = uow.all(SignedCheckpoint, order="-size", limit=1)
    if trial.activation_entry < 0 or not newest or newest[0].size <= trial.activation_entry:
        raise Stopped(
            "The certificate is not yet under a signed checkpoint, so nobody can be randomized. "
            "Nothing was changed.",
            next_step="The jobs process signs within seconds; if this stays, call the administrator.",
        )


def _demand_ready(uow: UnitOfWork, participant: Participant, definition: Definition) -> None:
    already = uow.find(Allocation, participant.number)
    if already is not None:
        raise Refused(
            f"Participant {participant.number} is randomized already (randomization number "
            f"{already.randomization_number}); nobody is randomized twice. Nothing was changed.",
            field="participant",
            next_step="Open the participant's page; the card can be printed again there.",
        )
    participants.demand_not_ended(participant)
    ready = {State.CLEARED} if definition.product_gate else {State.HARVESTED, State.CLEARED}
    participants.demand_state(participant, Act.RANDOMIZED, frozenset(ready))
    products.demand_within_limits(uow, participant.number)
