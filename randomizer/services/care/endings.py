"""How a participant's treatment ends, and corrections that leave the slot as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import reasons
from randomizer.domain.acts import Act
from randomizer.domain.definition_values import SITE_FACTOR
from randomizer.domain.participants import ENDINGS, TREATABLE, Participant, State, levels_of, levels_text
from randomizer.domain.records import Deviation
from randomizer.errors import Refused
from randomizer.services import acting, exposure, trail, trials
from randomizer.services.care import booking, periods, strata

if TYPE_CHECKING:
    from collections.abc import Mapping

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.people import Person
    from randomizer.services.trail import OpenAct
    from randomizer.store.work import UnitOfWork

SIGNED_FOR_A_SITE = frozenset({State.ELIGIBLE, State.HARVESTED, State.CLEARED})


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
    acting.in_trial(uow, what)
    participant = acting.on_participant(uow, person, what, number)
    if what is Act.CONSENT_WITHDRAWN:
        reasons.demand_short(why)
    else:
        reasons.demand(why, "Give the reason.")
    with trail.act(uow, what, person, site=participant.site, participant=number, why=why) as act:
        exposure.mark(act)
        strata.give_back(act, participant)
        _drop_open_period(act, number)
        # Visits go on only for somebody who was randomized, and never again once they have ended.
        randomized = participant.state in TREATABLE and participant.follow_up
        goes_on = follow_up and randomized and what in {Act.TREATMENT_STOPPED, Act.CONSENT_WITHDRAWN}
        return act.change(participant, ending=ENDINGS[what], follow_up=goes_on, ended_at=act.at)


def complete(uow: UnitOfWork, person: Person, number: str) -> Participant:
    """State that the participant has come to the end of the last follow-up.

    Raises:
        Refused: A period is still open, unless treatment was stopped and follow-up went on; or a kit was
            handed out and nothing is recorded of it.
    """
    acting.in_trial(uow, Act.COMPLETED)
    participant = acting.on_participant(uow, person, Act.COMPLETED, number)
    demand_nothing_open(uow, participant)
    with trail.act(uow, Act.COMPLETED, person, site=participant.site, participant=number) as act:
        exposure.mark(act)
        return act.change(participant, state=State.COMPLETED, ended_at=act.at)


def randomized_in_error(uow: UnitOfWork, person: Person, number: str, why: str) -> Participant:
    """State that the participant should not have been randomized; the slot stays used.

    Raises:
        Refused: The reason is missing, or it was stated before.
    """
    acting.in_trial(uow, Act.RANDOMIZED_IN_ERROR)
    participant = acting.on_participant(uow, person, Act.RANDOMIZED_IN_ERROR, number)
    reasons.demand(why, "Say why the randomization was an error.")
    demand_no_error(participant)
    with trail.act(
        uow, Act.RANDOMIZED_IN_ERROR, person, site=participant.site, participant=number, why=why
    ) as act:
        exposure.mark(act)
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
    _, definition = acting.in_trial(uow, Act.FACTOR_CORRECTED)
    participant = acting.on_participant(uow, person, Act.FACTOR_CORRECTED, number)
    reasons.demand(why, "Say how the wrong factor came about.")
    truth = levels_of(participant.levels) | dict(levels)
    definition.stratum_of(truth)
    if levels_text(truth) == (participant.corrected_levels or participant.levels):
        raise Refused(
            "These are the levels on record already. Nothing was changed.",
            field="levels",
            next_step="Choose the true level of the factor that was wrong.",
        )
    with trail.act(
        uow, Act.FACTOR_CORRECTED, person, site=participant.site, participant=number, why=why
    ) as act:
        exposure.mark(act)
        act.add(_deviation(act, participant, "randomized with a wrong factor"))
        return act.change(participant, corrected_levels=levels_text(truth))


def transfer(uow: UnitOfWork, person: Person, number: str, site: str, why: str) -> Participant:
    """Move a participant to another site; number, stratum and slot stay.

    Raises:
        NotFound: There is no such participant or site.
        Refused: The site is not open or is the present one, the participant has ended, a kit is being
            prepared, ready or handed out, other criteria were signed, or the reason is missing.
    """
    _, definition = acting.in_trial(uow, Act.SITE_TRANSFERRED)
    participant = acting.on_participant(uow, person, Act.SITE_TRANSFERRED, number)
    reasons.demand(why, "A site transfer needs its reason.")
    trials.demand_open_site(uow, site)
    if participant.site == site:
        raise Refused(
            f"Participant {number} is already at site {site}. Nothing was changed.",
            field="site",
            next_step="Choose the new site.",
        )
    demand_movable(uow, number)
    _demand_same_screening(definition, participant, site)
    with trail.act(
        uow, Act.SITE_TRANSFERRED, person, site=participant.site, participant=number, why=why
    ) as act:
        return act.change(participant, site=site)


def demand_nothing_open(uow: UnitOfWork, participant: Participant) -> None:
    """Refuse the end of follow-up while something is still to come or to be recorded.

    Raises:
        Refused: A kit was handed out and not recorded, or a period is open and treatment was not stopped.
    """
    number = participant.number
    _demand_nothing_in_hand(uow, number)
    if participant.ending is None and any(record.outcome is None for record in periods.of(uow, number)):
        raise Refused(
            f"Participant {number} has an open period. Nothing was changed.",
            field="participant",
            next_step="Record the infusion, or record the period as missed.",
        )


def demand_no_error(participant: Participant) -> None:
    """Refuse to state the same error twice.

    Raises:
        Refused: It was stated before.
    """
    if participant.randomized_in_error:
        raise Refused(
            f"Participant {participant.number} is already marked as randomized in error. "
            "Nothing was changed.",
            field="participant",
            next_step="Open the participant's page to see the deviation.",
        )


def demand_movable(uow: UnitOfWork, number: str) -> None:
    """Refuse a transfer while a kit is on its way at the present site.

    Raises:
        Refused: A kit is being prepared, ready, or handed out and not recorded.
    """
    _demand_nothing_in_hand(uow, number)
    _demand_nothing_prepared(uow, number)


def _drop_open_period(act: OpenAct, number: str) -> None:
    for record in periods.of(act.uow, number):
        # A kit in somebody's hands is still to be recorded; all else stops at once.
        if record.outcome is None and record.dispensed_at is None and record.booked_for is not None:
            booking.drop(act, record)


def _demand_nothing_in_hand(uow: UnitOfWork, number: str) -> None:
    records = periods.of(uow, number)
    trail.check(uow, *records)
    if any(record.dispensed_at is not None and record.outcome is None for record in records):
        raise Refused(
            f"A kit was handed out to participant {number} and its infusion is not recorded yet. "
            "Nothing was changed.",
            field="participant",
            next_step="Record the infusion first.",
        )


def _demand_nothing_prepared(uow: UnitOfWork, number: str) -> None:
    # A kit that stands ready at one site is not handed out at another.
    if any(record.outcome is None and record.preparation_begun_at for record in periods.of(uow, number)):
        raise Refused(
            f"A kit for participant {number} is being prepared or ready. Nothing was changed.",
            field="participant",
            next_step="Cancel the booking first; the prepared kit is then to be destroyed.",
        )


def _demand_same_screening(definition: Definition, participant: Participant, site: str) -> None:
    # Before randomization the stratum and the signed criteria must be those of the new site.
    if participant.state not in SIGNED_FOR_A_SITE:
        return
    stratified = any(factor.code == SITE_FACTOR for factor in definition.factors)
    if stratified or definition.items_for(participant.site) != definition.items_for(site):
        raise Refused(
            f"Participant {participant.number} is eligible by the criteria of site {participant.site}; "
            f"those of site {site} are others. Nothing was changed.",
            field="site",
            next_step="Record a screen failure, transfer, and screen again at the new site.",
        )


def _deviation(act: OpenAct, participant: Participant, what: str) -> Deviation:
    return Deviation(
        number=act.number, participant=participant.number, period=0, what=what, recorded_at=act.at
    )
