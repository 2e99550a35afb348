"""A stock take on its pages and through the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.numbers import group3, with_check
from randomizer.domain.people import Role
from tests import desks
from tests.web.site.programs import Program

if TYPE_CHECKING:
    from flask import Flask

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.site.visitors import Visit

pytestmark = pytest.mark.requirement("accountability")


@pytest.mark.promise(18)
def test_the_shelf_is_counted_kit_by_kit(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    desks.booked(instance, number)
    kit = desks.prepared(instance, desk, number).kit
    pharmacist = visit(Role.PHARMACIST)
    page = pharmacist.post("/stock-takes", {"site": "TLS"})
    assert "No kit is counted yet." in page
    assert group3(kit) not in page, "nobody counts what the page says"
    assert pharmacist.last is not None
    place = pharmacist.last.request.path
    other = with_check(10_000_000)
    assert "Kits counted" in pharmacist.post(place, {"kit": other})
    assert f"Kit {group3(other)} is counted already." in pharmacist.post(place, {"kit": other}, 422)

    page = pharmacist.post(f"{place}/close-count")

    assert "The stock take is closed." in page
    assert f"/kits/{kit}" in page
    assert "Not on the books of this site" in page
    assert "A stock take has differences" in pharmacist.get("/")
    assert f"{place}" in visit(Role.TRIAL_MANAGER).get("/tasks")
    page = pharmacist.post(f"{place}/settle", {"why": "Wrong shelf"})
    assert "The differences are settled." in page
    assert "A stock take has differences" not in pharmacist.get("/")


@pytest.mark.promise(16)
def test_a_repeated_request_counts_a_kit_once(app: Flask, instance: Instance) -> None:
    program = Program(instance, app.test_client(), Role.PHARMACIST).sign_in()
    take = program.post("/stock-takes", {"site": "TLS"}, 201)["take"]["number"]
    kit = with_check(10_000_000)
    for _ in range(2):
        told = program.post(f"/stock-takes/{take}/count", {"kit": kit}, key="a-key-of-its-own")
        assert [one["kit"] for one in told["counted"]] == [kit]
    assert program.post(f"/stock-takes/{take}/close-count", {})["take"]["unexpected"] == [kit]
    assert program.get("/tasks")["rows"][0]["number"] == take
    assert program.get("/stock-takes")["rows"][0]["unsettled"] is True
