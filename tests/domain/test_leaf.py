"""Leaves, contents and rows: known bytes, exact round trip, one length for all slots."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randomizer.domain.leaf import (
    Content,
    Leaf,
    decode_content,
    decode_leaf,
    encode_content,
    encode_leaf,
    encode_row,
)

LEAF = Leaf(
    version=1,
    slot=2,
    stratum=3,
    ordinal=4,
    randomization_number="49617532",
    sequence_code="AB",
    kits=(("432183018", "641690338"), ("109083238", "916098860")),
    salt=bytes(range(32)),
)
CONTENT = Content(sequence_code="AB", treatments=("MSC", "MEDIUM"), salt=bytes(range(32)))
ROW = {
    "slot": 2,
    "stratum": "REL",
    "ordinal": 4,
    "randomization_number": "49617532",
    "kits": LEAF.kits,
    "ciphertext": b"\x01\x02",
    "wraps": (("code-break", b"\x03"), ("staged", b""), ("emergency", b"\x04")),
}
CODES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=16)


@pytest.mark.promise(11)
def test_the_known_leaf() -> None:
    assert encode_leaf(LEAF).hex() == (
        "63726f73736f7665722d72616e646f6d697a65722f76312f6c656166"  # the label
        "0001" "00000002" "0003" "00000004"
        "3439363137353332"  # the randomization number
        "41420000000000000000000000000000"  # AB
        "0202"  # two periods, two kits each
        "343332313833303138" "363431363930333338" "313039303833323338" "393136303938383630"
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    )  # fmt: skip


@pytest.mark.promise(11)
def test_the_known_content() -> None:
    assert encode_content(CONTENT).hex() == (
        "63726f73736f7665722d72616e646f6d697a65722f76312f736c6f74"
        "41420000000000000000000000000000"
        "02"
        "4d534300000000000000000000000000"
        "4d454449554d00000000000000000000"
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    )


@pytest.mark.promise(11)
def test_the_known_row() -> None:
    fields = [b"2", b"REL", b"4", b"49617532", b"2", b"2", b"432183018", b"641690338", b"2", b"109083238"]
    fields += [b"916098860", b"\x01\x02", b"code-break", b"\x03", b"staged", b"", b"emergency", b"\x04"]
    expected = b"crossover-randomizer/v1/row" + b"".join(len(f).to_bytes(4) + f for f in fields)

    assert encode_row(**ROW) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"slot": 3},
        {"stratum": "PRO"},
        {"ordinal": 5},
        {"randomization_number": "49617533"},
        {"kits": (LEAF.kits[1], LEAF.kits[0])},
        {"kits": ((*LEAF.kits[0], *LEAF.kits[1]),)},
        {"ciphertext": b"\x01"},
        {"wraps": (("code-break", b""), ("staged", b"\x03"), ("emergency", b"\x04"))},
        {"wraps": (("staged", b"\x03"), ("code-break", b""), ("emergency", b"\x04"))},
    ],
)
@pytest.mark.promise(17)
def test_any_change_of_a_row_changes_its_bytes(change: dict[str, object]) -> None:
    assert encode_row(**(ROW | change)) != encode_row(**ROW)  # type: ignore[arg-type]


@given(code=CODES, salt=st.binary(min_size=32, max_size=32), slot=st.integers(0, 2**32 - 1))
def test_a_leaf_comes_back_and_has_one_length(code: str, salt: bytes, slot: int) -> None:
    leaf = replace(LEAF, sequence_code=code, salt=salt, slot=slot)

    assert decode_leaf(encode_leaf(leaf)) == leaf
    assert len(encode_leaf(leaf)) == len(encode_leaf(LEAF))


@given(code=CODES, treatments=st.tuples(CODES, CODES), salt=st.binary(min_size=32, max_size=32))
def test_a_content_comes_back_and_has_one_length(code: str, treatments: tuple[str, str], salt: bytes) -> None:
    content = Content(sequence_code=code, treatments=treatments, salt=salt)

    assert decode_content(encode_content(content)) == content
    assert len(encode_content(content)) == len(encode_content(CONTENT))


@given(st.binary(max_size=200))
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="of this version"):
        decode_leaf(data)
    with pytest.raises(ValueError, match="of this version"):
        decode_content(data)


@pytest.mark.parametrize("at", range(0, 27, 5))
def test_a_flipped_label_and_a_lost_or_surplus_byte_are_refused(at: int) -> None:
    leaf, content = encode_leaf(LEAF), encode_content(CONTENT)

    for data, decode in ((leaf, decode_leaf), (content, decode_content)):
        flipped = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        for wrong in (flipped, data[:-1], data + b"\0"):
            with pytest.raises(ValueError, match=r"of this version|32 bytes"):
                decode(wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 65536},
        {"slot": -1},
        {"stratum": 65536},
        {"ordinal": 2**32},
        {"randomization_number": "4961753"},
        {"sequence_code": "CANARY-CANARY-CAN"},
        {"sequence_code": "CÄNARY"},
        {"sequence_code": ""},
        {"kits": (("432183018",), ("109083238", "916098860"))},
        {"kits": ()},
        {"kits": (("43218301x",),)},
        {"salt": b"short"},
    ],
)
@pytest.mark.promise(3)
def test_a_value_that_does_not_fit_is_refused_and_not_repeated(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must") as caught:
        encode_leaf(replace(LEAF, **change))  # type: ignore[arg-type]

    assert "CANARY" not in str(caught.value)
    assert "CÄNARY" not in str(caught.value)


@pytest.mark.promise(3)
def test_no_repr_shows_a_sequence() -> None:
    assert (repr(LEAF), repr(CONTENT)) == ("Leaf(masked)", "Content(masked)")
