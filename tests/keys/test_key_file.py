from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from keys import custody, envelope, wraps
from keys.errors import KeyFileRefused, SealBroken
from keys.key_file import KeyFile

if TYPE_CHECKING:
    from pathlib import Path

MADE_AT = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
LATER = MADE_AT + timedelta(days=100)
SLOT = b"slot 0"
SLOT_KEY = bytes(range(32))
RING = custody.new_ring(secrets.token_bytes, MADE_AT)
WRAPPED = wraps.wrap(SLOT_KEY, RING.code_break_key, SLOT, secrets.token_bytes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    custody.write_key_file(tmp_path / "keys.json", RING)
    return tmp_path / "keys.json"


@pytest.fixture
def rotating(path: Path) -> KeyFile:
    """A rotation under way."""
    keys = KeyFile(path)
    keys.begin(secrets.token_bytes, LATER)
    return keys


def test_a_wrap_opens_under_the_key_of_the_file_alone(path: Path) -> None:
    keys = KeyFile(path)
    assert keys.unwrap(WRAPPED, SLOT) == SLOT_KEY
    assert not keys.rotating
    with pytest.raises(SealBroken):
        keys.unwrap(WRAPPED, b"slot 1")
    with pytest.raises(SealBroken):
        keys.unwrap(wraps.wrap(SLOT_KEY, bytes(32), SLOT, secrets.token_bytes), SLOT)
    with pytest.raises(KeyFileRefused, match="code-break-next"):
        keys.rewrap(WRAPPED, SLOT, secrets.token_bytes)


@pytest.mark.requirement("custody")
def test_both_keys_are_in_the_file_while_a_rotation_lasts(path: Path, rotating: KeyFile) -> None:
    anew = rotating.rewrap(WRAPPED, SLOT, secrets.token_bytes)
    assert anew != WRAPPED
    assert path.stat().st_mode & 0o777 == 0o600
    for keys in (rotating, KeyFile(path)):
        assert keys.rotating
        assert keys.unwrap(WRAPPED, SLOT) == keys.unwrap(anew, SLOT) == SLOT_KEY
        assert (keys.is_next(WRAPPED, SLOT), keys.is_next(anew, SLOT)) == (False, True)
        with pytest.raises(SealBroken):
            keys.is_next(anew, b"slot 1")


@pytest.mark.requirement("custody")
def test_the_former_key_is_nowhere_once_the_rotation_has_ended(path: Path, rotating: KeyFile) -> None:
    anew = rotating.rewrap(WRAPPED, SLOT, secrets.token_bytes)
    fingerprint = rotating.next_fingerprint
    rotating.end()
    assert rotating.unwrap(anew, SLOT) == SLOT_KEY
    with pytest.raises(SealBroken):
        rotating.unwrap(WRAPPED, SLOT)
    held = custody.read_key_file(path).held(custody.CODE_BREAK)
    assert (held.made_at, held.fingerprint) == (LATER, fingerprint)
    assert held.secret != RING.code_break_key
    assert custody.read_key_file(path).preparation_key == RING.preparation_key
    assert not custody.read_key_file(path).holds(custody.NEXT)


def test_a_rotation_that_came_to_nothing_leaves_the_file_as_it_was(path: Path, rotating: KeyFile) -> None:
    rotating.abandon()
    assert custody.read_key_file(path) == rotating.ring == RING


@pytest.mark.requirement("custody")
def test_a_process_that_read_its_keys_before_a_rotation_reads_them_again(path: Path) -> None:
    door, rotating = KeyFile(path), KeyFile(path)
    rotating.begin(secrets.token_bytes, LATER)
    anew = rotating.rewrap(WRAPPED, SLOT, secrets.token_bytes)
    assert door.unwrap(WRAPPED, SLOT) == SLOT_KEY
    rotating.end()
    assert door.unwrap(WRAPPED, SLOT) == SLOT_KEY  # in memory until it fits no more
    assert door.unwrap(anew, SLOT) == SLOT_KEY
    with pytest.raises(SealBroken):
        door.unwrap(WRAPPED, SLOT)


def test_a_file_that_is_gone_takes_no_key_from_a_running_process(path: Path) -> None:
    keys = KeyFile(path)
    path.unlink()
    assert keys.unwrap(WRAPPED, SLOT) == SLOT_KEY
    with pytest.raises(SealBroken):
        keys.unwrap(WRAPPED, b"slot 1")
    assert keys.unwrap(WRAPPED, SLOT) == SLOT_KEY


def test_what_is_under_the_key_itself_is_sealed_anew(rotating: KeyFile) -> None:
    sealed = envelope.seal(RING.code_break_key, b"content", b"place", secrets.token_bytes)
    anew = rotating.reseal(sealed, b"place", secrets.token_bytes)
    again = rotating.reseal(anew, b"place", secrets.token_bytes)
    rotating.end()
    assert rotating.open_envelope(anew, b"place") == rotating.open_envelope(again, b"place") == b"content"
    with pytest.raises(SealBroken):
        rotating.open_envelope(sealed, b"place")


def test_two_rotations_never_run_at_once(path: Path) -> None:
    first, second = KeyFile(path), KeyFile(path)
    with first.alone():
        first.begin(secrets.token_bytes, LATER)
        with pytest.raises(KeyFileRefused, match="Another rotation is under way"), second.alone():
            pytest.fail("both ran")
    with second.alone():
        assert second.rotating


@pytest.mark.promise(3)
def test_it_prints_masked(path: Path) -> None:
    assert repr(KeyFile(path)) == "KeyFile(masked)"
