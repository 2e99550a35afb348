"""``randomizer serve``: each process of an instance, and a whole rehearsal on one machine.

Each process runs its own module in place of this one: the site door never loads what opens an envelope.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from randomizer.cli.console import instance_option
from randomizer.config import load_settings

if TYPE_CHECKING:
    from pathlib import Path

MODULES = {
    "site": "randomizer.web.site",
    "codebreak": "randomizer.web.codebreak",
    "jobs": "randomizer.jobs",
}


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


def arguments(name: str, directory: Path) -> list[str]:
    """The command line of a process of an instance."""
    return [sys.executable, "-m", MODULES[name], str(directory)]


def _become(name: str, instance: Path | None) -> NoReturn:
    settings = load_settings(instance)
    os.execv(sys.executable, arguments(name, settings.directory))  # noqa: S606 - fixed arguments, no shell
