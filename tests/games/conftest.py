"""Sealed trials that differ in their schedules alone, and the worlds made of them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.games import sealings, table
from tests.games.lively import Lively, live
from tests.games.sizes import FULL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.games.sealings import Sealing, World

LEFT_OUT = pytest.StashKey[list[str]]()
"""Identifiers of the tests that were deselected in this run."""


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Remember which tests this run leaves out: without its game a leak is caught by nobody."""
    for item in items:
        item.config.stash.setdefault(LEFT_OUT, []).append(item.nodeid)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the games found, where they were played at full size."""
    if FULL:
        terminalreporter.section("games")
        found = [terminalreporter.getreports(outcome) for outcome in ("passed", "failed")]
        for line in table.lines(*found):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sealing]:
    """The same trial, sealed with several schedules."""
    place = tmp_path_factory.mktemp("games")
    drafted = sealings.draft(place / "draft.db")
    return {name: sealings.seal(place / name, drafted, change) for name, change in sealings.CHANGES.items()}


@pytest.fixture
def world(tmp_path: Path, sealed: dict[str, Sealing]) -> Iterator[Callable[[str], World]]:
    """A function that gives a fresh instance of a sealing."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(sealings.world(sealed[name], tmp_path / name))


@pytest.fixture(scope="session")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Lively:
    """A rehearsal with canaries, after people have used it through its processes."""
    return live(tmp_path_factory.mktemp("lively") / "rehearsal")


@pytest.fixture
def one(world: Callable[[str], World]) -> World:
    """An active trial."""
    return world("as generated")
