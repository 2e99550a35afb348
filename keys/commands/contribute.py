"""``contribute``: commit to a random contribution, and reveal it to the ceremony once all have committed."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import click

from keys import contribution, files, notes
from keys.commands.console import FILE, answer, json_option, read_bytes, read_public, read_text
from keys.contribution import MACHINE, Contribution, Terms
from keys.errors import ContributionRefused, KeyFileRefused
from keys.notes import NoteKey

if TYPE_CHECKING:
    from pathlib import Path

SECRET_FILE: Final = "contribution.secret"  # noqa: S105 - the name of a file
NOTE_FILE: Final = "commitment.note"
VERIFIER_FILE: Final = "contributor.vkey"
KEY_FILE: Final = "contributor.key"


@click.group()
def contribute() -> None:
    """Take part in the making of the seed."""


@contribute.command()
@click.option("--dir", "directory", type=FILE, required=True, help="Your own directory; made with mode 0700.")
@click.option("--name", required=True, help="Your name as a contributor, without spaces.")
@click.option("--definition-digest", required=True, help="Digest of the definition that you signed, in hex.")
@click.option("--generator-digest", required=True, help="Digest of the generator's version, in hex.")
@click.option("--attempt", type=int, required=True, help="Number of the attempt at the ceremony, from 1.")
@click.option("--key", "key_path", type=FILE, help="Your contributor.key of an earlier attempt.")
@json_option
def commit(
    *,
    directory: Path,
    name: str,
    definition_digest: str,
    generator_digest: str,
    attempt: int,
    key_path: Path | None,
    as_json: bool,
) -> None:
    """Draw a contribution, keep it here, and sign a commitment to it."""
    if name == MACHINE:
        raise ContributionRefused(f"The name {MACHINE} is the ceremony machine's own; use yours.")
    terms = Terms(attempt, definition_digest, generator_digest)
    files.make_private_directory(directory)
    for output in (SECRET_FILE, NOTE_FILE, VERIFIER_FILE, KEY_FILE):
        if (directory / output).exists():
            raise KeyFileRefused(
                f"{directory / output} stands from an earlier attempt; use a directory for each attempt."
            )
    key = _read_key(key_path, name) if key_path else NoteKey.generate(name, secrets.token_bytes)
    made = contribution.new_contribution(name, terms, secrets.token_bytes)
    files.write_private(directory / KEY_FILE, key.encode().encode() + b"\n")
    files.write_private(directory / SECRET_FILE, made.to_bytes() + b"\n")
    files.write_public(directory / VERIFIER_FILE, key.verifier.encode().encode() + b"\n")
    files.write_public(directory / NOTE_FILE, made.commitment.note(key))
    fields = {"name": name, "attempt": attempt, "commitment": made.commitment.value}
    answer(
        fields | {"verifier": key.verifier.encode()},
        f"Committed as {name}, attempt {attempt}. Hand {NOTE_FILE} and {VERIFIER_FILE} to the ceremony; keep "
        f"{SECRET_FILE} to yourself, here.\nOnce every commitment is published, keep a copy of them all, and "
        "reveal: python -m keys contribute reveal.",
        as_json=as_json,
    )


@contribute.command()
@click.option("--dir", "directory", type=FILE, required=True, help="The directory of your commitment.")
@click.option("--to", "ceremony", type=FILE, required=True, help="The ceremony's public key file.")
@click.option(
    "--commitments",
    "published",
    type=FILE,
    help="Directory of the published commitments, to check them first.",
)
@click.option("--out", type=FILE, required=True, help="Where the sealed reveal goes.")
@json_option
def reveal(directory: Path, ceremony: Path, published: Path | None, out: Path, *, as_json: bool) -> None:
    """Seal your contribution to the ceremony; do it only when every commitment is published."""
    made = Contribution.from_bytes(files.read_private(directory / SECRET_FILE).removesuffix(b"\n"))
    verifier = notes.VerifierKey.parse(read_text(directory / VERIFIER_FILE).strip())
    contribution.check(made, contribution.verify_commitment(read_bytes(directory / NOTE_FILE), verifier))
    if published is not None:
        _check_published(published, made)
    public, _ = read_public(ceremony)
    files.write_public(out, contribution.reveal(made, public))
    answer(
        {"name": made.name, "attempt": made.terms.attempt, "reveal": str(out)},
        f"The contribution of {made.name} is sealed to the ceremony in {out}.",
        as_json=as_json,
    )


def _check_published(directory: Path, made: Contribution) -> None:
    numbers = range(1, len(list(directory.glob("*.note"))) + 1)
    found = [
        contribution.verify_commitment(
            read_bytes(directory / f"{number}.note"),
            notes.VerifierKey.parse(read_text(directory / f"{number}.vkey").strip()),
        )
        for number in numbers
    ]
    contribution.check_commitments(found)
    if made.commitment not in found:
        raise ContributionRefused(
            f"Your commitment is not among the {len(found)} in {directory}; nothing was revealed."
        )


def _read_key(path: Path, name: str) -> NoteKey:
    key = NoteKey.parse(files.read_private(path).decode("utf-8", "replace").strip())
    if key.name != name:
        raise KeyFileRefused(f"{path} is the key of {key.name}, not of {name}.")
    return key
