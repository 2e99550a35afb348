"""A bundle is refused for each defect, also where it was signed again: a step behind the digest finds it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from keys.notes import NoteKey
from randomizer.errors import BundleRefused
from randomizer.services.sealed import bundle as bundle_files
from randomizer.services.sealed import bundle_check, certificate_fields
from tests.activated import copy, entropy_of, sign_again

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.activated import Rehearsal

Rows = list[dict[str, Any]]


def check(rehearsal: Rehearsal) -> bundle_check.Checked:
    return bundle_check.check(rehearsal.bundle, rehearsal.key, rehearsal.digest)


def refused(rehearsal: Rehearsal) -> str:
    with pytest.raises(BundleRefused) as refusal:
        check(rehearsal)
    return refusal.value.message


@pytest.mark.promise(13)
def test_a_bundle_as_sealed_holds(rehearsal: Rehearsal) -> None:
    checked = check(rehearsal)
    assert checked.digest == rehearsal.digest
    assert checked.definition == rehearsal.definition
    assert checked.leaves.size == rehearsal.definition.capacity


@pytest.mark.promise(13)
@pytest.mark.parametrize("name", bundle_files.DIGESTED)
def test_a_changed_byte_in_any_file_is_refused(rehearsal: Rehearsal, tmp_path: Path, name: str) -> None:
    spoilt = copy(rehearsal, tmp_path / "spoilt")
    path = spoilt.directory / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert refused(spoilt).startswith(f"{name} differs")


@pytest.mark.parametrize("name", [*bundle_files.DIGESTED, bundle_files.CERTIFICATE])
def test_a_missing_file_is_named(rehearsal: Rehearsal, tmp_path: Path, name: str) -> None:
    spoilt = copy(rehearsal, tmp_path / "spoilt")
    (spoilt.directory / name).unlink()
    assert refused(spoilt).startswith(f"{name} of the bundle cannot be read")


def flip(text: str) -> str:
    """The same hex or base64 with another first symbol."""
    return ("B" if text[0] != "B" else "C") + text[1:]


def swap(rows: Rows, *fields: str) -> None:
    for field in fields:
        rows[3][field], rows[4][field] = rows[4][field], rows[3][field]


def swap_rows(rows: Rows) -> None:
    rows[3], rows[4] = rows[4], rows[3]


def swap_wraps(rows: Rows) -> None:
    rows[0]["wraps"]["staged"], rows[0]["wraps"]["emergency"] = (
        rows[0]["wraps"]["emergency"],
        rows[0]["wraps"]["staged"],
    )


def change_wrap(purpose: str) -> Callable[[Rows], None]:
    return lambda rows: rows[2]["wraps"].update({purpose: flip(rows[2]["wraps"][purpose])})


def change(field: str, value: Any) -> Callable[[Rows], None]:  # noqa: ANN401 - JSON
    return lambda rows: rows[2].update({field: value})


ROW_DEFECTS: dict[str, Callable[[Rows], Any]] = {
    "another randomization number": change("randomization_number", "10000009"),
    "another kit": lambda rows: rows[2]["kits"][0].__setitem__(0, "100000008"),
    "kits of two periods swapped": lambda rows: rows[2]["kits"].reverse(),
    "a kit moved to the other period": lambda rows: rows[2]["kits"][0].append(rows[2]["kits"][1].pop()),
    "a ciphertext changed": lambda rows: rows[2].update(ciphertext=flip(rows[2]["ciphertext"])),
    "a ciphertext cut": lambda rows: rows[2].update(ciphertext=rows[2]["ciphertext"][:-4]),
    "a leaf hash changed": change("leaf_hash", "00" * 32),
    "a leaf hash cut": change("leaf_hash", "00" * 31),
    "the code-break wrap changed": change_wrap("code-break"),
    "the staged wrap changed": change_wrap("staged"),
    "the emergency wrap changed": change_wrap("emergency"),
    "two wraps of a slot swapped": swap_wraps,
    "the wraps of two slots swapped": lambda rows: swap(rows, "wraps"),
    "the envelopes of two slots swapped": lambda rows: swap(rows, "ciphertext", "wraps"),
    "the leaves of two slots swapped": lambda rows: swap(rows, "leaf_hash"),
    "envelopes and leaves of two slots swapped": lambda rows: swap(rows, "ciphertext", "wraps", "leaf_hash"),
    "two rows swapped": swap_rows,
    "another stratum": change("stratum", "PRO"),
    "an unknown stratum": change("stratum", "XXX"),
    "another ordinal": change("ordinal", 9),
    "another index": change("index", 19),
    "the last row missing": lambda rows: rows.pop(),
    "a row in the middle missing": lambda rows: rows.pop(5),
    "a row twice": lambda rows: rows.append(dict(rows[-1])),
    "a row too many": lambda rows: rows.append({**rows[-1], "index": 20, "ordinal": 9}),
    "a wrap missing": lambda rows: rows[2]["wraps"].pop("staged"),
    "a wrap too many": lambda rows: rows[2]["wraps"].update(more=rows[2]["wraps"]["staged"]),
    "a text for a number": change("ordinal", "3"),
    "a flag for a number": lambda rows: rows[2].update(ordinal=True),
    "a number for a text": change("randomization_number", 10000009),
    "a field missing": lambda rows: rows[2].pop("kits"),
    "no base64": change("ciphertext", "not base64!"),
    "no list of kits": change("kits", 3),
}


@pytest.mark.promise(13)
@pytest.mark.requirement("sealing")
@pytest.mark.parametrize("defect", ROW_DEFECTS)
def test_a_changed_row_is_refused_even_where_the_digest_was_made_again(
    rehearsal: Rehearsal, tmp_path: Path, defect: str
) -> None:
    spoilt = copy(rehearsal, tmp_path / "spoilt")
    path = spoilt.directory / bundle_files.SLOTS
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    ROW_DEFECTS[defect](rows)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert "slots.jsonl differs" in refused(spoilt)
    refused(sign_again(spoilt))


@pytest.mark.parametrize(
    "content", [b"{}\n", b"[]\n", b"nonsense\n", b"\xff\xfe\n", b"[" * 9000 + b"\n", b""]
)
def test_what_is_no_row_at_all_is_refused_in_a_sentence(
    rehearsal: Rehearsal, tmp_path: Path, content: bytes
) -> None:
    spoilt = copy(rehearsal, tmp_path / "spoilt")
    (spoilt.directory / bundle_files.SLOTS).write_bytes(content)
    assert "slots" in refused(sign_again(spoilt)) or "rows" in refused(sign_again(spoilt))


@pytest.mark.promise(15)
def test_a_bundle_of_another_key_is_refused(rehearsal: Rehearsal, tmp_path: Path) -> None:
    spoilt = copy(rehearsal, tmp_path / "spoilt")
    forged = sign_again(
        spoilt.__class__(
            **{
                **{name: getattr(spoilt, name) for name in spoilt.__dataclass_fields__},
                "certificate_key": NoteKey.generate(rehearsal.key.name, entropy_of("forger")),
            }
        )
    )
    assert "not signed by the key of its ceremony" in refused(forged)


@pytest.mark.promise(15)
def test_a_second_certificate_of_the_right_key_is_refused_by_its_digest(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    second = sign_again(copy(rehearsal, tmp_path / "second"), sealed_at="2031-01-01T00:00:00Z")
    check(second)
    with pytest.raises(BundleRefused, match="as the trial master file says"):
        bundle_check.check(second.bundle, rehearsal.key, rehearsal.digest)


@pytest.mark.parametrize(
    "changes",
    [
        {"trial_id": "other"},
        {"definition_digest": "00" * 32},
        {"leaf_root": "00" * 32},
        {"sealed_root": "00" * 32},
        {"lasting_root": "00" * 32},
        {"schedule_version": 2},
        {"contributions": []},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_certificate_that_says_something_else_is_refused(
    rehearsal: Rehearsal, tmp_path: Path, changes: dict[str, Any]
) -> None:
    refused(sign_again(copy(rehearsal, tmp_path / "spoilt"), **changes))


@pytest.mark.promise(14)
@pytest.mark.requirement("activation")
@pytest.mark.parametrize("purpose", ["release", "staged"])
def test_fewer_custodians_than_the_sponsor_signed_are_refused(
    rehearsal: Rehearsal, tmp_path: Path, purpose: str
) -> None:
    certified = certificate_fields.read(rehearsal.bundle.read(bundle_files.CERTIFICATE))
    quorum = getattr(certified, purpose).model_copy(update={"k": 1})
    weaker = sign_again(copy(rehearsal, tmp_path / "weaker"), **{purpose: quorum})
    assert refused(weaker) == f"The {purpose} key is split 1 of 3; the definition wants 2 of 3."


def test_every_byte_of_the_certificate_counts(rehearsal: Rehearsal, tmp_path: Path) -> None:
    spoilt = copy(rehearsal, tmp_path / "spoilt")
    path = spoilt.directory / bundle_files.CERTIFICATE
    content = path.read_bytes()
    for position in range(0, len(content), 41):
        changed = bytearray(content)
        changed[position] ^= 1
        path.write_bytes(changed)
        refused(spoilt)


def swap_notes(directory: Path) -> None:
    first, second = directory / "2.note", directory / "3.note"
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)


COMMITMENT_DEFECTS: dict[str, Callable[[Path], Any]] = {
    "one missing": lambda place: (place / "3.note").unlink(),
    "one in the middle missing": lambda place: (place / "2.note").unlink(),
    "one too many": lambda place: (place / "4.note").write_bytes((place / "3.note").read_bytes()),
    "two swapped": swap_notes,
    "one changed": lambda place: (place / "2.note").write_bytes(
        (place / "2.note").read_bytes().replace(b'"attempt":1', b'"attempt":2')
    ),
    "one that is no note": lambda place: (place / "2.note").write_bytes(b"\xff"),
}


@pytest.mark.promise(11)
@pytest.mark.parametrize("defect", COMMITMENT_DEFECTS)
def test_commitments_are_those_of_the_certificate(rehearsal: Rehearsal, tmp_path: Path, defect: str) -> None:
    spoilt = copy(rehearsal, tmp_path / "spoilt")
    COMMITMENT_DEFECTS[defect](spoilt.directory / bundle_files.COMMITMENTS)
    assert "ommitment" in refused(spoilt)
