"""What is printed: PDF documents with fonts of their own, the same bytes for the same content."""

from __future__ import annotations

import atexit
import logging
import shutil
from functools import cache
from importlib import resources
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock
from typing import TYPE_CHECKING, Final, Literal

from fontTools.subset import Options, Subsetter, load_font, save_font
from fpdf import FPDF
from fpdf.fonts import TTFFont

if TYPE_CHECKING:
    from datetime import datetime

FONT: Final = "Source Sans Pro"
FILES: Final = {"": "SourceSansPro-Regular.ttf", "B": "SourceSansPro-Bold.ttf"}
KNOWN: Final = (
    (0x20, 0x24F),  # Latin
    (0x370, 0x3FF),  # Greek
    (0x400, 0x52F),  # Cyrillic
    (0x1E00, 0x1EFF),  # Latin with more accents, Vietnamese among them
    (0x2000, 0x20CF),  # punctuation, currencies
    (0x2190, 0x22FF),  # arrows, mathematics
)
"""First and last character of each range that is printed."""
LAYOUT: Final = ("GSUB", "GPOS", "GDEF", "BASE", "kern", "gasp", "DSIG")
_MAKING = Lock()  # two threads that both need the first font of a process

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
    with _MAKING:
        paths = {style: _light(name) for style, name in FILES.items()}
    for style, path in paths.items():
        made.add_font(FONT, style=style, fname=path)
    for font in made.fonts.values():
        if isinstance(font, TTFFont):
            font.ttfont.recalcBBoxes = False  # glyphs are left out and none is changed
    return made


@cache
def _folder() -> Path:
    made = mkdtemp(prefix="fonts-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)


@cache
def _light(name: str) -> Path:
    """A font without its layout tables, made once in a process: to read them takes longer than the rest."""
    options = Options(drop_tables=list(LAYOUT), layout_features=[], hinting=False, glyph_names=False)
    options.recalc_timestamp = False
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[sign for first, last in KNOWN for sign in range(first, last + 1)])
    source, light = resources.files("font_source_sans_pro") / "files" / name, _folder() / name
    with resources.as_file(source) as path, load_font(str(path), options) as font:
        subsetter.subset(font)
        save_font(font, str(light), options)
    return light
