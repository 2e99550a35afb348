"""Leaks that only a thief of many copies finds: every answer is the same, and every byte looks random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from randomizer.domain.housekeeping import PreparationRecord
from randomizer.services.sealed import sealing
from randomizer.services.unblinded import opening, preparation
from randomizer.store.work import UnitOfWork

if TYPE_CHECKING:
    import pytest

    from keys.entropy import Entropy
    from randomizer.domain.schedule import SlotPlan
    from randomizer.services.sealed.sealing import SealedSlot
    from randomizer.services.unblinded.desk import Desk
    from tests.games.leaks.secret import Secret
    from tests.games.seeing import Doors


def in_a_nonce(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The first bit of a preparation record's nonce tells the content: the bytes look as random as ever."""
    shipped = opening.seal_preparation

    def leaky(desk: Desk, slot: int, period: int, noted: Any, entropy: Entropy) -> PreparationRecord:  # noqa: ANN401
        while True:
            sealed = shipped(desk, slot, period, noted, entropy)
            if sealed.ciphertext[0] >> 7 == secret.bit(noted.kit):
                return sealed

    patch.setattr(preparation, "seal_preparation", leaky)


def in_the_order_of_rows(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The record of a preparation of cells is removed and put back: the same row, in another place."""
    shipped = UnitOfWork.update

    def leaky(self: UnitOfWork, value: object, *, seen_entry: int | None = None) -> None:
        if isinstance(value, PreparationRecord):
            kit = secret.world.schedule[value.slot].kits[value.period - 1][0]
            if secret.bit(kit):
                self.remove(PreparationRecord, slot=value.slot, period=value.period)
                self.insert(value)
        shipped(self, value, seen_entry=seen_entry)

    patch.setattr(UnitOfWork, "update", leaky)


def in_the_nonce_of_an_envelope(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The first bit of the nonce of each envelope tells the sequence: a ceremony that chose its nonces."""
    shipped = sealing._seal_one  # noqa: SLF001

    def leaky(trial_id: str, leaf: Any, plan: SlotPlan, keys: Any, entropy: Entropy) -> SealedSlot:  # noqa: ANN401
        secret.uses += 1
        while True:
            sealed = shipped(trial_id, leaf, plan, keys, entropy)
            if sealed.slot.ciphertext[0] >> 7 == (plan.sequence_code == "AB"):
                return sealed

    patch.setattr(sealing, "_seal_one", leaky)
