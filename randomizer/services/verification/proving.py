"""Proofs about the trail for anybody, from the published files alone."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from keys import proofs
from keys.errors import KeysError
from randomizer.errors import Refused
from randomizer.services import outside

if TYPE_CHECKING:
    from pathlib import Path


def inclusion(public: Path, number: int, size: int | None = None) -> bytes:
    """Prove that an entry stands in the trail.

    Args:
        public: The public record.
        number: Of the entry, from 0.
        size: Of the checkpoint to prove it under; None for the newest.

    Returns:
        A C2SP ``tlog-proof`` that carries the entry and the checkpoint.

    Raises:
        Refused: There is no such entry or checkpoint, or the record does not fit itself.
    """
    size, note = _checkpoint(public, size)
    if not 0 <= number < size:
        raise Refused(
            f"There is no entry {number} under the checkpoint over {size} entries.",
            field="entry",
            next_step=f"Name one from 0 to {size - 1}, or a later checkpoint.",
        )
    with (public / outside.ENTRIES).open("rb") as lines:
        leaf = next(islice(lines, number, None), b"").removesuffix(b"\n")
    try:
        return proofs.prove_inclusion(_hashes(public, size), leaf, number, note).encode()
    except KeysError as error:
        raise _unfit(error) from None


def consistency(public: Path, old_size: int, new_size: int | None = None) -> bytes:
    """Prove that the trail only grew between two checkpoints.

    Args:
        public: The public record.
        old_size: How many entries the older one covers.
        new_size: How many the newer one covers; None for the newest.

    Returns:
        The body of an ``add-checkpoint`` request of C2SP ``tlog-witness``, with the newer checkpoint.

    Raises:
        Refused: There is no such checkpoint, the older is the larger, or the record does not fit itself.
    """
    new_size, note = _checkpoint(public, new_size)
    if not 0 <= old_size <= new_size:
        raise Refused(
            f"A trail does not grow from {old_size} to {new_size} entries.",
            field="from",
            next_step="Name the smaller checkpoint first.",
        )
    try:
        return proofs.prove_consistency(_hashes(public, new_size), old_size, note).encode()
    except KeysError as error:
        raise _unfit(error) from None


def _checkpoint(public: Path, size: int | None) -> tuple[int, bytes]:
    note = outside.newest_published(public) if size is None else None
    if size is not None and outside.note_path(public, size).exists():
        note = outside.note_path(public, size).read_bytes()
    if note is None:
        which = "" if size is None else f" over {size} entries"
        raise Refused(
            f"{public / outside.CHECKPOINTS} holds no checkpoint{which}.",
            field="size",
            next_step="The names of the files there are the sizes.",
        )
    try:
        return outside.held_of(note).size, note
    except KeysError as error:
        raise _unfit(error) from None


def _hashes(public: Path, size: int) -> list[bytes]:
    with (public / outside.ENTRIES).open("rb") as lines:
        return proofs.leaf_hashes(lines, size)


def _unfit(error: KeysError) -> Refused:
    return Refused(
        f"The public record does not fit itself: {error} Nothing was written.",
        field="public",
        next_step="Copy the record again from its source, and verify it.",
    )
