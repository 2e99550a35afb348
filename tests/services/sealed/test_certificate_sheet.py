from __future__ import annotations

import io
import json
import re
import zlib
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import zxingcpp
from PIL import Image

from keys.notes import NoteKey
from randomizer.errors import BundleRefused
from randomizer.services.sealed import certificate_fields, certificate_sheet
from tests.activated import entropy_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.activated import Rehearsal

pytestmark = pytest.mark.requirement("sealing")

POINTS = 72 / 25.4  # in a millimetre
SAID_IN_THE_HEAD = ("format", "kind", "rehearsal", "trial_id", "schedule_version", "sealed_at")


def texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - what JSON holds
    """Every text and number below a value, names too."""
    if isinstance(value, dict):
        for name, one in value.items():
            if isinstance(one, str | int):
                yield str(one)
            else:
                yield from texts(one)
            if "." in name or name.isupper():  # names of files and strata are values themselves
                yield name
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    else:
        yield str(value)


def printed(pdf: bytes) -> str:
    """What the built-in font of the digest prints; other fonts print glyph numbers."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        with suppress(zlib.error):
            found.append(zlib.decompress(stream).decode("latin-1"))
    return "".join(re.findall(r"[0-9a-f]{8}", "".join(re.findall(r"\(([0-9a-f ]{35})\)", "".join(found)))))


@pytest.mark.promise(15)
def test_the_sheet_says_all_that_the_certificate_says(rehearsal: Rehearsal) -> None:
    fields = certificate_fields.read(rehearsal.bundle.read("certificate.note"))
    rows = "\n".join(f"{label} {value}" for label, value in certificate_sheet.rows(fields, rehearsal.key))
    said = json.loads(fields.model_dump_json())
    for name in SAID_IN_THE_HEAD:
        del said[name]
    assert [text for text in texts(said) if text not in rows] == []
    assert rehearsal.key.encode() in rows


def test_the_digest_stands_as_text_and_as_a_code(rehearsal: Rehearsal) -> None:
    sheet = certificate_sheet.pdf(rehearsal.bundle.read("certificate.note"), rehearsal.key)
    assert printed(sheet) == rehearsal.digest
    image = Image.open(io.BytesIO(certificate_sheet.code(rehearsal.digest)))
    assert [found.text for found in zxingcpp.read_barcodes(image)] == [rehearsal.digest]


def test_no_label_is_printed_over_another(rehearsal: Rehearsal) -> None:
    note = rehearsal.bundle.read("certificate.note")
    sheet, fields = certificate_sheet.pdf(note, rehearsal.key), certificate_fields.read(note)
    left, line = certificate_sheet.MARGIN * POINTS, certificate_sheet.LINE * POINTS
    lines = 0
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", sheet, re.DOTALL):
        with suppress(zlib.error):
            text = zlib.decompress(stream).decode("latin-1")
            placed = [(float(x), float(y)) for x, y in re.findall(r"BT ([0-9.]+) ([0-9.]+) Td", text)]
            below = sorted(y for x, y in placed if abs(x - left) < 4)
            lines += len(below)
            assert all(upper - lower > line - 0.1 for lower, upper in pairwise(below))
    assert lines > len(list(certificate_sheet.rows(fields, rehearsal.key)))


def test_the_same_certificate_makes_the_same_sheet(rehearsal: Rehearsal) -> None:
    note = rehearsal.bundle.read("certificate.note")
    assert certificate_sheet.pdf(note, rehearsal.key) == certificate_sheet.pdf(note, rehearsal.key)


def test_a_certificate_of_another_key_is_not_printed(rehearsal: Rehearsal) -> None:
    stranger = NoteKey.generate(rehearsal.key.name, entropy_of("stranger")).verifier
    with pytest.raises(BundleRefused, match="not signed by the key of its ceremony"):
        certificate_sheet.pdf(rehearsal.bundle.read("certificate.note"), stranger)
