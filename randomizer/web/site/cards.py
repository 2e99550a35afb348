"""The participant card as a PDF of one small page; the same bytes for the same card."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from randomizer.domain.numbers import group3
from randomizer.services import paper
from randomizer.web import words

if TYPE_CHECKING:
    from randomizer.services.paper import Paper

WIDTH, HEIGHT, MARGIN = 105, 74, 6  # A7 landscape, mm
CODE = 24  # side of the DataMatrix, mm


def pdf(card: dict[str, Any], image: bytes) -> bytes:
    """Draw the card.

    Args:
        card: From `randomizer.services.views.enrolment_views.card`.
        image: PNG of the DataMatrix of the participant number.
    """
    title = f"Participant card {card['participant']}"
    page = paper.document(title, card["allocated_at"], size_mm=(HEIGHT, WIDTH), orientation="landscape")
    page.set_auto_page_break(auto=False)
    page.set_margin(MARGIN)
    page.add_page()
    if card["rehearsal"]:
        page.set_fill_color(255, 210, 74)
        page.rect(0, 0, WIDTH, 6, style="F")
        _line(page, 1, 9, "REHEARSAL: nothing here is real", bold=True, centred=True)
    _line(page, 9, 11, f"{card['trial']} ({card['registry']})", bold=True)
    _line(page, 15, 8, card["site"])
    page.image(BytesIO(image), x=WIDTH - MARGIN - CODE, y=9, w=CODE, h=CODE)
    _line(page, 21, 8, "Participant")
    _line(page, 25, 24, card["participant"], bold=True)
    _line(page, 36, 8, f"Randomization number {group3(card['randomization_number'])}")
    _line(page, 41, 8, f"Randomized {words.day(card['allocated_at'])}")
    page.line(MARGIN, 47, WIDTH - MARGIN, 47)
    _line(page, 49, 8, "In an emergency call, day and night:")
    _line(page, 54, 16, card["emergency"], bold=True)
    _line(page, 63, 8, f"Site {card['site_telephone']}. This participant takes part in a blinded trial.")
    return bytes(page.output())


def _line(
    page: Paper, top: float, size: float, text: str, *, bold: bool = False, centred: bool = False
) -> None:
    page.set_font(paper.FONT, style="B" if bold else "", size=size)
    page.set_xy(0 if centred else MARGIN, top)
    page.cell(w=WIDTH if centred else 0, h=size * 0.42, text=text, align="C" if centred else "L")
