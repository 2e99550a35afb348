"""How a verification is shown to people: one line for each step, what fails once more, the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from randomizer.services.verification.report import Status, Verdict

if TYPE_CHECKING:
    from randomizer.services.verification.report import Report, Result

FILE_COLUMNS: Final = 160  # of the table where no terminal gives a width
MARKS: Final = {
    Status.HOLDS: ("✓ holds", "green"),
    Status.FAILS: ("✗ FAILS", "bold red"),
    Status.NOT_CHECKED: ("– not checked", "yellow"),  # noqa: RUF001 - a dash, to be seen
}


def show(report: Report) -> None:
    """Print a report on standard output."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=FILE_COLUMNS)
    facts = report.facts
    table = Table(
        title=f"Trial {facts['trial']} ({facts['kind']}), schedule version {facts['schedule_version']}",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("Step", overflow="fold")
    table.add_column("Result", no_wrap=True)
    table.add_column("What was seen", overflow="fold")
    for result in report.results:
        words, style = MARKS[result.status]
        table.add_row(result.step, Text(words, style), Text(_seen(result)))
    console.print(table)
    for result in report.results:
        if result.status is Status.FAILS:
            console.print(f"{result.step}: {_seen(result)}", markup=False, soft_wrap=True)
    console.print(verdict(report), markup=False, soft_wrap=True)


def verdict(report: Report) -> str:
    """The verdict in one sentence."""
    if report.verdict is Verdict.FAILED:
        return f"FAILED: {', '.join(report.failed)}."
    scope = "Everything" if report.released else "Everything that needs no release"
    if report.verdict is Verdict.OK:
        return f"OK: {scope} holds against the pins."
    return (
        f"NOT PINNED: {scope} is consistent. Give certificate digest and log key from the trial master "
        "file: without them, a whole record that was replaced looks the same."
    )


def _seen(result: Result) -> str:
    where = f"{result.record}: " if result.record else ""
    more = f" And {result.more} more." if result.more else ""
    return f"{where}{result.sentence}{more}"
