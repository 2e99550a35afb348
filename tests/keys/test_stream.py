from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from keys.errors import KeysError
from keys.stream import Stream

if TYPE_CHECKING:
    from pathlib import Path

SEED = bytes(range(32))


def expected_bytes(seed: bytes, label: str, count: int) -> bytes:
    """The documented stream, written a second time: HKDF by hand, counter blocks one by one."""
    extracted = hmac.digest(bytes(32), seed, hashlib.sha256)
    key = hmac.digest(extracted, label.encode() + b"\x01", hashlib.sha256)
    cipher = Cipher(algorithms.AES256(key), modes.ECB()).encryptor()  # noqa: S305 - counter mode by hand
    blocks = b"".join(cipher.update(number.to_bytes(16, "big")) for number in range(count // 16 + 1))
    return blocks[:count]


def expected_below(words: bytes, bound: int) -> tuple[int, bytes]:
    width = 4 if bound <= 2**32 else 8
    while True:
        word, words = int.from_bytes(words[:width], "big"), words[width:]
        if word < (256**width // bound) * bound:
            return word % bound, words


@pytest.mark.promise(11)
def test_the_official_hkdf_cases_hold_for_the_function_that_keys_the_stream(conformance: Path) -> None:
    groups = json.loads((conformance / "vectors/wycheproof/hkdf_sha256_test.json").read_text())["testGroups"]
    cases = [case for group in groups for case in group["tests"]]
    for case in cases:
        material, salt, info, expected = (
            bytes.fromhex(case[field]) for field in ("ikm", "salt", "info", "okm")
        )
        if case["result"] == "valid":
            derived = HKDF(algorithm=SHA256(), length=case["size"], salt=salt, info=info)
            assert derived.derive(material) == expected, case["tcId"]
        else:
            with pytest.raises(ValueError, match="larger than 8160"):
                HKDF(algorithm=SHA256(), length=case["size"], salt=salt, info=info)
    assert len(cases) == 86


@pytest.mark.promise(11)
def test_known_answers() -> None:
    schedule = Stream(SEED, "crossover-randomizer/v1/schedule")
    assert schedule.take(32).hex() == "2b02c23a893d3cc80d9ab78761b1a1058784ae5529eb4309a5d19c86722c47f6"
    assert [schedule.below(6) for _ in range(12)] == [0, 5, 3, 2, 3, 0, 4, 1, 2, 5, 5, 1]
    assert [schedule.below(2**40) for _ in range(3)] == [638604552339, 212859297094, 1019660925086]

    salts = Stream(SEED, "crossover-randomizer/v1/salts")
    salts.take(65530)
    assert salts.take(16).hex() == "0daf35dea716ccb087af939e1eb0de67"

    kits = Stream(SEED, "crossover-randomizer/v1/kits")
    drawn = [kits.below(2**31 + 1) for _ in range(6)]
    assert drawn == [1885947093, 528868738, 108184332, 1928874805, 44303670, 1883485286]
    assert kits.take(4).hex() == "87fb0a49"


@pytest.mark.promise(11)
@given(st.binary(min_size=16, max_size=64), st.text(min_size=1, max_size=20), st.lists(st.integers(0, 90000)))
def test_bytes_are_those_of_the_documented_stream_however_they_are_taken(
    seed: bytes, label: str, counts: list[int]
) -> None:
    counts = counts[:3]
    bits = Stream(seed, label)
    taken = b"".join(bits.take(count) for count in counts)
    assert taken == expected_bytes(seed, label, sum(counts))


@pytest.mark.promise(11)
@given(st.lists(st.integers(1, 2**64), max_size=30))
def test_integers_are_those_of_the_documented_rejection(bounds: list[int]) -> None:
    bits = Stream(SEED, "bounds")
    words = expected_bytes(SEED, "bounds", 65536)
    for bound in bounds:
        expected, words = expected_below(words, bound)
        assert bits.below(bound) == expected


def test_each_answer_is_equally_likely() -> None:
    bits = Stream(SEED, "fair")
    counts = [0] * 7
    for _ in range(70000):
        counts[bits.below(7)] += 1
    assert sum((count - 10000) ** 2 / 10000 for count in counts) < 22.5  # chi-square, 6 df, p = 0.001


def test_labels_and_seeds_give_streams_of_their_own() -> None:
    streams = {
        Stream(seed, label).take(16) for seed in (SEED, bytes(32)) for label in ("schedule", "salts", "kits")
    }
    assert len(streams) == 6


@pytest.mark.parametrize(("seed", "label"), [(bytes(15), "label"), (SEED, "")])
def test_a_short_seed_or_no_label_is_refused(seed: bytes, label: str) -> None:
    with pytest.raises(KeysError, match="at least 16 bytes"):
        Stream(seed, label)


@pytest.mark.parametrize("bound", [0, -1, 2**64 + 1])
def test_a_bound_out_of_range_is_refused(bound: int) -> None:
    with pytest.raises(KeysError, match=r"between 1 and 2\*\*64"):
        Stream(SEED, "label").below(bound)


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(KeysError, match="0 bytes or more"):
        Stream(SEED, "label").take(-1)


@pytest.mark.promise(3)
def test_it_prints_masked() -> None:
    assert repr(Stream(SEED, "label")) == "Stream('label', masked)"
