"""``randomizer backup``: a consistent copy of an instance that is in use, without its secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from randomizer.cli.console import FILE, answer, instance_option, json_option
from randomizer.cli.instance import open_instance
from randomizer.services.upkeep import backups

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("target", type=FILE)
@instance_option
@json_option
def command(*, target: Path, instance: Path | None, as_json: bool) -> None:
    """Copy database, settings and public record into the new directory TARGET."""
    settings, store = open_instance(instance)
    database = backups.make(store, settings, target)
    apart = [str(path) for path in backups.kept_apart(settings)]
    lines = "\n".join(f"  {path}" for path in apart)
    answer(
        {"database": str(database), "kept_apart": apart},
        f"{target} holds the database ({database.name}), the settings and the public record.\n"
        f"A restore also needs these files. They are not in it; keep them in another place:\n{lines}",
        as_json=as_json,
    )
