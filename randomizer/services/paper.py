"""What is printed: PDF documents with fonts of their own, the same bytes for the same content."""

from __future__ import annotations

import logging
from importlib import resources
from typing import TYPE_CHECKING, Final, Literal

from fpdf import FPDF

if TYPE_CHECKING:
    from datetime import datetime

FONT: Final = "Source Sans Pro"
FILES: Final = {"": "SourceSansPro-Regular.ttf", "B": "SourceSansPro-Bold.ttf"}

# Subsetting a font tells every table of it, at a level that reaches the log of a door.
logging.getLogger("fontTools").setLevel(logging.ERROR)


class Paper(FPDF):
    """A document whose pages may end with a line.

    Args:
        foot: The line, "" for none; the number of the page stands beside it.
    """

    foot = ""

    def footer(self) -> None:
        """See `fpdf.FPDF`."""
        if self.foot:
            self.set_y(-12)
            self.set_font(FONT, size=8)
            self.cell(w=self.epw / 2, text=self.foot)
            self.cell(w=self.epw / 2, text=f"Page {self.page_no()} of {{nb}}", align="R")


def document(
    title: str,
    at: datetime,
    *,
    size_mm: tuple[float, float],
    orientation: Literal["portrait", "landscape"] = "portrait",
) -> Paper:
    """An empty document; its language is English, its fonts know Latin, Greek and Cyrillic.

    Args:
        title: Title of the document.
        at: The moment that its properties name.
        size_mm: Short and long side of the paper.
        orientation: Which side is up.
    """
    made = Paper(unit="mm", format=size_mm, orientation=orientation)
    made.set_creation_date(at)
    made.set_title(title)
    made.set_lang("en")
    folder = resources.files("font_source_sans_pro") / "files"
    for style, name in FILES.items():
        with resources.as_file(folder / name) as path:
            made.add_font(FONT, style=style, fname=path)
    return made
