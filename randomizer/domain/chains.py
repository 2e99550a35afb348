"""Procedures as Markov chains over the slots of a stratum, in whole-number fractions.

A chain follows the first few sequences by name and counts all others as one: procedures treat sequences
alike, so what is true of the first is true of each.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

from randomizer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.domain.unblinded import Procedure

    State = tuple[int, ...]
    Step = Callable[[State], list[tuple[Fraction, int, State]]]
    Weights = dict[State, Fraction]

HALF = Fraction(1, 2)


def start(procedure: Procedure, followed: int = 1) -> Weights:
    """The state before the first slot, with its weight of one."""
    widths = {"permuted-blocks": 1 + followed, "big-stick": 1}
    return {(0,) * widths.get(procedure.kind, 0): Fraction(1)}


def step_of(procedure: Procedure, arms: int, followed: int = 1) -> Step:
    """The chain of a procedure: from a state to (chance, sequence, next state) of the next slot.

    Args:
        procedure: The rule.
        arms: Sequences.
        followed: How many sequences are told apart; index `followed` stands for any other one.

    Raises:
        Refused: The rule is unknown.
    """
    if procedure.kind == "complete":
        return _complete_step(arms, followed)
    if procedure.kind == "permuted-blocks":
        return _block_step(procedure.block_sizes, procedure.weights, arms, followed)
    if procedure.kind == "big-stick":
        return _stick_step(procedure.limit)
    raise Refused("The procedure is unknown.", field="procedure")


def advance(weights: Weights, step: Step, only: int | None = None) -> Weights:
    """Go one slot on.

    Args:
        weights: Chance of each state.
        step: The chain.
        only: Keep the paths on which the slot is of this sequence; None for all of them.
    """
    after: Weights = {}
    for state, weight in weights.items():
        for chance, which, following in step(state):
            if only is None or which == only:
                after[following] = after.get(following, Fraction(0)) + weight * chance
    return after


@cache
def _complete_step(arms: int, followed: int) -> Step:
    chances = [Fraction(1, arms)] * followed + [Fraction(arms - followed, arms)]
    found = [(chance, which, ()) for which, chance in enumerate(chances) if chance]
    return lambda _state: list(found)


@cache
def _block_step(sizes: tuple[int, ...], weights: tuple[int, ...], arms: int, followed: int) -> Step:
    total = sum(weights)

    def within(left: int, each: tuple[int, ...], share: Fraction) -> list[tuple[Fraction, int, State]]:
        found = [
            (share * Fraction(count, left), which, (left - 1, *_one_less(each, which)))
            for which, count in enumerate(each)
        ]
        found.append((share * Fraction(left - sum(each), left), followed, (left - 1, *each)))
        return [one for one in found if one[0]]

    @cache
    def step(state: State) -> list[tuple[Fraction, int, State]]:
        left, *each = state  # slots left in the block, and those of each followed sequence among them
        if left:
            return within(left, tuple(each), Fraction(1))
        return [
            one
            for size, weight in zip(sizes, weights, strict=True)
            for one in within(size, (size // arms,) * followed, Fraction(weight, total))
        ]

    return step


def _one_less(counts: tuple[int, ...], which: int) -> tuple[int, ...]:
    return tuple(count - (index == which) for index, count in enumerate(counts))


@cache
def _stick_step(limit: int) -> Step:
    def step(state: State) -> list[tuple[Fraction, int, State]]:
        [ahead] = state  # count of the first sequence minus count of the other
        if ahead >= limit:
            return [(Fraction(1), 1, (ahead - 1,))]
        if ahead <= -limit:
            return [(Fraction(1), 0, (ahead + 1,))]
        return [(HALF, 0, (ahead + 1,)), (HALF, 1, (ahead - 1,))]

    return step
