"""The code-break door in Chromium: at 390 px as on a phone at night, and at 1280 px."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.people import Role
from randomizer.services import conduct, locking
from randomizer.services.unblinded import release
from tests.activated import PASSWORD
from tests.desks import booked, copy_for, dispensed, harvested, infused, randomized, wait_for_the_next_period
from tests.web.codebreak.walks import DESKTOP, PHONE, Walk, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal


@pytest.fixture(params=[PHONE, DESKTOP])
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    made = browser.new_context(
        viewport={"width": request.param, "height": 844}, java_script_enabled=True, locale="en-GB"
    )
    yield made
    made.close()


@pytest.mark.promise(6)
@pytest.mark.promise(7)
def test_five_taps_from_sign_in_to_the_answer(
    context: BrowserContext, instance: Instance, desk: Desk, address: str
) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    walk = Walk(context.new_page(), instance, address, Role.ON_CALL)
    page = walk.page
    check(walk, "1-who")
    page.fill("#participant", number)
    walk.follow("button:has-text('Continue')")
    check(walk, "2-before")
    walk.follow("a:has-text('Continue')")
    check(walk, "3-reason")
    walk.choose("label:has-text('Medical emergency')")
    page.fill("#text", "Found unconscious, fever of 40.1 °C.")
    walk.follow("button:has-text('Continue')")
    check(walk, "4-sign")
    walk.factor()
    walk.follow("button:has-text('Break the code')")

    assert walk.taps <= 5
    assert page.locator(".answer .treatment").inner_text() == sheet.content
    check(walk, "5-answer")
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
    check(walk, "6-planned")


def test_what_the_door_says_when_there_is_less_to_learn(
    context: BrowserContext, instance: Instance, desk: Desk, address: str
) -> None:
    nothing, both, in_hand = (randomized(instance, desk) for _ in range(3))
    infused(instance, desk, both)
    wait_for_the_next_period(instance)
    infused(instance, desk, both)
    dispensed(instance, desk, in_hand)
    walk = Walk(context.new_page(), instance, address, Role.INVESTIGATOR)
    for name, number in (("nothing-given", nothing), ("both-given", both), ("in-hand", in_hand)):
        walk.page.goto(f"{address}/code-break/{number}")
        check(walk, name)
    walk.page.goto(f"{address}/code-break?participant=10013")
    check(walk, "not-found")
    walk.page.goto(f"{address}/code-break/{in_hand}/reason")
    walk.follow("button:has-text('Continue')")
    check(walk, "reason-missing")
    walk.choose("label:has-text('Medical emergency')")
    walk.follow("button:has-text('Continue')")
    walk.page.fill("#password", PASSWORD)
    walk.page.fill("#code", "123456")
    walk.follow("button:has-text('Break the code')")
    check(walk, "sign-refused")
    walk.factor()
    walk.follow("button:has-text('Break the code')")
    check(walk, "answer-in-hand")
    walk.page.goto(f"{address}/code-breaks")
    check(walk, "mine")
    walk.page.goto(f"{address}/tasks")
    check(walk, "tasks")
    walk.follow("td a")
    check(walk, "task")


def test_from_the_booking_to_the_kit(
    context: BrowserContext, instance: Instance, desk: Desk, address: str
) -> None:
    number, later = randomized(instance, desk), randomized(instance, desk)
    booked(instance, later)
    booked(instance, number)
    walk = Walk(context.new_page(), instance, address, Role.PREPARER)
    check(walk, "preparation")
    walk.follow(f"td a[href$='{number}']")
    check(walk, "sheet-closed")
    walk.follow("button:has-text('Open the sheet')")
    check(walk, "sheet")
    walk.follow("button:has-text('Begin')")
    kit = walk.page.locator(".big-number .number").get_attribute("data-number") or ""
    walk.page.fill("#kit", f"{kit[:8]}{(int(kit[8]) + 1) % 10}")
    walk.follow("button:has-text('Declare')")
    check(walk, "sheet-slip")
    walk.follow("a:has-text('Not ready')")
    check(walk, "not-ready")


def test_the_end_of_a_trial(
    browser: Browser, instance: Instance, desk: Desk, rehearsal: Rehearsal, address: str
) -> None:
    instance.sign(conduct.terminate, Role.SPONSOR, "no funds")
    pages = [
        Walk(
            browser.new_context(viewport={"width": PHONE, "height": 844}).new_page(), instance, address, role
        )
        for role in (Role.SPONSOR, Role.UNBLINDED_STATISTICIAN)
    ]
    sponsor, statistician = pages
    sponsor.page.goto(f"{address}/lock")
    check(sponsor, "lock-sign")
    instance.sign(locking.lock, Role.SPONSOR, "done")
    sponsor.page.goto(f"{address}/lock")
    check(sponsor, "lock-locked")
    statistician.page.goto(f"{address}/release")
    check(statistician, "release-locked")
    statistician.follow("button:has-text('Export')")
    check(statistician, "release-exported")
    person = instance.person(Role.UNBLINDED_STATISTICIAN)
    with instance.store.writing() as uow:
        release.import_release(uow, desk, person, copy_for(rehearsal, "code-break-host"))
    statistician.page.goto(f"{address}/release")
    check(statistician, "release-released")
    statistician.follow("a:has-text('Records for your data sets')")
    check(statistician, "records-early")
    instance.checkpoint()
    statistician.page.reload()
    check(statistician, "records")
    for walk in pages:
        walk.page.context.close()


def test_what_the_others_see(browser: Browser, instance: Instance, desk: Desk, address: str) -> None:
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
        other = browser.new_context(viewport={"width": PHONE, "height": 844})
        reading = Walk(other.new_page(), instance, address, role)
        reading.page.goto(f"{address}{path}")
        check(reading, name)
        other.close()
