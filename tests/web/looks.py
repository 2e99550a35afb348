"""What every page of either door is held to: it fits the screen, a thumb hits it, axe has nothing to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

PHONE, DESKTOP = 390, 1280
HEIGHT = 844
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
}
TOO_WIDE_OR_TOO_SMALL = """() => {
  const root = document.documentElement;
  const wider = root.scrollWidth > root.clientWidth ? [["page", root.scrollWidth, root.clientWidth]] : [];
  return wider.concat([...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
    .filter(e => e.checkVisibility() && e.type !== "hidden" && !e.classList.contains("skip-link")).map(e => {
      const box = e.getBoundingClientRect();
      return [e.textContent.trim() || e.name, Math.round(box.width), Math.round(box.height)];
    }).filter(([, width, height]) => height < 43.5));
}"""


def misfits(page: Page) -> list[tuple[str, int, int]]:
    """What is wider than the screen, or lower than 44 px and to be hit: nothing."""
    found: list[tuple[str, int, int]] = page.evaluate(TOO_WIDE_OR_TOO_SMALL)
    return found


def resize(page: Page, width: int) -> None:
    """Hold the page in a screen of another width."""
    page.set_viewport_size({"width": width, "height": HEIGHT})


def violations(page: Page) -> list[tuple[str, str]]:
    """What axe has to say, each with the first place: nothing. It takes a fifth of a second."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found]
