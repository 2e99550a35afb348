from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import envelope
from keys.errors import SealBroken

if TYPE_CHECKING:
    from pathlib import Path

    from keys.entropy import Entropy

KEY = bytes(range(32))
SEALED = envelope.seal(KEY, b"content", b"place", lambda count: bytes(range(count)))


def always(nonce: bytes) -> Entropy:
    return lambda _: nonce


@pytest.mark.promise(2)
def test_the_official_aes_gcm_cases(conformance: Path) -> None:
    groups = json.loads((conformance / "vectors/wycheproof/aes_gcm_test.json").read_text())["testGroups"]
    fit = [g for g in groups if (g["keySize"], g["ivSize"], g["tagSize"]) == (256, 96, 128)]
    run = 0
    for case in (case for group in fit for case in group["tests"]):
        key, nonce, associated, plaintext, ciphertext, tag = (
            bytes.fromhex(case[field]) for field in ("key", "iv", "aad", "msg", "ct", "tag")
        )
        sealed = nonce + ciphertext + tag
        if case["result"] == "valid":
            assert envelope.open_envelope(key, sealed, associated) == plaintext
            assert envelope.seal(key, plaintext, associated, always(nonce)) == sealed
        else:
            with pytest.raises(SealBroken):
                envelope.open_envelope(key, sealed, associated)
        run += 1
    assert run > 60


def test_a_known_answer() -> None:
    assert SEALED.hex() == "000102030405060708090a0b246db86fa08bb65c8b55500c5d4a0791893d7cdd77f104"


@given(st.binary(max_size=100), st.binary(max_size=100), st.binary(min_size=12, max_size=12))
def test_what_was_sealed_opens(plaintext: bytes, associated: bytes, nonce: bytes) -> None:
    sealed = envelope.seal(KEY, plaintext, associated, lambda _: nonce)
    assert len(sealed) == len(plaintext) + envelope.OVERHEAD
    assert envelope.open_envelope(KEY, sealed, associated) == plaintext


@pytest.mark.promise(13)
def test_every_flipped_bit_breaks_the_seal() -> None:
    for at in range(len(SEALED)):
        for bit in range(8):
            flipped = SEALED[:at] + bytes([SEALED[at] ^ 1 << bit]) + SEALED[at + 1 :]
            with pytest.raises(SealBroken):
                envelope.open_envelope(KEY, flipped, b"place")


@pytest.mark.promise(13)
@pytest.mark.parametrize(
    ("key", "sealed", "associated"),
    [
        (bytes(32), SEALED, b"place"),
        (KEY, SEALED, b"another place"),
        (KEY, SEALED[:-1], b"place"),
        (KEY, SEALED[:27], b"place"),
        (KEY, b"", b"place"),
        (KEY[:16], SEALED, b"place"),
        (KEY + b"\0", SEALED, b"place"),
    ],
)
def test_another_key_place_or_length_does_not_open(key: bytes, sealed: bytes, associated: bytes) -> None:
    with pytest.raises(SealBroken):
        envelope.open_envelope(key, sealed, associated)


def test_a_key_of_another_length_seals_nothing() -> None:
    with pytest.raises(SealBroken, match="32 bytes, not 16"):
        envelope.seal(KEY[:16], b"", b"", bytes)
