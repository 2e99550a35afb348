"""The key file provider: `keys.custody.KeyProvider` over one 0600 file.

A rotation adds the next code-break key to the file before any wrap is made under it, and takes the former one
out once no wrap needs it. In between the file holds both, and what opens under either opens.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from keys import custody, envelope, files, wraps
from keys.custody import CODE_BREAK, NEXT, HeldKey
from keys.errors import KeyFileRefused, KeysError, SealBroken
from keys.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from keys.custody import KeyRing
    from keys.entropy import Entropy


class KeyFile:
    """The keys of a code-break host, read once and again where a wrap fits none of them; prints masked.

    Args:
        path: The key file.

    Raises:
        KeyFileRefused: The file is missing, malformed or open to others.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.ring = custody.read_key_file(path)

    def __repr__(self) -> str:
        return "KeyFile(masked)"

    def unwrap(self, wrapped: bytes, associated: bytes) -> bytes:
        """Give the slot key of a code-break wrap.

        Raises:
            SealBroken: No code-break key of the file, as it is now, opens it.
        """
        return self._try(lambda key: wraps.unwrap(wrapped, key, associated))

    def open_envelope(self, sealed: bytes, associated: bytes) -> bytes:
        """Decrypt what was sealed under the code-break key itself.

        Raises:
            SealBroken: No code-break key of the file, as it is now, opens it.
        """
        return self._try(lambda key: envelope.open_envelope(key, sealed, associated))

    def open_record(self, sealed: bytes, associated: bytes) -> bytes:
        """Decrypt what was sealed under the preparation key.

        Raises:
            SealBroken: It does not open.
        """
        return envelope.open_envelope(self.ring.preparation_key, sealed, associated)

    def seal_record(self, content: bytes, associated: bytes, entropy: Entropy) -> bytes:
        """Encrypt under the preparation key and a fresh nonce."""
        return envelope.seal(self.ring.preparation_key, content, associated, entropy)

    def draws(self, label: str) -> Stream:
        """Bits that follow from the preparation key and a label."""
        return Stream(self.ring.preparation_key, label)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other rotation of this host off, and begin with the keys as they are on the disk.

        Raises:
            KeyFileRefused: Another one is under way, or the file cannot be read.
        """
        handle = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _lock(handle)
            # A writer that was killed left a copy of the keys: the former key must be nowhere in the end.
            files.remove_unfinished(self._path.parent)
            self.ring = custody.read_key_file(self._path)
            yield
        finally:
            os.close(handle)

    @property
    def rotating(self) -> bool:
        """Whether a rotation was begun and not ended."""
        return self.ring.holds(NEXT)

    @property
    def next_fingerprint(self) -> str:
        """A name of the next code-break key that gives nothing of it away.

        Raises:
            KeyFileRefused: No rotation is under way.
        """
        return self.ring.held(NEXT).fingerprint

    def begin(self, entropy: Entropy, now: datetime) -> None:
        """Put the next code-break key beside the present one; both are on the disk when this returns.

        Args:
            entropy: Source of the key.
            now: With time zone.
        """
        self._keep(self.ring.with_key(custody.new_key(NEXT, entropy, now)))

    def rewrap(self, wrapped: bytes, associated: bytes, entropy: Entropy) -> bytes:
        """Wrap a slot key anew under the next key; nothing that the slot key seals is opened.

        Raises:
            SealBroken: The present code-break key does not open the wrap.
        """
        slot_key = wraps.unwrap(wrapped, self.ring.code_break_key, associated)
        return wraps.wrap(slot_key, self.ring.key(NEXT), associated, entropy)

    def reseal(self, sealed: bytes, associated: bytes, entropy: Entropy) -> bytes:
        """Seal anew, under the next key, what was sealed under the code-break key itself.

        Raises:
            SealBroken: No code-break key of the file opens it.
        """
        content = self.open_envelope(sealed, associated)
        return envelope.seal(self.ring.key(NEXT), content, associated, entropy)

    def is_next(self, wrapped: bytes, associated: bytes) -> bool:
        """Whether a wrap opens under the next key.

        Raises:
            SealBroken: Neither key opens it.
        """
        try:
            wraps.unwrap(wrapped, self.ring.key(NEXT), associated)
        except SealBroken:
            wraps.unwrap(wrapped, self.ring.code_break_key, associated)
            return False
        return True

    def end(self) -> None:
        """Let the next key take the former one's place, which is nowhere on this host afterwards."""
        held = self.ring.held(NEXT)
        self._keep(self.ring.without(NEXT).with_key(HeldKey(CODE_BREAK, held.secret, held.made_at)))

    def abandon(self) -> None:
        """Forget the next key: nothing was wrapped under it."""
        self._keep(self.ring.without(NEXT))

    def _keep(self, ring: KeyRing) -> None:
        custody.write_key_file(self._path, ring, replace=True)
        self.ring = ring

    def _try(self, opens: Callable[[bytes], bytes]) -> bytes:
        try:
            return _first(self.ring, opens)
        except SealBroken:
            try:
                fresh = custody.read_key_file(self._path)
            except KeysError:
                fresh = self.ring
            # Another process may have rotated the keys since they were read here.
            opened = _first(fresh, opens)
            self.ring = fresh
            return opened


def _lock(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise KeyFileRefused("Another rotation is under way on this host; wait until it ends.") from None


def _first(ring: KeyRing, opens: Callable[[bytes], bytes]) -> bytes:
    if not ring.holds(NEXT):
        return opens(ring.code_break_key)
    try:
        return opens(ring.code_break_key)
    except SealBroken:
        return opens(ring.key(NEXT))
