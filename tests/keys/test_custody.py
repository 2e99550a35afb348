from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import custody, files
from keys.base64_text import to_base64
from keys.custody import HeldKey, KeyRing
from keys.errors import KeyFileRefused

if TYPE_CHECKING:
    from pathlib import Path

MADE_AT = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
RING = custody.new_ring(secrets.token_bytes, MADE_AT)


def test_a_ring_holds_two_keys_of_32_bytes() -> None:
    assert len(RING.code_break_key) == len(RING.preparation_key) == 32
    assert RING.code_break_key != RING.preparation_key
    assert RING.key("code-break") == RING.code_break_key
    with pytest.raises(KeyFileRefused, match="no archive key"):
        RING.key("archive")


@pytest.mark.promise(14)
def test_a_ring_comes_back_from_a_0600_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    custody.write_key_file(path, RING)
    assert path.stat().st_mode & 0o777 == 0o600
    assert custody.read_key_file(path) == RING
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys.json"]


@pytest.mark.promise(14)
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o700 | 0o010])
def test_a_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys.json"
    custody.write_key_file(path, RING)
    path.chmod(mode)
    with pytest.raises(KeyFileRefused, match=f"mode {mode:04o}; it must be 0600"):
        custody.read_key_file(path)


@pytest.mark.promise(14)
def test_a_directory_that_everybody_can_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    custody.write_key_file(path, RING)
    tmp_path.chmod(0o777)
    with pytest.raises(KeyFileRefused, match="written by everybody"):
        custody.read_key_file(path)
    with pytest.raises(KeyFileRefused, match="written by everybody"):
        custody.write_key_file(tmp_path / "other.json", RING)


def test_a_missing_file_a_directory_and_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("missing", "", "pipe", "missing/keys.json"):
        with pytest.raises(KeyFileRefused):
            custody.read_key_file(tmp_path / name)


def test_a_file_is_replaced_only_when_told(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    custody.write_key_file(path, RING)
    other = custody.new_ring(secrets.token_bytes, MADE_AT)
    with pytest.raises(KeyFileRefused, match="not overwritten"):
        custody.write_key_file(path, other)
    assert custody.read_key_file(path) == RING
    custody.write_key_file(path, other, replace=True)
    assert custody.read_key_file(path) == other


def test_a_rotated_key_takes_the_place_of_the_old_one() -> None:
    later = custody.new_key(custody.CODE_BREAK, secrets.token_bytes, MADE_AT + timedelta(days=1))
    rotated = RING.with_key(later)
    assert rotated.code_break_key == later.secret
    assert rotated.preparation_key == RING.preparation_key
    assert len(rotated.keys) == 2


def test_times_are_written_in_utc_and_whole_seconds() -> None:
    here = MADE_AT.astimezone(timezone(timedelta(hours=2))).replace(microsecond=999)
    ring = KeyRing((custody.new_key("staged", bytes, here),))
    assert b'"made_at":"2026-11-27T09:30:00Z"' in ring.to_bytes()
    assert KeyRing.from_bytes(ring.to_bytes()) == ring


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"v1/key-ring", b"v2/key-ring"),
        (b'"keys"', b'"kays"'),
        (b'"made_at":"2026', b'"made_at":"x026'),
        (b'"made_at"', b'"made"'),
        (b'"key":"', b'"key":"!'),
        (b'"code-break"', b'"Code break"'),
        (b"}\n", b"}\n\n"),
    ],
)
def test_a_malformed_ring_is_refused_and_not_repeated(old: bytes, new: bytes) -> None:
    encoded = RING.to_bytes()
    assert old in encoded
    with pytest.raises(KeyFileRefused) as refusal:
        KeyRing.from_bytes(encoded.replace(old, new))
    assert to_base64(RING.code_break_key) not in str(refusal.value)


@pytest.mark.promise(18)
@given(st.binary(max_size=80))
def test_any_bytes_are_refused_in_words(content: bytes) -> None:
    with pytest.raises(KeyFileRefused):
        KeyRing.from_bytes(content)


@pytest.mark.parametrize(
    "held",
    [("Code Break", bytes(32), MADE_AT), ("staged", bytes(31), MADE_AT), ("staged", bytes(32), None)],
)
def test_an_improper_key_is_refused(held: tuple[str, bytes, datetime | None]) -> None:
    purpose, secret, made_at = held
    with pytest.raises(KeyFileRefused):
        HeldKey(purpose, secret, made_at or datetime(2026, 11, 27))  # noqa: DTZ001 - the fault under test


def test_a_purpose_stands_once() -> None:
    with pytest.raises(KeyFileRefused, match="one key for each purpose"):
        KeyRing((*RING.keys, RING.keys[0]))


@pytest.mark.promise(3)
def test_rings_and_keys_print_masked() -> None:
    assert repr(RING) == "KeyRing(masked)"
    assert "secret" not in repr(RING.keys[0])
    assert RING.keys[0].fingerprint not in RING.code_break_key.hex()


@pytest.mark.promise(13)
def test_pins_come_back_and_a_file_that_others_could_change_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pins.json"
    pins = {"leaf_root": "ab" * 32, "log": "example.org/log+98af023b+AQ=="}
    custody.write_pins(path, pins)
    assert custody.read_pins(path) == pins
    path.chmod(0o644)
    assert custody.read_pins(path) == pins
    path.chmod(0o664)
    with pytest.raises(KeyFileRefused, match="mode 0664"):
        custody.read_pins(path)


def test_malformed_pins_are_refused(tmp_path: Path) -> None:
    for content in (b"{}", b'{"pins":[],"type":"crossover-randomizer/v1/pins"}\n', RING.to_bytes()):
        path = tmp_path / "pins.json"
        files.write_private(path, content, replace=True)
        with pytest.raises(KeyFileRefused):
            custody.read_pins(path)
    files.write_private(path, b'{"pins":{"a":1},"type":"crossover-randomizer/v1/pins"}\n', replace=True)
    with pytest.raises(KeyFileRefused, match="A pin is text"):
        custody.read_pins(path)
