"""Randomization procedures as pure functions of uniform whole numbers, as docs/procedures.md tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from randomizer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from randomizer.domain.unblinded import Procedure

TWO = 2


class Draws(Protocol):
    """Where uniform whole numbers come from."""

    def below(self, n: int, /) -> int:
        """Return a whole number from 0 to n - 1, each with the same probability."""
        ...


def complete(n: int, arms: int, draws: Draws) -> tuple[int, ...]:
    """Draw each slot on its own: one number below `arms` for each.

    Args:
        n: Slots.
        arms: Sequences.
        draws: Uniform whole numbers.

    Returns:
        0-based indices of sequences, slot by slot.
    """
    below = draws.below
    return tuple([below(arms) for _ in range(n)])


def permuted_blocks(
    n: int, arms: int, sizes: Sequence[int], weights: Sequence[int], draws: Draws
) -> tuple[int, ...]:
    """Draw balanced blocks until there are enough slots; the last block is drawn whole, then cut.

    Args:
        n: Slots.
        arms: Sequences.
        sizes: Block sizes, multiples of `arms`; with more than one, each block first draws its own.
        weights: Whole-number weight of each size.
        draws: Uniform whole numbers.

    Returns:
        0-based indices of sequences, slot by slot.

    Source: ICH E9, 2.3.2; shuffle after Durstenfeld, Communications of the ACM 7 (1964) 420.
    """
    below = draws.below
    patterns = [list(range(arms)) * (size // arms) for size in sizes]
    slots: list[int] = []
    while len(slots) < n:
        block = patterns[_weighted(weights, draws) if len(sizes) > 1 else 0].copy()
        for last in range(len(block) - 1, 0, -1):
            other = below(last + 1)
            block[last], block[other] = block[other], block[last]
        slots += block
    return tuple(slots[:n])


def _weighted(weights: Sequence[int], draws: Draws) -> int:
    rest = draws.below(sum(weights))
    for index, weight in enumerate(weights):
        if rest < weight:
            return index
        rest -= weight
    raise AssertionError("a number below the sum of the weights falls under one of them")


def big_stick(n: int, limit: int, draws: Draws) -> tuple[int, ...]:
    """Toss a fair coin for each slot; at the limit of imbalance the rarer sequence is next, without a toss.

    Args:
        n: Slots.
        limit: Largest difference of the two counts, at least 1.
        draws: Uniform whole numbers.

    Returns:
        0 or 1, slot by slot.

    Source: Soares and Wu, Communications in Statistics, Theory and Methods 12 (1983) 2017-2034.
    """
    below = draws.below
    ahead = 0  # count of 0 minus count of 1
    slots = []
    for _ in range(n):
        if ahead >= limit:
            arm = 1
        elif ahead <= -limit:
            arm = 0
        else:
            arm = below(TWO)
        ahead += 1 - TWO * arm
        slots.append(arm)
    return tuple(slots)


def run(procedure: Procedure, n: int, arms: int, draws: Draws) -> tuple[int, ...]:
    """Draw the slots of one stratum.

    Args:
        procedure: The rule.
        n: Slots.
        arms: Sequences.
        draws: Uniform whole numbers.

    Returns:
        0-based indices of sequences, slot by slot.

    Raises:
        Refused: The rule is unknown, or does not fit the number of sequences.
    """
    if procedure.kind == "complete":
        return complete(n, arms, draws)
    if procedure.kind == "permuted-blocks":
        return permuted_blocks(n, arms, procedure.block_sizes, procedure.weights, draws)
    if procedure.kind == "big-stick" and arms == TWO:
        return big_stick(n, procedure.limit, draws)
    raise Refused("The procedure is unknown, or does not fit the number of sequences.", field="procedure")
