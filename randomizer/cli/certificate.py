"""``randomizer certificate``: the certificate on paper, for the trial master file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from keys import files
from randomizer.cli.bundle_options import key_option, read_key
from randomizer.cli.console import FILE, answer, json_option, read_file
from randomizer.services.sealed import certificate_fields, certificate_sheet

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("note", type=FILE)
@key_option
@click.option("--out", type=FILE, required=True, help="The PDF; it must not be there yet.")
@json_option
def command(*, note: Path, vkey: str, out: Path, as_json: bool) -> None:
    """Print NOTE, a certificate, as a PDF with its digest as text and as a QR code."""
    key, signed = read_key(vkey), read_file(note)
    digest = certificate_fields.digest(certificate_fields.verify(signed, key))
    files.write_public(out, certificate_sheet.pdf(signed, key))
    answer(
        {"pdf": str(out), "certificate_digest": digest},
        f"Written: {out}. Compare its digest with the one that the ceremony showed:\n{digest}",
        as_json=as_json,
    )
