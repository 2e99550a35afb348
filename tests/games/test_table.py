"""The table of the games says what held, what did not, and how many leaks were caught."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.games import table
from tests.games.leaks import LEAK_TEST

FIGURES = {"sizes": "3 trials", "trials": 3, "statistic": "tail 0.1", "bound": "1e-6"}


def report(nodeid: str, *figures: dict[str, object]) -> Any:  # noqa: ANN401 - as much of a report as is read
    return SimpleNamespace(nodeid=nodeid, user_properties=[(table.FIGURES, one) for one in figures])


def test_a_game_has_a_line_with_its_figures_and_its_leaks() -> None:
    own = "tests/games/test_dump.py::"
    passed = [report(f"{own}test_nobody", FIGURES), report(f"{own}{LEAK_TEST}[in_a_log_line]")]
    failed = [report(f"{own}{LEAK_TEST}[in_a_nonce]"), report("tests/keys/test_stream.py::test_other")]

    head, line = table.lines(passed, failed)

    assert head.split()[0] == "game"
    assert [word.strip() for word in line.split("  ") if word] == [
        "dump",
        "3 trials",
        "3",
        *("tail 0.1", "1e-6", "2/3", "1/2"),
    ]


def test_further_figures_stand_below() -> None:
    lines = table.lines([report("tests/games/test_neighbours.py::test_posterior", FIGURES, FIGURES)], [])

    assert len(lines) == 3
    assert lines[1].startswith("neighbours")
    assert lines[1].endswith("none seeded")
    assert lines[2].startswith(" ")
