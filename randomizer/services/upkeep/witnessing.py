"""Taking a co-signed checkpoint in: into the public record, and as the newest that its witness has seen.

Nothing of it goes into the database, which it is there to check. It is no act and leaves no entry: otherwise
every cosignature would make the trail grow, and need another.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from keys import checkpoint as tlog
from keys import files, notes
from keys.errors import KeysError, NoteRefused
from randomizer.errors import Refused, SetBack
from randomizer.services import outside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from keys.checkpoint import Checkpoint
    from keys.notes import VerifierKey
    from randomizer.domain.housekeeping import HeldCheckpoint
    from randomizer.store.work import UnitOfWork


def take_in(
    uow: UnitOfWork, public: Path, note: bytes, *, log: VerifierKey, witnesses: Sequence[VerifierKey]
) -> tuple[HeldCheckpoint, ...]:
    """Keep a checkpoint that came back from a witness. Safe to repeat.

    Args:
        uow: A unit of work that reads.
        public: Directory ``public`` of the instance.
        note: As the witness gave it.
        log: Key of the log.
        witnesses: Keys of the witnesses of this instance.

    Returns:
        What each of its witnesses says with it.

    Raises:
        Refused: The log or no witness of this instance signed it.
        SetBack: Both signed, and it is not in this trail. It is kept all the same: it is the evidence.
    """
    head = _head(note, log)
    signed = [key for key in witnesses if _signed_by(note, key)]
    if not signed:
        raise Refused(
            f"No witness of this instance has co-signed the checkpoint over {head.size} entries. "
            "Nothing was kept.",
            field="file",
            next_step="witness_keys in instance.toml names the witnesses; take the file that came back.",
        )
    kept = notes.keep(note, [log, *signed])
    told = tuple(outside.held_of(kept, key) for key in signed)
    with _only_one(public):
        for key in signed:
            _keep_newest(public, key, head.size, kept)
        if not outside.fits(uow, told[0]):
            raise SetBack(head.size, signed[0].name)
        _publish(public, head.size, kept, [log, *signed])
    return told


def _head(note: bytes, log: VerifierKey) -> Checkpoint:
    try:
        return tlog.verify(note, [log]).checkpoint
    except NoteRefused as error:
        raise Refused(
            f"This is no checkpoint of the log {log.name}: {error} Nothing was kept.",
            field="file",
            next_step="Take the file that came back from the witness.",
        ) from None


def _signed_by(note: bytes, key: VerifierKey) -> bool:
    try:
        notes.verify(note, [key])
    except NoteRefused:
        return False
    return True


def _keep_newest(public: Path, key: VerifierKey, size: int, note: bytes) -> None:
    path = outside.place(public, key)
    path.parent.mkdir(exist_ok=True)
    if not path.exists() or outside.held_of(path.read_bytes(), key).size < size:
        files.write_public(path, note, replace=True)


def _publish(public: Path, size: int, note: bytes, keys: Sequence[VerifierKey]) -> None:
    path = outside.note_path(public, size)
    try:
        both = notes.adopt(path.read_bytes(), note, keys) if path.exists() else note
    except KeysError:
        raise SetBack(size, keys[-1].name) from None  # another one of this size was published
    files.write_public(path, both, replace=True)


@contextmanager
def _only_one(public: Path) -> Iterator[None]:
    """Let one process at a time read and replace: two witnesses may come back at once."""
    handle = os.open(public, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
