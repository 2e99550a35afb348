"""Every link and picture of a page leads to something that is there, and no picture is left over."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("config/**/*.md")])
LINK = re.compile(r"""(?:\]\(|<img src=")([^)\s"]+)""")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Headings as a link names them."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def dead(page: Path, text: str) -> list[str]:
    """Links that lead nowhere; addresses of other machines are not asked."""
    found = []
    for link in LINK.findall(text):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if "://" in link or link.startswith("mailto:"):
            continue
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            found.append(link)
    return found


def test_every_link_leads_somewhere() -> None:
    assert {page: dead(page, page.read_text(encoding="utf-8")) for page in PAGES} == {
        page: [] for page in PAGES
    }


def test_every_picture_is_on_a_page() -> None:
    linked = {Path(link).name for page in PAGES for link in LINK.findall(page.read_text(encoding="utf-8"))}
    drawn = {picture.name for picture in (ROOT / "docs" / "pictures").iterdir()}
    assert sorted(drawn - linked) == []


def test_a_dead_link_is_found() -> None:
    readme = ROOT / "README.md"
    assert dead(readme, "[a](docs/none.md) ![b](docs/pictures/none.png) [c](#no-such) [d](LICENSE)") == [
        "docs/none.md",
        "docs/pictures/none.png",
        "#no-such",
    ]
