from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.trial import Phase, Slot, Trial

if TYPE_CHECKING:
    from tests.activated import Instance


def test_an_activated_instance_holds_every_slot(instance: Instance) -> None:
    with instance.store.reading() as uow:
        assert uow.get(Trial, 1).phase is Phase.ACTIVE
        assert uow.count(Slot) == 20
