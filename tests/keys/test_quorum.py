from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import hpke, quorum
from keys.errors import NoteRefused

PUBLIC = bytes(range(32))
DIGESTS = [digit * 64 for digit in "abc"]
RELEASE = {
    "public_key": hpke.public_text(PUBLIC),
    "k": 2,
    "n": 3,
    "share_digests": DIGESTS,
    "recipients": {"statistician": "0" * 64},
}


@pytest.mark.promise(14)
def test_a_release_field_is_read() -> None:
    read = quorum.read_quorum({"release": RELEASE}, quorum.RELEASE)
    assert (read.public, read.k, read.n, read.share_digests) == (PUBLIC, 2, 3, tuple(DIGESTS))
    assert read.recipients == {"statistician": "0" * 64}


def test_each_purpose_has_labels_of_its_own() -> None:
    assert quorum.release_info(quorum.STAGED) == b"crossover-randomizer/v1/staged"
    assert quorum.recipient_info(quorum.RELEASE) == b"crossover-randomizer/v1/recipient/release"


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("public_key", None),
        ("public_key", "x25519:AAAA"),
        ("k", 0),
        ("k", 4),
        ("k", "2"),
        ("k", True),
        ("n", 2),
        ("n", None),
        ("share_digests", None),
        ("share_digests", ["a" * 64] * 3),
        ("share_digests", [*DIGESTS[:2], "x" * 64]),
        ("share_digests", [*DIGESTS[:2], ["c"]]),
        ("recipients", None),
        ("recipients", {"../escape": "0" * 64}),
        ("recipients", {".hidden": "0" * 64}),
        ("recipients", {"statistician": 1}),
        ("recipients", {"statistician": "0" * 63}),
    ],
)
def test_a_malformed_release_field_is_refused(field: str, value: object) -> None:
    with pytest.raises(NoteRefused):
        quorum.read_quorum({"release": {**RELEASE, field: value}}, quorum.RELEASE)


@pytest.mark.parametrize("certificate", [{}, {"staged": RELEASE}, {"release": []}])
def test_a_certificate_without_the_release_is_refused(certificate: dict[str, Any]) -> None:
    with pytest.raises(NoteRefused, match="says nothing of a release key"):
        quorum.read_quorum(certificate, quorum.RELEASE)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.promise(18)
@given(st.sampled_from(sorted(RELEASE)), json_values)
def test_any_value_in_a_field_is_refused_in_words(field: str, value: object) -> None:
    try:
        quorum.read_quorum({"release": {**RELEASE, field: value}}, quorum.RELEASE)
    except NoteRefused:
        return
    assert (field, value) in [("k", 1), ("k", 2), ("k", 3), ("n", 3), ("recipients", {})]
