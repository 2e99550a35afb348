"""Signed checkpoints of the trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keys import checkpoint as tlog
from keys.merkle import Frontier
from randomizer.domain.housekeeping import SignedCheckpoint, TrailHead
from randomizer.services import outside

if TYPE_CHECKING:
    from keys.notes import NoteKey
    from randomizer.store.work import UnitOfWork


def overdue(uow: UnitOfWork) -> int:
    """How many entries no checkpoint covers yet."""
    head = uow.find(TrailHead, 1)
    newest = uow.all(SignedCheckpoint, order="-size", limit=1)
    return (head.size if head else 0) - (newest[0].size if newest else 0)


def sign(uow: UnitOfWork, key: NoteKey, origin: str) -> SignedCheckpoint | None:
    """Sign the tree as it is, if it grew since the last checkpoint.

    Args:
        uow: The unit of work.
        key: The log's signing key.
        origin: Name of the log.

    Returns:
        The new checkpoint, or None where nothing was added.

    Raises:
        SetBack: This database is not the one whose checkpoints were shown: to sign it would make a fork.
    """
    outside.demand_whole(uow)
    head = uow.find(TrailHead, 1, locked=True)
    if head is None or overdue(uow) == 0:
        return None
    frontier = Frontier.from_bytes(head.frontier)
    note = tlog.sign(tlog.Checkpoint(origin=origin, size=head.size, root=frontier.root()), key)
    signed = SignedCheckpoint(size=head.size, note=note, signed_at=uow.clock())
    uow.insert(signed)
    return signed
