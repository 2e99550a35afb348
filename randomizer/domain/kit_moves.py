"""What can become of a kit: one table of the acts that move one, from which states and to which.

The trail asks it whenever an act changes a kit, so that no service can move a kit past it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.acts import Act
from randomizer.domain.numbers import group3
from randomizer.domain.supply import UNUSED, KitState
from randomizer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from randomizer.domain.supply import Kit

    Move = tuple[frozenset[KitState], frozenset[KitState]]


def _move(before: set[KitState], after: set[KitState]) -> Move:
    return frozenset(before), frozenset(after)


ON_THE_SHELF = frozenset(
    {
        KitState.READY,
        KitState.EXPIRED,
        KitState.QUARANTINED,
        KitState.DAMAGED,
        KitState.RETURNED,
        KitState.TO_DESTROY,
    }
)
"""States of a kit that lies in the pharmacy; READY alone may be handed out."""

_SET_ASIDE = ON_THE_SHELF - {KitState.READY}
_DROPPED = _move({*UNUSED}, {KitState.TO_DESTROY})

MOVES: Mapping[Act, Move] = {
    # Where kits travel, one that is ready is on its way until the site has received it.
    Act.PREPARATION_ENDED: _move({KitState.RESERVED}, {*UNUSED}),
    Act.KIT_RECEIVED: _move({KitState.SHIPPED}, {KitState.READY, KitState.DAMAGED, KitState.QUARANTINED}),
    Act.KIT_DISPENSED: _move({KitState.READY}, {KitState.DISPENSED}),
    Act.DISPENSATION_UNDONE: _move({KitState.DISPENSED}, {KitState.RETURNED}),
    Act.INFUSION_RECORDED: _move(
        {KitState.DISPENSED},
        {KitState.ADMINISTERED, KitState.PARTLY_ADMINISTERED, KitState.NOT_ADMINISTERED},
    ),
    Act.KIT_EXPIRED: _move({*UNUSED}, {KitState.EXPIRED}),
    # A kit whose booking becomes void after the preparation goes to nobody; an act of its own destroys it.
    Act.BOOKING_CANCELLED: _DROPPED,
    Act.PERIOD_MISSED: _DROPPED,
    Act.TREATMENT_STOPPED: _DROPPED,
    Act.CONSENT_WITHDRAWN: _DROPPED,
    Act.LOST_TO_FOLLOW_UP: _DROPPED,
    Act.DIED: _DROPPED,
    Act.KIT_RETURNED: _move({KitState.PARTLY_ADMINISTERED, KitState.NOT_ADMINISTERED}, {KitState.RETURNED}),
    Act.KIT_QUARANTINED: _move(
        {KitState.READY, KitState.EXPIRED, KitState.DAMAGED, KitState.RETURNED}, {KitState.QUARANTINED}
    ),
    Act.QUALITY_ALERT: _move({KitState.READY}, {KitState.QUARANTINED}),
    # Not every kit in quarantine: see `CAME_FROM`.
    Act.QUARANTINE_LIFTED: _move({KitState.QUARANTINED}, {KitState.READY}),
    Act.KIT_DAMAGED: _move({KitState.READY, KitState.QUARANTINED}, {KitState.DAMAGED}),
    Act.KIT_MISSING: _move({KitState.SHIPPED, *ON_THE_SHELF, KitState.NOT_ADMINISTERED}, {KitState.MISSING}),
    # What was out of sight is never handed out again.
    Act.KIT_FOUND: _move({KitState.MISSING}, {KitState.QUARANTINED}),
    Act.KIT_DESTROYED: _move({*_SET_ASIDE}, {KitState.DESTROYED}),
}
"""For each act that moves a kit: the states it starts from, and those it may lead to."""

CAME_FROM: Mapping[Act, frozenset[KitState]] = {Act.QUARANTINE_LIFTED: UNUSED}
"""Acts that rest on one state more: the one before that which they start from.

So what was out of the pharmacy, out of sight, damaged or expired never becomes ready again.
"""


def demand(act: Act, kit: Kit) -> None:
    """Refuse an act on a kit that its state does not admit.

    Args:
        act: One of `MOVES`.
        kit: As read from the store.

    Raises:
        Refused: The kit is elsewhere in its life; the sentence says where it would have to be.
    """
    before, _ = MOVES[act]
    if kit.state not in before:
        wanted = " or ".join(state for state in KitState if state in before)
        raise Refused(
            f"Kit {group3(kit.number)} is {kit.state}. To {act.doing}, it has to be {wanted}. "
            "Nothing was changed.",
            field="kit",
            next_step="Open the kit's page to see what became of it.",
        )


def after(act: Act) -> KitState:
    """The state to which an act takes a kit, for an act that leads to one alone.

    Raises:
        ValueError: It may lead to several.
    """
    [state] = MOVES[act][1]
    return state


def demand_move(act: Act, kit: Kit, to: KitState) -> None:
    """Refuse a change of a kit's state that the table does not hold.

    Args:
        act: The act under way; one that is not in the table moves no kit.
        kit: As it was.
        to: As it is to be.

    Raises:
        Refused: The kit's state does not admit the act.
        ValueError: The act never leads there, so that no input can be at fault.
    """
    if kit.state is to:
        return
    if act not in MOVES or to not in MOVES[act][1]:
        raise ValueError(f"{act.value!r} makes no kit {to.value!r}")
    demand(act, kit)


def demand_came_from(act: Act, kit: Kit, before: KitState) -> None:
    """Refuse an act on a kit that came to where it is from elsewhere.

    Args:
        act: One of `CAME_FROM`.
        kit: As read from the store.
        before: Its state before the present one.

    Raises:
        Refused: The act rests on another one.
    """
    if before not in CAME_FROM[act]:
        raise Refused(
            f"Kit {group3(kit.number)} was {before} before it was {kit.state}, so nobody can {act.doing}. "
            "Nothing was changed.",
            field="kit",
            next_step="It is never handed out again. Have it destroyed.",
        )


def moves_from(state: KitState) -> frozenset[Act]:
    """The acts that a kit in this state admits."""
    return frozenset(act for act, (before, _) in MOVES.items() if state in before)
