"""``randomizer serve rehearsal``: a rehearsal, made if there is none, opened until it is told to stop."""

from __future__ import annotations

import json
import signal
import sys
import threading
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.live import Live

from randomizer.cli import rehearsal
from randomizer.cli.console import say
from randomizer.cli.instance_processes import command_line
from randomizer.cli.rehearsal_processes import await_answers, demand_free, running
from randomizer.cli.rehearsal_table import code_of, one_per_role, table
from randomizer.config import PREFIX, system_clock
from randomizer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.console import RenderableType

    from randomizer.cli.rehearsal_processes import Child
    from randomizer.cli.story.cast import Member

HOST = "127.0.0.1"
SHOWN = "localhost"  # the same machine under a name, for browsers give passkeys to no bare address
NAMES = {"site": "site door", "codebreak": "code-break door", "jobs": "jobs process"}
LOOK_EVERY_SECONDS = 1
WIDE = 160  # columns, where there is no terminal to ask


def run(directory: Path, ports: Mapping[str, int], *, as_json: bool) -> None:
    """Open the rehearsal of a directory, until Ctrl-C or SIGTERM, or until every process has ended.

    Args:
        directory: Of the rehearsal.
        ports: Of "site" and "codebreak".
        as_json: Whether addresses and sign-ins are printed as JSON.

    Raises:
        Refused: A port is taken, a door does not come up, or every process has ended.
    """
    for port in ports.values():
        demand_free(HOST, port)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    found = rehearsal.find(directory)
    if found is None:
        say(f"There is no rehearsal in {directory} yet; making one takes about ten seconds.")
        found = rehearsal.make(directory, system_clock(), say)
    commands = {NAMES[name]: command_line(name, found.instance) for name in NAMES}
    addresses = [(NAMES[name], f"http://{SHOWN}:{port}") for name, port in ports.items()]
    with running(commands, _environment(ports), directory / "logs") as children:
        await_answers(children, [address for _, address in addresses])
        members = one_per_role(found.members)
        if as_json:
            click.echo(json.dumps({"addresses": dict(addresses), "accounts": [_fields(m) for m in members]}))
        _stay(children, stop, members, addresses, shown=not as_json)
        say("Stopping.")


def _environment(ports: Mapping[str, int]) -> dict[str, str]:
    doors = {f"{PREFIX}{name.upper()}__PORT": str(port) for name, port in ports.items()}
    hosts = {f"{PREFIX}{name.upper()}__HOST": HOST for name in ports}
    return doors | hosts


def _fields(member: Member) -> dict[str, str]:
    return {**asdict(member), "code": code_of(member, system_clock())}


def _stay(
    children: Sequence[Child],
    stop: threading.Event,
    members: Sequence[Member],
    addresses: Sequence[tuple[str, str]],
    *,
    shown: bool,
) -> None:
    mourned: set[str] = set()
    with _table_on_terminal(members, addresses, shown=shown) as refresh:
        while not stop.wait(LOOK_EVERY_SECONDS):
            refresh()
            for child in children:
                if child.name not in mourned and child.process.poll() is not None:
                    mourned.add(child.name)
                    say(child.obituary)
            if len(mourned) == len(children):
                raise Refused("Every process has ended.")


@contextmanager
def _table_on_terminal(
    members: Sequence[Member], addresses: Sequence[tuple[str, str]], *, shown: bool
) -> Iterator[Callable[[], None]]:
    """Print the table; on a terminal it is kept up to date, since a code counts for half a minute."""
    console = Console(width=None if sys.stdout.isatty() else WIDE)

    def current() -> RenderableType:
        return table(members, addresses, system_clock())

    if shown and console.is_terminal:
        with Live(current(), console=console, auto_refresh=False) as live:
            yield lambda: live.update(current(), refresh=True)
        return
    if shown:
        console.print(current())
        sys.stdout.flush()
    yield lambda: None
