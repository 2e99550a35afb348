"""People at the code-break door with Chromium."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.activated import PASSWORD, TOTP_STEP_SECONDS, username
from tests.web.codebreak.guests import COOKIE
from tests.web.gallery.pictures import save
from tests.web.looks import DESKTOP, PHONE

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from randomizer.domain.people import Role
    from tests.web.codebreak.guests import Visit
    from tests.web.lens import Lens

PICTURES = os.environ.get("CODEBREAK_PICTURES", "")
"""A directory that keeps what the browser saw, where it is set."""


class Walk:
    """Somebody with a phone; counts the taps after sign-in.

    Args:
        page: A tab.
        visit: Lets people in without a browser.
        address: Where the door is served.
        lens: Looks at what the tab shows.
    """

    def __init__(self, page: Page, visit: Visit, address: str, lens: Lens) -> None:
        self.page = page
        self.instance = visit.instance
        self.address = address
        self.taps = 0
        self.role: Role
        self._visit = visit
        self._lens = lens

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

    def check(self, name: str) -> None:
        """The page is without fault."""
        self.page.wait_for_load_state("load")
        look(self._lens, self.page.content(), name)


def look(lens: Lens, html: str, name: str) -> None:
    """A page is without fault, on a phone and on a desktop; kept as a picture of each where asked."""
    lens.show(html)
    assert lens.faults() == [], name
    if PICTURES:
        for width in (DESKTOP, PHONE):
            lens.resize(width)
            save(Path(PICTURES) / f"codebreak-{name}-{width}.png", lens.page.screenshot(full_page=True))
