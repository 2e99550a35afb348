"""``randomizer prove``: proofs about the trail, for anybody who has the published files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from randomizer.cli.console import FILE, answer, json_option, write_new
from randomizer.services.verification import proving

if TYPE_CHECKING:
    from pathlib import Path

public_option = click.option("--public", type=FILE, required=True, help="The public record.")
out_option = click.option("--out", type=FILE, help="Where the proof goes; without it, standard output.")


@click.group("prove")
def command() -> None:
    """Prove that an entry is in the trail, or that it only grew; `python -m keys check` verifies that."""


@command.command("inclusion")
@public_option
@click.option("--entry", type=int, required=True, help="Number of the entry, from 0.")
@click.option("--size", type=int, help="Of the checkpoint to prove it under; without it the newest.")
@out_option
@json_option
def inclusion(*, public: Path, entry: int, size: int | None, out: Path | None, as_json: bool) -> None:
    """Prove that an entry stands in the trail, as a C2SP tlog-proof that carries it."""
    _give(proving.inclusion(public, entry, size), out, as_json=as_json)


@command.command("consistency")
@public_option
@click.option("--from", "old_size", type=int, required=True, help="Entries under the older checkpoint.")
@click.option("--to", "new_size", type=int, help="Entries under the newer one; without it the newest.")
@out_option
@json_option
def consistency(
    *, public: Path, old_size: int, new_size: int | None, out: Path | None, as_json: bool
) -> None:
    """Prove that the trail only grew, in the form in which a witness is asked to co-sign."""
    _give(proving.consistency(public, old_size, new_size), out, as_json=as_json)


def _give(proof: bytes, out: Path | None, *, as_json: bool) -> None:
    text = proof.decode()
    if out is not None:
        write_new(out, text)
    answer({"proof": text}, f"The proof is in {out}." if out else text.removesuffix("\n"), as_json=as_json)
