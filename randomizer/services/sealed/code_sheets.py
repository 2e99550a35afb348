"""The emergency codes on paper: one sheet for each slot, to be folded and sealed in a bag of its own.

For the machine of the ceremony, before its list of codes is deleted. Needs no instance and opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from fpdf import XPos, YPos

from keys import wraps
from keys.errors import CodeRefused
from randomizer.domain.numbers import RANDOMIZATION_DIGITS, group3, parse_number
from randomizer.errors import Refused
from randomizer.services import paper

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from randomizer.services.paper import Paper

A6: Final = (105.0, 148.0)  # mm
MARGIN: Final = 10.0  # mm
FOLD: Final = 52.5  # mm from the top
BETWEEN: Final = "  "
"""Stands between number and code in the list of the ceremony."""
_NEXT: Final = "Take the list as the ceremony wrote it: emergency-codes.txt of the bundle."


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSheet:
    """One sheet.

    Args:
        number: Randomization number.
        code: As printed.
    """

    number: str
    code: str = field(repr=False)


def read(text: str) -> tuple[str, tuple[CodeSheet, ...]]:
    """The heading and the codes of the list that the ceremony wrote.

    Args:
        text: Of ``emergency-codes.txt``.

    Raises:
        Refused: A line is not a number and its code; the message names the line and repeats nothing of it.
    """
    heading, *lines = text.splitlines() or [""]
    found = tuple(_read_line(place, line) for place, line in enumerate(lines, start=2))
    if not found or len({one.number for one in found}) != len(found):
        raise Refused(
            "This list holds no codes, or two for one number. Nothing was written.",
            field="codes",
            next_step=_NEXT,
        )
    named = heading.partition(".")[0]
    return named[:1].upper() + named[1:], found


def pdf(heading: str, sheets: Sequence[CodeSheet], at: datetime) -> bytes:
    """Draw the sheets, a page each: the number outside the fold, the code inside.

    Args:
        heading: Which trial and sealing, and that it is a rehearsal where it is one.
        sheets: In the order of the list.
        at: When they are printed.
    """
    printed = paper.document(heading, at, size_mm=A6, orientation="landscape")
    printed.set_margin(MARGIN)
    printed.set_auto_page_break(auto=False)
    for sheet in sheets:
        _page(printed, heading, sheet)
    return bytes(printed.output())


def _read_line(place: int, line: str) -> CodeSheet:
    number, _, code = line.partition(BETWEEN)
    try:
        wraps.parse_code(code)
        return CodeSheet(number=parse_number(number, RANDOMIZATION_DIGITS, noun="number"), code=code.strip())
    except (CodeRefused, Refused):
        raise Refused(
            f"Line {place} of this list is not a randomization number and its code. Nothing was written.",
            field="codes",
            next_step=_NEXT,
        ) from None


def _page(printed: Paper, heading: str, sheet: CodeSheet) -> None:
    printed.add_page()
    printed.set_font(paper.FONT, style="B", size=12)
    printed.multi_cell(w=0, h=6, text=heading, align="L", **_below())
    printed.set_font(paper.FONT, size=10)
    printed.cell(h=7, text="Sealed. To be opened in an emergency alone, for this number:", **_below())
    printed.set_font(paper.FONT, style="B", size=20)
    printed.cell(h=10, text=group3(sheet.number), **_below())
    printed.set_dash_pattern(dash=1, gap=1)
    printed.line(MARGIN, FOLD, A6[1] - MARGIN, FOLD)
    printed.set_dash_pattern()
    printed.set_y(FOLD + 6)
    printed.set_font(paper.FONT, size=10)
    printed.cell(h=6, text="Code, with the emergency pack of the site:", **_below())
    printed.set_font("Courier", style="B", size=15)
    printed.cell(h=10, text=sheet.code, **_below())
    printed.set_font(paper.FONT, size=10)
    for line in ("Opened by ______________________   Date, time ______________________", f"Why {'_' * 60}"):
        printed.cell(h=9, text=line, **_below())


def _below() -> dict[str, Any]:
    return {"new_x": XPos.LMARGIN, "new_y": YPos.NEXT}
