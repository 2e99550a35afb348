"""People at the site door with Chromium."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from tests.activated import PASSWORD, SITE, TOTP_STEP_SECONDS, username
from tests.web.looks import DESKTOP, PHONE

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from randomizer.domain.people import Role
    from tests.web.lens import Lens
    from tests.web.site.visitors import Visit

COOKIE = "site"
PICTURES = os.environ.get("SITE_PICTURES", "")
"""A directory that keeps what the browser saw, where it is set."""
COLOURS = 64
TALLEST = 2000  # pixels of a picture that is kept


class Walk:
    """Somebody with a browser; whom it is changes.

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
        self._visit = visit
        self._lens = lens

    def come(self, role: Role, path: str = "/") -> None:
        """Somebody who signed in before opens a page; whoever was here is gone."""
        cookie = self._visit(role).client.get_cookie(COOKIE)
        assert cookie is not None
        self.page.context.clear_cookies()
        self.page.context.add_cookies([{"name": COOKIE, "value": cookie.value, "url": self.address}])
        self.go(path)

    def sign_in(self, role: Role) -> None:
        """Sign in as people do, where the page for it is open."""
        self.page.fill("#username", username(role, SITE))
        self.factor(role)
        self.press("Sign in")

    def factor(self, role: Role) -> None:
        """Password and a fresh code; the clock moves on, since a code works once."""
        self.instance.clock.advance(seconds=TOTP_STEP_SECONDS)
        self.page.fill("#password", PASSWORD)
        self.page.fill("#code", self.instance.code(role, SITE))

    def go(self, path: str) -> None:
        """Open a page by its address."""
        self.page.goto(self.address + path)

    def press(self, button: str) -> None:
        """Press a button that leads to the next page, which is waited for."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=button, exact=True).click()

    def follow(self, link: str) -> None:
        """Follow a link to the next page, which is waited for."""
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=link).click()

    def hear(self, sentence: str) -> None:
        """A page that was seen before says this now."""
        assert sentence in self.page.inner_text("body"), self.page.inner_text("body")[:2000]

    def see(self, sentence: str, picture: str = "") -> None:
        """The page says this and is without fault; kept as a picture where asked."""
        look(self._lens, self.page.content(), sentence, picture)


def look(lens: Lens, html: str, sentence: str, picture: str = "") -> None:
    """A page says this and is without fault; kept as a picture where asked."""
    assert sentence in lens.show(html), lens.page.inner_text("body")[:2000]
    assert lens.faults() == []
    if picture and PICTURES:
        for width in (DESKTOP, PHONE):
            keep(lens, picture, width)


def keep(lens: Lens, picture: str, width: int) -> None:
    """What the lens shows as a small file, in a window of some width."""
    before = lens.width
    lens.resize(width)
    data = lens.page.screenshot(full_page=True, animations="disabled", caret="hide")
    lens.resize(before)
    image = Image.open(io.BytesIO(data)).convert("RGB")
    image = image.crop((0, 0, image.width, min(image.height, TALLEST)))
    target = Path(PICTURES) / f"site-{picture}-{width}.png"
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
