"""Williams designs are balanced for first-order carry-over and uniform over periods."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from randomizer.domain.williams import balanced_for_carry_over, uniform_over_periods, williams

pytestmark = pytest.mark.requirement("three treatments")


@pytest.mark.parametrize("count", range(2, 10))
def test_each_treatment_follows_each_other_equally_often(count: int) -> None:
    rows = williams(count)
    follows = Counter(pair for row in rows for pair in pairwise(row))

    assert len(set(rows)) == len(rows) == (count if count % 2 == 0 else 2 * count)
    assert follows == dict.fromkeys(
        ((a, b) for a in range(count) for b in range(count) if a != b), len(rows) // count
    )
    assert balanced_for_carry_over(rows)


@pytest.mark.parametrize("count", range(2, 10))
def test_each_treatment_stands_equally_often_in_each_period(count: int) -> None:
    for column in zip(*williams(count), strict=True):
        assert set(Counter(column).values()) == {len(column) // count}
    assert uniform_over_periods(williams(count))


def test_two_treatments_are_the_crossover_of_ab_and_ba() -> None:
    assert williams(2) == ((0, 1), (1, 0))


def test_a_plain_latin_square_is_not_balanced() -> None:
    assert not balanced_for_carry_over(((0, 1, 2), (1, 2, 0), (2, 0, 1)))
    assert not uniform_over_periods(((0, 1), (0, 1)))


@pytest.mark.parametrize("count", [0, 1, 10])
def test_other_counts_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match="2 to 9"):
        williams(count)
