"""Every leak of the catalogue is caught by a game of this run; without that game it is caught by nobody."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.games.conftest import LEFT_OUT
from tests.games.leaks import CATALOGUE, LEAK_TEST, PLACES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Caught = Mapping[str, Iterable[str]]

LEAST = 24


def declared() -> dict[str, tuple[str, ...]]:
    """What each game says that it catches, by the name of its module."""
    names = [path.stem for path in sorted(Path(__file__).parent.glob("test_*.py"))]
    modules = {name: import_module(f"{__package__}.{name}") for name in names if name != Path(__file__).stem}
    return {name: module.CATCHES for name, module in modules.items() if hasattr(module, "CATCHES")}


def uncaught(games: Caught, left_out: Iterable[str] = ()) -> set[str]:
    """Leaks that no game catches.

    Args:
        games: Name of each game, and what it catches.
        left_out: Identifiers of the tests that this run leaves out.
    """
    missing = {
        (name.rpartition("/")[2], test) for name, _, test in (one.partition(".py::") for one in left_out)
    }
    caught = {
        leak
        for game, leaks in games.items()
        for leak in leaks
        if (game, f"{LEAK_TEST}[{leak}]") not in missing
    }
    return set(CATALOGUE) - caught


@pytest.mark.promise(1)
@pytest.mark.promise(2)
@pytest.mark.requirement("games")
def test_every_leak_is_caught_by_a_game_of_this_run(request: pytest.FixtureRequest) -> None:
    left_out = request.config.stash.get(LEFT_OUT, None) or ()
    assert uncaught(declared(), left_out) == set()


def test_the_catalogue_is_large_and_each_of_its_leaks_says_what_it_is() -> None:
    assert len(CATALOGUE) == sum(name.startswith("in_") for place in PLACES for name in vars(place)) >= LEAST
    assert [name for name, leak in CATALOGUE.items() if not leak.__doc__] == []
    assert {leak for leaks in declared().values() for leak in leaks} <= set(CATALOGUE)


@pytest.mark.parametrize("game", declared())
def test_a_game_runs_against_each_leak_that_it_declares(game: str) -> None:
    test = getattr(import_module(f"{__package__}.{game}"), LEAK_TEST)
    [given] = [mark.args[1] for mark in test.pytestmark if mark.name == "parametrize"]
    assert tuple(given) == declared()[game] != ()


@pytest.mark.parametrize("game", declared())
def test_without_a_game_what_it_alone_catches_is_missed(game: str) -> None:
    games = declared()
    others = {name: leaks for name, leaks in games.items() if name != game}
    alone = set(games[game]) - {leak for leaks in others.values() for leak in leaks}
    tests = [f"tests/games/{game}.py::{LEAK_TEST}[{leak}]" for leak in games[game]]
    assert uncaught(others) == uncaught(games, tests) == alone
    assert uncaught({}) == set(CATALOGUE)
