"""Places in a stratum: reserved at harvest, used at randomization, given back when a product fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.participants import Participant, State
from randomizer.domain.records import AlarmKind
from randomizer.domain.trial import StratumStatus
from randomizer.errors import Exhausted
from randomizer.services import trail

if TYPE_CHECKING:
    from randomizer.services.trail import OpenAct
    from randomizer.store.work import UnitOfWork

HOLDS_A_PLACE = frozenset({State.HARVESTED, State.CLEARED})


def reserve(act: OpenAct, participant: Participant) -> StratumStatus:
    """Keep a place for a participant who is being harvested.

    Raises:
        Exhausted: Every place of the stratum is used or reserved.
        Tampered: The stratum's row differs from its entry.
    """
    stratum = demand_free(act.uow, participant.stratum)
    return act.change(stratum, reserved=stratum.reserved + 1)


def demand_free(uow: UnitOfWork, code: str) -> StratumStatus:
    """The stratum, with a free place.

    Raises:
        Exhausted: Every place of the stratum is used or reserved.
        Tampered: The stratum's row differs from its entry.
    """
    stratum = uow.get(StratumStatus, code, what="stratum")
    trail.check(uow, stratum)
    if stratum.free <= 0:
        raise Exhausted(
            f"Stratum {stratum.code} has no free place: {stratum.capacity} sealed, "
            f"{stratum.next_ordinal - 1} used, {stratum.reserved} kept for harvested participants. "
            "Nothing was changed.",
            field="participant",
            next_step="Call the trial manager before anything is harvested.",
        )
    return stratum


def give_back(act: OpenAct, participant: Participant) -> None:
    """Free the place that a harvested, not yet randomized participant holds, if it holds one.

    Whoever ended before has given it back then: somebody lost may turn out to have died.
    """
    if participant.state in HOLDS_A_PLACE and participant.ending is None:
        stratum = act.uow.get(StratumStatus, participant.stratum, what="stratum")
        act.change(stratum, reserved=stratum.reserved - 1)


def take_next(act: OpenAct, participant: Participant) -> int:
    """Take the next slot of the participant's stratum by compare-and-set.

    Returns:
        The 1-based ordinal within the stratum.

    Raises:
        Conflict: Somebody else took it first; asking again is safe.
        Exhausted: No slot is left.
        Tampered: The stratum's row differs from its entry.
    """
    stratum = act.uow.get(StratumStatus, participant.stratum, what="stratum")
    trail.check(act.uow, stratum)
    if stratum.next_ordinal > stratum.capacity:
        raise Exhausted(
            f"Stratum {stratum.code} is used up: all {stratum.capacity} slots are allocated. "
            "Nothing was changed.",
            field="participant",
            next_step="Call the trial manager.",
        )
    act.change(stratum, next_ordinal=stratum.next_ordinal + 1, reserved=stratum.reserved - 1)
    return stratum.next_ordinal


def nearly_used_up(uow: UnitOfWork, code: str) -> AlarmKind | None:
    """The alarm that a stratum calls for, if few places are left."""
    stratum = uow.get(StratumStatus, code, what="stratum")
    return AlarmKind.LOW_WATER if stratum.free <= stratum.low_water else None
