"""The code-break door in Chromium: at 390 px as on a phone at night, and at 1280 px."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from randomizer.domain.people import Role
from tests.activated import PASSWORD, TOTP_STEP_SECONDS, username
from tests.desks import booked, dispensed, harvested, infused, randomized, wait_for_the_next_period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from playwright.sync_api import Browser, BrowserContext, Page

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance

PHONE, DESKTOP = 390, 1280
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
}
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
PICTURES = os.environ.get("CODEBREAK_PICTURES", "")
"""A directory that keeps what the browser saw, where it is set."""


class Walk:
    """Somebody with a browser that runs no script; counts the taps after sign-in."""

    def __init__(self, page: Page, instance: Instance, address: str, role: Role) -> None:
        self.page = page
        self.instance = instance
        self.address = address
        self.role = role
        self.taps = 0
        page.goto(f"{address}/sign-in")
        page.fill("#username", username(role))
        self.factor()
        self.follow("button:has-text('Sign in')")
        self.taps = 0

    def factor(self) -> None:
        """Type password and code."""
        self.instance.clock.advance(seconds=TOTP_STEP_SECONDS)
        self.page.fill("#password", PASSWORD)
        self.page.fill("#code", self.instance.code(self.role))

    def choose(self, selector: str) -> None:
        """One tap that stays on the page."""
        self.taps += 1
        self.page.click(selector)

    def follow(self, selector: str) -> None:
        """One tap that leads to the next page, which is waited for."""
        with self.page.expect_navigation():
            self.choose(selector)

    def look(self, name: str) -> None:
        """Nothing is wider than the screen, axe has nothing to say; kept as a picture where asked."""
        self.page.wait_for_load_state("load")
        if PICTURES:
            width = self.page.viewport_size["width"] if self.page.viewport_size else 0
            self.page.screenshot(path=Path(PICTURES) / f"codebreak-{name}-{width}.png", full_page=True)
        assert self.page.evaluate(WIDER) <= 0, name


@pytest.fixture
def address(app: Flask, serve: Callable[[Flask], str]) -> str:
    return serve(app)


@pytest.fixture(params=[PHONE, DESKTOP])
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    made = browser.new_context(
        viewport={"width": request.param, "height": 844}, java_script_enabled=True, locale="en-GB"
    )
    yield made
    made.close()


def check(walk: Walk, name: str) -> None:
    """Look; axe reads each page once, as it stands on a phone."""
    walk.look(name)
    if walk.page.viewport_size and walk.page.viewport_size["width"] == PHONE:
        found = Axe().run(walk.page, options=RULES)
        assert found.violations_count == 0, (name, found.generate_report())


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
    booked(instance, number)
    booked(instance, later)
    walk = Walk(context.new_page(), instance, address, Role.PREPARER)
    check(walk, "preparation")
    walk.follow("td a >> nth=0")
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


def test_what_the_others_see(browser: Browser, instance: Instance, desk: Desk, address: str) -> None:
    waiting = harvested(instance)
    randomized(instance, desk)
    for role, path, name in (
        (Role.CLEARER, "/clearance", "clearance"),
        (Role.CLEARER, f"/clearance/{waiting}", "clear"),
        (Role.CLEARER, f"/clearance/{waiting}/fail", "fail"),
        (Role.SPONSOR, "/lock", "lock-blocked"),
        (Role.UNBLINDED_STATISTICIAN, "/release", "release-early"),
        (Role.MONITOR, "/", "nothing"),
    ):
        other = browser.new_context(viewport={"width": PHONE, "height": 844})
        reading = Walk(other.new_page(), instance, address, role)
        reading.page.goto(f"{address}{path}")
        check(reading, name)
        other.close()
