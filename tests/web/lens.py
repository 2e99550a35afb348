"""A tab that shows pages as they were served, one after another, at a third of what opening them costs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from axe_playwright_python.base import AXE_FILE_PATH

from tests.web.looks import DESKTOP, PHONE, RULES, misfits, resize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

SHOWN = """async html => {
  const served = new DOMParser().parseFromString(html, "text/html");
  document.title = served.title;
  document.documentElement.lang = served.documentElement.lang;
  document.body.replaceWith(document.adoptNode(served.body));
  await Promise.all([...document.images].map(image => image.decode().catch(() => {})));
  scrollTo(0, 0);
  document.querySelector("[autofocus]")?.focus();
}"""
BLOCKED = """html => {
  const served = new DOMParser().parseFromString(html, "text/html");
  const inline = e => e.localName === "style" || (e.localName === "script" && !e.src)
    || e.getAttributeNames().some(name => name === "style" || name.startsWith("on"));
  const elsewhere = e => !/^(\\/|data:image\\/)/.test(e.getAttribute("src") ?? "/");
  const blocked = [...served.querySelectorAll("*")].filter(e => inline(e) || elsewhere(e));
  return blocked.map(e => ["blocked", e.outerHTML]);
}"""
AXE = """async options => {
  const results = await axe.run(document, options);
  return results.violations.map(one => [one.id, one.nodes[0].html]);
}"""


class Lens:
    """Shows what was served, as a browser without scripts does; axe stays in it.

    Args:
        page: A tab that runs scripts.
        address: A page with the style sheets of the doors.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.html = ""
        self.resize(PHONE)
        page.goto(address)
        page.evaluate(AXE_FILE_PATH.read_text())

    def resize(self, width: int) -> None:
        """Hold the page in a screen of another width."""
        self.width = width
        resize(self.page, width)

    def show(self, html: str) -> str:
        """Put a page there; gives what it says."""
        self.html = html
        self.page.evaluate(SHOWN, html)
        return self.page.inner_text("body")

    def faults(self) -> list[Any]:
        """What the doors' policy blocks, what does not fit a phone or a desktop, what axe finds: nothing."""
        found = list(self.page.evaluate(BLOCKED, self.html))
        found += self._on(self.width)
        self.resize(PHONE if self.width == DESKTOP else DESKTOP)  # where the next page begins as well
        return found + self._on(self.width)

    def _on(self, width: int) -> list[Any]:
        return [*misfits(self.page), *(self.page.evaluate(AXE, RULES) if width == PHONE else ())]

    @contextmanager
    def on_paper(self) -> Iterator[Page]:
        """Meanwhile pages stand as they are printed."""
        self.page.emulate_media(media="print")
        yield self.page
        self.page.emulate_media(media="screen")
