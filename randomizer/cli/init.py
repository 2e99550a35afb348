"""``randomizer init``: an instance directory, its database, and the draft that will be signed."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import click

from randomizer.cli.console import FILE, answer, json_option, read_text
from randomizer.cli.instance import open_instance
from randomizer.domain.definition import parse_definition
from randomizer.domain.trial import Kind
from randomizer.services.founding import instances
from randomizer.services.founding.instance_files import write_instance

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("directory", type=FILE)
@click.option("--definition", "definition_path", type=FILE, required=True, help="The blinded definition.")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), required=True)
@click.option("--origin", required=True, help="Name of the log, such as trials.example.org/mesems.")
@click.option("--database-url", help="SQLAlchemy URL; without it, a file in DIRECTORY.")
@json_option
def command(
    directory: Path, definition_path: Path, kind: str, origin: str, database_url: str | None, *, as_json: bool
) -> None:
    """Make DIRECTORY an instance that holds a draft of the trial."""
    definition = parse_definition(read_text(definition_path), definition_path.name)
    found: dict[str, object] = {"kind": kind, "origin": origin}
    if database_url:
        found["database_url"] = database_url
    write_instance(directory, found, entropy=secrets.token_bytes)
    settings, store = open_instance(directory)
    with store.writing() as uow:
        trial = instances.create(uow, definition, settings.kind)
    fields = {
        "instance": str(directory),
        "kind": kind,
        "trial": definition.trial_id,
        "definition_digest": trial.definition_digest,
        "transport_key": str(settings.public / "transport.pub"),
        "log_key": read_text(settings.public / "log.vkey").strip(),
    }
    answer(
        fields,
        f"{directory} holds a draft of {definition.trial_id} ({kind}). Digest of its definition:\n"
        f"{trial.definition_digest}\n"
        "Key of the log, for the trial master file; verifiers and witnesses are given it:\n"
        f"{fields['log_key']}\n"
        "Next: make accounts, have the definition signed, hold the ceremony with "
        f"{settings.public / 'transport.pub'}.",
        as_json=as_json,
    )
