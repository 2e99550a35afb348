"""``randomizer serve``: each process of an instance, and a whole rehearsal on one machine.

Each process runs its own module in place of this one: the site door never loads what opens an envelope.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from randomizer.cli.console import FILE, instance_option, json_option
from randomizer.cli.instance_processes import command_line
from randomizer.config import load_settings

REHEARSAL = Path("var/rehearsal")


@click.group()
def command() -> None:
    """Run a door, the jobs, or a whole rehearsal."""


@command.command()
@instance_option
def site(instance: Path | None) -> NoReturn:
    """The site door, for blinded people."""
    _become("site", instance)


@command.command()
@instance_option
def codebreak(instance: Path | None) -> NoReturn:
    """The code-break door; one process."""
    _become("codebreak", instance)


@command.command()
@instance_option
def jobs(instance: Path | None) -> NoReturn:
    """Checkpoints, notices, reminders and checks; of several such processes one works."""
    _become("jobs", instance)


@command.command()
@click.option("--dir", "directory", type=FILE, default=REHEARSAL, show_default=True)
@click.option("--site-port", type=click.IntRange(1, 65535), default=8701, show_default=True)
@click.option("--codebreak-port", type=click.IntRange(1, 65535), default=8702, show_default=True)
@json_option
def rehearsal(directory: Path, site_port: int, codebreak_port: int, *, as_json: bool) -> None:
    """A sealed rehearsal of MESEMS with both doors and the jobs on this machine; made if there is none."""
    from randomizer.cli import rehearsal_run  # noqa: PLC0415 - reaches what seals; the processes do not

    ports = {"site": site_port, "codebreak": codebreak_port}
    rehearsal_run.run(directory.resolve(), ports, as_json=as_json)


def _become(name: str, instance: Path | None) -> NoReturn:
    settings = load_settings(instance)
    os.execv(sys.executable, command_line(name, settings.directory))  # noqa: S606 - fixed arguments, no shell
