"""What is not of its format is named, by both verifiers: neither takes it, and neither breaks down."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

import pytest

from keys import notes
from tests.standalone.test_verify_trial import WITNESS, agreed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.services.verification.forging import Forged

pytestmark = [pytest.mark.promise(15), pytest.mark.requirement("verify")]

LONG_LINE = 1 << 24
DEEP = 100_000


def in_details(text: str) -> Callable[[Forged], None]:
    """Put the text of a JSON value into the details of an act, under digests and signatures that fit."""

    def bend(forged: Forged) -> None:
        number = forged.numbers("completed")[0]
        forged.details(number)["noted"] = "PLACE"
        forged.write_trail()
        old = (forged.release / "values.jsonl").read_bytes().splitlines(keepends=True)
        line = json.loads(next(one for one in old if json.loads(one)["number"] == number))
        was = json.dumps(line["content"], ensure_ascii=False)
        line["content"] = line["content"].replace('"PLACE"', text)
        now = json.dumps(line["content"], ensure_ascii=False)
        forged.entries[number]["digest"] = hashlib.sha256(
            bytes.fromhex(line["salt"]) + line["content"].encode()
        ).hexdigest()
        new = [one.replace(was.encode(), now.encode()) for one in old]
        assert new != old
        (forged.release / "values.jsonl").write_bytes(b"".join(new))
        forged.write_entries()

    return bend


def in_line(name: str, change: Callable[[bytes], bytes]) -> Callable[[Forged], None]:
    """Change the bytes of a file."""

    def bend(forged: Forged) -> None:
        path = forged.directory / name
        path.write_bytes(change(path.read_bytes()))

    return bend


def in_entry(**changes: object) -> Callable[[Forged], None]:
    """Change an entry, under checkpoints that fit."""

    def bend(forged: Forged) -> None:
        forged.entries[forged.numbers("completed")[0]].update(changes)
        forged.write_entries()

    return bend


def in_certificate(**changes: object) -> Callable[[Forged], None]:
    """Sign another certificate, canonical or not."""

    def bend(forged: Forged) -> None:
        fields = json.dumps(forged.certificate | changes, sort_keys=True, separators=(",", ":"))
        forged.write_keys(ceremony=forged.ceremony.verifier.encode())
        (forged.public / "certificate.note").write_bytes(notes.sign(f"{fields}\n", forged.ceremony))

    return bend


def in_definition(old: str, new: str) -> Callable[[Forged], None]:
    """Change a word of the definition."""
    return in_line("public/definition.json", lambda data: data.replace(old.encode(), new.encode(), 1))


def contributor_whose_key_is_none(forged: Forged) -> None:
    forged.certificate["contributions"][1]["verifier"] += "x"
    in_certificate()(forged)


def log_key_that_co_signs(forged: Forged) -> None:
    forged.write_keys(log=WITNESS.verifier.encode())


def salt_of_31_bytes(forged: Forged) -> None:
    number = forged.numbers("completed")[0]
    salt, content = forged.values[number]
    forged.values[number] = (salt[:62], content)
    forged.write_values()


def pipe_in_the_place_of_keys(forged: Forged) -> None:
    (forged.public / "keys.json").unlink()
    os.mkfifo(forged.public / "keys.json")


def endless_entries(forged: Forged) -> None:
    (forged.public / "entries.jsonl").unlink()
    (forged.public / "entries.jsonl").symlink_to("/dev/zero")


BENDS: dict[str, Callable[[Forged], None]] = {
    "a number that is none": in_details("NaN"),
    "a number without end": in_details("Infinity"),
    "a number with a point": in_details("1.0"),
    "a number beyond 2^53": in_details("9007199254740993"),
    "a name that stands twice": in_details('{"a":1,"a":1}'),
    "names in another order": in_details('{"b":1,"a":1}'),
    "names in the order of their code points": in_details('{"\uffff":1,"\U0001f600":1}'),
    "a text that stops in the midst of a sign": in_details('"\\ud800"'),
    "lists within lists": in_details("[" * DEEP + "]" * DEEP),
    "a line that is far too long": in_details(f'"{"x" * LONG_LINE}"'),
    "a salt of 31 bytes": salt_of_31_bytes,
    "a day that does not exist": in_entry(at="2027-02-30T08:00:00.000000Z"),
    "a moment in other digits": in_entry(at="\u0662\u0660\u0662\u0667-01-04T08:00:00.000000Z"),
    "an account beyond 2^53": in_entry(actor=10**17),
    "an account that is true": in_entry(actor=True),
    "a byte order mark": in_line("public/entries.jsonl", lambda data: b"\xef\xbb\xbf" + data),
    "lines that end otherwise": in_line("public/entries.jsonl", lambda data: data.replace(b"\n", b"\r\n")),
    "an empty line": in_line("release/values.jsonl", lambda data: b"\n" + data),
    "a certificate of version 0": in_certificate(schedule_version=0),
    "a certificate with a version in words": in_certificate(schedule_version="1"),
    "a certificate with half a version": in_certificate(schedule_version=1.0),
    "a certificate of a month that does not exist": in_certificate(sealed_at="2026-13-01T08:00:00Z"),
    "a certificate with a short moment": in_certificate(sealed_at="2026-1-1T8:0:0Z"),
    "a rehearsal that says nothing of it": in_certificate(rehearsal=""),
    "a stratum of fewer than no slots": in_definition('"capacity":12', '"capacity":-1'),
    "a stratum of too many slots": in_definition('"capacity":12', '"capacity":1000001'),
    "no kits": in_definition('"kits_per_period":2', '"kits_per_period":0'),
    "a row beyond 2^53": in_line(
        "release/slots.jsonl", lambda data: data.replace(b'"index":3,', b'"index":9007199254740993,')
    ),
    "a leaf hash of no bytes": in_line(
        "release/slots.jsonl", lambda data: data.replace(b'"leaf_hash":"', b'"leaf_hash":"00', 1)
    ),
    "a contributor's key that is none": contributor_whose_key_is_none,
    "a key of the log that co-signs": log_key_that_co_signs,
    "a pipe": pipe_in_the_place_of_keys,
    "a file without end": endless_entries,
}


@pytest.mark.parametrize("bend", BENDS.values(), ids=BENDS)
def test_what_is_not_of_its_format_cannot_be_read(forged: Forged, bend: Callable[[Forged], None]) -> None:
    bend(forged)

    assert agreed(forged.directory)[0] == 2


def test_a_short_salt_of_the_schedule_cannot_be_read(forged: Forged) -> None:
    for name in ("seed", "unblinded_salt"):
        whole = forged.schedule[name]
        forged.schedule[name] = whole[:-2]
        forged.write_schedule()
        assert agreed(forged.directory)[0] == 2
        forged.schedule[name] = whole


def test_files_beside_those_of_the_record_are_not_read(record: Path) -> None:
    for name in (
        "commitments/9.note",
        "commitments/x.note",
        "checkpoints/notes.txt",
        "log.vkey",
        "x/keys.json",
    ):
        path = record / "public" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("not a note")

    assert agreed(record)[0] == 3
