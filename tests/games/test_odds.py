"""The baseline of the dump game: exact, and as often wrong as it says."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import isclose
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.meter import chance_of_guessing
from randomizer.domain.unblinded import Procedure
from tests.games import odds
from tests.games.odds import Claim, Round

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCKS_OF_FOUR = Procedure(kind="permuted-blocks", block_sizes=(4,), weights=(1,))
MIXED = Procedure(kind="permuted-blocks", block_sizes=(4, 6), weights=(1, 1))
SIZES = (8, 4)
CLAIMS = {
    "first half": (Claim(0b00001111, 0b11111111), Claim(0b0011, 0b1111)),
    "turn by turn": (Claim(0b01010101, 0b11111111), Claim(0b0101, 0b1111)),
    "of some": (Claim(0b00000001, 0b00010001), Claim(0b0000, 0b0100)),
}


def every_round(claims: tuple[Claim, ...]) -> list[tuple[Fraction, Round]]:
    """Whatever the schedule may be, with its chance: what comes of the claims."""
    found = []
    lists = [odds.lists(BLOCKS_OF_FOUR, size).items() for size in SIZES]
    for (one, chance), (two, other) in product(*lists):
        found.append((chance * other, odds.played(BLOCKS_OF_FOUR, SIZES, claims, (one, two))))
    return found


@pytest.mark.parametrize("procedure", [BLOCKS_OF_FOUR, MIXED, Procedure(kind="big-stick", limit=2)])
def test_the_chances_of_all_lists_sum_to_one(procedure: Procedure) -> None:
    assert sum(odds.lists(procedure, 8).values()) == 1


@pytest.mark.parametrize(
    ("procedure", "differ"), [(BLOCKS_OF_FOUR, Fraction(2, 3)), (MIXED, Fraction(19, 30))]
)
def test_neighbours_differ_as_often_as_the_design_says(procedure: Procedure, differ: Fraction) -> None:
    """The best guess without a leak; with blocks of four it is right in two of three cases."""
    found = sum(chance for whole, chance in odds.lists(procedure, 8).items() if whole & 1 != whole >> 1 & 1)

    assert found == differ == chance_of_guessing(procedure, 2, 2, frozenset({0}))[1]


@pytest.mark.parametrize("name", CLAIMS)
@pytest.mark.parametrize("what", odds.TAILS)
def test_a_tail_is_reached_as_often_as_it_says(name: str, what: Callable[[int, int], int]) -> None:
    tail_of = odds.TAILS[what]
    rounds = [(chance, tail_of((one,))) for chance, one in every_round(CLAIMS[name])]

    for level in {tail for _, tail in rounds}:
        reached = sum(chance for chance, tail in rounds if tail <= level * (1 + 1e-9))
        assert isclose(float(reached), level)


@pytest.mark.parametrize("name", CLAIMS)
def test_the_gambler_wins_nothing_on_average(name: str) -> None:
    expected = sum(float(chance) * odds.fortune((one,)) for chance, one in every_round(CLAIMS[name]))

    assert isclose(expected, 1)


def test_who_knows_the_schedule_is_rich_and_most_unlikely() -> None:
    truths = (0b00110101, 0b1001)
    rounds = tuple(
        odds.played(BLOCKS_OF_FOUR, SIZES, tuple(Claim(truth, 2**size - 1) for truth, size in pairs), truths)
        for pairs in [tuple(zip(truths, SIZES, strict=True))] * 4
    )

    assert isclose(odds.tail_of_sequences(rounds), 2 * 6.0**-12)
    assert isclose(odds.tail_of_pairs(rounds), 2**4 * 6.0**-12)
    assert odds.fortune(rounds) > 1e6


def test_a_leak_that_is_right_in_three_of_four_is_surprising_and_unlikely() -> None:
    """No gambler who is nearly sure of it gets rich by it."""
    truth, told = 0b00110101, 0b00110110  # two of eight are wrong
    rounds = (odds.played(BLOCKS_OF_FOUR, (8,), (Claim(told, 0xFF),), (truth,)),) * 30

    assert odds.surprise(rounds, odds.sequences) > 6
    assert odds.tail_of_sequences(rounds) < 1e-10
    assert odds.surprise((), odds.pairs) == 0
