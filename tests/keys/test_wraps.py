from __future__ import annotations

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import envelope, wraps
from keys.errors import CodeRefused, SealBroken
from keys.wraps import EmergencyCode

SLOT_KEY, WRAPPING_KEY = bytes(range(32)), bytes(range(32, 64))
WRAPPED = wraps.wrap(SLOT_KEY, WRAPPING_KEY, b"slot", lambda count: bytes(range(count)))
PRINTED = "000-410-610-50R-3GG-28A-1C6-0T3-GF6"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
codes = st.binary(min_size=16, max_size=16).map(EmergencyCode)


def test_known_answers() -> None:
    assert WRAPPED.hex() == (
        "000102030405060708090a0b5c535fa44e30edebb4f0c3cd2a7e50330361"
        "fb777e04b0063c14c9a1a79cd5870a648d485695a63f2c2b7c365cbc3e4a"
    )
    code = EmergencyCode(bytes(range(16)))
    assert code.printed() == PRINTED
    assert wraps.emergency_key(code, b"slot").hex() == (
        "cc08c303a29c6028e53e909a78050b55cea091e233a660947001bb0ddd86617d"
    )


@pytest.mark.promise(12)
def test_a_wrap_opens_with_its_key_in_its_place_alone() -> None:
    assert wraps.unwrap(WRAPPED, WRAPPING_KEY, b"slot") == SLOT_KEY
    for wrapped, key, place in (
        (WRAPPED, SLOT_KEY, b"slot"),
        (WRAPPED, WRAPPING_KEY, b"slot 2"),
        (WRAPPED[:-1], WRAPPING_KEY, b"slot"),
        (WRAPPED, WRAPPING_KEY[:16], b"slot"),
    ):
        with pytest.raises(SealBroken):
            wraps.unwrap(wrapped, key, place)


def test_every_flipped_byte_breaks_a_wrap() -> None:
    for at in range(len(WRAPPED)):
        flipped = WRAPPED[:at] + bytes([WRAPPED[at] ^ 1]) + WRAPPED[at + 1 :]
        with pytest.raises(SealBroken):
            wraps.unwrap(flipped, WRAPPING_KEY, b"slot")


def test_an_envelope_is_no_wrap() -> None:
    sealed = envelope.seal(WRAPPING_KEY, SLOT_KEY, b"slot", secrets.token_bytes)
    with pytest.raises(SealBroken):
        wraps.unwrap(sealed, WRAPPING_KEY, b"slot")


def test_only_a_slot_key_is_wrapped() -> None:
    with pytest.raises(SealBroken, match="32 bytes, not 31"):
        wraps.wrap(SLOT_KEY[:31], WRAPPING_KEY, b"slot", secrets.token_bytes)


@given(codes)
def test_a_printed_code_reads_back_however_it_is_typed(code: EmergencyCode) -> None:
    printed = code.printed()
    sloppy = printed.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert len(printed) == 35
    for typed in (printed, sloppy, sloppy.replace("l", "I"), f"  {printed}\n"):
        assert wraps.parse_code(typed) == code


@given(codes, st.integers(0, 25), st.sampled_from(ALPHABET))
def test_one_wrong_symbol_is_noticed(code: EmergencyCode, at: int, symbol: str) -> None:
    symbols = list(code.printed().replace("-", ""))
    if symbols[at] == symbol:
        return
    symbols[at] = symbol
    with pytest.raises(CodeRefused):
        wraps.parse_code("".join(symbols))


@given(codes, st.integers(0, 24))
def test_two_swapped_symbols_are_noticed(code: EmergencyCode, at: int) -> None:
    symbols = list(code.printed().replace("-", ""))
    if symbols[at] == symbols[at + 1]:
        return
    symbols[at], symbols[at + 1] = symbols[at + 1], symbols[at]
    with pytest.raises(CodeRefused):
        wraps.parse_code("".join(symbols))


@pytest.mark.promise(18)
@given(st.text(max_size=40))
def test_any_typing_is_read_or_refused_in_words(typed: str) -> None:
    try:
        code = wraps.parse_code(typed)
    except CodeRefused:
        return
    assert wraps.parse_code(code.printed()) == code


def test_a_value_over_128_bits_is_refused() -> None:
    value = 2**128
    symbols = "".join(ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))
    with pytest.raises(CodeRefused):
        wraps.parse_code(symbols + (ALPHABET + "*~$=U")[value % 37])


def test_each_slot_and_code_has_a_key_of_its_own() -> None:
    made = [EmergencyCode(bytes([number]) * 16) for number in range(3)]
    assert len({wraps.emergency_key(code, slot) for code in made for slot in (b"1", b"2")}) == 6


@pytest.mark.promise(3)
def test_a_code_prints_masked_and_a_refusal_does_not_repeat_it() -> None:
    code = wraps.new_code(secrets.token_bytes)
    assert repr(code) == str(code) == "EmergencyCode(masked)"
    with pytest.raises(CodeRefused) as refusal:
        wraps.parse_code(PRINTED[:-1] + "7")
    assert "GF" not in str(refusal.value)
    with pytest.raises(CodeRefused, match="16 bytes, not 15"):
        EmergencyCode(bytes(15))
