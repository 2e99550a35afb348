"""What the games found, as the table that ``make games`` prints."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from tests.games.leaks import LEAK_TEST

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

FIGURES = "figures"
"""Property by which a test tells its figures: sizes, trials, statistic and bound, as words."""
HEAD = ("game", "sizes", "trials", "largest statistic", "bound", "tests", "leaks caught")


def lines(passed: Iterable[pytest.TestReport], failed: Iterable[pytest.TestReport]) -> list[str]:
    """The table, a line for each game and one more for each further set of figures.

    Args:
        passed: Reports of the tests that hold.
        failed: Reports of those that don't.
    """
    good, bad = _by_game(passed), _by_game(failed)
    rows: list[tuple[str, ...]] = [HEAD]
    for game in sorted(good.keys() | bad.keys()):
        own, broken = good.get(game, []), bad.get(game, [])
        caught, missed = _leaks(own), _leaks(broken)
        figures = [told for one in (*own, *broken) for told in _figures(one)] or [{}]
        for at, told in enumerate(figures):
            words = tuple(str(told.get(name, "")) for name in ("sizes", "trials", "statistic", "bound"))
            tests = f"{len(own)}/{len(own) + len(broken)}"
            leaks = f"{caught}/{caught + missed}" if caught + missed else "none seeded"
            rows.append((game, *words, tests, leaks) if at == 0 else ("", *words, "", ""))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _by_game(reports: Iterable[pytest.TestReport]) -> dict[str, list[pytest.TestReport]]:
    found: dict[str, list[pytest.TestReport]] = {}
    for one in reports:
        path = PurePath(one.nodeid.partition("::")[0])
        if path.parent.name == "games":
            found.setdefault(path.stem.removeprefix("test_").replace("_", " "), []).append(one)
    return found


def _leaks(reports: list[pytest.TestReport]) -> int:
    return sum(f"::{LEAK_TEST}[" in one.nodeid for one in reports)


def _figures(report: pytest.TestReport) -> list[dict[str, Any]]:
    return [dict(told) for name, told in report.user_properties if name == FIGURES]  # type: ignore[call-overload]
