from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import contribution, hpke
from keys.contribution import MACHINE, REVEAL_INFO, Commitment, Contribution, Terms
from keys.errors import ContributionRefused, NoteRefused, SealBroken
from keys.hpke import Identity
from keys.notes import NoteKey

TERMS = Terms(1, "aa" * 32, "bb" * 32)
NAMES = (MACHINE, "anna", "bert")
MADE = [Contribution(name, TERMS, bytes([at]) * 32) for at, name in enumerate(NAMES, start=1)]
COMMITMENTS = [made.commitment for made in MADE]
KEY = NoteKey("anna", bytes(range(32)))
CEREMONY = Identity(bytes(range(32)))


def prefixed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


@pytest.mark.promise(11)
def test_the_commitment_and_the_seed_are_the_documented_hashes() -> None:
    label = b"crossover-randomizer/v1/commitment"
    terms = ((1).to_bytes(4, "big"), b"\xaa" * 32, b"\xbb" * 32)
    expected = hashlib.sha256(prefixed(label, *terms, b"anna", bytes([2]) * 32)).hexdigest()
    assert MADE[1].commitment == Commitment("anna", TERMS, expected)

    label = b"crossover-randomizer/v1/seed"
    salt = hashlib.sha256(prefixed(label, *(bytes.fromhex(one.value) for one in COMMITMENTS))).digest()
    seed = hmac.digest(salt, prefixed(label, *(made.secret for made in MADE)), hashlib.sha256)
    assert contribution.combine(COMMITMENTS, MADE) == seed


@pytest.mark.promise(11)
def test_known_answers() -> None:
    made = [Contribution(MACHINE, TERMS, bytes(range(32))), Contribution("anna", TERMS, bytes(range(32, 64)))]
    assert [one.commitment.value for one in made] == [
        "c749d4538755e8dd7d448d44e68aecce54e95ed381fb50a6b576ee8686f9f3e2",
        "c864b63f7e534e975b7b26c7b3bcc96e0d9f8a46ce3e4f5422b90513eecb8ba2",
    ]
    assert contribution.combine([one.commitment for one in made], made).hex() == (
        "212ebb771a0f53e411abd4810b44bfc53773c5605a47d9266dd0084d5d04069d"
    )


@pytest.mark.promise(11)
def test_the_order_is_that_of_the_commitments() -> None:
    seeds = {contribution.combine(COMMITMENTS, list(order)) for order in permutations(MADE)}
    assert len(seeds) == 1
    swapped = [COMMITMENTS[at] for at in (0, 2, 1)]
    assert contribution.combine(swapped, MADE) not in seeds


@pytest.mark.promise(11)
@given(st.sampled_from([0, 1, 2]), st.integers(0, 31), st.integers(1, 255))
def test_every_contribution_decides_the_seed_and_none_can_change_later(who: int, at: int, flip: int) -> None:
    changed = bytes(byte ^ (flip if place == at else 0) for place, byte in enumerate(MADE[who].secret))
    others = [replace(made, secret=changed) if made is MADE[who] else made for made in MADE]
    with pytest.raises(ContributionRefused, match="not the one"):
        contribution.combine(COMMITMENTS, others)
    assert contribution.combine([made.commitment for made in others], others) != contribution.combine(
        COMMITMENTS, MADE
    )


@pytest.mark.promise(11)
@pytest.mark.parametrize(
    "terms",
    [Terms(2, "aa" * 32, "bb" * 32), Terms(1, "ab" * 32, "bb" * 32), Terms(1, "aa" * 32, "ba" * 32)],
)
def test_a_commitment_binds_attempt_definition_and_generator(terms: Terms) -> None:
    moved = replace(MADE[1], terms=terms)
    assert moved.commitment.value != COMMITMENTS[1].value
    with pytest.raises(ContributionRefused):
        contribution.check(moved, COMMITMENTS[1])
    with pytest.raises(ContributionRefused, match="another attempt, definition or generator"):
        contribution.check_commitments([COMMITMENTS[0], moved.commitment])


@pytest.mark.promise(11)
def test_a_list_that_cannot_make_a_seed_is_refused() -> None:
    machine, anna, bert = COMMITMENTS
    copied = Commitment("carl", TERMS, anna.value)
    for listed, match in (
        ([], "machine's own"),
        ([anna, machine], "machine's own"),
        ([machine], "alone"),
        ([machine, anna, anna], "twice"),
        ([machine, anna, copied], "twice"),
        ([machine, anna, replace(bert, name=MACHINE)], "twice"),
    ):
        with pytest.raises(ContributionRefused, match=match):
            contribution.combine(listed, MADE)


@pytest.mark.promise(11)
def test_a_missing_or_additional_contribution_is_refused() -> None:
    with pytest.raises(ContributionRefused, match="contribution of bert is missing"):
        contribution.combine(COMMITMENTS, MADE[:2])
    extra = Contribution("carl", TERMS, bytes(32))
    with pytest.raises(ContributionRefused, match="3 contributions were committed; 4"):
        contribution.combine(COMMITMENTS, [*MADE, extra])


@pytest.mark.promise(11)
def test_a_reveal_is_opened_by_the_ceremony_and_checked() -> None:
    sealed = contribution.reveal(MADE[1], CEREMONY.public)
    assert contribution.open_reveal(CEREMONY, sealed, COMMITMENTS[1]) == MADE[1]
    with pytest.raises(ContributionRefused):
        contribution.open_reveal(CEREMONY, sealed, COMMITMENTS[2])
    with pytest.raises(SealBroken):
        contribution.open_reveal(Identity(bytes(range(1, 33))), sealed, COMMITMENTS[1])
    nonsense = hpke.seal(CEREMONY.public, b"{}", REVEAL_INFO)
    with pytest.raises(ContributionRefused):
        contribution.open_reveal(CEREMONY, nonsense, COMMITMENTS[1])


@pytest.mark.promise(15)
def test_a_commitment_note_is_read_from_its_signer_alone() -> None:
    note = COMMITMENTS[1].note(KEY)
    assert contribution.verify_commitment(note, KEY.verifier) == COMMITMENTS[1]
    with pytest.raises(NoteRefused, match="cannot sign"):
        COMMITMENTS[2].note(KEY)
    with pytest.raises(NoteRefused):
        contribution.verify_commitment(note.replace(b'"attempt":1', b'"attempt":2'), KEY.verifier)
    bert = NoteKey("bert", KEY.secret)
    in_anothers_name = replace(COMMITMENTS[1], name="bert").note(bert).replace(b"bert", b"anna")
    with pytest.raises(NoteRefused):
        contribution.verify_commitment(in_anothers_name, bert.verifier)


@pytest.mark.promise(18)
@given(st.binary(max_size=100))
def test_any_bytes_are_refused_in_words(content: bytes) -> None:
    with pytest.raises(ContributionRefused):
        Contribution.from_bytes(content)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"attempt":1', b'"attempt":true'),
        (b'"attempt":1', b'"attempt":0'),
        (b'"attempt":1', b'"attempt":"1"'),
        (b'"name":"anna"', b'"name":1'),
        (b'"name":"anna"', b'"name":""'),
        (b"aaaa", b"AAAA"),
        (b'"contribution":"02', b'"contribution":"'),
        (b"v1/contribution", b"v2/contribution"),
        (b'"name"', b'"other"'),
        (b":1,", b": 1,"),
    ],
)
def test_a_changed_field_is_refused(old: bytes, new: bytes) -> None:
    encoded = MADE[1].to_bytes()
    assert old in encoded
    with pytest.raises(ContributionRefused):
        Contribution.from_bytes(encoded.replace(old, new))


@pytest.mark.promise(11)
def test_a_contribution_is_32_bytes_of_the_source() -> None:
    asked: list[int] = []

    def source(count: int) -> bytes:
        asked.append(count)
        return secrets.token_bytes(count)

    made = contribution.new_contribution("anna", TERMS, source)
    assert asked == [32]
    assert Contribution.from_bytes(made.to_bytes()) == made
    with pytest.raises(ContributionRefused, match="32 bytes"):
        Contribution("anna", TERMS, bytes(16))


@pytest.mark.promise(3)
def test_it_prints_masked() -> None:
    assert repr(MADE[1]) == "Contribution('anna', masked)"
