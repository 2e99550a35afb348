"""What one code break gives away, against plain enumeration of the procedure."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.posterior import largest_posterior
from randomizer.domain.procedures import run
from randomizer.domain.unblinded import Procedure

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.promise(12)


def blocks(*sizes: int, weights: tuple[int, ...] = ()) -> Procedure:
    return Procedure(kind="permuted-blocks", block_sizes=sizes, weights=weights or (1,) * len(sizes))


def stick(limit: int) -> Procedure:
    return Procedure(kind="big-stick", limit=limit)


def largest_over_pairs(found: dict[tuple[int, ...], Fraction], arms: int, slots: int) -> Fraction:
    """The largest posterior over all pairs of slots, from the distribution of the pure procedure."""
    largest = Fraction(0)
    for opened in range(slots):
        for arm in range(arms):
            given = {result: chance for result, chance in found.items() if result[opened] == arm}
            total = sum(given.values(), Fraction(0))
            for other in set(range(slots)) - {opened}:
                for guess in range(arms):
                    hits = sum(
                        (chance for result, chance in given.items() if result[other] == guess), Fraction(0)
                    )
                    largest = max(largest, hits / total)
    return largest


@pytest.mark.parametrize(
    ("procedure", "arms", "posterior"),
    [
        (Procedure(kind="complete"), 2, Fraction(1, 2)),
        (Procedure(kind="complete"), 3, Fraction(1, 3)),
        (blocks(2), 2, Fraction(1)),
        (blocks(4), 2, Fraction(2, 3)),
        (blocks(6), 2, Fraction(3, 5)),
        (blocks(2, 4), 2, Fraction(5, 6)),
        (blocks(4, 6), 2, Fraction(19, 30)),
        (blocks(6), 6, Fraction(1, 5)),
        (stick(1), 2, Fraction(1)),
        (stick(2), 2, Fraction(3, 4)),
        (stick(3), 2, Fraction(2, 3)),
    ],
)
def test_the_published_values(procedure: Procedure, arms: int, posterior: Fraction) -> None:
    assert largest_posterior(procedure, arms) == posterior


@pytest.mark.parametrize(
    ("procedure", "arms", "slots"),
    [
        (Procedure(kind="complete"), 3, 4),
        (blocks(2, 4), 2, 6),
        (blocks(2, 4, weights=(1, 3)), 2, 5),
        (blocks(4), 2, 5),
        (blocks(6), 2, 6),
        (blocks(3, 6), 3, 6),
        (stick(1), 2, 8),
        (stick(2), 2, 9),
        (stick(3), 2, 9),
    ],
)
def test_it_equals_the_enumeration_of_the_pure_procedure(
    distribution: Callable[..., dict[tuple[int, ...], Fraction]], procedure: Procedure, arms: int, slots: int
) -> None:
    found = distribution(lambda draws: run(procedure, slots, arms, draws))

    assert largest_posterior(procedure, arms, slots) == largest_over_pairs(found, arms, slots)


@pytest.mark.parametrize("sizes", [(4, 6), (4, 8), (4, 6, 8), (6, 10), (4, 24)])
def test_a_longer_stratum_gives_nothing_more_away(sizes: tuple[int, ...]) -> None:
    longest = max(sizes)

    assert largest_posterior(blocks(*sizes), 2, longest) == largest_posterior(blocks(*sizes))
    assert largest_posterior(blocks(*sizes), 2, 10**6) == largest_posterior(blocks(*sizes))


def test_a_long_big_stick_tends_to_its_bound_from_below() -> None:
    shorter = [largest_posterior(stick(4), 2, slots) for slots in (4, 8, 12)]

    assert shorter == sorted(shorter)
    assert shorter[-1] < largest_posterior(stick(4)) == Fraction(5, 8)
