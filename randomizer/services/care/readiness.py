"""Whether an act on a participant could succeed now, whatever is entered: what its page asks before its form.

Each check is the one that the act itself makes; nothing is written and nobody waits for a turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import participants
from randomizer.domain.acts import Act
from randomizer.domain.participants import FROM, Participant
from randomizer.errors import NotFound, Refused, Stopped
from randomizer.services import acting, trials
from randomizer.services.care import (
    allocation,
    assessments,
    booking,
    endings,
    infusions,
    products,
    receipts,
    replacements,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.trial import Trial
    from randomizer.store.work import UnitOfWork

    Check = Callable[[UnitOfWork, Definition, Participant], object]


def demand(uow: UnitOfWork, act: Act, participant: Participant) -> None:
    """Refuse an act that cannot succeed now.

    Args:
        uow: The unit of work; reading is enough.
        act: An act on one participant, other than dispensing, which has hard stops of its own.
        participant: As read from the store.

    Raises:
        NotFound: What the act is about is not there yet.
        Refused: Phase, state or what happened so far rule it out; the sentence is that of the act.
        Stopped: An alarm stands, or the certificate waits for its checkpoint.
        Tampered: A record that this rests on differs from its entry.
    """
    _demand(uow, act, participant, trials.current(uow, checked=True))


def possible(uow: UnitOfWork, participant: Participant) -> frozenset[Act]:
    """The acts that would not be refused, whoever does them.

    Raises:
        NotFound: The instance holds no trial yet.
        Tampered: A record that an act rests on differs from its entry.
    """
    current = trials.current(uow, checked=True)
    return frozenset(act for act in FROM if _admits(uow, act, participant, current))


def _admits(uow: UnitOfWork, act: Act, participant: Participant, current: tuple[Trial, Definition]) -> bool:
    try:
        _demand(uow, act, participant, current)
    except (Refused, NotFound, Stopped):
        return False
    return True


def _demand(uow: UnitOfWork, act: Act, participant: Participant, current: tuple[Trial, Definition]) -> None:
    trial, definition = current
    acting.demand_phase(trial, act)
    if act in FROM:
        participants.demand(participant, act)
    if act in CHECKS:
        CHECKS[act](uow, definition, participant)


def _open_site(uow: UnitOfWork, _definition: Definition, participant: Participant) -> object:
    return trials.demand_open_site(uow, participant.site)


CHECKS: Mapping[Act, Check] = {
    Act.ELIGIBILITY_SIGNED: _open_site,
    Act.RESCREENED: _open_site,
    Act.HARVESTED: lambda uow, _definition, one: products.demand_harvestable(uow, one),
    Act.PRODUCT_GO: lambda uow, _definition, one: products.demand_cleared_by_qp(uow, one.number),
    Act.RANDOMIZED: allocation.demand_possible,
    Act.INFUSION_BOOKED: lambda uow, _definition, one: booking.demand_bookable(uow, one.number),
    Act.BOOKING_CANCELLED: lambda uow, _definition, one: booking.demand_cancellable(uow, one.number),
    Act.DEVIATION_SIGNED: lambda uow, plan, one: booking.demand_deviating(uow, plan, one.number),
    Act.FIT_SIGNED: lambda uow, plan, one: booking.demand_before_preparation(uow, plan, one.number),
    Act.KIT_RECEIVED: lambda uow, _definition, one: receipts.demand_on_its_way(uow, one.number),
    Act.REPLACEMENT_REQUESTED: lambda uow, _definition, one: replacements.demand_askable(uow, one.number),
    Act.REPLACEMENT_ANSWERED: lambda uow, _definition, one: replacements.demand_asked(uow, one.number),
    Act.INFUSION_RECORDED: lambda uow, _definition, one: infusions.demand_in_hand(uow, one.number),
    Act.DISPENSATION_UNDONE: lambda uow, _definition, one: infusions.demand_in_hand(uow, one.number),
    Act.PERIOD_MISSED: lambda uow, _definition, one: infusions.demand_missable(uow, one.number),
    Act.COMPLETED: lambda uow, _definition, one: endings.demand_nothing_open(uow, one),
    Act.RANDOMIZED_IN_ERROR: lambda _uow, _definition, one: endings.demand_no_error(one),
    Act.ASSESSMENT_SIGNED: lambda _uow, definition, _one: assessments.demand_declared(definition),
    Act.SITE_TRANSFERRED: lambda uow, _definition, one: endings.demand_movable(uow, one.number),
}
"""What stands in the way of an act beside the trial's phase and the participant's state."""
