"""Williams designs: every treatment follows every other equally often, in as few sequences as possible.

Source: E. J. Williams, Experimental designs balanced for the estimation of residual effects of treatments,
Australian Journal of Scientific Research A 2 (1949) 149-168.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALLEST = 2
LARGEST = 9  # treatments; more periods than that nobody goes through


def williams(count: int) -> tuple[tuple[int, ...], ...]:
    """Return the sequences of a Williams design.

    Args:
        count: Number of treatments, and of periods; 2 to 9.

    Returns:
        `count` sequences when it is even, twice as many when it is odd; treatments as 0-based indices.

    Raises:
        ValueError: The count is out of range.
    """
    if not SMALLEST <= count <= LARGEST:
        raise ValueError(f"a Williams design needs {SMALLEST} to {LARGEST} treatments, got {count}")
    zigzag = [0, *((step + 1) // 2 if step % 2 else count - step // 2 for step in range(1, count))]
    square = tuple(tuple((start + shift) % count for start in zigzag) for shift in range(count))
    if count % 2 == 0:
        return square
    return square + tuple(row[::-1] for row in square)


def balanced_for_carry_over(sequences: Sequence[Sequence[object]]) -> bool:
    """Say whether each treatment directly precedes each other one equally often."""
    treatments = {treatment for row in sequences for treatment in row}
    counts = dict.fromkeys(((a, b) for a in treatments for b in treatments if a != b), 0)
    for row in sequences:
        for pair in pairwise(row):
            if pair in counts:
                counts[pair] += 1
    return len(set(counts.values())) <= 1


def uniform_over_periods(sequences: Sequence[Sequence[object]]) -> bool:
    """Say whether each treatment is given equally often in each period."""
    treatments = {treatment for row in sequences for treatment in row}
    return all(
        len({column.count(treatment) for treatment in treatments}) == 1
        for column in zip(*sequences, strict=True)
    )
