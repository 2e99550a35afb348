"""``randomizer erase-reason``: the words of a reason go for good; what was done stays on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from randomizer.cli.console import answer, instance_option, json_option
from randomizer.cli.instance import open_instance
from randomizer.cli.signing_in import as_option, code_option, password_option, sign_in
from randomizer.services import erasure

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@instance_option
@click.option("--entry", "number", type=int, required=True, help="Number of the entry whose reason goes.")
@click.option("--why", required=True, help="Why it has to go, without repeating it.")
@as_option
@password_option
@code_option
@json_option
def command(
    *, instance: Path | None, number: int, why: str, username: str, password: str, code: str, as_json: bool
) -> None:
    """Erase the words of one reason, signed by a trial manager; backups made before still hold them."""
    settings, store = open_instance(instance)
    person, step_up = sign_in(store, settings, username=username, password=password, code=code)
    with store.writing() as uow:
        entry = erasure.erase_reason(uow, person, step_up, number, why)
    gone = erasure.settle(store)
    rest = (
        "The database keeps nothing of it."
        if gone
        else "The database may hold the words until it has tidied up (SQLite: when nobody reads; "
        "PostgreSQL: at its next VACUUM)."
    )
    answer(
        {"entry": entry.number, "act": str(entry.act), "gone_from_the_database": gone},
        f"{person.printed_name} erased the reason of entry {entry.number} ({entry.act}). {rest}\n"
        "If it was that of a code break, its door erases it from its own file within a minute, or when it "
        "starts.\n"
        "Backups made before still hold it: delete them as your rules say.",
        as_json=as_json,
    )
