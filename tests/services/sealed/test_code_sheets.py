from __future__ import annotations

import re
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from randomizer.errors import Refused
from randomizer.services.sealed import code_sheets
from randomizer.services.sealed.bundle import CODES
from tests.activated import START

if TYPE_CHECKING:
    from tests.activated import Rehearsal

pytestmark = pytest.mark.promise(10)

GOOD = "000-410-610-50R-3GG-28A-1C6-0T3-GF6"


def codes_on_each_page(pdf: bytes) -> list[str]:
    """What each page prints in the built-in font of the codes; other fonts print glyph numbers."""
    pages = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        with suppress(zlib.error):
            found = re.findall(r"\(([0-9A-Z*~$=-]{35})\)", zlib.decompress(stream).decode("latin-1"))
            pages += ["|".join(found)] if found else []
    return pages


def test_each_code_of_the_ceremony_has_a_sheet_of_its_own(rehearsal: Rehearsal) -> None:
    text = (rehearsal.directory / CODES).read_text(encoding="utf-8")
    heading, sheets = code_sheets.read(text)
    assert heading == "REHEARSAL: emergency codes of trial mesems, schedule version 1"
    assert len(sheets) == rehearsal.definition.capacity
    for line, sheet in zip(text.splitlines()[1:], sheets, strict=True):
        assert line.replace(" ", "") == sheet.number + sheet.code
    printed = code_sheets.pdf(heading, sheets, START)
    assert codes_on_each_page(printed) == [sheet.code for sheet in sheets]
    assert sheets[0].code not in repr(sheets)


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["496 175 32", GOOD], "Line 2 of this list"),
        ([f"496 175 33  {GOOD}"], "Line 2 of this list"),
        ([f"496 175 32  {GOOD}", f"496 175 32  {GOOD[:-1]}5"], "Line 3 of this list"),
        ([f"496 175 32  {GOOD}"] * 2, "two for one number"),
        ([], "holds no codes"),
    ],
)
def test_a_list_that_is_none_is_refused_without_repeating_it(lines: list[str], told: str) -> None:
    with pytest.raises(Refused, match=told) as refusal:
        code_sheets.read("\n".join(["A heading.", *lines]))
    assert GOOD[:7] not in refusal.value.message
    assert "49617532" not in refusal.value.message
    with pytest.raises(Refused, match="holds no codes"):
        code_sheets.read("")
