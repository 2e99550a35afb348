"""Draw the pictures of docs/components.md: `python -m tests.web.gallery.pictures docs/pictures`."""

from __future__ import annotations

import io
import logging
import shutil
import sys
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from PIL import Image
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from tests.web.gallery.gallery import make_app

if TYPE_CHECKING:
    from playwright.sync_api import Page

COLOURS = 48  # enough for flat colours and the edges of letters
PADDING = 12
WHOLE = (("home", 390), ("dispense", 390), ("wrong-kit", 390), ("answer", 390))
BOX = """name => {
  const element = document.querySelector(`[data-specimen="${name}"]`).nextElementSibling;
  const {x, y, width, height} = element.getBoundingClientRect();
  return [x + scrollX, y + scrollY, width, height];
}"""


def save(target: Path, data: bytes) -> None:
    """Write a picture with few colours."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


def components(page: Page, target: Path) -> None:
    """Draw each component of the gallery alone."""
    headings = page.locator("[data-specimen]")
    for name in headings.evaluate_all("all => all.map(e => e.dataset.specimen)"):
        x, y, width, height = page.evaluate(BOX, name)
        wide = {"x": max(x - PADDING, 0), "width": min(width + 2 * PADDING, 1010)}
        clip: Any = {**wide, "y": y - PADDING, "height": height + 2 * PADDING}
        data = page.screenshot(full_page=True, clip=clip, animations="disabled", caret="hide")
        save(target / f"components-{name.replace('_', '-').replace(' ', '-')}.png", data)


def main(target: Path) -> None:
    """Draw every component and some whole pages into a folder.

    Args:
        target: The folder, which exists.
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, make_app(), threaded=True)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.port}"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1010, "height": 900})
        page.goto(f"{address}/gallery")
        save(
            target / "components-page-head.png",
            page.screenshot(clip={"x": 0, "y": 0, "width": 1010, "height": 156}),
        )
        components(page, target)
        for name, width in WHOLE:
            page.set_viewport_size({"width": width, "height": 844})
            page.goto(f"{address}/{name}")
            save(target / f"components-{name}-{width}.png", page.screenshot(full_page=True, caret="hide"))
        chromium.close()
    server.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
