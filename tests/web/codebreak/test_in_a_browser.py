"""The code-break door in Chromium, on a phone as at night; each page is held to a desktop's screen too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.people import Role
from randomizer.services import conduct, locking
from randomizer.services.unblinded import release
from tests.activated import PASSWORD
from tests.desks import booked, copy_for, dispensed, harvested, infused, randomized, wait_for_the_next_period

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal
    from tests.web.codebreak.walks import Walk


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
    walk.look("5-answer")
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


def test_what_the_door_says_when_there_is_less_to_learn(walk: Walk, instance: Instance, desk: Desk) -> None:
    nothing, both, in_hand = (randomized(instance, desk) for _ in range(3))
    infused(instance, desk, both)
    wait_for_the_next_period(instance)
    infused(instance, desk, both)
    dispensed(instance, desk, in_hand)
    walk.come(Role.INVESTIGATOR, f"/code-break/{nothing}")
    walk.check("nothing-given")
    for name, number in (("both-given", both), ("in-hand", in_hand)):
        walk.go(f"/code-break/{number}")
        walk.check(name)
    walk.go("/code-break?participant=10013")
    walk.check("not-found")
    walk.go(f"/code-break/{in_hand}/reason")
    walk.follow("button:has-text('Continue')")
    walk.check("reason-missing")
    walk.choose("label:has-text('Medical emergency')")
    walk.follow("button:has-text('Continue')")
    walk.page.fill("#password", PASSWORD)
    walk.page.fill("#code", "123456")
    walk.follow("button:has-text('Break the code')")
    walk.check("sign-refused")
    walk.factor()
    walk.follow("button:has-text('Break the code')")
    walk.check("answer-in-hand")
    walk.go("/code-breaks")
    walk.check("mine")
    walk.go("/tasks")
    walk.check("tasks")
    walk.follow("td a")
    walk.check("task")


def test_from_the_booking_to_the_kit(walk: Walk, instance: Instance, desk: Desk) -> None:
    number, later = randomized(instance, desk), randomized(instance, desk)
    booked(instance, later)
    booked(instance, number)
    walk.come(Role.PREPARER, "/preparation")
    walk.check("preparation")
    walk.follow(f"td a[href$='{number}']")
    walk.check("sheet-closed")
    walk.follow("button:has-text('Open the sheet')")
    walk.check("sheet")
    walk.follow("button:has-text('Begin')")
    kit = walk.page.locator(".big-number .number").get_attribute("data-number") or ""
    walk.page.fill("#kit", f"{kit[:8]}{(int(kit[8]) + 1) % 10}")
    walk.follow("button:has-text('Declare')")
    walk.check("sheet-slip")
    walk.follow("a:has-text('Not ready')")
    walk.check("not-ready")


def test_the_end_of_a_trial(walk: Walk, instance: Instance, desk: Desk, rehearsal: Rehearsal) -> None:
    instance.sign(conduct.terminate, Role.SPONSOR, "no funds")
    walk.come(Role.SPONSOR, "/lock")
    walk.check("lock-sign")
    instance.sign(locking.lock, Role.SPONSOR, "done")
    walk.go("/lock")
    walk.check("lock-locked")
    walk.come(Role.UNBLINDED_STATISTICIAN, "/release")
    walk.check("release-locked")
    walk.follow("button:has-text('Export')")
    walk.check("release-exported")
    person = instance.person(Role.UNBLINDED_STATISTICIAN)
    with instance.store.writing() as uow:
        release.import_release(uow, desk, person, copy_for(rehearsal, "code-break-host"))
    walk.go("/release")
    walk.check("release-released")
    walk.follow("a:has-text('Records for your data sets')")
    walk.check("records-early")
    instance.checkpoint()
    walk.page.reload()
    walk.check("records")


def test_what_the_others_see(walk: Walk, instance: Instance, desk: Desk) -> None:
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
        walk.come(role, path)
        walk.check(name)
