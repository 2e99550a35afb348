"""One kit: its page, what can be done with it, and the same through the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.numbers import group3
from randomizer.domain.packaging import code_of
from randomizer.domain.people import Role
from randomizer.domain.supply import Kit, KitState
from tests import desks
from tests.web.site.programs import Program

if TYPE_CHECKING:
    from flask import Flask

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.site.visitors import Visit

pytestmark = pytest.mark.requirement("life")


def ready(instance: Instance, desk: Desk) -> tuple[str, str]:
    """A participant and the kit that is ready for them."""
    number = desks.randomized(instance, desk)
    desks.booked(instance, number)
    return number, desks.prepared(instance, desk, number).kit


@pytest.mark.promise(18)
def test_a_kit_goes_into_quarantine_and_is_destroyed_on_its_page(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number, kit = ready(instance, desk)
    pharmacist = visit(Role.PHARMACIST)
    assert f"/kits/{kit}" in pharmacist.get(f"/participants/{number}")

    page = pharmacist.get(f"/kits/{kit}")
    assert "Ready since" in page
    assert "Record the destruction" not in page
    pharmacist.get(f"/kits/{kit}/destruction", 404)
    told = pharmacist.get(f"/kits/{kit}/destroy", 422)
    assert f"Kit {group3(kit)} is ready. To record the destruction of a kit, it has to be returned or" in told
    again = pharmacist.post(f"/kits/{kit}/quarantine", {"why": ""}, 422)
    assert "Reason is missing." in again
    page = pharmacist.post(f"/kits/{kit}/quarantine", {"why": "Left in the sun"})
    assert "The kit is in quarantine." in page
    assert "Quarantined" in page
    assert "Left in the sun" in page
    why = {"why": "Left in the sun"}
    told = pharmacist.post(f"/kits/{kit}/destroy", why, 422, sign=True)
    assert "Say how the kit was destroyed." in told
    page = pharmacist.post(f"/kits/{kit}/destroy", why | {"method": "incinerated"}, sign=True)
    assert "The destruction is recorded." in page
    assert f"/kits/{kit}/destruction" in page
    record = pharmacist.get(f"/kits/{kit}/destruction")
    for told in (
        number,
        code_of("mesems", kit),
        "Incinerated",
        "Left in the sun",
        "as recorded",
    ):
        assert told in record
    assert "Something else happened" not in page


@pytest.mark.promise(16)
def test_a_repeated_request_moves_a_kit_once(app: Flask, instance: Instance, desk: Desk) -> None:
    number, kit = ready(instance, desk)
    program = Program(instance, app.test_client(), Role.PHARMACIST).sign_in()
    for _ in range(2):
        told = program.post(f"/kits/{kit}/damage", {"why": "It leaks"}, key="a-key-of-its-own")
        assert (told["kit"]["state"], told["participant"], told["site"]) == ("damaged", number, "TLS")
    assert "is damaged" in program.post(f"/kits/{kit}/damage", {"why": "It leaks"}, 422)["detail"]
    assert program.get(f"/kits/{kit}")["kit"]["state"] == "damaged"
    with instance.store.reading() as uow:
        assert uow.count(Entry, act=Act.KIT_DAMAGED.value) == 1


@pytest.mark.promise(19)
def test_a_dispensation_is_undone_on_the_participants_page(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number, kit = ready(instance, desk)
    pharmacist = visit(Role.PHARMACIST)
    pharmacist.post(f"/participants/{number}/dispense", {"kit": kit})
    assert "Undo the dispensation" in pharmacist.get(f"/participants/{number}")

    page = pharmacist.post(f"/participants/{number}/undo-dispensation", {"why": "Wrong trolley"}, sign=True)

    assert "The dispensation is undone" in page
    assert "nothing of it was administered" in page
    with instance.store.reading() as uow:
        assert uow.get(Kit, kit).state is KitState.RETURNED


@pytest.mark.requirement("accountability")
def test_the_log_is_a_page_a_file_and_an_answer(
    visit: Visit, app: Flask, instance: Instance, desk: Desk
) -> None:
    number, kit = ready(instance, desk)
    monitor = visit(Role.MONITOR)
    page = monitor.get("/accountability")
    assert "Where the kits are now" in page
    assert f"/kits/{kit}" in page
    assert "No kit was received yet." in monitor.get("/accountability?site=EX1")
    lines = monitor.get(f"/accountability.csv?participant={number}").splitlines()
    assert lines[0] == "at,kit,code,participant,period,what,by,role,site,balance,remark"
    assert f",{kit},{code_of('mesems', kit)},{number},1,received," in lines[1]
    told = Program(instance, app.test_client(), Role.MONITOR).sign_in().get("/accountability?site=TLS")
    assert told["totals"] == [
        {"site": "TLS", "received": 1, "held": 1, "dispensed": 0, "returned": 0, "destroyed": 0, "missing": 0}
        | dict.fromkeys(("expired", "quarantined", "damaged", "to_be_destroyed"), 0)
        | {f"{name}administered": 0 for name in ("", "partly_", "not_")}
    ]


@pytest.mark.promise(3)
def test_another_site_and_a_kit_that_is_not_ready_are_no_kit_at_all(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    _, kit = ready(instance, desk)
    with instance.store.reading() as uow:
        hidden = uow.all(Kit, state=KitState.RESERVED, limit=1)[0].number
    assert f"There is no kit {group3(hidden)}." in visit(Role.PHARMACIST).get(f"/kits/{hidden}", 404)
    elsewhere = visit(Role.INVESTIGATOR, "EX1")
    assert f"There is no kit {group3(kit)}." in elsewhere.get(f"/kits/{kit}", 404)
