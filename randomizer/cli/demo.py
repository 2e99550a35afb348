"""``randomizer demo``: a whole trial, from registry record to verified release, without a question."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from randomizer.cli.console import FILE, answer, json_option, steps
from randomizer.cli.story.plans import Event
from randomizer.cli.story.whole import Told, tell
from randomizer.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

SELF_WITNESSED = "self-witnessed: its witness ran on this machine"


@click.command()
@click.option("--dir", "directory", type=FILE, required=True, help="Where everything goes; made if missing.")
@click.option("--participants", type=click.IntRange(1, 20_000), default=24, show_default=True)
@json_option
def command(directory: Path, participants: int, *, as_json: bool) -> None:
    """Play a whole rehearsal trial into DIR; DIR/public and DIR/release can then be verified."""
    if directory.exists() and any(directory.iterdir()):
        raise Refused(
            f"{directory} is not empty. Nothing was changed.",
            field="dir",
            next_step="Name a directory that does not exist yet.",
        )
    began = time.monotonic()
    with steps() as progress:
        told = tell(directory, participants, progress)
    seconds = told.seconds | {"all": round(time.monotonic() - began, 3)}
    fields = {
        "participants": told.counter.participants,
        "dispensations": told.counter.dispensations,
        "code_breaks": told.counter.count(Event.CODE_BREAK),
        "verified": told.verification["verdict"] == "OK",
        "witness": SELF_WITNESSED,
        "seconds": seconds,
    }
    answer(
        fields,
        f"REHEARSAL, {SELF_WITNESSED}.\nVerify it again: randomizer verify {directory}",
        as_json=as_json,
    )
    if not as_json:
        _table(told, seconds)


def _table(told: Told, seconds: dict[str, float]) -> None:
    table = Table(title="The story of a trial")
    table.add_column("What")
    table.add_column("How much", justify="right")
    table.add_row("participants randomized", str(told.counter.participants))
    table.add_row("kits dispensed", str(told.counter.dispensations))
    for event in Event:
        if told.counter.count(event):
            table.add_row(event, str(told.counter.count(event)))
    table.add_row("verdict", str(told.verification["verdict"]))
    table.add_section()
    for step, spent in seconds.items():
        table.add_row(f"{step}, seconds", f"{spent:.1f}")
    Console().print(table)
