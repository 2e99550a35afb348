"""People at the code-break door with Chromium."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.activated import PASSWORD, TOTP_STEP_SECONDS, username
from tests.web.codebreak.guests import COOKIE
from tests.web.looks import DESKTOP, PHONE, misfits, resize, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from randomizer.domain.people import Role
    from tests.web.codebreak.guests import Visit

PICTURES = os.environ.get("CODEBREAK_PICTURES", "")
"""A directory that keeps what the browser saw, where it is set."""


class Walk:
    """Somebody with a phone; counts the taps after sign-in.

    Args:
        page: A tab.
        visit: Lets people in without a browser.
        address: Where the door is served.
    """

    def __init__(self, page: Page, visit: Visit, address: str) -> None:
        self.page = page
        self.instance = visit.instance
        self.address = address
        self.taps = 0
        self.role: Role
        self._visit = visit

    def come(self, role: Role, path: str = "/") -> None:
        """Somebody who signed in before opens a page; whoever was here is gone."""
        cookie = self._visit(role).client.get_cookie(COOKIE)
        assert cookie is not None
        self.leave()
        self.page.context.add_cookies([{"name": COOKIE, "value": cookie.value, "url": self.address}])
        self.role, self.taps = role, 0
        self.go(path)

    def leave(self) -> None:
        """Nobody is signed in."""
        self.page.context.clear_cookies()

    def sign_in(self, role: Role) -> None:
        """Sign in as people do."""
        self.role = role
        self.go("/sign-in")
        self.page.fill("#username", username(role))
        self.factor()
        self.follow("button[type=submit]:has-text('Sign in')")
        self.taps = 0

    def go(self, path: str) -> None:
        """Open a page by its address."""
        self.page.goto(f"{self.address}{path}")

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
        """The page fits a desktop and a phone; kept as a picture of each where asked."""
        self.page.wait_for_load_state("load")
        for width in (DESKTOP, PHONE):
            resize(self.page, width)
            if PICTURES:
                self.page.screenshot(path=Path(PICTURES) / f"codebreak-{name}-{width}.png", full_page=True)
            found = misfits(self.page)
            assert found == [], (name, width, found)

    def check(self, name: str) -> None:
        """Look, and let axe read the page as it stands on a phone."""
        self.look(name)
        assert violations(self.page) == [], name
