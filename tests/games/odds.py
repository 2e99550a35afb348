"""What somebody who knows design and order of enrolment alone could guess: exact chances, no simulation."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import comb, lcm, sqrt
from typing import TYPE_CHECKING

from randomizer.domain.chains import start, step_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from randomizer.domain.unblinded import Procedure

ARMS = 2
SURE = 0.95
"""How sure the gambler is of each guess."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A guess about the slots of one stratum: which of them share a sequence.

    Args:
        told: Bit by bit, the first slot lowest: the group into which the guess puts the slot.
        about: Bit by bit: whether it says anything of the slot.
    """

    told: int
    about: int

    def right(self, truth: int) -> int:
        """How many slots of group 1 are of the first sequence, and of group 0 of the other."""
        return (~(self.told ^ truth) & self.about).bit_count()


@cache
def lists(procedure: Procedure, slots: int) -> dict[int, Fraction]:
    """Every list that the design can give a stratum, with its chance; bit by bit, slot 0 lowest."""
    step = step_of(procedure, ARMS)
    weights = {(0, state): weight for state, weight in start(procedure).items()}
    for slot in range(slots):
        after: dict[tuple[int, tuple[int, ...]], Fraction] = defaultdict(Fraction)
        for (so_far, state), weight in weights.items():
            for chance, which, following in step(state):
                after[so_far | (which == 0) << slot, following] += weight * chance
        weights = after
    found: dict[int, Fraction] = defaultdict(Fraction)
    for (whole, _), weight in weights.items():
        found[whole] += weight
    return dict(found)


@cache
def _counted(procedure: Procedure, slots: int) -> tuple[tuple[tuple[int, int], ...], int]:
    """The lists with whole-number weights, and the sum of these."""
    found = lists(procedure, slots)
    total = lcm(*(chance.denominator for chance in found.values()))
    return tuple((whole, int(chance * total)) for whole, chance in found.items()), total


@cache
def rights(procedure: Procedure, slots: int, claim: Claim) -> tuple[float, ...]:
    """Chance of each number of right guesses, from none, where what is claimed depends on no sequence."""
    weighted, total = _counted(procedure, slots)
    found = [0] * (claim.about.bit_count() + 1)
    for truth, weight in weighted:
        found[claim.right(truth)] += weight
    return tuple(one / total for one in found)


@dataclass(frozen=True, slots=True)
class Round:
    """What came of an adversary's claims about one trial.

    Args:
        chances: Of each number of right guesses, from none.
        right: How many were.
        hit: What a coin becomes that is put on the guesses, at the odds of the design.
        miss: What it becomes on their opposites.
    """

    chances: tuple[float, ...]
    right: int
    hit: float
    miss: float

    @property
    def guesses(self) -> int:
        """How many there were."""
        return len(self.chances) - 1

    @property
    def pairs(self) -> int:
        """Of how many pairs it was rightly said whether they share a sequence."""
        return pairs(self.right, self.guesses)


def pairs(right: int, guesses: int) -> int:
    """Two right guesses or two wrong ones say the right thing of the pair."""
    return comb(right, 2) + comb(guesses - right, 2)


@cache
def played(
    procedure: Procedure, sizes: tuple[int, ...], claims: tuple[Claim, ...], truths: tuple[int, ...]
) -> Round:
    """Compare the claims about one trial, stratum by stratum, with its sealed schedule."""
    chances = _together(rights(procedure, size, claim) for size, claim in zip(sizes, claims, strict=True))
    right = sum(claim.right(truth) for claim, truth in zip(claims, truths, strict=True))
    hit, miss = (_stake(chances, right, sure) for sure in (SURE, 1 - SURE))
    return Round(chances=chances, right=right, hit=hit, miss=miss)


def _stake(chances: tuple[float, ...], right: int, sure: float) -> float:
    """The pay-out of a coin that is spread over all lists by how well the guesses fit them."""
    guesses = len(chances) - 1
    fits = [sure**count * (1 - sure) ** (guesses - count) for count in range(guesses + 1)]
    return fits[right] / sum(fit * chance for fit, chance in zip(fits, chances, strict=True))


def _together(parts: Iterable[tuple[float, ...]]) -> tuple[float, ...]:
    whole = [1.0]
    for part in parts:
        longer = [0.0] * (len(whole) + len(part) - 1)
        for one, weight in enumerate(whole):
            if weight:
                for other, chance in enumerate(part):
                    longer[one + other] += weight * chance
        whole = longer
    return tuple(whole)


def tail_of_sequences(rounds: tuple[Round, ...]) -> float:
    """Chance of so many right guesses of sequences, or so many wrong ones, without any leak."""
    chances = _together(one.chances for one in rounds)
    right, guesses = sum(one.right for one in rounds), sum(one.guesses for one in rounds)
    far = abs(2 * right - guesses)
    return sum(chance for count, chance in enumerate(chances) if abs(2 * count - guesses) >= far)


def tail_of_pairs(rounds: tuple[Round, ...]) -> float:
    """Chance of so many right guesses whether two share a sequence, without any leak."""
    known: dict[int, float] = {0: 1.0}
    for one in rounds:
        counts: dict[int, float] = defaultdict(float)
        for right, chance in enumerate(one.chances):
            counts[pairs(right, one.guesses)] += chance
        after: dict[int, float] = defaultdict(float)
        for before, weight in known.items():
            for count, chance in counts.items():
                after[before + count] += weight * chance
        known = after
    reached = sum(one.pairs for one in rounds)
    return sum(chance for count, chance in known.items() if count >= reached)


def surprise(rounds: tuple[Round, ...], count: Callable[[int, int], int]) -> float:
    """How many standard deviations the count lies off what it would be without a leak.

    Args:
        rounds: All trials.
        count: Of right guesses and of guesses: what is counted.
    """
    off = spread = 0.0
    for one in rounds:
        mean, variance = _moments(one.chances, count)
        off += count(one.right, one.guesses) - mean
        spread += variance
    return abs(off) / sqrt(spread) if spread else 0.0


@cache
def _moments(chances: tuple[float, ...], count: Callable[[int, int], int]) -> tuple[float, float]:
    counted = [(count(right, len(chances) - 1), chance) for right, chance in enumerate(chances)]
    mean = sum(value * chance for value, chance in counted)
    return mean, sum((value - mean) ** 2 * chance for value, chance in counted)


def sequences(right: int, _guesses: int) -> int:
    """Right guesses of a sequence."""
    return right


TAILS: dict[Callable[[int, int], int], Callable[[tuple[Round, ...]], float]] = {
    sequences: tail_of_sequences,
    pairs: tail_of_pairs,
}
"""What is counted, and how seldom the count is so good by chance."""


def fortune(rounds: tuple[Round, ...]) -> float:
    """What one coin becomes that is put on these guesses, trial after trial, at the odds of the design.

    A third of it goes on the guesses, a third on their opposites, and a third on the pairs: on either, anew
    in each trial. Without a leak its expected value is one, so it reaches a million once in a million games.

    Source: Ville, Étude critique de la notion de collectif, 1939.
    """
    plain = opposite = of_pairs = 1.0
    for one in rounds:
        plain, opposite, of_pairs = plain * one.hit, opposite * one.miss, of_pairs * (one.hit + one.miss) / 2
    return (plain + opposite + of_pairs) / 3
