"""The PKCS#11 provider on SoftHSM2; skipped, and said so, where that is not installed."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from keys import custody, envelope, transport, wraps
from keys.custody import CODE_BREAK, NEXT, PREPARATION
from keys.errors import KeyFileRefused, SealBroken
from tests import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keys.token import Token

pytestmark = pytest.mark.requirement("custody")

MADE_AT = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
LATER = MADE_AT + timedelta(days=100)
RING = custody.new_ring(secrets.token_bytes, MADE_AT)
SLOT = b"slot 0"
SLOT_KEY = bytes(range(32))
WRAPPED = wraps.wrap(SLOT_KEY, RING.code_break_key, SLOT, secrets.token_bytes)


def opened(made: tokens.Made, directory: Path) -> Token:
    from keys.token import Token  # noqa: PLC0415 - an optional extra

    return Token(made.module, made.label, tokens.PIN, directory)


@pytest.fixture
def empty(made_token: tokens.Made, tmp_path: Path) -> Iterator[Token]:
    """A token with nothing in it."""
    token = opened(made_token, tmp_path)
    yield token
    token.close()


@pytest.fixture
def token(empty: Token) -> Token:
    """A token that took the ceremony's keys in."""
    empty.install(transport.seal_ring(empty.make_transport(), RING))
    return empty


@pytest.mark.promise(14)
def test_keys_of_the_ceremony_come_in_and_never_out(token: Token) -> None:
    from pkcs11 import Attribute  # noqa: PLC0415 - an optional extra
    from pkcs11.exceptions import PKCS11Error  # noqa: PLC0415

    for purpose in (CODE_BREAK, PREPARATION):
        key = token._one(purpose)  # noqa: SLF001 - what the token says of its own object
        assert (key[Attribute.SENSITIVE], key[Attribute.EXTRACTABLE]) == (True, False)
        with pytest.raises(PKCS11Error):
            key[Attribute.VALUE]
        assert token.made_at(purpose) == MADE_AT
    assert token.fingerprint(CODE_BREAK) != token.fingerprint(PREPARATION)
    assert repr(token) == "Token(masked)"


def test_a_wrap_of_the_ceremony_opens_in_the_token(token: Token) -> None:
    assert token.unwrap(WRAPPED, SLOT) == SLOT_KEY
    for wrapped, associated in ((WRAPPED, b"slot 1"), (WRAPPED[:-1] + b"x", SLOT), (WRAPPED[:-1], SLOT)):
        with pytest.raises(SealBroken):
            token.unwrap(wrapped, associated)
    sealed = envelope.seal(RING.code_break_key, b"content", b"place", secrets.token_bytes)
    assert token.open_envelope(sealed, b"place") == b"content"
    with pytest.raises(SealBroken):
        token.open_envelope(b"short", b"place")


def test_records_are_those_of_the_format(token: Token) -> None:
    sealed = token.seal_record(b"record", b"place", lambda count: bytes(range(count)))
    expected = envelope.seal(RING.preparation_key, b"record", b"place", lambda count: bytes(range(count)))
    assert sealed == expected
    assert token.open_record(sealed, b"place") == b"record"
    with pytest.raises(SealBroken):
        token.open_record(sealed, b"elsewhere")


def test_bits_follow_from_key_and_label(token: Token) -> None:
    first, again, other = (token.draws(label).take(32) for label in ("a", "a", "b"))
    assert first == again != other


def test_a_rotation_ends_with_one_new_key(token: Token) -> None:
    former = token.fingerprint(CODE_BREAK)
    with token.alone():
        token.begin(secrets.token_bytes, LATER)
        present = token.next_fingerprint
        assert token.rotating
        anew = token.rewrap(WRAPPED, SLOT, secrets.token_bytes)
        sealed = envelope.seal(RING.code_break_key, b"content", b"place", secrets.token_bytes)
        resealed = token.reseal(sealed, b"place", secrets.token_bytes)
        assert token.unwrap(WRAPPED, SLOT) == token.unwrap(anew, SLOT) == SLOT_KEY
        assert (token.is_next(WRAPPED, SLOT), token.is_next(anew, SLOT)) == (False, True)
        token.end()
    assert (token.rotating, token.fingerprint(CODE_BREAK)) == (False, present)
    assert present != former
    assert token.made_at(CODE_BREAK) == LATER
    assert (token.unwrap(anew, SLOT), token.open_envelope(resealed, b"place")) == (SLOT_KEY, b"content")
    with pytest.raises(SealBroken):
        token.unwrap(WRAPPED, SLOT)


def test_a_rotation_that_came_to_nothing_leaves_the_former_key(token: Token) -> None:
    former = token.fingerprint(CODE_BREAK)
    token.begin(secrets.token_bytes, LATER)
    token.abandon()
    assert (token.rotating, token.fingerprint(CODE_BREAK)) == (False, former)
    assert token.unwrap(WRAPPED, SLOT) == SLOT_KEY


def test_a_rotation_that_died_between_its_last_two_steps_is_ended_by_the_next(token: Token) -> None:
    token.begin(secrets.token_bytes, LATER)
    anew = token.rewrap(WRAPPED, SLOT, secrets.token_bytes)
    token._one(CODE_BREAK).destroy()  # noqa: SLF001 - the crash after the first half of `end`
    assert token.unwrap(anew, SLOT) == SLOT_KEY
    assert token.is_next(anew, SLOT)
    token.end()
    assert (token.rotating, token.unwrap(anew, SLOT)) == (False, SLOT_KEY)


def test_another_session_sees_the_rotation(token: Token, made_token: tokens.Made, tmp_path: Path) -> None:
    token.begin(secrets.token_bytes, LATER)
    with token.alone(), pytest.raises(KeyFileRefused, match="under way"), token.alone():
        pytest.fail("both ran")
    assert token.holds(NEXT)


def test_threads_take_turns(token: Token) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: token.unwrap(WRAPPED, SLOT), range(100)))
    assert found == {SLOT_KEY}


def test_what_a_token_holds_is_never_overwritten(token: Token) -> None:
    sealed = transport.seal_ring(token.transport_public, RING)
    with pytest.raises(KeyFileRefused, match="holds keys of a host already"):
        token.install(sealed)
    with pytest.raises(KeyFileRefused, match="has a transport key already"):
        token.make_transport()


def test_keys_for_another_token_leave_nothing_behind(empty: Token, made_token: tokens.Made) -> None:
    with pytest.raises(KeyFileRefused, match="no transport key"):
        _ = empty.transport_public
    own = empty.make_transport()
    assert transport.parse_public_line(transport.public_line(own, "x")) == own
    with pytest.raises(KeyFileRefused, match="a code-break key and a preparation key"):
        empty.install(transport.seal_ring(own, RING.without(PREPARATION)))
    strange = bytearray(transport.seal_ring(own, RING))
    text = strange.decode()
    at = text.rindex('"wrapped":"') + 20
    with pytest.raises(KeyFileRefused):
        empty.install((text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]).encode())
    assert not empty.holds(CODE_BREAK)
    assert not empty.holds(PREPARATION)


def test_a_wrong_pin_label_or_library_is_refused_in_words(made_token: tokens.Made, tmp_path: Path) -> None:
    from keys.token import Token  # noqa: PLC0415 - an optional extra

    for module, label, pin in (
        (made_token.module, made_token.label, "wrong"),
        (made_token.module, "no such token", tokens.PIN),
        ("/nowhere/lib.so", made_token.label, tokens.PIN),
    ):
        with pytest.raises(KeyFileRefused, match="cannot be opened") as refusal:
            Token(module, label, pin, tmp_path)
        assert pin not in str(refusal.value)
