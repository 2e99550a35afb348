"""What is kept outside the database: checkpoints that were shown to somebody; whether the trail holds them.

    public/entries.jsonl              one leaf of the trail a line, as far as a checkpoint covers
    public/checkpoints/<size>.note    every signed checkpoint, with the cosignatures that came back
    public/witnessed/<key id>.note    the newest checkpoint that each witness co-signed

A restored backup, a cut trail and a fork all look the same from here: a checkpoint that was shown to somebody
is not in this database, or is another one. Every process that acts on the trail can read these files.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from keys import notes
from keys.checkpoint import Checkpoint
from keys.errors import KeysError, NoteRefused
from keys.notes import VerifierKey
from randomizer.domain import windows
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, HeldCheckpoint, SignedCheckpoint, TrailHead
from randomizer.errors import Refused, SetBack, Stopped, Tampered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from randomizer.store.work import Held, UnitOfWork

ENTRIES = "entries.jsonl"
CHECKPOINTS = "checkpoints"
WITNESSED = "witnessed"
LOG_KEY = "log.vkey"
NOTE = ".note"
UNREADABLE = "Checkpoint in public/"
"""What an alarm names where a file that is kept outside is no checkpoint of this log."""


def reader(public: Path, witness_keys: Sequence[str]) -> Held:
    """What a store is opened with, so that its units of work can look outside.

    Args:
        public: Directory ``public`` of the instance.
        witness_keys: As in ``instance.toml``; read when they are needed, so that a slip in one keeps no
            code-break door from starting.
    """
    return lambda: read(public, parse_keys(witness_keys))


def parse_keys(witness_keys: Sequence[str]) -> tuple[VerifierKey, ...]:
    """The keys of the witnesses, whose type the settings have checked.

    Raises:
        Refused: One does not fit its key id.
    """
    keys = []
    for text in witness_keys:
        try:
            keys.append(VerifierKey.parse(text))
        except KeysError as error:
            raise Refused(
                f"witness_keys: {error}",
                field="witness_keys",
                next_step="Copy the key again from the file witness.vkey of the witness.",
            ) from None
    return tuple(keys)


def read(public: Path, witnesses: Sequence[VerifierKey]) -> tuple[HeldCheckpoint, ...]:
    """The newest checkpoint that was published, then the newest of each witness.

    Raises:
        Stopped: The directory cannot be read.
        Tampered: A file in it is not what it should be.
    """
    with _readable():
        published = newest_published(public)
        kept = [(key, path.read_bytes()) for key in witnesses if (path := place(public, key)).exists()]
    try:
        found = [] if published is None else [held_of(published)]
        return (*found, *(held_of(note, key) for key, note in kept))
    except KeysError:
        raise Tampered(UNREADABLE) from None


def held_of(note: bytes, witness: VerifierKey | None = None) -> HeldCheckpoint:
    """What a note says of the log, and with the key of a witness also who co-signed it and when.

    Raises:
        NoteRefused: It is no checkpoint, or the witness has not co-signed it.
    """
    head = _head(note)
    if witness is None:
        return HeldCheckpoint(origin=head.origin, size=head.size, root=head.root)
    name, seconds = notes.verify(note, [witness]).cosigned_at[0]
    try:
        at = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise NoteRefused(f"The cosignature of {name} has a time that cannot be.") from None
    return HeldCheckpoint(origin=head.origin, size=head.size, root=head.root, witness=name, cosigned_at=at)


def newest_published(public: Path) -> bytes | None:
    """The newest checkpoint that was published, or None; the trail can never be shorter than it says."""
    # Names alone: an allocation looks here, and a long trial leaves thousands of checkpoints.
    names = os.listdir(public / CHECKPOINTS)  # noqa: PTH208 - a third of the time
    stems = (name.removesuffix(NOTE) for name in names if name.endswith(NOTE))
    sizes = [int(stem) for stem in stems if stem.isdecimal()]
    return note_path(public, max(sizes)).read_bytes() if sizes else None


def held_notes(public: Path) -> tuple[bytes, ...]:
    """Every note of `read`, whoever the witness is: for the nightly check, which verifies the log's own.

    Raises:
        Stopped: The directory cannot be read.
    """
    with _readable():
        published = newest_published(public)
        witnessed = [path.read_bytes() for path in sorted((public / WITNESSED).glob("*.note"))]
    return tuple(note for note in (published, *witnessed) if note is not None)


def log_key(public: Path) -> VerifierKey:
    """The key of the log, as it was published when the instance was made.

    Raises:
        Refused: It cannot be read.
    """
    path = public / LOG_KEY
    try:
        return VerifierKey.parse(path.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError, KeysError):
        raise Refused(f"{path} does not hold the verifier key of the log.", field=LOG_KEY) from None


def randomizations(public: Path, participant: str) -> tuple[tuple[bytes, ...], int]:
    """What was published of a participant's randomization: leaves that say so, and how many leaves there are.

    Raises:
        OSError: The published entries cannot be read.
    """
    named = f'"participant":{json.dumps(participant)}'.encode()
    said = f'"act":{json.dumps(Act.RANDOMIZED.value)}'.encode()
    found, count = [], 0
    with (public / ENTRIES).open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                break  # a crash left it unfinished
            count += 1
            if named in line and said in line:
                found.append(line[:-1])
    return tuple(found), count


def note_path(public: Path, size: int) -> Path:
    """Where the checkpoint of a size is published."""
    return public / CHECKPOINTS / f"{size}{NOTE}"


def place(public: Path, key: VerifierKey) -> Path:
    """Where the newest checkpoint of a witness is kept."""
    return public / WITNESSED / f"{key.key_id.hex()}{NOTE}"


def witnessed(uow: UnitOfWork) -> tuple[HeldCheckpoint, ...]:
    """How far each witness has co-signed; nothing where this trail is self-witnessed."""
    return tuple(one for one in uow.held() if one.witness)


def said(held: HeldCheckpoint) -> str:
    """What a witness has seen, for a person: "example.org/anna up to entry 41, 27 Nov 2026, 10:42 UTC"."""
    at = "" if held.cosigned_at is None else f", {windows.minute(held.cosigned_at)}"
    return f"{held.witness} up to entry {held.size - 1}{at}"


def demand_whole(uow: UnitOfWork) -> None:
    """Refuse to go on with a database that was set back, cut or forked.

    Cheap: it compares with the checkpoint of the same size and looks whether the entries below are there.
    The nightly check computes the whole tree.

    Raises:
        SetBack: A checkpoint that is kept outside is not in this trail.
        Stopped: What is kept outside cannot be read.
        Tampered: It is not what it should be.
    """
    # Files first: whatever is published was committed before, so a state that is read now has it.
    for held in uow.held():
        if not fits(uow, held):
            raise SetBack(held.size, held.witness)


def fits(uow: UnitOfWork, held: HeldCheckpoint) -> bool:
    """Whether a checkpoint that is kept outside is one of this trail."""
    head, stored = uow.find(TrailHead, 1), uow.find(SignedCheckpoint, held.size)
    if head is None or stored is None or head.size < held.size:
        return False
    if held.size and uow.find(Entry, held.size - 1) is None:
        return False
    try:
        return _head(stored.note) == Checkpoint(held.origin, held.size, held.root)
    except NoteRefused:
        return False


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Stopped(
            f"The published checkpoints cannot be read here ({error.strerror}), so nothing shows that this "
            "database is the newest. Nothing was changed.",
            next_step="Call the administrator: this process must be able to read public/. "
            "A code break still works.",
        ) from None


def _head(note: bytes) -> Checkpoint:
    return Checkpoint.parse(notes.read_unverified(note)[0])
