from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import merkle
from keys.errors import ProofRefused

if TYPE_CHECKING:
    from pathlib import Path

LEAVES = [merkle.leaf_hash(number.to_bytes(2, "big")) for number in range(70)]


def recursive_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962 section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    both = recursive_root(leaves[:split]) + recursive_root(leaves[split:])
    return hashlib.sha256(b"\x01" + both).digest()


def decoded(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def grown(leaves: list[bytes]) -> merkle.Frontier:
    frontier = merkle.Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier


@pytest.mark.requirement("trail")
def test_the_official_roots(conformance: Path) -> None:
    given_roots = json.loads((conformance / "vectors/rfc6962/reference_roots.json").read_text())
    leaves = [merkle.leaf_hash(bytes.fromhex(data)) for data in given_roots["leaf_inputs"]]
    computed = [merkle.root(leaves[:size]).hex() for size in range(len(leaves) + 1)]
    assert computed == given_roots["roots_by_size"]
    assert [grown(leaves[:size]).root().hex() for size in range(len(leaves) + 1)] == computed


@pytest.mark.requirement("trail")
def test_every_official_inclusion_case(conformance: Path) -> None:
    paths = sorted((conformance / "vectors/rfc6962/inclusion").rglob("*.json"))
    wrong = []
    for path in paths:
        case: dict[str, Any] = json.loads(path.read_text())
        proof = [decoded(step) for step in case["proof"] or []]
        arguments = decoded(case["leafHash"]), case["leafIdx"], case["treeSize"], proof, decoded(case["root"])
        try:
            merkle.verify_inclusion(*arguments)
            refused = False
        except ProofRefused:
            refused = True
        if refused != case["wantErr"]:
            wrong.append(str(path))
    assert len(paths) == 98
    assert wrong == []


@pytest.mark.requirement("trail")
@pytest.mark.parametrize("size", range(71))
def test_a_tree_of_any_size_proves_each_leaf_and_each_earlier_tree(size: int) -> None:
    leaves = LEAVES[:size]
    root = merkle.root(leaves)
    assert root == recursive_root(leaves) == grown(leaves).root()
    for index, proof in enumerate(merkle.inclusion_proofs(leaves)):
        assert proof == merkle.inclusion_proof(leaves, index)
        merkle.verify_inclusion(leaves[index], index, size, proof, root)
    for old_size in range(size + 1):
        proof = merkle.consistency_proof(leaves, old_size)
        merkle.verify_consistency(old_size, size, recursive_root(leaves[:old_size]), root, proof)


def test_the_empty_root_is_the_hash_of_nothing() -> None:
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_example_proof_of_the_rfc() -> None:
    d = LEAVES[:7]
    ab, cd, ef = (merkle.node_hash(d[at], d[at + 1]) for at in (0, 2, 4))
    abcd, efg = merkle.node_hash(ab, cd), merkle.node_hash(ef, d[6])
    assert merkle.inclusion_proof(d, 0) == (d[1], cd, efg)
    assert merkle.inclusion_proof(d, 6) == (ef, abcd)
    assert merkle.consistency_proof(d, 3) == (d[2], d[3], ab, efg)
    assert merkle.consistency_proof(d, 4) == (efg,)
    assert merkle.consistency_proof(d, 6) == (ef, d[6], abcd)


@pytest.mark.promise(17)
@given(st.data())
def test_no_changed_inclusion_proof_holds(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 40))
    index = data.draw(st.integers(0, size - 1))
    proof = list(merkle.inclusion_proof(LEAVES[:size], index))
    root = merkle.root(LEAVES[:size])
    step, byte = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 31))
    flipped = bytes(b ^ (at == byte) for at, b in enumerate(proof[step]))
    changed = [
        (index, size, [*proof[:step], flipped, *proof[step + 1 :]]),
        (index, size, [*proof, proof[0]]),
        (index, size, proof[:-1]),
        ((index + 1) % size, size, proof),
        (index, index, proof),
        (-1, size, proof),
        (index, size, [*proof[:step], proof[step][:31], *proof[step + 1 :]]),
    ]
    for at, of, steps in changed:
        with pytest.raises(ProofRefused):
            merkle.verify_inclusion(LEAVES[index], at, of, steps, root)


@pytest.mark.promise(17)
@given(st.data())
def test_no_changed_consistency_proof_holds(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 40))
    old_size = data.draw(st.integers(1, size - 1))
    old_root, root = merkle.root(LEAVES[:old_size]), merkle.root(LEAVES[:size])
    proof = list(merkle.consistency_proof(LEAVES[:size], old_size))
    step, byte = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 31))
    flipped = bytes(b ^ (at == byte) for at, b in enumerate(proof[step]))
    changed = [
        (old_size, size, old_root, root, [*proof[:step], flipped, *proof[step + 1 :]]),
        (old_size, size, old_root, root, [*proof, proof[0]]),
        (old_size, size, old_root, root, proof[:-1]),
        (old_size, size, LEAVES[69], root, proof),
        (old_size, size, old_root, LEAVES[69], proof),
        (size, old_size, root, old_root, proof),
        (old_size, old_size, old_root, root, []),
        (0, size, old_root, root, []),
        (0, size, merkle.EMPTY_ROOT, root, proof),
    ]
    for arguments in changed:
        with pytest.raises(ProofRefused):
            merkle.verify_consistency(*arguments)


@pytest.mark.promise(17)
def test_a_tree_with_one_earlier_leaf_changed_is_not_consistent() -> None:
    changed = [*LEAVES[:4], LEAVES[69], *LEAVES[5:20]]
    for old_size in range(5, 20):
        proof = merkle.consistency_proof(changed, old_size)
        with pytest.raises(ProofRefused):
            merkle.verify_consistency(
                old_size, 20, merkle.root(LEAVES[:old_size]), merkle.root(changed), proof
            )


@given(st.integers(0, 70), st.integers(0, 70))
def test_a_frontier_goes_on_from_its_bytes(first: int, second: int) -> None:
    start, end = sorted((first, second))
    frontier = grown(LEAVES[:start])
    copied = merkle.Frontier.from_bytes(frontier.to_bytes())
    for leaf in LEAVES[start:end]:
        copied.append(leaf)
    assert (copied.size, copied.root()) == (end, merkle.root(LEAVES[:end]))
    assert (frontier.size, frontier.root()) == (start, merkle.root(LEAVES[:start]))


@given(st.binary(max_size=120))
def test_a_frontier_from_any_bytes_is_refused_or_reads_back(encoded: bytes) -> None:
    try:
        frontier = merkle.Frontier.from_bytes(encoded)
    except ProofRefused:
        return
    assert frontier.to_bytes() == encoded


@pytest.mark.parametrize("index", [-1, 3])
def test_a_leaf_that_is_not_there_has_no_proof(index: int) -> None:
    with pytest.raises(ProofRefused, match="no leaf"):
        merkle.inclusion_proof(LEAVES[:3], index)


@pytest.mark.parametrize("old_size", [-1, 4])
def test_a_tree_that_never_was_has_no_proof(old_size: int) -> None:
    with pytest.raises(ProofRefused, match="never had"):
        merkle.consistency_proof(LEAVES[:3], old_size)


def test_only_a_hash_can_be_appended() -> None:
    with pytest.raises(ProofRefused, match="32 bytes"):
        merkle.Frontier().append(b"short")
