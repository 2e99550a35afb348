"""The nightly check of the whole trail: every entry, every checkpoint, every record that the trail covers.

Needs no key. It finds what a change by SQL leaves behind: an edited, deleted, added or reordered entry, a
record that differs from its last entry or is gone, one that no entry ever named, a database set back.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import rfc8785

from keys import checkpoint as tlog
from keys.errors import NoteRefused
from keys.merkle import Frontier, leaf_hash
from randomizer.domain.housekeeping import Entry, EntryValues, SignedCheckpoint, TrailHead
from randomizer.domain.supply import Kit
from randomizer.services import trail
from randomizer.services.outside import UNREADABLE
from randomizer.store.tables import COVERED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keys.checkpoint import Checkpoint
    from keys.notes import VerifierKey
    from randomizer.store.work import UnitOfWork

PAGE = 1000  # entries
FIRST_NUMBER = -(1 << 31)  # a forged entry may have a number below 0

Mentions = dict[str, bytes]
"""Name of a record and digest of its last mention in an entry: small enough for a large trial."""


def check_trail(uow: UnitOfWork, log: VerifierKey, held: Sequence[bytes] = ()) -> tuple[str, ...]:
    """Check everything that the trail can show.

    Args:
        uow: A unit of work that sees one state.
        log: Verifier key of the checkpoints.
        held: Checkpoints that are kept outside the database, see `randomizer.services.outside`.

    Returns:
        What differs, each named as in an alarm; nothing when all is well.
    """
    faults: list[str] = []
    try:
        notes = {checkpoint.size: checkpoint.note for checkpoint in uow.all(SignedCheckpoint)}
        _put_held_first(notes, held, log, faults)
        mentions = _check_entries(uow, log, notes, faults)
        faults.extend(_check_records(uow, mentions))
    except ValueError:  # a word or a moment that nobody could have written through the store
        faults.append("A table that cannot be read")
    return tuple(dict.fromkeys(faults))


def _put_held_first(
    notes: dict[int, bytes], held: Sequence[bytes], log: VerifierKey, faults: list[str]
) -> None:
    """The ones outside count: one of the same size in the database could have been put there later."""
    seen: dict[int, Checkpoint] = {}
    for note in held:
        head = _head_of(note, log)
        if head is None:
            faults.append(UNREADABLE)
        elif seen.setdefault(head.size, head) != head:
            faults.append(f"Checkpoint {head.size}")
        else:
            notes[head.size] = note


def _check_entries(uow: UnitOfWork, log: VerifierKey, notes: dict[int, bytes], faults: list[str]) -> Mentions:
    frontier, mentions, expected, unlike = Frontier(), Mentions(), 0, False
    for entry, values in _entries(uow):
        if entry.number != expected:
            faults.append(f"Entry {expected}")
        rows = _rows(uow, entry, values)
        if rows is None:
            faults.append(f"Entry {entry.number}")
        mentions.update(rows or {})
        frontier.append(leaf_hash(trail.leaf(entry)))
        expected = entry.number + 1
        note = notes.get(frontier.size)
        if note is not None and not unlike and not _holds(note, log, frontier):
            unlike = True  # every later one is unlike too
            faults.append(f"Checkpoint {frontier.size}")
    faults.extend(f"Checkpoint {size}" for size in sorted(notes) if size > frontier.size)
    head = uow.find(TrailHead, 1)
    if head is None or (head.size, head.frontier) != (frontier.size, frontier.to_bytes()):
        faults.append("Trail head")
    if uow.count(EntryValues) != frontier.size:
        faults.append("Values without an entry")
    return mentions


def _entries(uow: UnitOfWork) -> Iterator[tuple[Entry, EntryValues | None]]:
    after = FIRST_NUMBER
    while entries := uow.page(Entry, after=after, limit=PAGE):
        numbers = [entry.number for entry in entries]
        values = {found.number: found for found in uow.all(EntryValues, number=numbers)}
        for entry in entries:
            yield entry, values.get(entry.number)
        after = numbers[-1] + 1


def _rows(uow: UnitOfWork, entry: Entry, values: EntryValues | None) -> Mentions | None:
    """Digest of each record that the entry names, or None where its values are not what it says."""
    if values is None or trail.values_digest(values.salt, values.content.encode()) != entry.digest:
        return None
    try:
        content = json.loads(values.content)
        if not trail.reason_agrees(uow, values, content):
            return None
        return {
            " ".join([row["kind"], *(str(part) for part in row["key"])]): _digest(row["new"])
            for row in content["rows"]
        }
    except (ValueError, KeyError, TypeError):
        return None


def _holds(note: bytes, log: VerifierKey, frontier: Frontier) -> bool:
    try:
        signed = tlog.verify(note, [log]).checkpoint
    except NoteRefused:
        return False
    return (signed.size, signed.root) == (frontier.size, frontier.root())


def _head_of(note: bytes, log: VerifierKey) -> Checkpoint | None:
    """What a checkpoint states, or None where it is none of this log."""
    try:
        return tlog.verify(note, [log]).checkpoint
    except NoteRefused:
        return None


def _check_records(uow: UnitOfWork, mentions: Mentions) -> Iterator[str]:
    missing = dict(mentions)
    for kind in COVERED:
        records: tuple[Any, ...] = uow.all(kind)
        for value in records:
            name = trail.about(value)
            told = missing.pop(name, None)
            if told is None and isinstance(value, Kit) and value == _as_activated(value):
                continue  # the sealed rows cover it
            if told != _digest(trail.plain(value)):
                yield name
    yield from missing


def _as_activated(kit: Kit) -> Kit:
    return Kit(number=kit.number, slot=kit.slot, period=kit.period)


def _digest(content: Any) -> bytes:  # noqa: ANN401
    return hashlib.sha256(rfc8785.dumps(content)).digest()
