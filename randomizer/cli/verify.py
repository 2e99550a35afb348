"""`randomizer verify DIR`: check a public record and, where it is there, a release."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from randomizer.cli.console import FILE, json_option, progress
from randomizer.cli.pin_options import pin_options
from randomizer.cli.verification_table import show
from randomizer.errors import RandomizerError
from randomizer.services.verification.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.cli.pin_options import PinTexts

UNREADABLE = 2


@click.command("verify")
@click.argument("directory", metavar="DIR", type=FILE)
@pin_options
@json_option
def command(*, directory: Path, known: PinTexts, as_json: bool) -> None:
    """Check DIR/public and, where it is there, DIR/release.

    Exit code 0: all holds against the pins. 1: a step fails. 2: something cannot be read. 3: all holds, but
    digest and log key were not given (NOT PINNED). Without options, DIR/pins.json is taken where it is there.
    """
    context = click.get_current_context()
    try:
        report = verify(directory, known.pins(directory), progress)
    except RandomizerError as error:
        _refuse(error, as_json=as_json)
        context.exit(UNREADABLE)
    if as_json:
        click.echo(json.dumps(report.to_json(), sort_keys=True))
    else:
        show(report)
    context.exit(report.verdict)


def _refuse(error: RandomizerError, *, as_json: bool) -> None:
    if as_json:
        fields = {"verdict": "UNREADABLE", "verified": False, "error": error.message, "field": error.field}
        click.echo(json.dumps(fields, sort_keys=True))
    else:
        click.echo(f"Cannot be verified. {error.message} {error.next_step or ''}".rstrip(), err=True)
