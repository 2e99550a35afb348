"""The known answers of docs/procedures.md, from the real stream."""

from __future__ import annotations

from pathlib import Path

import pytest

from keys.stream import Stream
from randomizer.domain.numbers import draw_numbers
from randomizer.domain.procedures import run
from randomizer.domain.unblinded import Procedure

pytestmark = pytest.mark.promise(11)
PAGE = Path(__file__).parents[2] / "docs" / "procedures.md"
SEED = bytes(range(32))


def answer(name: str) -> str:
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines()]
    return next(row[1].replace("`", "") for row in rows if row[0] == name)


def blocks(sizes: tuple[int, ...], weights: tuple[int, ...]) -> Procedure:
    return Procedure(kind="permuted-blocks", block_sizes=sizes, weights=weights)


def test_the_first_bytes() -> None:
    stream = Stream(SEED, "crossover-randomizer/v1/schedule")

    assert stream.take(16).hex() == answer("first bytes of the schedule stream")


@pytest.mark.parametrize(
    ("name", "procedure"),
    [
        ("complete", Procedure(kind="complete")),
        ("permuted-blocks, sizes 4", blocks((4,), (1,))),
        ("permuted-blocks, sizes 4, 6, weights 1, 1", blocks((4, 6), (1, 1))),
        ("permuted-blocks, sizes 4, 6, 8, weights 3, 2, 1", blocks((4, 6, 8), (3, 2, 1))),
        ("big-stick, limit 2", Procedure(kind="big-stick", limit=2)),
    ],
)
def test_the_known_sequences(name: str, procedure: Procedure) -> None:
    drawn = run(procedure, 20, 2, Stream(SEED, "crossover-randomizer/v1/schedule"))

    assert "".join("AB"[arm] for arm in drawn) == answer(name)


def test_the_known_numbers() -> None:
    below = Stream(SEED, "crossover-randomizer/v1/kits").below
    drawn = [*draw_numbers(3, 8, below), *draw_numbers(4, 9, below)]

    assert " ".join(drawn) == answer("three randomization numbers, then four kit numbers")
