"""Merkle proofs as text files that carry their checkpoint: made from leaves, verified offline; no I/O.

An inclusion proof is a C2SP ``tlog-proof``. Its extra line holds the leaf, so that the file and the key of
the log are all that a reader needs; the leaf is believed only because the proof leads from it to the root.
A consistency proof is the body of an ``add-checkpoint`` request of C2SP ``tlog-witness``: what a witness
asks for.

Source:
    c2sp.org/tlog-proof, c2sp.org/tlog-witness, RFC 6962 section 2.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from keys import checkpoint as tlog
from keys import merkle, notes
from keys.base64_text import from_base64, to_base64
from keys.checkpoint import Checkpoint
from keys.errors import ProofRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keys.checkpoint import VerifiedCheckpoint
    from keys.notes import VerifierKey

HEADER: Final = "c2sp.org/tlog-proof@v1"
HASHES_MAX: Final = 63
PROOF_MAX_LENGTH: Final = 2 * notes.NOTE_MAX_LENGTH  # bytes
_EXTRA: Final = "extra "
_INDEX: Final = "index "
_OLD: Final = "old "
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That a leaf stands at its index under a checkpoint.

    Args:
        index: 0-based index of the leaf.
        hashes: From the leaf's sibling upwards, 32 bytes each.
        checkpoint: Note of the checkpoint.
        leaf: The leaf itself; b"" where the file does not carry it.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    leaf: bytes = b""

    def encode(self) -> bytes:
        """Give the text of the file."""
        extra = [f"{_EXTRA}{to_base64(self.leaf)}"] if self.leaf else []
        return _text([HEADER, *extra, f"{_INDEX}{self.index}"], self.hashes, self.checkpoint)

    @classmethod
    def parse(cls, content: bytes) -> InclusionProof:
        """Read such a file; nothing is verified.

        Raises:
            ProofRefused: It is not one.
        """
        lines, note = _split(content)
        if lines.pop(0) != HEADER:
            raise ProofRefused(f"An inclusion proof begins with the line {HEADER}.")
        leaf: bytes | None = b""
        if lines and lines[0].startswith(_EXTRA):
            leaf = from_base64(lines.pop(0).removeprefix(_EXTRA))
        if leaf is None:
            raise ProofRefused("The extra line of an inclusion proof holds base64.")
        index = _number(lines, _INDEX)
        return cls(index, _hashes(lines), note, leaf)


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That the tree under a checkpoint grew from its own first leaves.

    Args:
        old_size: Number of these leaves.
        hashes: The proof, 32 bytes each; none from the empty tree or to the same size.
        checkpoint: Note of the newer checkpoint.
    """

    old_size: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes

    def encode(self) -> bytes:
        """Give the text of the file."""
        return _text([f"{_OLD}{self.old_size}"], self.hashes, self.checkpoint)

    @classmethod
    def parse(cls, content: bytes) -> ConsistencyProof:
        """Read such a file; nothing is verified.

        Raises:
            ProofRefused: It is not one.
        """
        lines, note = _split(content)
        old_size = _number(lines, _OLD)
        return cls(old_size, _hashes(lines), note)


def leaf_hashes(lines: Iterable[bytes], size: int) -> list[bytes]:
    """Hash the first leaves of a record that holds one leaf a line.

    Args:
        lines: The lines with their newlines.
        size: How many leaves are wanted.

    Raises:
        ProofRefused: There are fewer whole lines.
    """
    hashes: list[bytes] = []
    for line in lines:
        if len(hashes) == size or not line.endswith(b"\n"):
            break
        hashes.append(merkle.leaf_hash(line[:-1]))
    if len(hashes) < size:
        raise ProofRefused(f"The checkpoint covers {size} entries; only {len(hashes)} were given.")
    return hashes


def prove_inclusion(hashes: Sequence[bytes], leaf: bytes, index: int, note: bytes) -> InclusionProof:
    """Make the inclusion proof of a leaf.

    Args:
        hashes: Of all leaves under the checkpoint.
        leaf: The leaf itself.
        index: Its 0-based index.
        note: The checkpoint; its signatures are not verified here.

    Raises:
        ProofRefused: The leaves do not lead to the checkpoint, or the leaf is not among them there.
    """
    tree = _tree(hashes, note)
    proof = tree.inclusion_proof(index)
    merkle.verify_inclusion(merkle.leaf_hash(leaf), index, tree.size, proof, tree.root())
    return InclusionProof(index, proof, note, leaf)


def prove_consistency(hashes: Sequence[bytes], old_size: int, note: bytes) -> ConsistencyProof:
    """Make the proof that the tree under a checkpoint grew from its first leaves.

    Args:
        hashes: Of all leaves under the checkpoint.
        old_size: Number of the first leaves.
        note: The checkpoint; its signatures are not verified here.

    Raises:
        ProofRefused: The leaves do not lead to the checkpoint, or it has fewer than ``old_size``.
    """
    return ConsistencyProof(old_size, _tree(hashes, note).consistency_proof(old_size), note)


def verify_inclusion(
    proof: InclusionProof, leaf: bytes, verifiers: Sequence[VerifierKey]
) -> VerifiedCheckpoint:
    """Verify an inclusion proof and the checkpoint that it carries.

    Args:
        proof: As parsed.
        leaf: The leaf that is to be found there.
        verifiers: The key of the log, and those of witnesses.

    Raises:
        NoteRefused: The checkpoint does not hold.
        ProofRefused: The leaf is not under it.
    """
    verified = tlog.verify(proof.checkpoint, verifiers)
    head = verified.checkpoint
    merkle.verify_inclusion(merkle.leaf_hash(leaf), proof.index, head.size, proof.hashes, head.root)
    return verified


def verify_consistency(
    proof: ConsistencyProof, old: Checkpoint, verifiers: Sequence[VerifierKey]
) -> VerifiedCheckpoint:
    """Verify a consistency proof and the checkpoint that it carries.

    Args:
        proof: As parsed.
        old: The older checkpoint, verified by the caller.
        verifiers: The key of the log, and those of witnesses.

    Raises:
        NoteRefused: The newer checkpoint does not hold.
        ProofRefused: It is of another log, the proof begins elsewhere, or the tree did not grow so.
    """
    verified = tlog.verify(proof.checkpoint, verifiers)
    head = verified.checkpoint
    if (head.origin, proof.old_size) != (old.origin, old.size):
        raise ProofRefused(
            f"The proof is of {head.origin} from {proof.old_size} entries on; "
            f"the older checkpoint is of {old.origin} over {old.size}."
        )
    merkle.verify_consistency(old.size, head.size, old.root, head.root, proof.hashes)
    return verified


def _tree(hashes: Sequence[bytes], note: bytes) -> merkle.Tree:
    head = Checkpoint.parse(notes.read_unverified(note)[0])
    tree = merkle.Tree(hashes)
    if (tree.size, tree.root()) != (head.size, head.root):
        raise ProofRefused(f"The {tree.size} entries do not lead to the checkpoint over {head.size}.")
    return tree


def _text(lines: Sequence[str], hashes: Sequence[bytes], note: bytes) -> bytes:
    return "\n".join([*lines, *(to_base64(one) for one in hashes), "", ""]).encode() + note


def _split(content: bytes) -> tuple[list[str], bytes]:
    head, blank, note = content[: PROOF_MAX_LENGTH + 1].partition(b"\n\n")
    if len(content) > PROOF_MAX_LENGTH or not blank or not head.isascii():
        raise ProofRefused("A proof is a few lines of ASCII, an empty line and a checkpoint.")
    return head.decode().split("\n"), note


def _number(lines: list[str], name: str) -> int:
    line = lines.pop(0) if lines else ""
    number = line.removeprefix(name)
    if not line.startswith(name) or not _NUMBER.fullmatch(number):
        raise ProofRefused(f"A line of the proof must be '{name}' and a number in decimal.")
    return int(number)


def _hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    hashes = tuple(from_base64(line) for line in lines)
    if len(hashes) > HASHES_MAX or any(one is None or len(one) != merkle.HASH_LENGTH for one in hashes):
        raise ProofRefused(f"A proof holds at most {HASHES_MAX} hashes of 32 bytes, in base64, one a line.")
    return tuple(one for one in hashes if one is not None)
