from __future__ import annotations

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
    with pytest.raises(Refused, match="at most 1024 bytes") as refusal:
        encode({"remarks": "treatment" * 200})
    assert "treatment" not in refusal.value.message


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]".ljust(RECORD_BYTES), b'{"a": 1}'.ljust(RECORD_BYTES), b"\xff" * RECORD_BYTES]
)
def test_other_bytes_are_no_record(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a preparation record"):
        decode(data)
