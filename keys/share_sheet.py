"""The sheet of a share: one page, the words below a fold; bytes in memory, no file.

The words are numbered, so that none is lost or swapped when they are typed again.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from fpdf import FPDF, XPos, YPos

from keys.shares import share_digest

if TYPE_CHECKING:
    from datetime import datetime

    from keys.sealed_share import SealedShare

A4: Final = (210.0, 297.0)  # mm
MARGIN: Final = 20.0  # mm
FOLD: Final = 140.0  # mm from the top
COLUMNS: Final = 3
ROW: Final = 9.0  # height of a line of words, mm
FONT: Final = "Source Sans Pro"
FILES: Final = {"": "SourceSansPro-Regular.ttf", "B": "SourceSansPro-Bold.ttf"}
_BY_HAND: Final = "_" * 24


def pdf(share: SealedShare, holder: str, trial: str, at: datetime) -> bytes:
    """Draw the page.

    Args:
        share: As it was split or opened.
        holder: Name of the custodian, "" for a line to write it on.
        trial: The same of the trial.
        at: When it is printed, UTC.
    """
    page = FPDF(unit="mm", format=A4)
    page.set_creation_date(at)
    page.set_title(_title(share))
    page.set_lang("en")
    for style, name in FILES.items():
        with resources.as_file(resources.files("font_source_sans_pro") / "files" / name) as path:
            page.add_font(FONT, style=style, fname=path)
    page.set_margin(MARGIN)
    page.set_auto_page_break(auto=False)
    page.add_page()
    page.set_font(FONT, style="B", size=20)
    page.cell(h=10, text=_title(share), **_below())
    page.set_font(FONT, size=12)
    page.cell(h=7, text=f"Trial: {trial or _BY_HAND}", **_below())
    page.cell(h=7, text=f"Custodian: {holder or _BY_HAND}", **_below())
    page.cell(h=7, text=f"Printed {at.strftime('%Y-%m-%d %H:%M')} UTC, on this sheet alone", **_below())
    _draw_advice(page, share)
    _draw_words(page, share.words.split())
    return bytes(page.output())


def _title(share: SealedShare) -> str:
    return f"Share {share.number} of {share.n} of the {share.purpose} key"


def _draw_advice(page: FPDF, share: SealedShare) -> None:
    page.ln(3)
    page.multi_cell(
        w=0,
        h=6,
        text=f"Any {share.k} of the {share.n} shares open the release; fewer open nothing. Fold this sheet "
        "along the line, put it under seal, sign across the seal, and keep it where nobody else comes to it. "
        "Copy it to no machine and no camera. If it is lost, or somebody saw the words, tell the sponsor the "
        "same day.",
        align="L",
        **_below(),
    )
    page.ln(2)
    page.cell(h=6, text="When the release is opened, type the words at: python -m keys combine", **_below())
    page.ln(2)
    page.cell(h=6, text="Digest of this share; it stands in the certificate:", **_below())
    page.set_font("Courier", size=10)
    page.cell(h=6, text=share_digest(share.words), **_below())
    page.set_font(FONT, size=12)
    page.ln(4)
    page.cell(h=8, text="I have read all words, and sealed this sheet.", **_below())
    signed = "Name ____________________   Date ______________   Signature ____________________"
    page.cell(h=10, text=signed, **_below())


def _draw_words(page: FPDF, words: list[str]) -> None:
    page.set_dash_pattern(dash=1, gap=1)
    page.line(MARGIN, FOLD, A4[0] - MARGIN, FOLD)
    page.set_dash_pattern()
    rows = -(-len(words) // COLUMNS)
    wide = (A4[0] - 2 * MARGIN) / COLUMNS
    page.set_font("Courier", style="B", size=15)
    for place, word in enumerate(words):
        column, row = divmod(place, rows)
        page.set_xy(MARGIN + column * wide, FOLD + 10 + row * ROW)
        page.cell(w=wide, h=ROW, text=f"{place + 1:2}. {word}")


def _below() -> dict[str, Any]:
    return {"new_x": XPos.LMARGIN, "new_y": YPos.NEXT}
