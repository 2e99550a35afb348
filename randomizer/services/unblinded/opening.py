"""Opening the slot of one participant: only for an intent that is durable and read back, never on a say-so.

The slot comes from the allocation, which is compared with its entry, and its entry with what was published of
it under a signed checkpoint; what was opened is compared with the pinned root. On any disagreement nothing is
given out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from keys import envelope
from keys.errors import KeysError
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, PreparationRecord, SignedCheckpoint
from randomizer.domain.leaf import Content, decode_content
from randomizer.domain.participants import Participant
from randomizer.domain.records import CodeBreak
from randomizer.domain.sealed_texts import Preparation
from randomizer.domain.trial import Allocation, Slot
from randomizer.errors import NotFound, Refused, Tampered
from randomizer.services import outside, trail, trials
from randomizer.services.sealed.bindings import (
    CODE_BREAK,
    ENVELOPE,
    preparation_binding,
    slot_binding,
)
from randomizer.services.unblinded import leaves

if TYPE_CHECKING:
    from keys.entropy import Entropy
    from randomizer.services.unblinded.desk import Desk
    from randomizer.store.work import UnitOfWork


class Cover(StrEnum):
    """What stands behind an allocation beside its entry."""

    PUBLISHED = "published under a signed checkpoint"
    RECENT = "newer than the last signed checkpoint"
    UNSEEN = "the published entries could not be read"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Opened:
    """What one slot holds, and whose it is.

    Args:
        participant: As the store has them.
        allocation: Agrees with its entry.
        slot: Agrees with the allocation and the pinned root.
        content: What the envelope held.
        cover: How far the allocation could be checked.
    """

    participant: Participant
    allocation: Allocation
    slot: Slot
    content: Content
    cover: Cover

    def __repr__(self) -> str:
        return "Opened(masked)"


def open_slot(uow: UnitOfWork, desk: Desk, intent: str) -> Opened:
    """Open the slot of the participant whom a durable intent names.

    Args:
        uow: A unit of work of the desk's store; reading is enough.
        desk: Keys, pins, sinks.
        intent: Identifier of the intent; everything else is read back from a sink.

    Raises:
        NotFound: No sink holds such an intent.
        Refused: The participant is not randomized.
        Tampered: Intent, allocation or slot disagree with their entry or with the certificate.
    """
    return _open(uow, desk, intended_for(uow, desk, intent))


def open_for_sheet(uow: UnitOfWork, desk: Desk, entry: int) -> Opened:
    """Open the slot of the participant for whom a preparation sheet is on record as opened.

    Args:
        uow: A unit of work of the desk's store.
        desk: Keys and pins.
        entry: Number of the committed entry of that act.

    Raises:
        NotFound: The trail holds no such entry.
        Refused: The participant is not randomized.
        Tampered: Allocation or slot disagree with their entry or with the certificate.
    """
    found = uow.find(Entry, entry)
    if found is None or found.act != Act.SHEET_OPENED:
        raise NotFound("No preparation sheet is on record under this entry. Nothing was opened.")
    return _open(uow, desk, found.participant)


def intended_for(uow: UnitOfWork, desk: Desk, intent: str) -> str:
    """The participant that an intent names, read back from the database or, failing that, from the file."""
    stored = uow.find(CodeBreak, intent)
    if stored is not None:
        trail.check(uow, stored)
        return stored.participant
    filed = desk.file.intent(intent)
    if filed is None:
        raise NotFound("No intent of this code break is on record. Nothing was opened.")
    return filed.participant


def read_preparation(uow: UnitOfWork, desk: Desk, slot: int, period: int) -> Preparation:
    """The preparation record of a slot and period.

    Raises:
        Tampered: It does not open under the preparation key.
    """
    stored = uow.get(PreparationRecord, slot, period, what="preparation record")
    bound = preparation_binding(desk.pins.trial_id, desk.pins.schedule_version, slot, period)
    try:
        filled = desk.keys.open_record(stored.ciphertext, bound)
        return Preparation.from_bytes(filled)
    except (KeysError, ValueError):
        raise Tampered(trail.about(stored)) from None


def seal_preparation(
    desk: Desk, slot: int, period: int, preparation: Preparation, entropy: Entropy
) -> PreparationRecord:
    """The preparation record of a slot and period, sealed at the one length.

    Raises:
        Refused: The texts are too long.
    """
    bound = preparation_binding(desk.pins.trial_id, desk.pins.schedule_version, slot, period)
    sealed = desk.keys.seal_record(preparation.to_bytes(), bound, entropy)
    return PreparationRecord(slot=slot, period=period, ciphertext=sealed)


def _open(uow: UnitOfWork, desk: Desk, number: str) -> Opened:
    trial, definition = trials.current(uow)
    trail.check(uow, trial)
    if trial.certificate_digest != desk.pins.certificate_digest:
        raise Tampered(trail.about(trial))
    participant = uow.get(Participant, number, what="participant")
    allocation = uow.find(Allocation, number)
    if allocation is None:
        raise Refused(
            f"Participant {number} is not randomized, so there is nothing to open.", field="participant"
        )
    trail.check(uow, participant, allocation)
    cover = _cover(uow, desk, allocation)
    slot = uow.get(Slot, allocation.slot, what="slot")
    if (slot.stratum, slot.ordinal, slot.randomization_number) != (
        allocation.stratum,
        allocation.ordinal,
        allocation.randomization_number,
    ):
        raise Tampered(trail.about(slot))
    try:
        content = _decrypt(desk, slot)
        leaves.check(
            slot,
            content,
            definition,
            version=desk.pins.schedule_version,
            slots=desk.pins.slots,
            root=desk.pins.leaf_root,
        )
    except (KeysError, ValueError):  # what went wrong could tell something of the content
        raise Tampered(trail.about(slot)) from None
    return Opened(participant=participant, allocation=allocation, slot=slot, content=content, cover=cover)


def _cover(uow: UnitOfWork, desk: Desk, allocation: Allocation) -> Cover:
    """Compare the entry of an allocation with what was published of it.

    Whoever may write the whole database can make record, entry and values agree; what was published they
    cannot. The rest of the trail is the nightly check's: a fork elsewhere keeps nobody from an answer.

    Raises:
        Tampered: Another randomization of this participant was published, or none where one must stand.
    """
    if desk.public is None:
        newest = uow.all(SignedCheckpoint, order="-size", limit=1)
        return Cover.PUBLISHED if newest and allocation.entry < newest[0].size else Cover.RECENT
    try:
        leaves, count = outside.randomizations(desk.public, allocation.participant)
    except OSError:
        return Cover.UNSEEN
    if not leaves and allocation.entry >= count:
        return Cover.RECENT
    entry = uow.find(Entry, allocation.entry)
    if entry is None or leaves != (trail.leaf(entry),):
        raise Tampered(trail.about(allocation))
    return Cover.PUBLISHED


def _decrypt(desk: Desk, slot: Slot) -> Content:
    trial_id, version = desk.pins.trial_id, desk.pins.schedule_version
    wrapped = dict(slot.wraps).get(CODE_BREAK, b"")
    slot_key = desk.keys.unwrap(wrapped, slot_binding(trial_id, version, slot.number, CODE_BREAK))
    bound = slot_binding(trial_id, version, slot.number, ENVELOPE)
    return decode_content(envelope.open_envelope(slot_key, slot.ciphertext, bound))
