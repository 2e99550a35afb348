"""In which order the kits of a slot and period are used: without the key nobody can tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.supply import Kit, KitState
from randomizer.errors import Refused
from randomizer.services import trials

if TYPE_CHECKING:
    from randomizer.domain.trial import Slot
    from randomizer.services.unblinded.desk import Desk
    from randomizer.store.work import UnitOfWork

KIT_ORDER_LABEL = "crossover-randomizer/v1/kit-order"


def order_of(desk: Desk, slot: int, period: int, kits: tuple[str, ...]) -> tuple[str, ...]:
    """The order in which the kits of a slot and period are used; without the key nobody can tell it.

    Args:
        desk: Holds the key.
        slot: Number of the slot.
        period: 1-based.
        kits: Kit numbers, in any order.
    """
    draws = desk.keys.draws(f"{KIT_ORDER_LABEL}/{slot}/{period}")
    waiting = sorted(kits)
    return tuple(waiting.pop(draws.below(len(waiting))) for _ in kits)


def kits_left(uow: UnitOfWork, desk: Desk, slot: Slot, period: int, spoiled: tuple[str, ...]) -> list[Kit]:
    """The kits of a slot and period that are still reserved and not spoiled, in the order of use; never none.

    Args:
        uow: The unit of work.
        desk: Holds the key.
        slot: As the store has it.
        period: 1-based.
        spoiled: Kit numbers, as the preparation record has them.

    Raises:
        Refused: None is left.
    """
    reserved = {
        kit.number: kit
        for kit in uow.all(
            Kit, number=slot.kits[period - 1], slot=slot.number, period=period, state=KitState.RESERVED
        )
        if kit.number not in spoiled
    }
    real = 1 + trials.current(uow)[1].treatments[0].spares  # the same for all of them: the design check
    order = order_of(desk, slot.number, period, slot.kits[period - 1])[:real]
    left = [reserved[number] for number in order if number in reserved]
    if not left:
        raise Refused(
            f"No kit is left for period {period} of this participant. Nothing was changed.",
            field="participant",
            next_step="Call the trial office; the investigator then records the period as missed.",
        )
    return left
