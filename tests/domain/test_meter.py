"""The expected rate of correct guesses, against plain enumeration of the procedure."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.meter import NEAREST, Stratum, chance_of_guessing, expected_rate, nearest
from randomizer.domain.posterior import largest_posterior
from randomizer.domain.procedures import run
from randomizer.domain.unblinded import Procedure

if TYPE_CHECKING:
    from collections.abc import Callable

    Lists = dict[tuple[int, ...], Fraction]

pytestmark = pytest.mark.promise(12)


DOCUMENTATION = Path(__file__).parents[2] / "docs" / "procedures.md"


def blocks(*sizes: int, weights: tuple[int, ...] = ()) -> Procedure:
    return Procedure(kind="permuted-blocks", block_sizes=sizes, weights=weights or (1,) * len(sizes))


COMPLETE = Procedure(kind="complete")
STICK = Procedure(kind="big-stick", limit=2)


def by_enumeration(lists: Lists, arms: int, known: tuple[int, ...], slot: int) -> Fraction:
    """Of everything that the known slots can turn out to be, the chance of the likeliest sequence."""
    total = Fraction(0)
    for told in product(range(arms), repeat=len(known)):
        joint = [
            sum(
                (
                    chance
                    for result, chance in lists.items()
                    if result[slot] == guess and tuple(result[one] for one in known) == told
                ),
                Fraction(0),
            )
            for guess in range(arms)
        ]
        total += max(joint)
    return total


@pytest.mark.parametrize(
    ("procedure", "arms", "slots", "known"),
    [
        (COMPLETE, 3, 4, (0, 2)),
        (blocks(4), 2, 1, ()),
        (blocks(4), 2, 8, (1, 5)),
        (blocks(4), 2, 6, (0, 1, 2)),
        (blocks(2, 4), 2, 6, (2, 3)),
        (blocks(2, 4, weights=(1, 3)), 2, 6, (0, 4)),
        (blocks(6), 2, 6, (0, 1, 3, 5)),
        (blocks(6), 2, 6, ()),
        (blocks(3, 6), 3, 6, (0, 4)),
        (blocks(3), 3, 6, (0, 1)),
        (blocks(6), 6, 6, (0, 3)),
        (STICK, 2, 8, (1, 2, 6)),
    ],
)
def test_it_equals_the_enumeration_of_the_pure_procedure(
    distribution: Callable[..., Lists],
    procedure: Procedure,
    arms: int,
    slots: int,
    known: tuple[int, ...],
) -> None:
    lists = distribution(lambda draws: run(procedure, slots, arms, draws))

    found = chance_of_guessing(procedure, arms, slots, frozenset(known))

    assert found == tuple(
        Fraction(1) if slot in known else by_enumeration(lists, arms, known, slot) for slot in range(slots)
    )


@pytest.mark.parametrize(
    ("procedure", "told", "rate"),
    [
        (blocks(4), set(), Fraction(2, 3)),
        (blocks(4), {1}, Fraction(7, 9)),
        (blocks(4, 6), set(), Fraction(19, 30)),
        (COMPLETE, {1}, Fraction(2, 3)),
    ],
)
def test_the_known_answers_of_the_documentation(procedure: Procedure, told: set[int], rate: Fraction) -> None:
    stratum = Stratum(slots=4, disclosed=frozenset({0}), told=frozenset(told))

    assert expected_rate(procedure, 2, [stratum]) == rate
    assert f"| {rate} |" in DOCUMENTATION.read_text(encoding="utf-8").partition("## The meter")[2]


@pytest.mark.parametrize("procedure", [COMPLETE, blocks(4), blocks(4, 6), STICK])
def test_who_knows_the_design_alone_guesses_half(procedure: Procedure) -> None:
    assert set(chance_of_guessing(procedure, 2, 20, frozenset())) == {Fraction(1, 2)}


@pytest.mark.parametrize("sizes", [(4,), (6,), (4, 6), (2, 4)])
def test_after_one_break_the_surest_guess_is_what_the_design_check_says(sizes: tuple[int, ...]) -> None:
    found = chance_of_guessing(blocks(*sizes), 2, 12, frozenset({0}))

    assert max(found[1:]) == largest_posterior(blocks(*sizes))


def test_each_further_slot_that_is_known_can_only_help() -> None:
    rates = [sum(chance_of_guessing(blocks(4, 6), 2, 16, frozenset(range(0, 16, 3)[:n]))) for n in range(5)]

    assert rates == sorted(set(rates))


def test_a_guess_goes_by_the_nearest_and_stays_below_what_all_of_them_would_tell(
    distribution: Callable[..., Lists],
) -> None:
    known = (0, 1, 2, 3, 4)
    assert len(known) > NEAREST
    assert nearest(frozenset(known), 5) == (1, 2, 3, 4)
    lists = distribution(lambda draws: run(blocks(6), 6, 2, draws))

    [*_, last] = chance_of_guessing(blocks(6), 2, 6, frozenset(known))

    assert last == by_enumeration(lists, 2, known[1:], 5) < by_enumeration(lists, 2, known, 5) == 1
