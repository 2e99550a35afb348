"""The MESEMS example; draws: every path with its exact probability, a list, or a fixed stream."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.definition import Definition, parse_definition
from randomizer.domain.unblinded import UnblindedDefinition, parse_unblinded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from randomizer.domain.procedures import Draws

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="session")
def mesems_text() -> str:
    return (CONFIG / "mesems.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def mesems(mesems_text: str) -> Definition:
    return parse_definition(mesems_text, "mesems.toml")


@pytest.fixture(scope="session")
def mesems_unblinded(mesems: Definition) -> UnblindedDefinition:
    return parse_unblinded((CONFIG / "mesems.unblinded.toml").read_text(encoding="utf-8"), mesems)


@pytest.fixture(scope="session")
def mesems_record() -> bytes:
    return (CONFIG / "mesems.registry.txt").read_bytes()


class Listed:
    """Gives listed answers and notes what was asked; beyond the list it gives zeros."""

    def __init__(self, answers: list[int]) -> None:
        self.answers = answers
        self.asked: list[int] = []

    def below(self, n: int, /) -> int:
        at = len(self.asked)
        self.asked.append(n)
        return self.answers[at] if at < len(self.answers) else 0


class Hashed:
    """A fixed stream of numbers by hashing a counter; the tiny bias does not matter here."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.count = 0

    def below(self, n: int, /) -> int:
        self.count += 1
        digest = hashlib.sha256(f"{self.label}/{self.count}".encode()).digest()
        return int.from_bytes(digest[:16]) % n


def paths(run: Callable[[Draws], tuple[int, ...]]) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """Run a procedure along every path of draws; give each result with the probability of its path."""
    answers: list[int] = []
    while True:
        draws = Listed(answers)
        result = run(draws)
        chance = Fraction(1)
        for n in draws.asked:
            chance /= n
        yield result, chance
        answers = [*answers, *[0] * (len(draws.asked) - len(answers))]
        while answers and answers[-1] + 1 == draws.asked[len(answers) - 1]:
            answers.pop()
        if not answers:
            return
        answers[-1] += 1


def distribution(run: Callable[[Draws], tuple[int, ...]]) -> dict[tuple[int, ...], Fraction]:
    """The exact distribution of a procedure's results."""
    found: dict[tuple[int, ...], Fraction] = defaultdict(Fraction)
    for result, chance in paths(run):
        found[result] += chance
    return dict(found)


@pytest.fixture(scope="session", name="distribution")
def give_distribution() -> Callable[..., dict[tuple[int, ...], Fraction]]:
    return distribution


@pytest.fixture(scope="session")
def hashed() -> type[Hashed]:
    return Hashed


@pytest.fixture(scope="session")
def listed() -> type[Listed]:
    return Listed
