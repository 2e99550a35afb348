"""`randomizer verify DIR`: check a public record and, where it is there, a release."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from randomizer.cli.console import FILE, json_option, progress, read_text
from randomizer.errors import RandomizerError
from randomizer.services.verification import pinning
from randomizer.services.verification.report import Status, Verdict
from randomizer.services.verification.verify import verify

if TYPE_CHECKING:
    from randomizer.services.verification.report import Report, Result
    from randomizer.services.verification.steps_certificate import Pins

UNREADABLE = 2
FILE_COLUMNS = 160  # of the table where no terminal gives a width
MARKS = {
    Status.HOLDS: ("✓ holds", "green"),
    Status.FAILS: ("✗ FAILS", "bold red"),
    Status.NOT_CHECKED: ("– not checked", "yellow"),  # noqa: RUF001 - a dash, to be seen
}


@click.command("verify")
@click.argument("directory", metavar="DIR", type=FILE)
@click.option("--certificate-digest", default="", help="Digest in the trial master file, 64 hex digits.")
@click.option("--ceremony-key", default="", help="Verifier key of the ceremony, or a file with it.")
@click.option("--log-key", default="", help="Verifier key of the log, or a file with it.")
@click.option("--witness-key", "witness_keys", multiple=True, help="Key of a witness, or a file with it.")
@json_option
def command(
    *,
    directory: Path,
    certificate_digest: str,
    ceremony_key: str,
    log_key: str,
    witness_keys: tuple[str, ...],
    as_json: bool,
) -> None:
    """Check DIR/public and, where it is there, DIR/release.

    Exit code 0: all holds against the pins. 1: a step fails. 2: something cannot be read. 3: all holds, but
    digest and log key were not given (NOT PINNED). Without options, DIR/pins.json is taken where it is there.
    """
    context = click.get_current_context()
    try:
        if certificate_digest or ceremony_key or log_key or witness_keys:
            pins = pinning.given(
                certificate_digest=certificate_digest,
                ceremony_key=_text(ceremony_key),
                log_key=_text(log_key),
                witness_keys=[_text(key) for key in witness_keys],
            )
        else:
            pins = _pins_beside(directory)
        report = verify(directory, pins, progress)
    except RandomizerError as error:
        _refuse(error, as_json=as_json)
        context.exit(UNREADABLE)
    if as_json:
        click.echo(json.dumps(report.to_json(), sort_keys=True))
    else:
        _print(report)
    context.exit(report.verdict)


def _pins_beside(directory: Path) -> Pins:
    path = directory / pinning.PINS_FILE
    return pinning.from_file(path) if path.exists() else pinning.given()


def _text(text_or_path: str) -> str:
    path = Path(text_or_path)
    return read_text(path) if text_or_path and path.is_file() else text_or_path


def _refuse(error: RandomizerError, *, as_json: bool) -> None:
    if as_json:
        fields = {"verdict": "UNREADABLE", "verified": False, "error": error.message, "field": error.field}
        click.echo(json.dumps(fields, sort_keys=True))
    else:
        click.echo(f"Cannot be verified. {error.message} {error.next_step or ''}".rstrip(), err=True)


def _print(report: Report) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=FILE_COLUMNS)
    facts = report.facts
    table = Table(
        title=f"Trial {facts['trial']} ({facts['kind']}), schedule version {facts['schedule_version']}",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("Step", overflow="fold")
    table.add_column("Result", no_wrap=True)
    table.add_column("What was seen", overflow="fold")
    for result in report.results:
        words, style = MARKS[result.status]
        table.add_row(result.step, Text(words, style), Text(_seen(result)))
    console.print(table)
    for result in report.results:
        if result.status is Status.FAILS:
            console.print(f"{result.step}: {_seen(result)}", markup=False, soft_wrap=True)
    console.print(_verdict(report), markup=False, soft_wrap=True)


def _seen(result: Result) -> str:
    where = f"{result.record}: " if result.record else ""
    more = f" And {result.more} more." if result.more else ""
    return f"{where}{result.sentence}{more}"


def _verdict(report: Report) -> str:
    if report.verdict is Verdict.FAILED:
        return f"FAILED: {', '.join(report.failed)}."
    scope = "Everything" if report.released else "Everything that needs no release"
    if report.verdict is Verdict.OK:
        return f"OK: {scope} holds against the pins."
    return (
        f"NOT PINNED: {scope} is consistent. Give certificate digest and log key from the trial master "
        "file: without them, a whole record that was replaced looks the same."
    )
