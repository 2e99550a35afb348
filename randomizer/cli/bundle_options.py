"""What a command that reads a bundle is told from the trial master file."""

from __future__ import annotations

from pathlib import Path

import click

from keys import certificate
from keys.errors import NoteRefused
from keys.notes import VerifierKey
from randomizer.errors import Refused

key_option = click.option(
    "--vkey",
    required=True,
    help="Verifier key of the ceremony from the trial master file, or a file with it.",
)
digest_option = click.option(
    "--digest",
    "pinned_digest",
    default="",
    callback=lambda _context, _option, typed: certificate.typed_digest(typed),
    help="Digest of the certificate from the trial master file.",
)


def read_key(given: str) -> VerifierKey:
    """The verifier key that was given as text or as a file.

    Raises:
        Refused: It is none.
    """
    path = Path(given)
    try:
        return VerifierKey.parse(path.read_text(encoding="utf-8").strip() if path.is_file() else given)
    except (NoteRefused, UnicodeDecodeError, OSError) as error:
        told = str(error) if path.is_file() else f"{given} is neither one nor a file that holds one."
        raise Refused(f"The verifier key cannot be used: {told}", field="vkey") from None
