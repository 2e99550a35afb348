"""The slip that goes with a kit to the infusion room, a PDF of one small page; the same bytes for one kit."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from randomizer.domain.numbers import group3
from randomizer.services import paper
from randomizer.web import words

if TYPE_CHECKING:
    from randomizer.services.paper import Paper

WIDTH, HEIGHT, MARGIN = 105, 148, 8  # A6 portrait, mm
CODE = 26  # side of the DataMatrix, mm


def pdf(slip: dict[str, Any], image: bytes) -> bytes:
    """Draw the slip.

    Args:
        slip: trial, site, rehearsal, participant, kit, period, dispensed_at, by, expires_at and emergency.
        image: PNG of the DataMatrix of the kit number.
    """
    title = f"Kit {group3(slip['kit'])} for participant {slip['participant']}"
    page = paper.document(title, slip["dispensed_at"], size_mm=(WIDTH, HEIGHT))
    page.set_auto_page_break(auto=False)
    page.set_margin(MARGIN)
    page.add_page()
    if slip["rehearsal"]:
        page.set_fill_color(255, 210, 74)
        page.rect(0, 0, WIDTH, 6, style="F")
        _line(page, 1, 9, "REHEARSAL: nothing here is real")
    _line(page, 10, 11, slip["trial"], bold=True)
    _line(page, 16, 9, slip["site"])
    _line(page, 26, 9, "Kit")
    _line(page, 30, 24, group3(slip["kit"]), bold=True)
    page.image(BytesIO(image), x=WIDTH - MARGIN - CODE, y=42, w=CODE, h=CODE)
    _line(page, 44, 9, "For participant")
    _line(page, 48, 24, slip["participant"], bold=True)
    _line(page, 60, 11, f"Period {slip['period']}")
    page.line(MARGIN, 74, WIDTH - MARGIN, 74)
    _line(page, 77, 9, "Give before")
    _line(page, 81, 16, words.moment(slip["expires_at"]) if slip["expires_at"] else words.NONE, bold=True)
    _line(page, 92, 9, f"Handed out {words.moment(slip['dispensed_at'])}")
    _line(page, 97, 9, f"by {slip['by']}" if slip["by"] else "")
    _line(page, 108, 9, "Received by (name, time, signature)")
    page.line(MARGIN, 124, WIDTH - MARGIN, 124)
    _line(page, 132, 9, f"In an emergency, day and night: {slip['emergency']}", bold=True)
    return bytes(page.output())


def _line(page: Paper, top: float, size: float, text: str, *, bold: bool = False) -> None:
    page.set_font(paper.FONT, style="B" if bold else "", size=size)
    page.set_xy(MARGIN, top)
    page.cell(w=0, h=size * 0.42, text=text)
