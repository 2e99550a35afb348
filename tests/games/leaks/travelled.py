"""Leaks on the way of a kit: sent off, expected, received or not, and checked by a second person."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from randomizer.domain.supply import KitState, PeriodRecord
from randomizer.errors import Refused
from randomizer.services.care import alerts, booking, dispensing, kits, receipts, second_person
from randomizer.services.signatures import sign
from randomizer.services.unblinded import preparation
from randomizer.services.upkeep import arrivals
from randomizer.services.views import worklist

if TYPE_CHECKING:
    import pytest

    from tests.games.leaks.secret import Secret
    from tests.games.seeing import Doors


def in_the_time_of_a_shipment(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """A kit with cells leaves a minute later: it had to be thawed."""
    shipped = preparation.end

    def leaky(*given: Any, kit: str, **named: Any) -> Any:  # noqa: ANN401
        secret.world.instance.clock.advance(seconds=60 * secret.bit(kit))
        return shipped(*given, kit=kit, **named)

    patch.setattr(preparation, "end", leaky)


def in_the_order_of_arrivals(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """What is expected stands on the worklist in the order of the sequences, and not of time."""
    shipped = worklist.of

    def leaky(sight: Any) -> dict[str, Any]:  # noqa: ANN401
        found = shipped(sight)
        return found | {"rows": sorted(found["rows"], key=lambda row: secret.sequence(row["participant"]))}

    patch.setattr(worklist, "of", leaky)


def in_what_becomes_of_a_warm_kit(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """Cells that came too warm are lost at once; medium waits in quarantine."""

    def leaky(act: Any, kit: Any, state: KitState) -> Any:  # noqa: ANN401
        warm = state is KitState.QUARANTINED and alerts.standing(act.uow, kit.number) is None
        lost = warm and secret.bit(kit.number)
        return kits.take_out(act, kit, KitState.DAMAGED if lost else state)

    patch.setattr(receipts, "kits", SimpleNamespace(take_out=leaky))


def in_a_reminder_of_a_receipt(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """Nobody is reminded of a kit that never came, unless it holds cells."""
    shipped = arrivals._late  # noqa: SLF001

    def leaky(uow: Any) -> set[str]:  # noqa: ANN401
        records = uow.all(PeriodRecord, participant=sorted(shipped(uow)), outcome=None)
        return {one.participant for one in records if one.kit and secret.bit(one.kit)}

    patch.setattr(arrivals, "_late", leaky)


def in_the_words_of_a_check(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The second person is asked to look twice where the kit holds cells."""
    shipped = dispensing.dispense

    def leaky(uow: Any, person: Any, number: str, scanned: str, **named: Any) -> Any:  # noqa: ANN401
        try:
            return shipped(uow, person, number, scanned, **named)
        except Refused as refusal:
            if refusal.field != second_person.FIELD or not secret.bit(scanned):
                raise
            said = f"{refusal.message} Look twice."
            raise Refused(said, field=refusal.field, next_step=refusal.next_step or "") from refusal

    patch.setattr(dispensing, "dispense", leaky)


def in_a_signed_deviation(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """What is signed of an infusion outside the window is worded by sequence."""

    def leaky(*given: Any, meaning: str, about: str, **named: Any) -> Any:  # noqa: ANN401
        if meaning == booking.DEVIATION_MEANING and secret.sequence(about.rpartition(" ")[2]) == "AB":
            meaning += " The cells were kept."
        return sign(*given, meaning=meaning, about=about, **named)

    patch.setattr(booking, "sign", leaky)
