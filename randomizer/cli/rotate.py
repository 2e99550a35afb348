"""``randomizer rotate``: on the code-break host, a new code-break key for every slot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from randomizer.cli.console import answer, instance_option, json_option, progress
from randomizer.cli.instance import open_instance
from randomizer.cli.signing_in import as_option, code_option, password_option, sign_in
from randomizer.services.unblinded import rotation
from randomizer.services.unblinded.desk import open_desk

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@instance_option
@as_option
@password_option
@code_option
@json_option
def command(*, instance: Path | None, username: str, password: str, code: str, as_json: bool) -> None:
    """Wrap every slot key under a new code-break key; an administrator signs. The doors may stay open."""
    settings, store = open_instance(instance)
    desk = open_desk(store, settings.directory / "codebreak", settings.pkcs11)
    person, step_up = sign_in(store, settings, username=username, password=password, code=code)
    with progress("Slot keys", desk.pins.slots) as advance:
        rotated = rotation.rotate(desk, person, step_up, advance)
    answer(
        {
            "entry": rotated.entry,
            "sealed_root": rotated.sealed_root,
            "slots": rotated.slots,
            "key": rotated.key,
        },
        f"{rotated.slots} slot keys are wrapped under the new code-break key {rotated.key}, by entry "
        f"{rotated.entry}; the sealed rows have the root {rotated.sealed_root}.\n"
        "The doors go on: they read the new key when they need it. The former key is gone from this host.\n"
        "Now back up the database and this host's keys: a database from before needs the former key.",
        as_json=as_json,
    )
