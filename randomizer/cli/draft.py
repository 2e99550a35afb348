"""``randomizer draft``: a registry record becomes a draft definition that a person completes."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import click

from randomizer.cli.console import FILE, answer, json_option, read_file, say, write_new
from randomizer.domain.draft import draft
from randomizer.domain.registry import read_record

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("record", type=FILE)
@click.option("--trial", help="Registry number of the trial, where the file holds several.")
@click.option("--out", type=FILE, help="Where the draft goes; without it, to standard output.")
@json_option
def command(record: Path, trial: str | None, out: Path | None, *, as_json: bool) -> None:
    """Turn RECORD (ClinicalTrials.gov v2 JSON, ICTRP XML or portal text) into a draft definition.

    Sequences are never guessed, and everything that the record does not say is marked as an open question.
    """
    found = read_record(read_file(record), trial)
    text = draft(found)
    questions = tomllib.loads(text)["trial"]["open_questions"]
    fields = {"registry_id": found.registry_id, "open_questions": questions, "out": str(out) if out else None}
    if out is not None:
        write_new(out, text)
        answer(fields, f"{out}: a draft of {found.registry_id} with {_count(questions)}.", as_json=as_json)
        return
    answer(fields | {"draft": text}, text.rstrip("\n"), as_json=as_json)
    if not as_json:
        say(f"A draft of {found.registry_id} with {_count(questions)}.")


def _count(questions: list[str]) -> str:
    return f"{len(questions)} open question{'' if len(questions) == 1 else 's'}"
