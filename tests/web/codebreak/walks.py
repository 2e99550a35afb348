"""People at the code-break door with Chromium."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe

from tests.activated import PASSWORD, TOTP_STEP_SECONDS, username

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from randomizer.domain.people import Role
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

    def __init__(
        self, page: Page, instance: Instance, address: str, role: Role, *, sign_in: bool = True
    ) -> None:
        self.page = page
        self.instance = instance
        self.address = address
        self.role = role
        self.taps = 0
        if not sign_in:
            return
        page.goto(f"{address}/sign-in")
        page.fill("#username", username(role))
        self.factor()
        self.follow("button[type=submit]:has-text('Sign in')")
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


def check(walk: Walk, name: str) -> None:
    """Look; axe reads each page once, as it stands on a phone."""
    walk.look(name)
    if walk.page.viewport_size and walk.page.viewport_size["width"] == PHONE:
        found = Axe().run(walk.page, options=RULES)
        assert found.violations_count == 0, (name, found.generate_report())
