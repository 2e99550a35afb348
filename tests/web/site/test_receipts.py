"""A trial whose kits travel: shipped, received by a scan, damaged on the way, too warm or too cold."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.numbers import with_check
from randomizer.domain.people import Role
from randomizer.domain.quality import Result
from randomizer.domain.supply import Kit, KitState, PeriodRecord
from randomizer.services import trail
from randomizer.services.care import booking, dispensing, stock_takes
from randomizer.services.unblinded import quality
from randomizer.services.views import accountability, sight
from tests import activated, desks
from tests.web.site.programs import Program

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from flask import Flask

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal
    from tests.web.site.visitors import Visit

pytestmark = [pytest.mark.promise(19), pytest.mark.requirement("life")]

RUN = "/receive"
COLD = {"arrival": "too warm or too cold", "lowest_c": "-3", "highest_c": "9", "minutes": "45"}


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    made = activated.small_definition()
    definition = replace(made, kits=replace(made.kits, travel=True))
    return activated.seal_rehearsal(tmp_path_factory.mktemp("sealed") / "bundle", definition=definition)


@pytest.fixture(scope="module")
def active_file(tmp_path_factory: pytest.TempPathFactory, rehearsal: Rehearsal) -> tuple[Path, datetime]:
    return activated.file_of(tmp_path_factory.mktemp("active"), rehearsal)


def state(instance: Instance, kit: str) -> KitState:
    with instance.store.reading() as uow:
        return uow.get(Kit, kit).state


def test_a_kit_is_received_by_a_scan_and_only_then_handed_out(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    (number, kit), (_, other) = desks.ready_together(instance, desk, 2).items()
    assert state(instance, kit) is KitState.SHIPPED
    pharmacist, receive = visit(Role.PHARMACIST), f"/participants/{number}/receive"
    home = pharmacist.get("/")
    assert f'href="{receive}"' in home
    assert "On its way" in home
    stopped = pharmacist.get(f"/participants/{number}/dispense", 409)
    assert "is on its way: nobody has received it here" in stopped

    assert "autofocus" in pharmacist.get(receive).split('id="kit"')[1].split(">")[0]
    page = pharmacist.post(receive, {}, 422)
    assert "Scan the kit that has come." in page
    assert "Say how the kit came." in page
    page = pharmacist.post(receive, {"kit": other, "arrival": "sound"}, 409)
    assert "It is not the one that is on its way for this participant." in page
    page = pharmacist.post(receive, {"kit": kit, "arrival": "sound"})
    assert "Received: kit" in page
    assert page.split("Still expected")[1].count("did not come sound") == 1
    assert state(instance, kit) is KitState.READY
    assert f"Right kit · handed to {number}" in pharmacist.post(
        f"/participants/{number}/dispense", {"kit": kit}
    )
    pharmacist.get(receive, 422)


def test_kits_that_came_together_are_received_scan_by_scan(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    (first, kit), (second, other) = desks.ready_together(instance, desk, 2).items()
    pharmacist = visit(Role.PHARMACIST)
    assert 'href="/receive"' in pharmacist.get("/")
    page = pharmacist.get(RUN)
    assert page.index(first) < page.index(second)
    assert f'href="/participants/{second}/receive?kit={other}"' in page
    page = pharmacist.post(RUN, {"kit": f"]d210X\x1d21{kit}"})
    assert "Received: kit" in page
    assert "autofocus" in page.split('id="kit"')[1].split(">")[0]
    assert first not in page.split("Still expected")[1]
    assert state(instance, kit) is KitState.READY
    for scanned, status, sentence in (
        (kit, 422, "was received already. Nothing was changed. Scan the next one."),
        (with_check(10_000_000), 404, "There is no kit"),
        (f"{other}0", 422, "number"),
        ("", 422, "Scan"),
    ):
        assert sentence in pharmacist.post(RUN, {"kit": scanned}, status)
    assert "No kit is on its way." in pharmacist.post(RUN, {"kit": other})
    pharmacist.post(f"/kits/{other}/damage", {"why": "It fell"})
    assert "is not on its way: it is damaged." in pharmacist.post(RUN, {"kit": other}, 422)
    visit(Role.COORDINATOR).get(RUN, 403)


@pytest.mark.parametrize(
    ("came", "after"),
    [({"arrival": "damaged"}, KitState.DAMAGED), (COLD, KitState.QUARANTINED)],
    ids=["damaged", "excursion"],
)
def test_what_did_not_come_sound_is_asked_for_again(
    visit: Visit, instance: Instance, desk: Desk, came: dict[str, str], after: KitState
) -> None:
    ((number, kit),) = desks.ready_together(instance, desk, 1).items()
    pharmacist = visit(Role.PHARMACIST)
    page = pharmacist.post(f"/participants/{number}/receive", {"kit": kit} | came)
    assert "It is not handed out. Put it aside." in page
    assert f'href="/participants/{number}/replacement"' in page
    assert state(instance, kit) is after
    with instance.store.reading() as uow:
        noted = trail.noted(uow, uow.get(Kit, kit).entry)
        assert uow.get(PeriodRecord, number, 1).kit == ""
    assert noted["arrival"] == came["arrival"]
    if after is KitState.QUARANTINED:
        assert (noted["lowest_c"], noted["highest_c"], noted["minutes"]) == (-3, 9, 45)
    assert f'href="/participants/{number}/replacement"' in pharmacist.get("/")
    said = "is in quarantine" if after is KitState.QUARANTINED else "is not ready"
    assert said in pharmacist.get(f"/participants/{number}/dispense", 409)


def test_a_kit_with_a_quality_alert_goes_into_quarantine_as_it_comes(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    ((number, kit),) = desks.ready_together(instance, desk, 1).items()
    clearer = instance.person(Role.CLEARER)
    with instance.store.writing() as uow:
        quality.record_result(
            uow,
            desk,
            clearer,
            number,
            subject=desks.LOT.number,
            test="sterility",
            result=Result.FAILED,
        )
    assert state(instance, kit) is KitState.SHIPPED
    pharmacist = visit(Role.PHARMACIST)
    page = pharmacist.post(RUN, {"kit": kit})
    assert "A quality result of this kit is out of limits: kit" in page
    assert "Received" not in page
    assert state(instance, kit) is KitState.QUARANTINED
    page = pharmacist.get(f"/kits/{kit}")
    assert "A quality result of this kit is out of limits" in page
    assert "Quality alert" in page.split("What became of it")[1]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"lowest_c": "", "highest_c": "", "minutes": ""}, "Lowest and highest temperature"),
        ({"lowest_c": "12"}, "the lowest first; got 12 and 9"),
        ({"lowest_c": "cold"}, "must be whole degrees such as 4 or -20; got 'cold'"),
        ({"minutes": "0"}, "The time must be between 1 and 99999 minutes; got 0."),
        ({"arrival": "sound"}, "Temperatures belong to a kit that was too warm or too cold; got sound."),
    ],
)
def test_an_excursion_is_recorded_with_what_the_logger_shows(
    visit: Visit, instance: Instance, desk: Desk, wrong: dict[str, str], sentence: str
) -> None:
    ((number, kit),) = desks.ready_together(instance, desk, 1).items()
    page = visit(Role.PHARMACIST).post(f"/participants/{number}/receive", {"kit": kit} | COLD | wrong, 422)
    assert sentence in unescape(page)
    assert f'value="{kit}"' in page
    assert state(instance, kit) is KitState.SHIPPED


def test_a_kit_that_expires_on_its_way_or_never_comes(visit: Visit, instance: Instance, desk: Desk) -> None:
    (first, expired), (_, lost), (_, late) = desks.ready_together(instance, desk, 3).items()
    pharmacist = visit(Role.PHARMACIST)
    pharmacist.post(f"/kits/{lost}/missing", {"why": "The courier lost it"})
    assert state(instance, lost) is KitState.MISSING
    instance.clock.advance(seconds=600)
    assert "Not received" in pharmacist.get("/")
    instance.clock.advance(seconds=60 * instance.definition.kits.expiry_minutes)
    pharmacist = visit(Role.PHARMACIST)
    assert pharmacist.get(RUN).count("(expired)") == 2
    page = pharmacist.post(RUN, {"kit": late})
    assert "Received, and expired: kit" in page
    assert "It can be handed out" not in page
    with instance.store.writing() as uow:
        assert dispensing.expire(uow) == 2
    assert state(instance, expired) is KitState.EXPIRED
    assert "Ask for another kit" in pharmacist.get(f"/participants/{first}")


@pytest.mark.requirement("accountability")
def test_a_kit_whose_booking_was_cancelled_on_its_way_is_not_held_before_it_is_there(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    ((number, kit),) = desks.ready_together(instance, desk, 1).items()
    instance.act(booking.cancel, Role.COORDINATOR, number, "The participant is ill.")
    assert state(instance, kit) is KitState.TO_DESTROY

    def books() -> tuple[str, list[int]]:
        person = sight.of(uow, instance.person(Role.PHARMACIST))
        found = accountability.log(person)
        [total] = [one for one in found["totals"] if one["site"] == activated.SITE]
        names = ("received", "held", "dispensed", "returned", "destroyed", "missing", "to_be_destroyed")
        return found["rows"][-1]["what"], [total[name] for name in names]

    with instance.store.reading() as uow:
        assert books() == ("to be destroyed, not received yet", [0] * 7)
    for counted in ((), (kit,)):
        take = instance.act(stock_takes.open_take, Role.PHARMACIST, activated.SITE).number
        for one in counted:
            instance.act(stock_takes.count, Role.PHARMACIST, take, one)
        closed = instance.act(stock_takes.close, Role.PHARMACIST, take)
        assert (closed.missing, closed.unexpected) == ("", "")
    visit(Role.PHARMACIST).post(f"/kits/{kit}/missing", {"why": "The courier lost it"})
    with instance.store.reading() as uow:
        assert books() == ("missing", [1, 0, 0, 0, 0, 1, 0])


def test_a_program_receives_once(app: Flask, instance: Instance, desk: Desk) -> None:
    ((number, kit),) = desks.ready_together(instance, desk, 1).items()
    program = Program(instance, app.test_client(), Role.PHARMACIST).sign_in()
    body = {"kit": kit, "arrival": "sound"}
    path = f"/participants/{number}/receive"
    first = program.post(path, body, key="one-and-the-same")
    assert program.post(path, body, key="one-and-the-same") == first
    assert first["periods"][0]["kit_shown"]["state"] == "ready"
