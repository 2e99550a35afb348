"""A witness: co-signs a checkpoint only where the log grew from the one that it co-signed last; no I/O.

What a witness remembers of a log is one note, the last that it co-signed. Whoever runs it stores the new note
before giving it out: a crash in between leaves a witness that co-signs the same again, and nothing else.

Source:
    c2sp.org/tlog-witness (what is checked), c2sp.org/tlog-cosignature (what is signed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keys import checkpoint as tlog
from keys import merkle, notes
from keys.checkpoint import Checkpoint
from keys.errors import CosigningRefused, NoteRefused, ProofRefused

if TYPE_CHECKING:
    from keys.notes import NoteKey, VerifierKey
    from keys.proofs import ConsistencyProof


def cosign(proof: ConsistencyProof, *, log: VerifierKey, last: bytes | None, key: NoteKey, at: int) -> bytes:
    """Co-sign the checkpoint of a consistency proof.

    Args:
        proof: From the checkpoint that was co-signed last, or from 0 where there is none. The same checkpoint
            is co-signed again whatever the proof.
        log: Verifier key of the log, from a source that is trusted.
        last: What is remembered of this log; None where it was never co-signed.
        key: The witness's, of kind `COSIGNATURE`.
        at: Now, in POSIX seconds.

    Returns:
        The note with the log's signature and the cosignature. To be stored before it is given to anybody.

    Raises:
        CosigningRefused: The log is unknown or did not sign, or it did not grow from the last checkpoint.
        NoteRefused: The note is malformed, or the time cannot be.
    """
    head = _signed_by(proof.checkpoint, log)
    if at <= 0:
        raise NoteRefused("The cosignature of a witness has a time after 1970.")
    before = Checkpoint(head.origin, 0, merkle.EMPTY_ROOT) if last is None else remembered(last, log, key)
    if last is None or head != before:
        _demand_growth(before, head, proof)
    return notes.cosign(notes.keep(proof.checkpoint, [log]), key, at)


def remembered(last: bytes, log: VerifierKey, key: NoteKey) -> Checkpoint:
    """The checkpoint that a witness remembers, its own cosignature and the log's signature verified.

    Raises:
        CosigningRefused: It is no note of this log that this witness co-signed.
    """
    try:
        notes.verify(last, [key.verifier])
        return tlog.verify(last, [log]).checkpoint
    except NoteRefused:
        raise CosigningRefused(
            f"What this witness remembers of {log.name} was not co-signed by it for this key of the log.",
            why="state",
        ) from None


def _signed_by(note: bytes, log: VerifierKey) -> Checkpoint:
    head = Checkpoint.parse(notes.read_unverified(note)[0])
    if head.origin != log.name:
        raise CosigningRefused(
            f"The checkpoint is of the log {head.origin}; this key is that of {log.name}.", why="unknown log"
        )
    try:
        return tlog.verify(note, [log]).checkpoint
    except NoteRefused:
        raise CosigningRefused(
            f"The checkpoint over {head.size} entries is not signed by the log {log.name}.", why="unsigned"
        ) from None


def _demand_growth(before: Checkpoint, head: Checkpoint, proof: ConsistencyProof) -> None:
    if head.size < before.size:
        raise CosigningRefused(
            f"Rollback: {head.origin} shows {head.size} entries, and had {before.size} when this witness "
            "last co-signed.",
            why="rollback",
        )
    if head.size == before.size and head.root != before.root:
        raise CosigningRefused(
            f"Fork: {head.origin} shows another tree of {head.size} entries than the one that this witness "
            "co-signed.",
            why="fork",
        )
    if proof.old_size != before.size:
        raise CosigningRefused(
            f"The proof begins at {proof.old_size} entries; this witness last co-signed {before.size}. Give "
            f"--entries with the checkpoint, or a consistency proof from {before.size}.",
            why="stale proof",
        )
    try:
        merkle.verify_consistency(before.size, head.size, before.root, head.root, proof.hashes)
    except ProofRefused as error:
        raise CosigningRefused(
            f"Fork: nothing shows that {head.origin} grew from {before.size} entries to {head.size}. {error}",
            why="fork",
        ) from None
