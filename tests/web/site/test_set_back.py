"""What an investigator reads where the database is not the newest one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.housekeeping import HeldCheckpoint
from randomizer.domain.people import Role
from randomizer.domain.records import Alarm, AlarmKind
from randomizer.domain.trial import Allocation
from randomizer.services.care import products
from tests import desks

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.site.visitors import Visit

LOST = HeldCheckpoint(origin="example.org/mesems", size=9999, root=bytes(32))


@pytest.mark.promise(17)
@pytest.mark.promise(18)
def test_nobody_is_randomized_and_an_alarm_is_raised(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.harvested(instance)
    desks.clear(instance, desk, number)
    instance.sign(products.give_go, Role.SPONSOR, number)
    doctor = visit(Role.INVESTIGATOR)
    instance.store.held = lambda: (LOST,)
    page = doctor.post(f"/participants/{number}/randomize", status=503, sign=True)
    assert "Stopped: not the newest database" in page
    assert "the checkpoint over 9999 entries, which was published, is not in its trail" in page
    assert "A code break still works" in page
    with instance.store.reading() as uow:
        assert uow.find(Allocation, number) is None
        (alarm,) = uow.all(Alarm, cleared_at=None)
    assert (alarm.kind, alarm.about) == (AlarmKind.TRAIL, "Checkpoint 9999")
