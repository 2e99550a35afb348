from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randomizer.domain.preparation_record import RECORD_BYTES, decode, encode
from randomizer.errors import Refused

values = st.dictionaries(
    st.text(max_size=10), st.text(max_size=20) | st.integers(0, 10**9) | st.booleans(), max_size=8
)


@given(values)
def test_every_record_has_one_length_and_comes_back(record: dict[str, object]) -> None:
    encoded = encode(record)
    assert len(encoded) == RECORD_BYTES
    assert decode(encoded) == record


@pytest.mark.promise(3)
def test_a_record_that_does_not_fit_is_refused_without_repeating_it() -> None:
    texts = {"note": "treatment" * 200, "thaw": "2 min"}
    with pytest.raises(Refused, match="The note is too long: it has 1800 characters") as refusal:
        encode(texts)
    assert "treatment" not in refusal.value.message
    assert refusal.value.field == "note"
    over = int(re.findall(r"Shorten it by (\d+) characters\.", str(refusal.value.next_step))[0])
    assert len(encode(texts | {"note": texts["note"][over:]})) == RECORD_BYTES
    with pytest.raises(Refused, match="is too long") as refusal:
        encode(texts | {"note": texts["note"][over - 1 :]})
    assert refusal.value.next_step == "Shorten it by 1 character."


def test_texts_that_are_too_long_together_are_shortened_together() -> None:
    with pytest.raises(Refused, match="The cell count is too long") as refusal:
        encode({"cell_count": "x" * 201} | {str(one): "x" * 200 for one in range(9)})
    assert str(refusal.value.next_step).endswith("together with the other texts.")


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]".ljust(RECORD_BYTES), b'{"a": 1}'.ljust(RECORD_BYTES), b"\xff" * RECORD_BYTES]
)
def test_other_bytes_are_no_record(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a preparation record"):
        decode(data)
