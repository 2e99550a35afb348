"""``randomizer witnessed FILE``: take a checkpoint in that a witness co-signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from randomizer.cli.console import FILE, answer, instance_option, json_option, read_file
from randomizer.cli.instance import open_instance
from randomizer.errors import SetBack
from randomizer.services import outside
from randomizer.services.transactions import raise_tampering
from randomizer.services.upkeep import witnessing

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("file", type=FILE)
@instance_option
@json_option
def command(file: Path, instance: Path | None, *, as_json: bool) -> None:
    """Publish the cosignature in FILE beside the log's own signature.

    Nobody signs in: the signatures in FILE say whose they are. Run it as the user of the jobs, who writes
    public/. A checkpoint that the log and a witness signed and this database lacks raises the alarm.
    """
    settings, store = open_instance(instance)
    log, witnesses = outside.log_key(settings.public), outside.parse_keys(settings.witness_keys)
    try:
        with store.reading() as uow:
            told = witnessing.take_in(uow, settings.public, read_file(file), log=log, witnesses=witnesses)
    except SetBack as error:
        raise_tampering(store, error)
        raise
    witnessed = [outside.said(one) for one in told]
    answer({"witnessed": witnessed}, f"Witnessed by {'; '.join(witnessed)}.", as_json=as_json)
