"""What one code break tells about the neighbours: exact posteriors, in whole-number fractions.

By symmetry of the sequences it is enough to follow the *first* one of each procedure's chain. The pair
distribution of two slots follows from it.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

from randomizer.domain.chains import advance, start, step_of

if TYPE_CHECKING:
    from randomizer.domain.chains import Step, Weights
    from randomizer.domain.unblinded import Procedure

FIRST = 0


@cache
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
    step, begin = step_of(procedure, arms), start(procedure)
    if procedure.kind == "complete":
        return Fraction(1, arms)
    if procedure.kind == "big-stick":
        return _of_stick(step, begin, procedure.limit, slots)
    # the observer is surest where a block is known to begin, at the first slot; later beginnings are blurred
    horizon = max(procedure.block_sizes) + min(procedure.block_sizes)
    return _over_pairs(step, arms, min(horizon, slots or horizon), begin)


def _of_stick(step: Step, begin: Weights, limit: int, slots: int | None) -> Fraction:
    horizon = 2 * limit + 4
    largest = _over_pairs(step, 2, min(horizon, slots or horizon), begin)
    if slots is not None and slots <= horizon:
        return largest
    # what the walk tends to: every imbalance of one parity, those at the limit half as often
    settled = {(ahead,): Fraction(1 if abs(ahead) == limit else 2) for ahead in range(-limit, limit + 1)}
    for parity in (0, 1):
        those = {state: weight for state, weight in settled.items() if state[0] % 2 == parity}
        total = sum(those.values())
        settling: Weights = {state: weight / total for state, weight in those.items()}
        largest = max(largest, _over_pairs(step, 2, horizon, settling))
    return largest


def _over_pairs(step: Step, arms: int, horizon: int, begin: Weights) -> Fraction:
    largest = Fraction(1, arms)
    before = begin
    for first in range(horizon):
        opened = advance(before, step, only=FIRST)
        total = sum(opened.values(), Fraction(0))
        ahead = {state: weight / total for state, weight in opened.items()}
        for _ in range(first + 1, horizon):
            same = advance(ahead, step, only=FIRST)
            ahead = advance(ahead, step)
            chance = sum(same.values(), Fraction(0))
            largest = max(largest, chance, (1 - chance) / (arms - 1))
        before = advance(before, step)
    return largest
