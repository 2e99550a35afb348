"""How well sequences can be guessed by somebody who knows the design and some participants: exact fractions.

What those participants were found to be given is not asked for. The rate is the one to be expected before it
is known, so it depends on the design and on public facts alone, and would be the same for every schedule.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from randomizer.domain.chains import advance, start, step_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from randomizer.domain.chains import Weights
    from randomizer.domain.unblinded import Procedure


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """How far a stratum is enrolled, and of whom something is known.

    Args:
        slots: How many of its slots are allocated.
        disclosed: 0-based positions of those whose sequence was disclosed.
        told: Positions of those whose sequence an event is taken to have told.
    """

    slots: int
    disclosed: frozenset[int]
    told: frozenset[int] = frozenset()


NEAREST = 4
"""So many known slots each guess goes by; where a stratum has more of them, the rate is a lower bound."""


def expected_rate(procedure: Procedure, arms: int, strata: Iterable[Stratum]) -> Fraction | None:
    """The expected rate of correct guesses among participants whose sequence was not disclosed.

    Args:
        procedure: The rule.
        arms: Sequences.
        strata: All of them; no slot of one tells anything of another's.

    Returns:
        None where there is nobody to guess about.

    Raises:
        Refused: The rule is unknown.
    """
    chances = []
    for one in strata:
        found = chance_of_guessing(procedure, arms, one.slots, one.disclosed | one.told)
        chances += [chance for slot, chance in enumerate(found) if slot not in one.disclosed]
    return sum(chances, Fraction(0)) / len(chances) if chances else None


def chance_of_guessing(
    procedure: Procedure, arms: int, slots: int, known: frozenset[int]
) -> tuple[Fraction, ...]:
    """For each slot of a stratum, the expected chance with which its best guess is right.

    Args:
        procedure: The rule.
        arms: Sequences.
        slots: How many slots of the stratum are guessed about, from the first.
        known: 0-based positions of those whose sequence the observer knows, of these or of later ones.

    Returns:
        One for each slot; 1 for those that are known.

    Raises:
        Refused: The rule is unknown.
    """
    guessed_from: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for slot in range(slots):
        if slot not in known:
            guessed_from[nearest(known, slot)].append(slot)
    found = dict.fromkeys(known, Fraction(1))
    for given, targets in guessed_from.items():
        found |= _expected(procedure, arms, given, tuple(targets))
    return tuple(found[slot] for slot in range(slots))


def nearest(known: frozenset[int], slot: int) -> tuple[int, ...]:
    """The known slots that a guess goes by, in order."""
    return tuple(sorted(sorted(known, key=lambda one: (abs(one - slot), one))[:NEAREST]))


@lru_cache(maxsize=4096)
def _expected(
    procedure: Procedure, arms: int, given: tuple[int, ...], targets: tuple[int, ...]
) -> dict[int, Fraction]:
    """Sum of the chance of the likeliest sequence over all that the given slots can turn out to be."""
    found = dict.fromkeys(targets, Fraction(0))
    for pattern in _patterns(len(given), arms):
        followed = min(arms - 1, max(pattern, default=-1) + 1) or 1
        alike = _ways(pattern, arms)
        told = dict(zip(given, pattern, strict=True))
        for slot, chances in _joint(procedure, arms, followed, told, targets).items():
            others = arms - followed
            found[slot] += alike * max(*chances[:followed], chances[followed] / others)
    return found


def _patterns(length: int, arms: int) -> Iterator[tuple[int, ...]]:
    """Sequences named in the order of their first appearance: one pattern for all that differ in names."""

    def grow(so_far: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if len(so_far) == length:
            yield so_far
            return
        for which in range(min(arms, max(so_far, default=-1) + 2)):
            yield from grow((*so_far, which))

    yield from grow(())


def _ways(pattern: tuple[int, ...], arms: int) -> int:
    ways = 1
    for named in range(max(pattern, default=-1) + 1):
        ways *= arms - named
    return ways


def _joint(
    procedure: Procedure, arms: int, followed: int, told: dict[int, int], targets: tuple[int, ...]
) -> dict[int, list[Fraction]]:
    """For each target, the chance of each sequence together with all that is told: forward, then backward."""
    step = step_of(procedure, arms, followed)
    first, last = min((*targets, *told)), max((*targets, *told))
    ahead = [_before(procedure, arms, followed, last)[first]]
    for slot in range(first, last):
        ahead.append(advance(ahead[-1], step, only=told.get(slot)))
    found = {}
    behind: Weights | None = None
    for slot in range(last, first - 1, -1):
        states: Weights = ahead.pop()
        chances = [Fraction(0)] * (followed + 1)
        back: Weights = {}
        for state, weight in states.items():
            for chance, which, following in step(state):
                if told.get(slot, which) == which:
                    rest = chance if behind is None else chance * behind.get(following, 0)
                    back[state] = back.get(state, Fraction(0)) + rest
                    chances[which] += weight * rest
        behind = back
        found[slot] = chances
    return {slot: found[slot] for slot in targets}


@cache
def _before(procedure: Procedure, arms: int, followed: int, slots: int) -> tuple[Weights, ...]:
    """Chance of each state before each of the first slots, while nothing is known."""
    step = step_of(procedure, arms, followed)
    found = [start(procedure, followed)]
    for _ in range(slots):
        found.append(advance(found[-1], step))
    return tuple(found)
