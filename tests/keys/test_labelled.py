from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keys import labelled

parts = st.lists(st.binary(max_size=5), max_size=4)


def test_known_answers() -> None:
    assert labelled.encode("a", b"bc", b"").hex() == "000000016100000002626300000000"
    assert labelled.digest("a", b"bc", b"").hex() == (
        "c0bea5595c177e969085e6db42acb94b99457f955f3754632086c8e78f1036a3"
    )


@given(st.text(max_size=4), parts, st.text(max_size=4), parts)
def test_no_two_lists_share_an_encoding(
    label: str, first: list[bytes], other_label: str, second: list[bytes]
) -> None:
    same = (label, first) == (other_label, second)
    assert (labelled.encode(label, *first) == labelled.encode(other_label, *second)) == same
