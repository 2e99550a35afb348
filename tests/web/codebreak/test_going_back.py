"""A code break with Back, Reload and the keyboard alone, in Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.people import Role
from tests.activated import PASSWORD, TOTP_STEP_SECONDS, username
from tests.desks import infused, randomized

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.codebreak.walks import Walk

pytestmark = pytest.mark.requirement("code-break door")

SAID = "Found unconscious, fever of 40.1 °C."
MOST_TABS = 40
FOCUSED = "selector => document.activeElement?.matches(selector) ?? false"
RING = "() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.boxShadow; }"


def begin(walk: Walk, number: str) -> None:
    """Up to the page that is signed."""
    walk.come(Role.INVESTIGATOR, f"/code-break/{number}")
    walk.follow("a:has-text('Continue')")
    walk.page.check("[name=reason] >> nth=0")
    walk.page.fill("#text", SAID)
    walk.follow("button:has-text('Continue')")


def heading(page: Page) -> str:
    return page.locator("h1").inner_text()


@pytest.mark.promise(18)
def test_back_and_reload_keep_what_was_typed_and_nothing_secret(
    walk: Walk, page: Page, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    begin(walk, number)
    page.reload()
    assert SAID in page.inner_text("main")
    page.go_back()
    assert heading(page) == "Why does the code have to be broken?"
    assert page.input_value("#text") == SAID
    assert page.is_checked("[name=reason] >> nth=0")
    page.go_forward()
    page.fill("#password", PASSWORD)
    page.fill("#code", "123456")
    walk.follow("button:has-text('Break the code')")
    assert "The code was not broken" in page.inner_text("main")
    page.reload()
    assert "The code was not broken" in page.inner_text("main")
    page.go_back()
    page.go_forward()
    assert heading(page) == "Sign to break the code"
    assert SAID in page.inner_text("main")
    assert (page.input_value("#password"), page.input_value("#code")) == ("", "")
    assert SAID not in page.url


@pytest.mark.promise(8)
def test_back_from_the_answer_never_shows_a_form_that_would_break_the_code_again(
    walk: Walk, page: Page, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    begin(walk, number)
    walk.factor()
    walk.follow("button:has-text('Break the code')")
    assert page.locator(".answer .treatment").inner_text() == sheet.content
    page.reload()
    assert page.locator(".answer .treatment").inner_text() == sheet.content

    for _ in range(3):
        page.go_back()
        assert "You broke this code" in page.inner_text("main")
        assert page.locator("#password").count() == 0
    walk.follow("a:has-text('See that answer')")
    assert page.locator(".answer .treatment").inner_text() == sheet.content
    with instance.store.reading() as uow:
        assert uow.count(Entry, act=Act.CODE_BREAK_INTENT.value) == 1


@pytest.mark.promise(6)
def test_a_whole_code_break_by_keyboard_alone(walk: Walk, page: Page, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    walk.go("/sign-in")
    press = page.keyboard

    assert page.evaluate(FOCUSED, "#username")
    press.type(username(Role.ON_CALL))
    sign(walk)
    assert page.evaluate(FOCUSED, "#participant")
    press.type(number)
    enter(page)
    tab_to(page, "main a.btn")
    enter(page)
    tab_to(page, "[name=reason]")
    press.press("Space")
    tab_to(page, "#text")
    press.type(SAID)
    tab_to(page, "main button")
    enter(page)
    sign(walk)
    assert page.locator(".answer .treatment").inner_text() == sheet.content
    tab_to(page, "summary")
    press.press("Space")
    assert page.locator(".planned li").first.is_visible()


def sign(walk: Walk) -> None:
    """Type password and code, and send them."""
    press, instance = walk.page.keyboard, walk.instance
    tab_to(walk.page, "#password")
    press.type(PASSWORD)
    tab_to(walk.page, "#code")
    instance.clock.advance(seconds=TOTP_STEP_SECONDS)
    press.type(instance.code(Role.ON_CALL))
    enter(walk.page)


def enter(page: Page) -> None:
    """Enter, and the page that it leads to."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def tab_to(page: Page, selector: str) -> None:
    """Tab until what is wanted has the focus, which shows at every step."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        assert page.evaluate(RING) != "nonenone"
        if page.evaluate(FOCUSED, selector):
            return
    pytest.fail(f"The keyboard never comes to {selector}.")
