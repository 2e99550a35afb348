"""Custody of a code-break host's keys: the ring, its 0600 file, pins beside it, what a provider does."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from keys import certificate, files
from keys.base64_text import from_base64, to_base64
from keys.entropy import Entropy, draw
from keys.errors import KeyFileRefused, NoteRefused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from keys.stream import Stream

CODE_BREAK: Final = "code-break"
PREPARATION: Final = "preparation"
NEXT: Final = "code-break-next"
"""Purpose of the code-break key that a rotation brings in, until it has taken the former one's place."""
KEY_LENGTH: Final = 32  # bytes
RING_TYPE: Final = "crossover-randomizer/v1/key-ring"
PINS_TYPE: Final = "crossover-randomizer/v1/pins"
_PURPOSE_FORM: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_TIME_FORM: Final = "%Y-%m-%dT%H:%M:%SZ"
_FINGERPRINT_LABEL: Final = b"crossover-randomizer/v1/key-fingerprint"


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key with its purpose and age; it prints without its secret.

    Args:
        purpose: Lower case words joined by dashes.
        secret: 32 bytes.
        made_at: UTC, whole seconds.
    """

    purpose: str
    secret: bytes = field(repr=False)
    made_at: datetime

    def __post_init__(self) -> None:
        if not _PURPOSE_FORM.fullmatch(self.purpose):
            raise KeyFileRefused("The purpose of a key is lower case letters, digits and dashes.")
        if len(self.secret) != KEY_LENGTH:
            raise KeyFileRefused(f"The {self.purpose} key has {len(self.secret)} bytes, not {KEY_LENGTH}.")
        if self.made_at.utcoffset() is None:
            raise KeyFileRefused(f"The time of the {self.purpose} key has no time zone.")

    @property
    def fingerprint(self) -> str:
        """A name of the key that gives nothing of it away: 16 hex digits of a labelled hash."""
        return hashlib.sha256(_FINGERPRINT_LABEL + self.secret).hexdigest()[:16]


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """The keys that a host holds, one for each purpose; it prints masked.

    Args:
        keys: The keys; no purpose twice.
    """

    keys: tuple[HeldKey, ...]

    def __post_init__(self) -> None:
        purposes = [key.purpose for key in self.keys]
        if len(set(purposes)) != len(purposes):
            raise KeyFileRefused("A key ring holds one key for each purpose.")

    def __repr__(self) -> str:
        return "KeyRing(masked)"

    @property
    def code_break_key(self) -> bytes:
        """The key of the code-break wraps, 32 bytes."""
        return self.key(CODE_BREAK)

    @property
    def preparation_key(self) -> bytes:
        """The key of the preparation records, 32 bytes."""
        return self.key(PREPARATION)

    def key(self, purpose: str) -> bytes:
        """Give the key of a purpose, 32 bytes.

        Raises:
            KeyFileRefused: The ring has none.
        """
        return self.held(purpose).secret

    def held(self, purpose: str) -> HeldKey:
        """Give the key of a purpose with its age.

        Raises:
            KeyFileRefused: The ring has none.
        """
        for held in self.keys:
            if held.purpose == purpose:
                return held
        raise KeyFileRefused(f"The key ring holds no {purpose} key.")

    def holds(self, purpose: str) -> bool:
        """Whether there is a key of a purpose."""
        return any(held.purpose == purpose for held in self.keys)

    def with_key(self, new: HeldKey) -> KeyRing:
        """Give a ring with this key in the place of any other of its purpose."""
        return KeyRing((*self.without(new.purpose).keys, new))

    def without(self, purpose: str) -> KeyRing:
        """Give a ring with no key of a purpose."""
        return KeyRing(tuple(held for held in self.keys if held.purpose != purpose))

    def to_bytes(self) -> bytes:
        """Encode for a key file or for sealing to a transport key: canonical JSON."""
        keys = {
            held.purpose: {
                "key": to_base64(held.secret),
                "made_at": held.made_at.astimezone(UTC).strftime(_TIME_FORM),
            }
            for held in self.keys
        }
        return certificate.canonical({"type": RING_TYPE, "keys": keys}) + b"\n"

    @classmethod
    def from_bytes(cls, encoded: bytes) -> KeyRing:
        """Read what `to_bytes` gave.

        Raises:
            KeyFileRefused: It is not a key ring; the message repeats nothing of it.
        """
        keys = _read(encoded, RING_TYPE, "keys")
        return cls(tuple(_read_key(purpose, entry) for purpose, entry in keys.items()))


class KeyProvider(Protocol):
    """What the code-break host does with its keys, wherever they lie: in a key file, or in a token.

    While a rotation is under way there are two code-break keys, and what opens under either opens.
    """

    def unwrap(self, wrapped: bytes, associated: bytes) -> bytes:
        """Give the slot key of a code-break wrap.

        Raises:
            SealBroken: No code-break key, as they are now, opens it.
        """

    def open_envelope(self, sealed: bytes, associated: bytes) -> bytes:
        """Decrypt what was sealed under the code-break key itself.

        Raises:
            SealBroken: No code-break key, as they are now, opens it.
        """

    def open_record(self, sealed: bytes, associated: bytes) -> bytes:
        """Decrypt what was sealed under the preparation key.

        Raises:
            SealBroken: It does not open.
        """

    def seal_record(self, content: bytes, associated: bytes, entropy: Entropy) -> bytes:
        """Encrypt under the preparation key and a fresh nonce."""

    def draws(self, label: str) -> Stream:
        """Bits that follow from the preparation key and a label; without the key nobody can tell them."""

    def alone(self) -> AbstractContextManager[None]:
        """Keep every other rotation of this host off, and begin with the keys as they are now.

        Raises:
            KeyFileRefused: Another one is under way, or the keys cannot be read.
        """

    @property
    def rotating(self) -> bool:
        """Whether a rotation was begun and not ended."""

    @property
    def next_fingerprint(self) -> str:
        """A name of the next code-break key that gives nothing of it away.

        Raises:
            KeyFileRefused: No rotation is under way.
        """

    def begin(self, entropy: Entropy, now: datetime) -> None:
        """Put the next code-break key beside the present one; both last when this returns.

        Args:
            entropy: Source of the key, unless the provider draws its keys itself.
            now: With time zone.
        """

    def rewrap(self, wrapped: bytes, associated: bytes, entropy: Entropy) -> bytes:
        """Wrap a slot key anew under the next key; nothing that the slot key seals is opened.

        Raises:
            SealBroken: The present code-break key does not open the wrap.
        """

    def reseal(self, sealed: bytes, associated: bytes, entropy: Entropy) -> bytes:
        """Seal anew, under the next key, what was sealed under the code-break key itself.

        Raises:
            SealBroken: No code-break key opens it.
        """

    def is_next(self, wrapped: bytes, associated: bytes) -> bool:
        """Whether a wrap opens under the next key.

        Raises:
            SealBroken: Neither key opens it.
        """

    def end(self) -> None:
        """Let the next key take the former one's place, which is nowhere on this host afterwards."""

    def abandon(self) -> None:
        """Forget the next key: nothing was wrapped under it."""


def new_key(purpose: str, entropy: Entropy, made_at: datetime) -> HeldKey:
    """Draw a key of 32 bytes.

    Args:
        purpose: Such as `CODE_BREAK`.
        entropy: Source of the key.
        made_at: Now, with time zone.
    """
    return HeldKey(purpose, draw(entropy, KEY_LENGTH), made_at.replace(microsecond=0))


def new_ring(entropy: Entropy, made_at: datetime) -> KeyRing:
    """Draw a ring with a code-break key and a preparation key."""
    return KeyRing(tuple(new_key(purpose, entropy, made_at) for purpose in (CODE_BREAK, PREPARATION)))


def write_key_file(path: Path, ring: KeyRing, *, replace: bool = False) -> None:
    """Write a ring with mode 0600: whole or not at all.

    Raises:
        KeyFileRefused: The file is there and `replace` is not set, or its directory is open to everybody.
    """
    files.write_private(path, ring.to_bytes(), replace=replace)


def read_key_file(path: Path) -> KeyRing:
    """Read a ring.

    Raises:
        KeyFileRefused: The file is open to others, in an open directory, missing or malformed.
    """
    return KeyRing.from_bytes(files.read_private(path))


def write_pins(path: Path, pins: Mapping[str, str], *, replace: bool = False) -> None:
    """Write named digests and keys that answers are checked against.

    Args:
        path: Beside the key file, outside the database.
        pins: Name to digest in hex or verifier key string.
        replace: Whether a file that is there may be replaced.
    """
    content = certificate.canonical({"type": PINS_TYPE, "pins": pins}) + b"\n"
    files.write_private(path, content, replace=replace)


def read_pins(path: Path) -> dict[str, str]:
    """Read pins.

    Raises:
        KeyFileRefused: The file can be written by others, is missing or malformed.
    """
    pins = _read(files.read_pinned(path), PINS_TYPE, "pins")
    if not all(isinstance(value, str) for value in pins.values()):
        raise KeyFileRefused("A pin is text.")
    return pins


def _read(encoded: bytes, expected_type: str, content: str) -> dict[str, Any]:
    try:
        mapping = certificate.parse(encoded.decode())
    except (NoteRefused, UnicodeDecodeError):
        raise KeyFileRefused(f"This is not the canonical JSON of {content}.") from None
    if mapping.keys() != {"type", content} or mapping["type"] != expected_type:
        raise KeyFileRefused(f"This file does not hold {content} of version 1.")
    if not isinstance(mapping[content], dict):
        raise KeyFileRefused(f"The {content} of this file are not named.")
    return dict(mapping[content])


def _read_key(purpose: str, entry: object) -> HeldKey:
    if not isinstance(entry, dict) or entry.keys() != {"key", "made_at"}:
        raise KeyFileRefused(f"The {purpose} key of this file has not the fields key and made_at.")
    secret = from_base64(entry["key"]) if isinstance(entry["key"], str) else None
    try:
        made_at = datetime.strptime(str(entry["made_at"]), _TIME_FORM).replace(tzinfo=UTC)
    except ValueError:
        raise KeyFileRefused(f"The time of the {purpose} key is not like 2026-11-27T09:30:00Z.") from None
    if secret is None:
        raise KeyFileRefused(f"The {purpose} key of this file is not in base64.")
    return HeldKey(purpose, secret, made_at)
