"""Procedures, by enumeration of every path of draws with exact probabilities."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import accumulate, permutations, product
from math import comb
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randomizer.domain.procedures import big_stick, complete, permuted_blocks, run
from randomizer.domain.unblinded import Procedure
from randomizer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    Distribution = dict[tuple[int, ...], Fraction]

pytestmark = pytest.mark.requirement("procedures")


def swapped(result: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 - arm for arm in result)


PROCEDURES: dict[str, Callable[..., tuple[int, ...]]] = {
    "complete": lambda draws: complete(5, 2, draws),
    "blocks of 4": lambda draws: permuted_blocks(6, 2, [4], [1], draws),
    "blocks of 2 or 4": lambda draws: permuted_blocks(5, 2, [2, 4], [1, 1], draws),
    "weighted blocks": lambda draws: permuted_blocks(4, 2, [2, 4], [3, 1], draws),
    "big stick": lambda draws: big_stick(7, 2, draws),
}


@pytest.fixture(scope="module")
def distributions(distribution: Callable[..., Distribution]) -> dict[str, Distribution]:
    return {name: distribution(procedure) for name, procedure in PROCEDURES.items()}


@pytest.mark.parametrize("name", PROCEDURES)
def test_the_probabilities_of_all_results_sum_to_one(
    distributions: dict[str, Distribution], name: str
) -> None:
    assert sum(distributions[name].values()) == 1


@pytest.mark.parametrize("name", PROCEDURES)
def test_no_sequence_is_preferred(distributions: dict[str, Distribution], name: str) -> None:
    found = distributions[name]

    assert all(found[swapped(result)] == chance for result, chance in found.items())


def test_complete_randomization_gives_every_result_the_same_probability(
    distributions: dict[str, Distribution],
) -> None:
    assert distributions["complete"] == dict.fromkeys(product(range(2), repeat=5), Fraction(1, 32))


def test_a_block_is_balanced_and_every_order_equally_likely(
    distribution: Callable[..., Distribution],
) -> None:
    block = distribution(lambda draws: permuted_blocks(6, 2, [6], [1], draws))

    assert block == dict.fromkeys(set(permutations((0, 0, 0, 1, 1, 1))), Fraction(1, comb(6, 3)))


def test_three_sequences_in_a_block_are_balanced(distribution: Callable[..., Distribution]) -> None:
    block = distribution(lambda draws: permuted_blocks(6, 3, [6], [1], draws))

    assert len(block) == 90
    assert set(block.values()) == {Fraction(1, 90)}
    assert all(Counter(result) == {0: 2, 1: 2, 2: 2} for result in block)


def test_the_size_of_a_block_follows_its_weight(distributions: dict[str, Distribution]) -> None:
    # the first two slots are equal only in a block of four, there with probability 1/3
    equal = sum(
        chance for result, chance in distributions["weighted blocks"].items() if result[0] == result[1]
    )

    assert equal == Fraction(1, 4) * Fraction(1, 3)


def test_the_big_stick_never_passes_its_limit_and_tosses_fairly_below(
    distributions: dict[str, Distribution],
) -> None:
    found = distributions["big stick"]
    walks = {result: list(accumulate(1 - 2 * arm for arm in result)) for result in found}

    assert {abs(ahead) for walk in walks.values() for ahead in walk} == {0, 1, 2}
    for result, walk in walks.items():
        tosses = sum(1 for ahead in [0, *walk[:-1]] if abs(ahead) < 2)
        assert found[result] == Fraction(1, 2**tosses)


@given(
    slots=st.integers(0, 80),
    arms=st.integers(2, 4),
    factors=st.lists(st.integers(1, 4), min_size=1, max_size=3, unique=True),
    label=st.text(max_size=5),
)
def test_blocks_fill_exactly_the_slots_and_stay_near_balance(
    hashed: Callable[[str], Any], slots: int, arms: int, factors: list[int], label: str
) -> None:
    result = permuted_blocks(slots, arms, [arms * f for f in factors], [1] * len(factors), hashed(label))

    assert len(result) == slots
    counts = [result.count(arm) for arm in range(arms)]
    assert max(counts) - min(counts) <= max(factors)


def test_draws_are_consumed_as_documented(listed: Callable[[list[int]], Any]) -> None:
    draws = listed([2, 3, 0, 1])

    # 2 of the weights 1 + 3 names the second size; then 0 1 0 1 is shuffled: places 3 and 3, 2 and 0, 1 and 1
    result = permuted_blocks(3, 2, [2, 4], [1, 3], draws)

    assert draws.asked == [4, 4, 3, 2]
    assert result == (0, 1, 0)
    assert permuted_blocks(4, 2, [4], [1], listed([0, 0, 0])) == (1, 0, 1, 0)
    assert big_stick(5, 1, listed([1, 0])) == (1, 0, 0, 1, 0)
    assert complete(3, 3, listed([2, 0, 1])) == (2, 0, 1)


def test_run_follows_the_procedure(hashed: Callable[[str], Any]) -> None:
    blocks = Procedure(kind="permuted-blocks", block_sizes=(4,), weights=(1,))

    assert run(Procedure(kind="complete"), 9, 3, hashed("a")) == complete(9, 3, hashed("a"))
    assert run(blocks, 9, 2, hashed("a")) == permuted_blocks(9, 2, (4,), (1,), hashed("a"))
    assert run(Procedure(kind="big-stick", limit=2), 9, 2, hashed("a")) == big_stick(9, 2, hashed("a"))
    with pytest.raises(Refused, match="number of sequences"):
        run(Procedure(kind="big-stick", limit=2), 9, 3, hashed("a"))
