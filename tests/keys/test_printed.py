"""128 bits as symbols that people read out and type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import printed
from keys.errors import CodeRefused

secrets = st.binary(min_size=printed.LENGTH, max_size=printed.LENGTH)


@given(secrets)
def test_what_is_printed_is_read_as_it_was(secret: bytes) -> None:
    symbols = printed.to_symbols(secret)
    assert len(symbols.split("-")) == 9
    assert printed.from_symbols(symbols, "code") == secret
    assert printed.from_symbols(symbols.lower().replace("0", "o").replace("-", " "), "code") == secret


def test_known_answers() -> None:
    assert printed.to_symbols(bytes(16)) == "000-000-000-000-000-000-000-000-000"
    assert printed.to_symbols(bytes(15) + b"\x25") == "000-000-000-000-000-000-000-000-150"


@pytest.mark.parametrize("typed", ["", "0" * 26, "0" * 26 + "1", "U" + "0" * 26])
def test_what_is_none_is_refused_under_its_name(typed: str) -> None:
    with pytest.raises(CodeRefused, match="spare code"):
        printed.from_symbols(typed, "spare code")
