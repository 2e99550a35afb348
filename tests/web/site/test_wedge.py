"""A keyboard-wedge scanner at the counter: two scans and one key for each kit, on every keyboard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.layouts import LAYOUTS, US, Layout, typed
from randomizer.domain.people import Role
from randomizer.domain.supply import Kit, KitState
from tests import desks
from tests.activated import PASSWORD, TOTP_STEP_SECONDS, username

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from playwright.sync_api import Browser, CDPSession, Page

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.site.visitors import Visit

pytestmark = [pytest.mark.requirement("scan"), pytest.mark.requirement("pages")]

KEYBOARDS = ("French", "Italian", "Swedish", "Danish")
PRINTED = "window.printed = 0; window.print = () => { window.printed += 1; };"


@dataclass
class Counter:
    """A page, a scanner set to US beside it, and how often either was used."""

    page: Page
    keys: CDPSession
    scans: int = 0
    pressed: int = 0

    def scan(self, code: str, keyboard: Layout, ending: str = "Enter") -> None:
        """Press the keys of a code as a scanner does, whatever has the focus."""
        self.scans += 1
        for sign in typed(code, US, keyboard):
            self.keys.send("Input.dispatchKeyEvent", {"type": "keyDown", "key": sign, "text": sign})
            self.keys.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": sign})
        for key in ending.split():
            self.page.keyboard.press(key)

    def press(self, key: str) -> None:
        self.pressed += 1
        self.page.keyboard.press(key)


@pytest.fixture
def stand(
    browser: Browser, app: Flask, instance: Instance, serve: Callable[[Flask], str]
) -> Iterator[Callable[[], Counter]]:
    """A function that signs a pharmacist in, who then touches the mouse no more."""
    context = browser.new_context()
    context.add_init_script(PRINTED)
    page = context.new_page()

    def sign_in() -> Counter:
        page.goto(serve(app) + "/")
        instance.clock.advance(seconds=TOTP_STEP_SECONDS)
        page.fill("#username", username(Role.PHARMACIST))
        page.fill("#password", PASSWORD)
        page.fill("#code", instance.code(Role.PHARMACIST))
        page.keyboard.press("Enter")
        page.wait_for_selector("[name=scan]:focus")
        return Counter(page, context.new_cdp_session(page))

    yield sign_in
    context.close()


def label(kit: str) -> str:
    return f"]d210MESEMS-1\x1d1727033121{kit}"


def out(instance: Instance) -> set[str]:
    with instance.store.reading() as uow:
        return {kit.number for kit in uow.all(Kit, state=KitState.DISPENSED)}


@pytest.mark.promise(19)
def test_two_scans_and_one_key_on_every_keyboard(
    stand: Callable[[], Counter], instance: Instance, desk: Desk
) -> None:
    waiting = desks.ready_together(instance, desk, len(KEYBOARDS))
    counter = stand()
    for (number, kit), keyboard in zip(waiting.items(), KEYBOARDS, strict=True):
        layout, before = LAYOUTS[keyboard], (counter.scans, counter.pressed)

        counter.scan(number, layout)
        counter.page.wait_for_selector("[name=kit]:focus")
        assert counter.page.locator(".number-big").get_attribute("data-number") == kit
        counter.scan(label(kit), layout)
        counter.page.wait_for_selector(f"text=Right kit · handed to {number}")
        counter.press("Enter")

        assert counter.page.evaluate("window.printed") == 1
        assert (counter.scans - before[0], counter.pressed - before[1]) == (2, 1)
        assert kit in out(instance)
    assert out(instance) == set(waiting.values())


def test_other_endings_and_a_wrong_kit_on_a_french_keyboard(
    stand: Callable[[], Counter], instance: Instance, desk: Desk
) -> None:
    (number, kit), (_, other) = desks.ready_together(instance, desk, 2).items()
    counter, french = stand(), LAYOUTS["French"]
    counter.scan(number, french, "Tab")
    counter.page.wait_for_selector("[name=kit]:focus")
    counter.scan(other, french)
    counter.page.wait_for_selector("text=Stop. Wrong kit.")
    assert counter.page.locator(".digit.differs").count() > 0
    assert out(instance) == set()
    counter.page.wait_for_selector("[name=kit]:focus")
    counter.scan(label(kit), french, "Enter Enter")
    counter.page.wait_for_selector(f"text=Right kit · handed to {number}")
    assert out(instance) == {kit}


def test_a_form_that_a_scanner_sends_twice_hands_out_once(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    ((number, kit),) = desks.ready_together(instance, desk, 1).items()
    pharmacist = visit(Role.PHARMACIST)
    page = pharmacist.post(f"/participants/{number}/dispense", {"kit": label(kit)})
    token = pharmacist.client.get("/").text.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": token, "kit": typed(kit, US, LAYOUTS["French"])}
    twice = pharmacist.client.post(f"/participants/{number}/dispense", data=form, follow_redirects=True)
    assert "Right kit" in page
    assert f"Right kit · handed to {number}" in twice.text
    assert out(instance) == {kit}
    instance.clock.advance(seconds=10)
    late = pharmacist.client.post(f"/participants/{number}/dispense", data=form | {"kit": kit})
    assert late.status_code == 409
    assert "was handed out at" in late.text
