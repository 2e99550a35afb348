"""The opener of one file: the code of a number gives what was drawn, and nothing else gives anything."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from randomizer.standalone import open_pack
from randomizer.standalone.open_pack import Pack, PackError, RefusedError, Sealed
from tests.games import sealings
from tests.packing import Packed, packed

if TYPE_CHECKING:
    from collections.abc import Callable

    Spoil = Callable[[dict[str, Any]], Any]

DOCUMENT = (Path(__file__).parents[2] / "docs" / "sealing.md").read_text(encoding="utf-8")
COUNTING = bytes(range(32))
EXCHANGES = [(0, "1"), (3, "9"), (7, "5")]


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """The pack of a trial whose schedule the test knows."""
    place = tmp_path_factory.mktemp("pack")
    sealing = sealings.seal(place / "sealed", sealings.draft(place / "draft.db"), sealings.as_generated)
    return packed(sealing, place / "world")


@pytest.fixture
def pack(known: Packed) -> Pack:
    return open_pack.read_pack(known.made.content, known.made.trial.certificate_digest)


@pytest.fixture
def number(known: Packed) -> str:
    """Randomization number of a slot in the middle."""
    return list(known.codes)[5]


def opened(pack: Pack, number: str, code: str) -> tuple[str, ...]:
    return open_pack.open_sealed(pack, open_pack.typed_number(number, pack), open_pack.typed_code(code))


def says_no_treatment(told: str, known: Packed) -> bool:
    """Whether a text names no treatment, by code or by name."""
    return not any(one.name in told or one.code in told.split() for one in known.made.definition.treatments)


@pytest.mark.promise(10)
@pytest.mark.requirement("sealing")
def test_each_printed_code_gives_what_was_drawn(known: Packed, pack: Pack) -> None:
    assert {number: opened(pack, number, code) for number, code in known.codes.items()} == known.treatments
    assert len(set(known.treatments.values())) > 1


@pytest.mark.promise(10)
@pytest.mark.promise(12)
def test_no_other_code_opens_a_number(known: Packed, pack: Pack, number: str) -> None:
    for other, code in known.codes.items():
        if other != number:
            with pytest.raises(RefusedError, match="does not open this number"):
                opened(pack, number, code)


SPOILT: dict[str, tuple[Spoil, str]] = {
    "wrap": (lambda row: flip(row, "wrap"), "does not open this number"),
    "envelope": (lambda row: flip(row, "ciphertext"), "not what was sealed"),
    "proof": (lambda row: flip(row, "proof"), "not what was sealed"),
    "proof cut": (
        lambda row: row.update(proof=b64encode(b64decode(row["proof"])[:-32]).decode()),
        "not what",
    ),
    "proof longer": (
        lambda row: row.update(proof=b64encode(b64decode(row["proof"]) + COUNTING).decode()),
        "not",
    ),
    "another kit": (lambda row: row["kits"][0].__setitem__(0, "100000008"), "not what was sealed"),
    "kits of the periods exchanged": (lambda row: row["kits"].reverse(), "not what was sealed"),
    "another ordinal": (lambda row: row.update(ordinal=row["ordinal"] + 1), "not what was sealed"),
    "another stratum": (lambda row: row.update(stratum="PRO"), "not what was sealed"),
    "another slot": (lambda row: row.update(index=row["index"] + 1), "does not open this number"),
}


def flip(row: dict[str, Any], name: str) -> None:
    """Change the last byte of a field."""
    content = bytearray(b64decode(row[name]))
    content[-1] ^= 1
    row[name] = b64encode(content).decode()


def spoil(known: Packed, number: str, change: Spoil) -> bytes:
    """The pack with one sealed answer changed."""
    found = json.loads(known.made.content)
    change(next(row for row in found["slots"] if row["randomization_number"] == number))
    return json.dumps(found).encode()


@pytest.mark.promise(10)
@pytest.mark.promise(13)
@pytest.mark.parametrize("defect", SPOILT)
def test_a_changed_answer_is_not_shown(known: Packed, number: str, defect: str) -> None:
    change, told = SPOILT[defect]
    changed = open_pack.read_pack(spoil(known, number, change))
    with pytest.raises(RefusedError, match=told) as refusal:
        opened(changed, number, known.codes[number])
    assert says_no_treatment(str(refusal.value), known)


@pytest.mark.promise(10)
def test_an_answer_under_the_number_of_another_opens_nothing(known: Packed, number: str) -> None:
    found = json.loads(known.made.content)
    rows = {row["randomization_number"]: row for row in found["slots"]}
    other = next(one for one in rows if known.treatments[one] != known.treatments[number])
    rows[number]["randomization_number"], rows[other]["randomization_number"] = other, number
    swapped = open_pack.read_pack(json.dumps(found).encode())
    for code in (known.codes[number], known.codes[other]):
        with pytest.raises(RefusedError):
            opened(swapped, number, code)


@pytest.mark.promise(13)
@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("definition", "Suspension medium", "Suspension cells!"),
        ("definition", '"code":"MSC"', '"code":"MSX"'),
        ("type", "emergency-pack", "emergency-bags"),
    ],
)
def test_a_changed_definition_is_no_pack(known: Packed, field: str, old: str, new: str) -> None:
    found = json.loads(known.made.content)
    assert old in found[field]
    found[field] = found[field].replace(old, new)
    with pytest.raises(PackError, match="damaged or is no emergency pack"):
        open_pack.read_pack(json.dumps(found).encode())


@pytest.mark.promise(13)
def test_a_pack_of_another_certificate_is_refused_where_one_is_named(known: Packed) -> None:
    digest = known.made.trial.certificate_digest
    assert open_pack.read_pack(known.made.content, f" {digest.upper()}\n").digest == digest
    with pytest.raises(PackError, match="another certificate"):
        open_pack.read_pack(known.made.content, hashlib.sha256(b"other").hexdigest())
    found = json.loads(known.made.content)
    found["certificate"] = found["certificate"].replace('"rehearsal":"', '"rehearsal":"!')
    with pytest.raises(PackError, match="another certificate"):
        open_pack.read_pack(json.dumps(found).encode(), digest)


@settings(max_examples=60, deadline=None)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_never_changes_an_answer(known: Packed, at: float, bit: int) -> None:
    content = bytearray(known.made.content)
    content[int(at * len(content))] ^= 1 << bit
    number = list(known.codes)[5]
    try:
        told = opened(open_pack.read_pack(bytes(content)), number, known.codes[number])
    except RefusedError as refusal:
        told, said = None, str(refusal)
    else:
        said = ""
    assert told in {None, known.treatments[number]}
    assert says_no_treatment(said, known)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)
NAMES = ("type", "site", "certificate", "definition", "slots")


@settings(max_examples=80, deadline=None)
@given(content=st.binary(max_size=200) | st.builds(lambda value: json.dumps(value).encode(), JSON))
def test_garbage_is_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(PackError, match="damaged or is no emergency pack"):
        open_pack.read_pack(content)


@settings(max_examples=80, deadline=None)
@given(name=st.sampled_from(NAMES), value=JSON, inside=st.booleans())
def test_garbage_in_the_place_of_a_field_is_refused_in_a_sentence(
    known: Packed, name: str, value: object, *, inside: bool
) -> None:
    found = json.loads(known.made.content)
    if inside and name == "slots":
        found["slots"][5][next(iter(found["slots"][5]))] = value
    elif inside and name == "certificate":
        found[name] = json.dumps(
            {"definition_digest": hashlib.sha256(found["definition"].encode()).hexdigest()}
        )
    else:
        found[name] = json.dumps(value) if inside else value
    with pytest.raises(PackError):
        open_pack.read_pack(json.dumps(found).encode())


def test_deep_nesting_and_huge_numbers_are_refused_in_a_sentence() -> None:
    for content in (
        b"[" * 100_000,
        b"1" * 100_000,
        b'{"a":' * 50_000,
        "\ud800".encode("utf-8", "surrogatepass"),
    ):
        with pytest.raises(PackError):
            open_pack.read_pack(content)


@pytest.mark.promise(18)
@pytest.mark.parametrize(("place", "digit"), EXCHANGES)
def test_a_misread_digit_is_noticed(pack: Pack, number: str, place: int, digit: str) -> None:
    misread = number[:place] + (digit if number[place] != digit else "0") + number[place + 1 :]
    with pytest.raises(RefusedError, match="A digit of the randomization number is wrong"):
        open_pack.typed_number(misread, pack)


def test_swapped_missing_and_foreign_numbers_are_refused(pack: Pack, number: str) -> None:
    at = next(at for at in range(7) if number[at] != number[at + 1])
    swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    for typed, told in (
        (swapped, "two are swapped"),
        (number[:-1], "has 8 digits"),
        ("", "has 8 digits"),
        ("\uff14" * 8, "has 8 digits"),
        ("49617532", "does not hold"),
    ):
        with pytest.raises(RefusedError, match=told):
            open_pack.typed_number(typed, pack)
    assert open_pack.typed_number(f" {number[:3]}-{number[3:6]}\u00a0{number[6:]} ", pack).number == number


def test_a_code_is_read_forgivingly_and_a_slip_is_noticed(known: Packed, number: str) -> None:
    code = known.codes[number]
    read = open_pack.typed_code(code)
    for typed in (code.lower(), code.replace("-", " "), code.replace("0", "O").replace("1", "l")):
        assert open_pack.typed_code(typed) == read
    slipped = ("1" if code[0] == "0" else "0") + code[1:]
    for typed, told in (
        (slipped, "last symbol does not fit"),
        (code[:-1], "26 were typed"),
        (f"{code[:5]}?{code[6:]}", "group 2"),
        ("", "0 were typed"),
    ):
        with pytest.raises(RefusedError, match=told) as refusal:
            open_pack.typed_code(typed)
        assert code[:7] not in str(refusal.value)


@settings(max_examples=100, deadline=None)
@given(typed=st.text())
def test_whatever_is_typed_is_read_or_refused(known: Packed, typed: str) -> None:
    pack = open_pack.read_pack(known.made.content)
    for read in (lambda: open_pack.typed_number(typed, pack), lambda: open_pack.typed_code(typed)):
        with pytest.raises(RefusedError):
            read()


class Typist:
    """Somebody who types what was laid out, and then is gone."""

    def __init__(self, *typed: str) -> None:
        self.rest = list(typed)

    def __call__(self, prompt: str) -> str:
        if not self.rest:
            raise EOFError
        return self.rest.pop(0)


@pytest.fixture
def file(known: Packed, tmp_path: Path) -> Path:
    path = tmp_path / "emergency-pack-TLS.json"
    path.write_bytes(known.made.content)
    return path


@pytest.mark.promise(10)
def test_the_conversation_ends_with_the_plan_in_words(
    known: Packed, number: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = next(one for one in known.codes if one != number)
    codes = Typist("XYZ", known.codes[other], known.codes[number])
    assert open_pack.main([str(file)], Typist("123", number, number, number), codes) == 0
    told = capsys.readouterr().out
    for step in ("has 8 digits", "3 were typed", "does not open this number", "what was PLANNED"):
        before, found, told = told.partition(step)
        assert found
        assert says_no_treatment(before, known)
    names = {one.code: one.name for one in known.made.definition.treatments}
    for period, code in enumerate(known.treatments[number], start=1):
        assert f"Period {period}: {names[code]} ({code})" in told
    slot = next(one for one in known.made.slots if one.randomization_number == number)
    assert all(open_pack.groups(kit) in told for kits in slot.kits for kit in kits)
    assert "This is the PLAN. What was given stands on the kits" in told
    assert known.made.definition.code_break.telephone in told
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.promise(18)
def test_stopping_or_a_wrong_file_opens_nothing(
    known: Packed, number: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert open_pack.main([str(file)], Typist(number), Typist()) == 1
    told = capsys.readouterr().out
    assert told.endswith("Stopped. Nothing was opened.\n")
    assert "REHEARSAL" in told
    assert open_pack.main([str(file.parent / "none")], Typist(), Typist()) == 2
    assert "cannot be read" in capsys.readouterr().out
    assert open_pack.main([str(file), "--certificate-digest", "00"], Typist(), Typist()) == 2
    assert "another certificate" in capsys.readouterr().out
    assert says_no_treatment(told, known)


@pytest.mark.promise(10)
def test_it_runs_alone_and_does_not_show_the_code(known: Packed, number: str, file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", open_pack.__file__, file.name],
        input=f"{number}\n{known.codes[number]}\n",
        capture_output=True,
        text=True,
        check=False,
        cwd=file.parent,
    )
    assert done.returncode == 0
    assert "what was PLANNED" in done.stdout
    assert known.codes[number] not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert list(file.parent.iterdir()) == [file]


def test_a_control_character_of_a_forged_pack_does_nothing_on_the_terminal() -> None:
    assert open_pack._text("\x1b[2J\u202eMSC\n  medium\ud800") == "[2J MSC medium"  # noqa: SLF001


@pytest.mark.requirement("sealing")
def test_the_known_answer_of_the_documentation() -> None:
    line = next(line for line in DOCUMENT.splitlines() if '"randomization_number":"49617532"' in line)
    row = json.loads(line[line.index("{") : line.rindex("}") + 1])
    sealed = Sealed(
        slot=row["index"],
        stratum=3,
        ordinal=row["ordinal"],
        number=row["randomization_number"],
        kits=tuple(map(tuple, row["kits"])),
        proof=b64decode(row["proof"]),
        envelope=b64decode(row["ciphertext"]),
        wrap=b64decode(row["wrap"]),
    )
    root = next(
        word.strip("`.") for word in DOCUMENT.split("leaf root of this pack")[1].split() if len(word) > 60
    )
    pack = Pack(
        trial="EXAMPLE",
        version=1,
        site="",
        digest="",
        rehearsal="",
        leaf_root=bytes.fromhex(root),
        size=3,
        treatments={"MSC": "", "MEDIUM": ""},
        telephone="",
        sealed={},
    )
    code = open_pack.typed_code("000-410-610-50R-3GG-28A-1C6-0T3-GF6")
    assert open_pack.open_sealed(pack, sealed, code) == ("MSC", "MEDIUM")
