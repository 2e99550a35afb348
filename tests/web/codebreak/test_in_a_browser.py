"""The code-break door in Chromium: walked through on a phone as at night, and looked at on a desktop too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.people import Role
from randomizer.services import conduct, locking
from randomizer.services.unblinded import release
from tests.activated import PASSWORD
from tests.desks import (
    LOT,
    booked,
    copy_for,
    dispensed,
    harvested,
    infused,
    prepared,
    randomized,
    wait_for_the_next_period,
)
from tests.web.codebreak.test_breaking import send_signed, write
from tests.web.codebreak.walks import look

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal
    from tests.web.codebreak.guests import Visit
    from tests.web.codebreak.walks import Walk
    from tests.web.lens import Lens


@pytest.mark.promise(6)
@pytest.mark.promise(7)
def test_five_taps_from_sign_in_to_the_answer(walk: Walk, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    walk.sign_in(Role.ON_CALL)
    page = walk.page
    walk.check("1-who")
    page.fill("#participant", number)
    walk.follow("button:has-text('Continue')")
    walk.check("2-before")
    walk.follow("a:has-text('Continue')")
    walk.check("3-reason")
    walk.choose("label:has-text('Medical emergency')")
    page.fill("#text", "Found unconscious, fever of 40.1 °C.")
    walk.follow("button:has-text('Continue')")
    walk.check("4-sign")
    walk.factor()
    walk.follow("button:has-text('Break the code')")

    assert walk.taps <= 5
    assert page.locator(".answer .treatment").inner_text() == sheet.content
    walk.check("5-answer")
    sizes = page.eval_on_selector_all(
        "main *", "all => all.filter(e => e.innerText).map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    largest = page.eval_on_selector(".answer .treatment", "e => parseFloat(getComputedStyle(e).fontSize)")
    assert largest == max(sizes)
    page.emulate_media(media="print")
    assert page.locator(".answer .treatment").is_visible()
    assert not page.locator("summary").is_visible()  # nothing that only a screen can do
    page.emulate_media(media="screen")
    walk.choose("summary")
    assert page.locator(".planned li").count() == 2
    walk.check("6-planned")


def test_what_the_door_says_when_there_is_less_to_learn(
    lens: Lens, visit: Visit, instance: Instance, desk: Desk
) -> None:
    nothing, both, in_hand = (randomized(instance, desk) for _ in range(3))
    infused(instance, desk, both)
    wait_for_the_next_period(instance)
    infused(instance, desk, both)
    dispensed(instance, desk, in_hand)
    guest = visit(Role.INVESTIGATOR)
    for name, number in (("nothing-given", nothing), ("both-given", both), ("in-hand", in_hand)):
        look(lens, guest.get(f"/code-break/{number}"), name)
    look(lens, guest.get("/code-break?participant=10013", 422), "not-found")
    look(lens, guest.send(f"/code-break/{in_hand}/reason", {}).text, "reason-missing")
    page, wrong = write(guest, in_hand), {"password": PASSWORD, "code": "123456"}
    look(lens, send_signed(guest, in_hand, page, wrong).text, "sign-refused")
    look(lens, send_signed(guest, in_hand, page, guest.factor()).text, "answer-in-hand")
    look(lens, guest.get("/code-breaks"), "mine")
    tasks = guest.get("/tasks")
    look(lens, tasks, "tasks")
    for task in re.findall(r'href="(/tasks/\d+)"', tasks):
        look(lens, guest.get(task), "task")


def test_from_the_booking_to_the_kit(lens: Lens, visit: Visit, instance: Instance, desk: Desk) -> None:
    number, later = randomized(instance, desk), randomized(instance, desk)
    booked(instance, later)
    booked(instance, number)
    guest, sheet = visit(Role.PREPARER), f"/preparation/{number}"
    look(lens, guest.get("/preparation"), "preparation")
    look(lens, guest.get(sheet), "sheet-closed")
    look(lens, guest.send(sheet).text, "sheet")
    begun = guest.send(f"{sheet}/begin", page=sheet).text
    kit = re.search(r'data-number="(\d{9})"', begun)
    assert kit is not None
    slip = {"kit": f"{kit[1][:8]}{(int(kit[1][8]) + 1) % 10}"}
    look(lens, guest.send(f"{sheet}/ready", slip, page=sheet).text, "sheet-slip")
    look(lens, guest.get(f"{sheet}/not-ready"), "not-ready")


def test_the_end_of_a_trial(
    lens: Lens, visit: Visit, instance: Instance, desk: Desk, rehearsal: Rehearsal
) -> None:
    number = randomized(instance, desk)
    instance.sign(conduct.terminate, Role.SPONSOR, "no funds")
    sponsor = visit(Role.SPONSOR)
    look(lens, sponsor.get("/lock"), "lock-sign")
    instance.sign(locking.lock, Role.SPONSOR, "done")
    look(lens, sponsor.get("/lock"), "lock-locked")
    look(lens, visit(Role.CLEARER).get(f"/clearance/{number}/addendum"), "addendum")
    statistician = visit(Role.UNBLINDED_STATISTICIAN)
    look(lens, statistician.get("/release"), "release-locked")
    look(lens, statistician.send("/release/export", page="/release").text, "release-exported")
    person = instance.person(Role.UNBLINDED_STATISTICIAN)
    with instance.store.writing() as uow:
        release.import_release(uow, desk, person, copy_for(rehearsal, "code-break-host"))
    released = statistician.get("/release")
    look(lens, released, "release-released")
    assert 'href="/records"' in released
    look(lens, statistician.get("/records"), "records-early")
    instance.checkpoint()
    look(lens, statistician.get("/records"), "records")


def test_what_the_others_see(lens: Lens, visit: Visit, instance: Instance, desk: Desk) -> None:
    waiting = harvested(instance)
    randomized(instance, desk)
    for role, path, name in (
        (Role.CLEARER, "/clearance", "clearance"),
        (Role.CLEARER, f"/clearance/{waiting}", "clear"),
        (Role.CLEARER, f"/clearance/{waiting}/fail", "fail"),
        (Role.SPONSOR, "/lock", "lock-blocked"),
        (Role.UNBLINDED_STATISTICIAN, "/release", "release-early"),
        (Role.UNBLINDED_STATISTICIAN, "/meter", "meter"),
        (Role.CARE_PROVIDER, "/", "nothing"),
    ):
        look(lens, visit(role).get(path), name)


@pytest.mark.requirement("pages")
def test_from_the_lots_to_a_late_result(lens: Lens, visit: Visit, instance: Instance, desk: Desk) -> None:
    waiting, number = harvested(instance), randomized(instance, desk)
    booked(instance, number)
    kit = prepared(instance, desk, number).kit
    guest, product = visit(Role.CLEARER), f"/clearance/{waiting}"
    look(lens, guest.get("/clearance"), "clearance")
    look(lens, guest.get(f"{product}/lot"), "lot")
    look(lens, guest.send(f"{product}/lot", {"viability": "90 %"}).text, "lot-missing")
    page = guest.send(f"{product}/lot", {"lot": "L" * 61}).text
    assert "A lot has at most 60 characters on one line; got 61." in page
    look(lens, guest.send(f"{product}/lot", {"lot": "LOT 1 A", "test-identity": "passed"}).text, "product")
    page = guest.send(f"{product}/result", {}).text
    assert 0 < page.find("Choose which result") < page.find("Say whether the test passed or failed")
    page = guest.send(f"{product}/result", {"what": "LOT 1 A identity", "result": "corrected"}).text
    assert "No failed result is recorded of this test." in page
    page = guest.send(f"{product}/result", {"what": "LOT 1 A viability", "result": "passed"}).text
    assert "Viability is pending" not in page, "a lot is named as its label names it"
    look(lens, guest.get(f"/clearance/{number}/result"), "result")
    out_of_limits = {"what": f"{LOT.number} sterility", "result": "failed"}
    page = guest.send(f"/clearance/{number}/result", out_of_limits).text
    assert f"<li>Sterility, final result, lot {LOT.number}</li>" in page
    look(lens, page, "product-out-of-limits")
    of_kit = {"what": f"{kit} bag-sterility", "result": "failed"}
    look(lens, guest.send(f"/clearance/{number}/result", of_kit).text, "product-kit-out-of-limits")
    look(lens, visit(Role.PREPARER).get("/preparation"), "preparation-out-of-limits")
    look(lens, guest.get("/quarantine"), "quarantine")
    page = guest.get(f"/quarantine/{kit}")
    assert f'href="/clearance/{number}"' in page, "where a result that was wrong is put right"
    look(lens, page, "lift-not-now")
    look(lens, guest.send(f"/quarantine/{kit}", {"why": "Read wrongly"}, sign=True).text, "lift-refused")
