"""The Merkle tree of RFC 6962: roots, inclusion and consistency proofs; no I/O.

Hashes are 32 bytes (SHA-256). Sizes and indices count leaves from 0.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final

from keys.errors import ProofRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HASH_LENGTH: Final = 32  # bytes
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
_LEAF_PREFIX: Final = b"\x00"
_NODE_PREFIX: Final = b"\x01"


def leaf_hash(data: bytes) -> bytes:
    """Hash a leaf: SHA-256(0x00 || data).

    Source:
        RFC 6962 section 2.1.
    """
    return hashlib.sha256(_LEAF_PREFIX + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two nodes: SHA-256(0x01 || left || right).

    Source:
        RFC 6962 section 2.1.
    """
    return hashlib.sha256(_NODE_PREFIX + left + right).digest()


class Tree:
    """Every node of the tree over some leaf hashes, so that each proof costs O(log n).

    Level 0 holds the leaf hashes. Node ``i`` of level ``l`` is the RFC 6962 hash of the leaves from
    ``i * 2**l`` up to the smaller of ``(i + 1) * 2**l`` and the size: a last node without a partner moves up
    unchanged.

    Args:
        leaf_hashes: Hashes of the leaves in order, 32 bytes each.
    """

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        self.size = len(leaf_hashes)
        self._levels: list[Sequence[bytes]] = [leaf_hashes]
        while len(self._levels[-1]) > 1:
            self._levels.append(_level_above(self._levels[-1]))

    def root(self) -> bytes:
        """Give the root; that of the empty tree is the SHA-256 of nothing."""
        return self._levels[-1][0] if self.size else EMPTY_ROOT

    def inclusion_proof(self, index: int) -> tuple[bytes, ...]:
        """Give the sibling hashes from the leaf to the root.

        Raises:
            ProofRefused: The tree has no such leaf.

        Source:
            RFC 6962 section 2.1.1.
        """
        if not 0 <= index < self.size:
            raise ProofRefused(f"A tree of {self.size} leaves has no leaf {index}.")
        proof = []
        for level in self._levels[:-1]:
            sibling = index ^ 1
            if sibling < len(level):
                proof.append(level[sibling])
            index >>= 1
        return tuple(proof)

    def consistency_proof(self, old_size: int) -> tuple[bytes, ...]:
        """Prove that the tree of the first ``old_size`` leaves is a beginning of this one.

        Returns:
            The hashes of the proof; none when the old tree is empty or the same.

        Raises:
            ProofRefused: The old tree is larger than this one.

        Source:
            RFC 6962 section 2.1.2.
        """
        if not 0 <= old_size <= self.size:
            raise ProofRefused(f"A tree of {self.size} leaves never had {old_size}.")
        if old_size in {0, self.size}:
            return ()
        return tuple(self._subproof(old_size, 0, self.size, known=True))

    def _subproof(self, old_end: int, start: int, end: int, *, known: bool) -> list[bytes]:
        if old_end == end:
            return [] if known else [self._node(start, end)]
        middle = start + _largest_power_below(end - start)
        if old_end <= middle:
            return [*self._subproof(old_end, start, middle, known=known), self._node(middle, end)]
        return [*self._subproof(old_end, middle, end, known=False), self._node(start, middle)]

    def _node(self, start: int, end: int) -> bytes:
        level = (end - start - 1).bit_length()
        return self._levels[level][start >> level]


class Frontier:
    """The roots of the full subtrees of a growing tree: all that is needed to append and to give the root.

    Append changes it in place; `copy` first where a caller may have to go back.
    """

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []  # largest subtree first, one for each bit of the size

    def append(self, leaf: bytes) -> None:
        """Append one leaf, O(log n) at most.

        Args:
            leaf: Hash of the leaf, 32 bytes.

        Raises:
            ProofRefused: It is no hash.
        """
        _check_lengths(leaf)
        merges = self.size
        while merges & 1:
            leaf = node_hash(self._peaks.pop(), leaf)
            merges >>= 1
        self._peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Give the root over all leaves appended so far."""
        if not self._peaks:
            return EMPTY_ROOT
        computed = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            computed = node_hash(peak, computed)
        return computed

    def copy(self) -> Frontier:
        """Give a frontier of its own with the same leaves behind it."""
        return Frontier.from_bytes(self.to_bytes())

    def to_bytes(self) -> bytes:
        """Encode: the size as 8 big-endian bytes, then the subtree roots, largest subtree first."""
        return self.size.to_bytes(8, "big") + b"".join(self._peaks)

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Frontier:
        """Decode what `to_bytes` gave.

        Raises:
            ProofRefused: The length does not fit the size.
        """
        size = int.from_bytes(encoded[:8], "big")
        if len(encoded) != 8 + HASH_LENGTH * size.bit_count():
            raise ProofRefused(f"A frontier of {len(encoded)} bytes does not fit its own size.")
        frontier = cls()
        frontier.size = size
        frontier._peaks = [encoded[at : at + HASH_LENGTH] for at in range(8, len(encoded), HASH_LENGTH)]
        return frontier


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Give the root over leaf hashes."""
    return Tree(leaf_hashes).root()


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Give the inclusion proof of one leaf; see `Tree.inclusion_proof`."""
    return Tree(leaf_hashes).inclusion_proof(index)


def inclusion_proofs(leaf_hashes: Sequence[bytes]) -> Iterator[tuple[bytes, ...]]:
    """Give the inclusion proofs of all leaves in order: O(n log n) time, one proof in memory at a time."""
    tree = Tree(leaf_hashes)
    return (tree.inclusion_proof(index) for index in range(tree.size))


def consistency_proof(leaf_hashes: Sequence[bytes], old_size: int) -> tuple[bytes, ...]:
    """Give the consistency proof from the first ``old_size`` leaves to all; see `Tree.consistency_proof`."""
    return Tree(leaf_hashes).consistency_proof(old_size)


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes
) -> None:
    """Check that a leaf stands at its index in the tree under a root.

    Args:
        leaf: Hash of the leaf.
        index: Its 0-based index.
        size: Number of leaves under the root.
        proof: Sibling hashes from the leaf upwards.
        expected_root: The root, from a source that is trusted.

    Raises:
        ProofRefused: It does not.

    Source:
        RFC 9162 section 2.1.3.2.
    """
    if not 0 <= index < size:
        raise ProofRefused(f"A tree of {size} leaves has no leaf {index}.")
    _check_lengths(leaf, expected_root, *proof)
    node, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofRefused("The inclusion proof is too long for the tree.")
        if node & 1 or node == last:
            computed = node_hash(sibling, computed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofRefused("The inclusion proof is too short for the tree.")
    _check_root(computed, expected_root, f"Leaf {index} is not under the root of the tree of {size} leaves.")


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that a tree only grew from one root to the other.

    Raises:
        ProofRefused: It did not, or the proof does not show it.

    Source:
        RFC 9162 section 2.1.4.2.
    """
    if not 0 <= old_size <= new_size:
        raise ProofRefused(f"A tree does not grow from {old_size} to {new_size} leaves.")
    _check_lengths(old_root, new_root, *proof)
    if old_size == 0:
        _check_root(old_root, EMPTY_ROOT, "The old root is not that of the empty tree.")
    if old_size == new_size:
        _check_root(old_root, new_root, f"Two different roots are given for {new_size} leaves.")
    if old_size in {0, new_size}:
        if proof:
            raise ProofRefused("The consistency proof must be empty here.")
        return
    _walk_consistency(old_size, new_size, old_root, new_root, proof)


def _walk_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not proof:
        raise ProofRefused("The consistency proof is empty.")
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_computed = new_computed = path[0]
    for step in path[1:]:
        if last == 0:
            raise ProofRefused("The consistency proof is too long.")
        if node & 1 or node == last:
            old_computed, new_computed = node_hash(step, old_computed), node_hash(step, new_computed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new_computed = node_hash(new_computed, step)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofRefused("The consistency proof is too short.")
    _check_root(old_computed, old_root, f"The first {old_size} leaves are not those of the old root.")
    _check_root(new_computed, new_root, f"The tree of {new_size} leaves did not grow from the old root.")


def _level_above(level: Sequence[bytes]) -> list[bytes]:
    above = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    if len(level) & 1:
        above.append(level[-1])
    return above


def _largest_power_below(width: int) -> int:
    return 1 << ((width - 1).bit_length() - 1)


def _check_lengths(*hashes: bytes) -> None:
    for value in hashes:
        if len(value) != HASH_LENGTH:
            raise ProofRefused(f"A hash is {HASH_LENGTH} bytes, not {len(value)}.")


def _check_root(computed: bytes, expected: bytes, message: str) -> None:
    if not hmac.compare_digest(computed, expected):
        raise ProofRefused(message)
