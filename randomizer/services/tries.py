"""Tries at what can be guessed, counted once for every thread and every process of a door.

A try counts from before it is checked, so that many at once are no more than so many one after the other.
Counts live in memory that a door makes before it parts into processes: in no database, where whoever guesses
would hold up whoever acts, and in no file, which a full disk could refuse. The last ones stand in a ring, so
a flood cannot fill the memory; none of them ever keeps somebody else's try from being counted.
docs/decisions/0022-tries-counted-across-processes.md.
"""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import sys
import tempfile
import weakref
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from struct import Struct
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

REMEMBERED: Final = 16_384  # tries of anybody
_HOW_MANY = Struct("=Q")  # tries ever begun
_RECORD = Struct("=16sdQ")  # whose; when, in seconds; one of the two below
_UNDER_WAY, _FAILED = 1, 2
_NONE = bytes(_RECORD.size)


@dataclass(frozen=True, slots=True)
class Try:
    """One try that was counted.

    Args:
        number: How many were begun before it.
        whose: Digest of what was tried.
    """

    number: int
    whose: bytes


class Tries:
    """The last tries; make it before the processes that share it are forked.

    Args:
        remembered: How many tries of anybody it remembers.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._ring = mmap.mmap(-1, _HOW_MANY.size + remembered * _RECORD.size)  # shared with children
        self._turn = Lock()
        self._file = _file_without_a_name()
        weakref.finalize(self, os.close, self._file)

    def begin(self, what: str, *, limit: int, at: float = 0, since: float = 0) -> Try | None:
        """Count one more try, unless there were as many as there may be.

        Args:
            what: What is guessed at, and from where.
            limit: How many may count.
            at: Now, in seconds.
            since: Tries from before count no more, nor those that lie as far ahead: they are of a clock that
                was put right.

        Returns:
            The try, for `failed`, `succeeded` or `withdraw`; None where it may not be made.
        """
        whose = _digest(what)
        with self._alone():
            if sum(1 for _ in self._found(whose, since, 2 * at - since)) >= limit:
                return None
            (number,) = _HOW_MANY.unpack_from(self._ring)
            _RECORD.pack_into(self._ring, self._place(number), whose, at, _UNDER_WAY)
            _HOW_MANY.pack_into(self._ring, 0, number + 1)
        return Try(number, whose)

    def moments(self, what: str, *, since: float = 0, until: float = inf) -> list[float]:
        """When the tries were made that count, the first one first."""
        with self._alone():
            return sorted(at for _, at, _ in self._found(_digest(what), since, until))

    def failed(self, begun: Try) -> None:
        """Have a try count on: it did not fit."""
        with self._alone():
            place = self._place(begun.number)
            whose, at, _ = _RECORD.unpack_from(self._ring, place)
            if whose == begun.whose:
                _RECORD.pack_into(self._ring, place, whose, at, _FAILED)

    def succeeded(self, begun: Try) -> None:
        """Forget a try that fitted and those that failed; what is being checked meanwhile counts on."""
        with self._alone():
            places = [place for place, _, state in self._found(begun.whose) if state == _FAILED]
            for place in places:
                self._ring[place : place + _RECORD.size] = _NONE
            self._forget(begun)

    def withdraw(self, begun: Try) -> None:
        """Forget a try that was not checked after all."""
        with self._alone():
            self._forget(begun)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._turn:  # of a thread; the lock of the file is one of a process
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _found(self, whose: bytes, since: float = 0, until: float = inf) -> Iterator[tuple[int, float, int]]:
        """Place, moment and state of each try that counts."""
        (ever,) = _HOW_MANY.unpack_from(self._ring)
        end = _HOW_MANY.size + min(ever, self._remembered) * _RECORD.size
        place = self._ring.find(whose, _HOW_MANY.size, end)
        while place >= 0:
            if (place - _HOW_MANY.size) % _RECORD.size == 0:  # else the bytes of two records look like it
                _, at, state = _RECORD.unpack_from(self._ring, place)
                if since <= at <= until:
                    yield place, at, state
            place = self._ring.find(whose, place + 1, end)

    def _forget(self, begun: Try) -> None:
        place = self._place(begun.number)
        if self._ring[place : place + len(begun.whose)] == begun.whose:
            self._ring[place : place + _RECORD.size] = _NONE

    def _place(self, number: int) -> int:
        return _HOW_MANY.size + number % self._remembered * _RECORD.size


def _file_without_a_name() -> int:
    """A file to lock: a lock of a file ends with the process that holds it, however that ends.

    Nothing is written to it, and it asks for no directory where that can be helped: a door begins although
    every disk is full.
    """
    if sys.platform == "linux":
        return os.memfd_create("tries")
    handle, path = tempfile.mkstemp(prefix="tries-")
    os.unlink(path)  # noqa: PTH108 - the handle is all that is needed
    return handle


def _digest(what: str) -> bytes:
    return hashlib.sha256(what.encode()).digest()[:16]
