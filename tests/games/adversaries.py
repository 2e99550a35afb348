"""Adversaries against copies: each goes by one thing that was observed, a gambler by all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nlargest
from typing import TYPE_CHECKING

from tests.games import features, odds
from tests.games.odds import Claim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from randomizer.domain.schedule import Schedule
    from randomizer.domain.unblinded import Procedure
    from tests.games.dumping import Copy
    from tests.games.odds import Round

ERROR = 1e-6
"""How often the game may cry wolf: half of it for the adversaries together, half for the gambler."""


MOST = 50
"""So many observations have their tails computed for each kind of guess: the most surprising ones."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How far the adversaries came.

    Args:
        observed: Different ways in which the copies split their participants.
        best: Name of the observation that guessed best.
        guessed: What it guessed: "sequences" or "pairs".
        tail: Chance of guessing so well without a leak.
        bound: Below this it is a leak.
        fortune: What the gambler's coin became.
    """

    observed: int
    best: str
    guessed: str
    tail: float
    bound: float
    fortune: float

    @property
    def caught(self) -> bool:
        """Whether the copies tell more than design and enrolment."""
        return self.tail < self.bound or self.fortune > 2 / ERROR


@dataclass(frozen=True, kw_only=True, repr=False)
class Trial:
    """A stolen trial and, for the referee, its schedule: for each stratum the slots of the first sequence."""

    numbers: tuple[str, ...]
    traits: features.Traits
    sizes: tuple[int, ...]
    truths: tuple[int, ...]

    def __repr__(self) -> str:
        return "Trial(masked)"

    def claims(self, groups: dict[str, bool]) -> tuple[Claim, ...]:
        """A split of the participants as a claim about each stratum."""
        found, first = [], 0
        for size in self.sizes:
            told = about = 0
            for slot, number in enumerate(self.numbers[first : first + size]):
                if number in groups:
                    about |= 1 << slot
                    told |= groups[number] << slot
            found.append(Claim(told, about))
            first += size
        return tuple(found)


def trial(copy: Copy, schedule: Schedule) -> Trial:
    """What the adversaries see of a copy, and what only the referee knows."""
    codes = [one.code for one in schedule.sequences]
    truths, first = [], 0
    for _, size in schedule.strata:
        slots = schedule[first : first + size]
        truths.append(sum((codes.index(plan.sequence_code) == 0) << at for at, plan in enumerate(slots)))
        first += size
    sizes = tuple(size for _, size in schedule.strata)
    return Trial(numbers=copy.numbers, traits=features.traits(copy), sizes=sizes, truths=tuple(truths))


def judge(procedure: Procedure, trials: list[Trial]) -> Verdict:
    """Let every adversary guess, and say how often guesses would be as good as theirs without a leak."""
    rounds_of = _rounds(procedure, trials)
    fortunes = {name: odds.fortune(rounds) for name, rounds in rounds_of.items()}
    tail, guessed, best = min(
        (tail_of(rounds_of[name]), count.__name__, name)
        for count, tail_of in odds.TAILS.items()
        for name in _most_surprising(rounds_of, count)
    )
    return Verdict(
        observed=len(rounds_of),
        best=best,
        guessed=guessed,
        tail=tail,
        bound=ERROR / 2 / (len(rounds_of) * len(odds.TAILS)),
        fortune=sum(fortunes.values()) / len(fortunes),
    )


def _rounds(procedure: Procedure, trials: list[Trial]) -> dict[str, tuple[Round, ...]]:
    """Every different split by the first name under which it was found; what splits nobody is left out."""
    named: dict[tuple[tuple[Claim, ...], ...], str] = {}
    for trait in sorted({name for one in trials for name in one.traits}):
        for how, groups in features.groups(one.traits.get(trait, {}) for one in trials):
            claims = tuple(one.claims(split) for one, split in zip(trials, groups, strict=True))
            if any(claim.told not in {0, claim.about} for each in claims for claim in each):
                named.setdefault(_one_way_round(claims), f"{trait}: {how}")
    return {
        name: tuple(
            odds.played(procedure, one.sizes, each, one.truths)
            for one, each in zip(trials, claims, strict=True)
        )
        for claims, name in named.items()
    }


def _one_way_round(claims: tuple[tuple[Claim, ...], ...]) -> tuple[tuple[Claim, ...], ...]:
    """A split and its opposite say the same."""
    first = next(claim for each in claims for claim in each if claim.about)
    if first.told & first.about & -first.about:
        return claims
    return tuple(tuple(Claim(one.told ^ one.about, one.about) for one in each) for each in claims)


def _most_surprising(
    rounds_of: dict[str, tuple[Round, ...]], count: Callable[[int, int], int]
) -> Iterable[str]:
    return nlargest(MOST, rounds_of, key=lambda name: odds.surprise(rounds_of[name], count))
