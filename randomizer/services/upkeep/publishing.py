"""The public record: entries and signed checkpoints as files that anybody may have.

    public/entries.jsonl              one leaf of the trail a line, in order, as far as a checkpoint covers
    public/checkpoints/<size>.note    the signed tree heads

It is outside the database, so it also shows when the database was cut back or set back. It only grows.
"""

from __future__ import annotations

import fcntl
import json
import os
from itertools import takewhile
from typing import TYPE_CHECKING

from keys import files
from randomizer.domain.housekeeping import Entry, SignedCheckpoint
from randomizer.errors import Tampered
from randomizer.services import outside, trail

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.store.work import UnitOfWork

PAGE = 1000  # entries
TAIL_BYTES = 4096  # more than the longest leaf


def export(uow: UnitOfWork, public: Path) -> int:
    """Bring the public record up to the newest checkpoint. Safe to repeat.

    Args:
        uow: The unit of work.
        public: The directory ``public`` of the instance.

    Returns:
        How many entries were added.

    Raises:
        Tampered: What was published before is not in the trail any more.
    """
    newest = uow.all(SignedCheckpoint, order="-size", limit=1)
    if not newest:
        return 0
    (public / outside.CHECKPOINTS).mkdir(parents=True, exist_ok=True)
    added = _append_entries(uow, public / outside.ENTRIES, newest[0].size)
    _write_checkpoints(uow, public)
    return added


def _append_entries(uow: UnitOfWork, path: Path, size: int) -> int:
    with path.open("ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # a process that was held up may still be at it
        begin = _check_tail(uow, file.fileno(), size)
        for start in range(begin, size, PAGE):
            entries = uow.page(Entry, after=start, limit=min(PAGE, size - start))
            file.write(b"".join(trail.leaf(entry) + b"\n" for entry in entries))
        file.flush()
        os.fsync(file.fileno())
    return size - begin


def _check_tail(uow: UnitOfWork, handle: int, size: int) -> int:
    """Cut off a line that a crash left unfinished, and return the number of the first entry to add."""
    length = os.fstat(handle).st_size
    start = max(0, length - 2 * TAIL_BYTES)
    tail = os.pread(handle, length - start, start)
    whole = tail[: tail.rfind(b"\n") + 1]
    if len(whole) < len(tail):
        os.ftruncate(handle, start + len(whole))
    if not whole:
        return 0
    last = whole[:-1].rpartition(b"\n")[2]
    number = int(json.loads(last)["number"])
    entry = uow.find(Entry, number)
    if number >= size or entry is None or trail.leaf(entry) != last:
        raise Tampered(f"Entry {number}")
    return number + 1


def _write_checkpoints(uow: UnitOfWork, public: Path) -> None:
    # Newest first, down to one that is there: no run leaves one behind it unwritten.
    missing: list[SignedCheckpoint] = []
    for limit in (PAGE, None):
        newest = uow.all(SignedCheckpoint, order="-size", limit=limit)
        missing = list(takewhile(lambda found: not outside.note_path(public, found.size).exists(), newest))
        if len(missing) < PAGE:
            break
    for checkpoint in reversed(missing):
        files.write_public(outside.note_path(public, checkpoint.size), checkpoint.note)
