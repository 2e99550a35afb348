"""The witness as a state machine: it accepts exactly what grew from the checkpoint that it co-signed last."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import checkpoint as tlog
from keys import merkle, notes, proofs, witness
from keys.checkpoint import Checkpoint
from keys.errors import CosigningRefused, KeysError, NoteRefused
from keys.notes import COSIGNATURE, NoteKey
from keys.proofs import ConsistencyProof

pytestmark = [pytest.mark.promise(13), pytest.mark.promise(17), pytest.mark.requirement("trail")]

LOG = NoteKey("example.org/log", bytes(range(32)))
WITNESS = NoteKey("example.org/witness", bytes(range(32, 64)), COSIGNATURE)
OTHER = NoteKey("example.org/second", bytes(range(64, 96)), COSIGNATURE)
KEYS = [LOG.verifier, WITNESS.verifier]
AT = 1_700_000_000


def leaves(size: int, branch: bytes = b"", after: int = 0) -> list[bytes]:
    """Hashes of a log whose leaves from ``after`` on are those of a branch."""
    return [merkle.leaf_hash(b"%d" % number + (branch if number >= after else b"")) for number in range(size)]


def asked(hashes: list[bytes], old_size: int) -> ConsistencyProof:
    note = tlog.sign(Checkpoint(LOG.name, len(hashes), merkle.root(hashes)), LOG)
    return proofs.prove_consistency(hashes, old_size, note)


def cosign(proof: ConsistencyProof, last: bytes | None, at: int = AT) -> bytes:
    return witness.cosign(proof, log=LOG.verifier, last=last, key=WITNESS, at=at)


def refusal(proof: ConsistencyProof, last: bytes | None) -> str:
    with pytest.raises(CosigningRefused) as refused:
        cosign(proof, last)
    return refused.value.why


@given(st.lists(st.tuples(st.integers(0, 24), st.booleans(), st.integers(0, 24)), max_size=12))
def test_of_any_sequence_of_checkpoints_it_co_signs_exactly_the_extensions(
    shown: list[tuple[int, bool, int]],
) -> None:
    """The log shows trees of any size, now of the trail, now of a fork that leaves it somewhere."""
    last: bytes | None = None
    seen: list[bytes] = []
    for size, forked, after in shown:
        tree = leaves(size, b"fork" if forked else b"", after)
        grew = tree[: len(seen)] == seen
        try:
            note = cosign(asked(tree, min(len(seen), size)), last)
        except CosigningRefused:
            assert not grew
            continue
        assert grew
        last, seen = note, tree
        verified = tlog.verify(note, KEYS)
        assert verified.checkpoint == Checkpoint(LOG.name, size, merkle.root(tree))
        assert verified.cosigned_at == ((WITNESS.name, AT),)


def test_the_first_checkpoint_is_co_signed_whatever_its_size() -> None:
    for size in (0, 1, 7):
        note = cosign(asked(leaves(size), 0), None)
        assert witness.remembered(note, LOG.verifier, WITNESS).size == size


def test_a_rollback_is_refused() -> None:
    last = cosign(asked(leaves(7), 0), None)
    assert refusal(asked(leaves(6), 6), last) == "rollback"
    assert refusal(asked(leaves(0), 0), last) == "rollback"


def test_another_tree_of_the_same_size_is_refused() -> None:
    last = cosign(asked(leaves(7), 0), None)
    assert refusal(asked(leaves(7, b"x", 6), 7), last) == "fork"


def test_a_fork_signed_with_the_true_key_of_the_log_is_refused() -> None:
    last = cosign(asked(leaves(7), 0), None)
    assert refusal(asked(leaves(12, b"x", 6), 7), last) == "fork"
    assert refusal(asked(leaves(12, b"x", 0), 7), last) == "fork"


def test_a_proof_from_elsewhere_is_told_where_to_begin() -> None:
    last = cosign(asked(leaves(7), 0), None)
    with pytest.raises(
        CosigningRefused, match="begins at 3 entries; this witness last co-signed 7"
    ) as refused:
        cosign(asked(leaves(9), 3), last)
    assert refused.value.why == "stale proof"


def test_the_same_checkpoint_is_co_signed_again_whatever_the_proof() -> None:
    proof = asked(leaves(7), 0)
    last = cosign(proof, None)
    for again in (proof, asked(leaves(7), 7), replace(proof, checkpoint=last)):
        note = cosign(again, last, AT + 60)
        assert tlog.verify(note, KEYS).cosigned_at == ((WITNESS.name, AT + 60),)


def test_an_unknown_log_is_refused() -> None:
    hashes = leaves(3)
    stranger = NoteKey("example.org/other", LOG.secret)
    note = tlog.sign(Checkpoint(stranger.name, 3, merkle.root(hashes)), stranger)
    assert refusal(ConsistencyProof(0, (), note), None) == "unknown log"


def test_a_checkpoint_that_the_log_did_not_sign_is_refused() -> None:
    imposter = NoteKey(LOG.name, OTHER.secret)
    note = tlog.sign(Checkpoint(LOG.name, 3, merkle.root(leaves(3))), imposter)
    assert refusal(ConsistencyProof(0, (), note), None) == "unsigned"


def test_what_it_remembers_must_be_its_own() -> None:
    proof = asked(leaves(3), 0)
    of_another = witness.cosign(proof, log=LOG.verifier, last=None, key=OTHER, at=AT)
    for last in (proof.checkpoint, of_another, b"torn"):
        assert refusal(asked(leaves(4), 3), last) == "state"
    new_key = NoteKey(LOG.name, OTHER.secret)
    note = tlog.sign(Checkpoint(LOG.name, 4, merkle.root(leaves(4))), new_key)
    with pytest.raises(CosigningRefused, match="for this key of the log"):
        witness.cosign(
            ConsistencyProof(3, (), note),
            log=new_key.verifier,
            last=cosign(proof, None),
            key=WITNESS,
            at=AT,
        )


def test_it_hands_on_no_signature_that_it_did_not_verify() -> None:
    proof = asked(leaves(3), 0)
    with_others = replace(proof, checkpoint=notes.cosign(proof.checkpoint, OTHER, AT))
    note = cosign(with_others, None)
    assert notes.read_unverified(note)[1] == (LOG.name, WITNESS.name)


@pytest.mark.parametrize("at", [0, -1, 1 << 63])
def test_a_cosignature_says_when(at: int) -> None:
    with pytest.raises(NoteRefused):
        cosign(asked(leaves(3), 0), None, at)


def test_a_key_of_another_type_does_not_co_sign() -> None:
    with pytest.raises(NoteRefused):
        witness.cosign(asked(leaves(3), 0), log=LOG.verifier, last=None, key=LOG, at=AT)


@given(st.binary(max_size=120))
def test_any_note_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(KeysError):
        cosign(ConsistencyProof(0, (), content), None)
