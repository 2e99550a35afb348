from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import checkpoint as tlog
from keys import merkle, notes, proofs
from keys.base64_text import from_base64
from keys.checkpoint import Checkpoint
from keys.errors import KeysError, NoteRefused, ProofRefused
from keys.notes import COSIGNATURE, NoteKey
from keys.proofs import ConsistencyProof, InclusionProof

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.promise(15), pytest.mark.requirement("trail")]

LOG = NoteKey("example.org/log", bytes(range(32)))
WITNESS = NoteKey("example.org/witness", bytes(range(32, 64)), COSIGNATURE)
KEYS = [LOG.verifier, WITNESS.verifier]
LEAVES = [f'{{"number":{number}}}'.encode() for number in range(70)]
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]


def note_over(size: int, key: NoteKey = LOG) -> bytes:
    return tlog.sign(Checkpoint(key.name, size, merkle.root(HASHES[:size])), key)


def inclusion(index: int, size: int) -> InclusionProof:
    return proofs.prove_inclusion(HASHES[:size], LEAVES[index], index, note_over(size))


def consistency(old_size: int, size: int) -> ConsistencyProof:
    return proofs.prove_consistency(HASHES[:size], old_size, note_over(size))


@given(st.data())
def test_a_proof_of_any_entry_is_written_read_and_verified(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    index = data.draw(st.integers(0, size - 1))
    proof = InclusionProof.parse(inclusion(index, size).encode())
    assert proof == inclusion(index, size)
    assert proofs.verify_inclusion(proof, proof.leaf, KEYS).checkpoint.size == size
    with pytest.raises(ProofRefused):
        proofs.verify_inclusion(proof, LEAVES[index] + b" ", KEYS)


@given(st.data())
def test_growth_between_any_two_checkpoints_is_written_read_and_verified(data: st.DataObject) -> None:
    size = data.draw(st.integers(0, 70))
    old_size = data.draw(st.integers(0, size))
    proof = ConsistencyProof.parse(consistency(old_size, size).encode())
    old = tlog.verify(note_over(old_size), KEYS).checkpoint
    assert proofs.verify_consistency(proof, old, KEYS).checkpoint.size == size
    forked = replace(old, root=merkle.leaf_hash(b"another"))
    with pytest.raises(ProofRefused):
        proofs.verify_consistency(proof, forked, KEYS)


def test_an_inclusion_proof_has_the_form_of_the_specification() -> None:
    lines = inclusion(2, 3).encode().decode().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1] == "extra eyJudW1iZXIiOjJ9"
    assert lines[2] == "index 2"
    assert len(lines[3]) == 44
    assert lines[4:7] == ["", "example.org/log", "3"]
    assert inclusion(2, 3).encode().endswith(note_over(3))


def test_a_proof_without_its_entry_has_no_extra_line() -> None:
    bare = replace(inclusion(0, 1), leaf=b"")
    assert bare.encode().startswith(b"c2sp.org/tlog-proof@v1\nindex 0\n\nexample.org/log\n1\n")
    assert InclusionProof.parse(bare.encode()) == bare


def test_a_consistency_proof_is_what_a_witness_is_asked_with() -> None:
    first, second, *rest = consistency(2, 3).encode().decode().split("\n")
    assert (first, len(second), rest[:3]) == ("old 2", 44, ["", "example.org/log", "3"])
    assert consistency(0, 3).encode().startswith(b"old 0\n\nexample.org/log\n")


def test_every_official_inclusion_case_holds_in_the_text_form_too(conformance: Path) -> None:
    paths = sorted((conformance / "vectors/rfc6962/inclusion").rglob("happy-path.json"))
    assert len(paths) >= 5
    for path in paths:
        case = json.loads(path.read_text())
        hashes = tuple(from_base64(step) or b"" for step in case["proof"] or [])
        root = from_base64(case["root"])
        assert root is not None
        note = tlog.sign(Checkpoint(LOG.name, case["treeSize"], root), LOG)
        proof = InclusionProof.parse(InclusionProof(case["leafIdx"], hashes, note).encode())
        head = Checkpoint.parse(notes.read_unverified(proof.checkpoint)[0])
        leaf = from_base64(case["leafHash"]) or b""
        merkle.verify_inclusion(leaf, proof.index, head.size, proof.hashes, head.root)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"c2sp.org/tlog-proof@v1\nindex 0",
        b"c2sp.org/tlog-proof@v2\nindex 0\n\nnote\n",
        b"c2sp.org/tlog-proof@v1\n\nnote\n",
        b"c2sp.org/tlog-proof@v1\nindex 00\n\nnote\n",
        b"c2sp.org/tlog-proof@v1\nindex -1\n\nnote\n",
        b"c2sp.org/tlog-proof@v1\nindex \xd9\xa1\n\nnote\n",
        b"c2sp.org/tlog-proof@v1\nindex 1\nextra eA==\n\nnote\n",
        b"c2sp.org/tlog-proof@v1\nextra x\nindex 1\n\nnote\n",
        b"c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nnote\n",
        b"c2sp.org/tlog-proof@v1\nindex 1\n" + b"A" * 43 + b"=\n" * 64 + b"\nnote\n",
    ],
)
def test_a_malformed_inclusion_proof_is_refused(content: bytes) -> None:
    with pytest.raises(ProofRefused):
        InclusionProof.parse(content)


@pytest.mark.parametrize(
    "content", [b"old 1", b"old\n\nnote\n", b"old x\n\nnote\n", b"old 1\nAA==\n\nnote\n"]
)
def test_a_malformed_consistency_proof_is_refused(content: bytes) -> None:
    with pytest.raises(ProofRefused):
        ConsistencyProof.parse(content)


def test_a_proof_with_more_hashes_than_a_tree_can_have_is_refused() -> None:
    hashes = tuple(HASHES[:64])
    with pytest.raises(ProofRefused, match="63"):
        ConsistencyProof.parse(ConsistencyProof(1, hashes, note_over(3)).encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_words(content: bytes) -> None:
    for kind in (InclusionProof, ConsistencyProof):
        for tried in (content, b"old 1\n" + content, b"c2sp.org/tlog-proof@v1\nindex 1\n" + content):
            try:
                found = kind.parse(tried)
            except KeysError:
                continue
            assert kind.parse(found.encode()) == found


def test_a_checkpoint_of_another_log_proves_nothing() -> None:
    other = NoteKey("example.org/other", LOG.secret)
    with pytest.raises(NoteRefused):
        proofs.verify_inclusion(replace(inclusion(0, 3), checkpoint=note_over(3, other)), LEAVES[0], KEYS)
    old = Checkpoint(other.name, 2, merkle.root(HASHES[:2]))
    with pytest.raises(ProofRefused, match=r"example\.org/other over 2"):
        proofs.verify_consistency(consistency(2, 3), old, KEYS)


def test_a_proof_that_begins_elsewhere_is_refused() -> None:
    old = tlog.verify(note_over(2), KEYS).checkpoint
    with pytest.raises(ProofRefused, match="from 1 entries on"):
        proofs.verify_consistency(consistency(1, 3), old, KEYS)


def test_leaves_that_do_not_lead_to_the_checkpoint_prove_nothing() -> None:
    with pytest.raises(ProofRefused, match="do not lead to the checkpoint"):
        proofs.prove_consistency([*HASHES[:2], HASHES[5]], 1, note_over(3))
    with pytest.raises(ProofRefused):
        proofs.prove_inclusion(HASHES[:3], LEAVES[1], 2, note_over(3))
    with pytest.raises(ProofRefused):
        proofs.prove_inclusion(HASHES[:3], LEAVES[1], 3, note_over(3))


def test_leaves_are_the_lines_of_a_record_without_their_newlines() -> None:
    lines = [leaf + b"\n" for leaf in LEAVES]
    assert proofs.leaf_hashes(iter(lines), 5) == HASHES[:5]
    for given_lines in (lines[:4], [*lines[:4], LEAVES[4]]):
        with pytest.raises(ProofRefused, match="covers 5 entries; only 4"):
            proofs.leaf_hashes(iter(given_lines), 5)
