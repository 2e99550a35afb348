"""The known answers in docs/sealing.md are those of the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from keys import certificate, checkpoint, contribution, envelope, hpke, labelled, merkle, notes, shares, wraps
from keys.checkpoint import Checkpoint
from keys.contribution import Contribution, Terms
from keys.hpke import Identity
from keys.notes import NoteKey
from keys.stream import Stream
from randomizer.domain.leaf import Content, Leaf, encode_content, encode_leaf
from randomizer.services.sealed import bindings

DOCUMENT = (Path(__file__).parents[2] / "docs" / "sealing.md").read_text(encoding="utf-8")
FIRST, SECOND = bytes(range(32)), bytes(range(32, 64))


def counting(count: int) -> bytes:
    return bytes(range(count))


def documented(answer: bytes | str) -> bool:
    """Whether the page holds an answer, however its words and fields are spaced or quoted there."""
    text = answer.hex() if isinstance(answer, bytes) else answer
    return "".join(text.split()) in "".join(DOCUMENT.split()).replace("``", "")


def test_a_wrong_answer_would_be_noticed() -> None:
    assert not documented(bytes(31) + b"\1")
    assert not documented("academic apart academic acid zebra")


def test_labels_and_trees() -> None:
    assert documented(labelled.encode("a", b"bc", b""))
    assert documented(labelled.digest("a", b"bc", b""))
    assert documented(merkle.root([]))
    assert documented(merkle.root([merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")]))


@pytest.mark.promise(11)
def test_bits() -> None:
    schedule = Stream(FIRST, "crossover-randomizer/v1/schedule")
    assert documented(schedule.take(32))
    assert documented(" ".join(str(schedule.below(6)) for _ in range(12)))
    assert documented(" ".join(str(schedule.below(2**40)) for _ in range(3)))
    assert documented(Stream(FIRST, "crossover-randomizer/v1/salts").take(65546)[65530:])
    kits = Stream(FIRST, "crossover-randomizer/v1/kits")
    assert documented(" ".join(str(kits.below(2**31 + 1)) for _ in range(6)))
    assert documented(kits.take(4))


@pytest.mark.promise(11)
def test_contributions() -> None:
    terms = Terms(1, "aa" * 32, "bb" * 32)
    made = [Contribution("machine", terms, FIRST), Contribution("anna", terms, SECOND)]
    assert all(documented(one.commitment.value) for one in made)
    assert documented(contribution.combine([one.commitment for one in made], made))


@pytest.mark.promise(15)
def test_leaves_and_envelopes() -> None:
    leaf = encode_leaf(
        Leaf(
            version=1,
            slot=2,
            stratum=3,
            ordinal=4,
            randomization_number="49617532",
            sequence_code="AB",
            kits=(("432183018", "641690338"), ("109083238", "916098860")),
            salt=FIRST,
        )
    )
    content = encode_content(Content(sequence_code="AB", treatments=("MSC", "MEDIUM"), salt=FIRST))
    bound = bindings.slot_binding("EXAMPLE", 1, 2, bindings.ENVELOPE)
    assert documented(leaf)
    assert documented(merkle.leaf_hash(leaf))
    assert documented(content)
    assert documented(bindings.slot_name("EXAMPLE", 1, 2))
    assert documented(envelope.seal(FIRST, content, bound, counting))
    assert documented(envelope.seal(FIRST, b"content", b"place", counting))


def test_wraps_and_emergency_codes() -> None:
    code = wraps.EmergencyCode(bytes(range(16)))
    assert documented(wraps.wrap(FIRST, SECOND, b"slot", counting))
    assert documented(code.printed())
    assert documented(wraps.emergency_key(code, b"slot"))


@pytest.mark.promise(15)
def test_notes_checkpoints_and_certificates() -> None:
    log = NoteKey("example.org/log", FIRST)
    witness = NoteKey("example.org/witness", SECOND, notes.COSIGNATURE)
    head = Checkpoint(log.name, 2, merkle.root([merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")]))
    mapping = {"b": 1, "a": ["é", None, True]}
    for text in (
        log.verifier.encode(),
        witness.verifier.encode(),
        notes.cosign(checkpoint.sign(head, log), witness, 1700000000).decode(),
        certificate.sign(mapping, log).decode(),
    ):
        assert text in DOCUMENT
    assert documented(certificate.digest(certificate.canonical(mapping)))


@pytest.mark.promise(14)
def test_keys_and_shares() -> None:
    identity = Identity(FIRST)
    assert documented(hpke.public_text(identity.public))
    assert documented(hpke.public_digest(identity.public))
    made = shares.split(FIRST, 2, 3, counting)
    assert all(documented(share + shares.share_digest(share)) for share in made)
