"""What one code break tells about the neighbours: exact posteriors, in whole-number fractions.

By symmetry of the sequences it is enough to follow the *first* one: each procedure is a Markov chain that
says whether the next slot is of the first sequence. The pair distribution of two slots follows from it.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

from randomizer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.domain.unblinded import Procedure

    State = tuple[int, int]
    Step = Callable[[State], list[tuple[Fraction, bool, State]]]
    Weights = dict[State, Fraction]

HALF = Fraction(1, 2)
START: Weights = {(0, 0): Fraction(1)}


def largest_posterior(procedure: Procedure, arms: int = 2, slots: int | None = None) -> Fraction:
    """Return the largest probability with which one opened slot tells another slot's sequence.

    The observer knows the design, the order of the slots and the sequence of one of them.

    Args:
        procedure: The rule.
        arms: Sequences.
        slots: Size of the stratum; None for one without end.

    Returns:
        The maximum over both slots of a stratum and over sequences; 1/arms means that nothing is given away.

    Raises:
        Refused: The rule is unknown.
    """
    if procedure.kind == "complete":
        return Fraction(1, arms)
    if procedure.kind == "permuted-blocks":
        return _of_blocks(procedure.block_sizes, procedure.weights, arms, slots)
    if procedure.kind == "big-stick":
        return _of_stick(procedure.limit, slots)
    raise Refused("The procedure is unknown.", field="procedure")


@cache
def _of_blocks(sizes: tuple[int, ...], weights: tuple[int, ...], arms: int, slots: int | None) -> Fraction:
    # the observer is surest where a block is known to begin, at the first slot; later beginnings are blurred
    horizon = max(sizes) + min(sizes)
    return _over_pairs(_block_step(sizes, weights, arms), arms, min(horizon, slots or horizon), START)


@cache
def _of_stick(limit: int, slots: int | None) -> Fraction:
    horizon = 2 * limit + 4
    step = _stick_step(limit)
    largest = _over_pairs(step, 2, min(horizon, slots or horizon), START)
    if slots is not None and slots <= horizon:
        return largest
    # what the walk tends to: every imbalance of one parity, those at the limit half as often
    settled = {(ahead, 0): Fraction(1 if abs(ahead) == limit else 2) for ahead in range(-limit, limit + 1)}
    for parity in (0, 1):
        those = {state: weight for state, weight in settled.items() if state[0] % 2 == parity}
        total = sum(those.values())
        start = {state: weight / total for state, weight in those.items()}
        largest = max(largest, _over_pairs(step, 2, horizon, start))
    return largest


def _over_pairs(step: Step, arms: int, horizon: int, start: Weights) -> Fraction:
    largest = Fraction(1, arms)
    before = start
    for first in range(horizon):
        after, opened = _advance(before, step)
        total = sum(opened.values(), Fraction(0))
        ahead = {state: weight / total for state, weight in opened.items()}
        for _ in range(first + 1, horizon):
            ahead, same = _advance(ahead, step)
            chance = sum(same.values(), Fraction(0))
            largest = max(largest, chance, (1 - chance) / (arms - 1))
        before = after
    return largest


def _advance(weights: Weights, step: Step) -> tuple[Weights, Weights]:
    """Go one slot on; return all states, and those in which the slot is of the first sequence."""
    after: Weights = {}
    first: Weights = {}
    for state, weight in weights.items():
        for chance, is_first, following in step(state):
            after[following] = after.get(following, Fraction(0)) + weight * chance
            if is_first:
                first[following] = first.get(following, Fraction(0)) + weight * chance
    return after, first


def _block_step(sizes: tuple[int, ...], weights: tuple[int, ...], arms: int) -> Step:
    total = sum(weights)

    def within(left: int, firsts: int, share: Fraction) -> list[tuple[Fraction, bool, State]]:
        chances = [(share * Fraction(firsts, left), True, (left - 1, firsts - 1))]
        chances.append((share * Fraction(left - firsts, left), False, (left - 1, firsts)))
        return [chance for chance in chances if chance[0]]

    @cache
    def step(state: State) -> list[tuple[Fraction, bool, State]]:
        left, firsts = state  # slots left in the block, and those of the first sequence among them
        if left:
            return within(left, firsts, Fraction(1))
        begun = zip(sizes, weights, strict=True)
        return [
            chance for size, weight in begun for chance in within(size, size // arms, Fraction(weight, total))
        ]

    return step


def _stick_step(limit: int) -> Step:
    def step(state: State) -> list[tuple[Fraction, bool, State]]:
        ahead, _ = state
        if ahead >= limit:
            return [(Fraction(1), False, (ahead - 1, 0))]
        if ahead <= -limit:
            return [(Fraction(1), True, (ahead + 1, 0))]
        return [(HALF, True, (ahead + 1, 0)), (HALF, False, (ahead - 1, 0))]

    return step
