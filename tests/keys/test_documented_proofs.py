"""The known answers of docs/verification.md are those of the code, and hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keys import checkpoint as tlog
from keys import merkle, proofs, witness
from keys.checkpoint import Checkpoint
from keys.notes import COSIGNATURE, NoteKey
from keys.proofs import ConsistencyProof, InclusionProof

pytestmark = [pytest.mark.promise(15), pytest.mark.requirement("trail")]

PAGE = (Path(__file__).parents[2] / "docs" / "verification.md").read_text(encoding="utf-8")
LOG = NoteKey("example.org/log", bytes(range(32)))
WITNESS = NoteKey("example.org/witness", bytes(range(32, 64)), COSIGNATURE)
HASHES = [merkle.leaf_hash(leaf) for leaf in (b"a", b"b", b"c")]


def documented(first: str) -> bytes:
    """The block that begins with a line."""
    (block,) = re.findall(rf"^```\n({re.escape(first)}\n.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(block).encode()


def note_over(size: int) -> bytes:
    return tlog.sign(Checkpoint(LOG.name, size, merkle.root(HASHES[:size])), LOG)


def test_the_known_answers_are_made_again() -> None:
    first = proofs.prove_consistency(HASHES[:2], 0, note_over(2))
    last = witness.cosign(first, log=LOG.verifier, last=None, key=WITNESS, at=1700000000)
    grown = proofs.prove_consistency(HASHES, 2, note_over(3))
    assert grown.encode() == documented("old 2")
    seen = witness.cosign(grown, log=LOG.verifier, last=last, key=WITNESS, at=1700000600)
    assert proofs.prove_inclusion(HASHES, b"b", 1, seen).encode() == documented(proofs.HEADER)


def test_the_known_answers_hold() -> None:
    keys = [LOG.verifier, WITNESS.verifier]
    inclusion = InclusionProof.parse(documented(proofs.HEADER))
    assert proofs.verify_inclusion(inclusion, inclusion.leaf, keys).names == (LOG.name, WITNESS.name)
    grown = ConsistencyProof.parse(documented("old 2"))
    old = tlog.verify(note_over(2), keys).checkpoint
    assert proofs.verify_consistency(grown, old, keys).checkpoint.size == 3
