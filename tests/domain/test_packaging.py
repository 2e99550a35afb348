"""The packaging code: a public function of the kit number, spread evenly, and of nothing else."""

from __future__ import annotations

from collections import Counter

import pytest

from randomizer.domain.numbers import with_check
from randomizer.domain.packaging import code_of


def test_known_answers() -> None:
    assert code_of("mesems", "222471255") == "62495925"
    assert code_of("another", "222471255") != code_of("mesems", "222471255")


@pytest.mark.promise(1)
def test_codes_are_eight_digits_spread_evenly_and_hardly_ever_twice() -> None:
    codes = [code_of("mesems", with_check(10_000_000 + n)) for n in range(2000)]
    assert {len(code) for code in codes} == {8}
    assert len(set(codes)) == len(codes)
    for place in range(8):
        counts = Counter(code[place] for code in codes)
        # Chi-squared with 9 degrees of freedom: 27.9 is passed once in a thousand places.
        assert sum((counts[str(digit)] - 200) ** 2 / 200 for digit in range(10)) < 27.9
