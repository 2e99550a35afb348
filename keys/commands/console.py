"""What the commands share at the terminal: their options, their answers, and reading what people bring."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from keys import certificate, files, hpke
from keys.errors import KeyFileRefused, NoteRefused
from keys.notes import VerifierKey

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE: Final = click.Path(path_type=Path)
TEXT_MAX_LENGTH: Final = 1 << 20  # bytes

json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


def answer(fields: Mapping[str, Any], sentence: str, *, as_json: bool) -> None:
    """Print one answer: the fields in JSON, or a sentence for people."""
    click.echo(json.dumps(fields, sort_keys=True) if as_json else sentence)


def read_bytes(path: Path) -> bytes:
    """Read a file that somebody brought.

    Raises:
        KeyFileRefused: It cannot be read.
    """
    return files.read_brought(path)


def read_text(path: Path) -> str:
    """Read a short text file that somebody brought.

    Raises:
        KeyFileRefused: It cannot be read, is too long or is not text.
    """
    content = read_bytes(path)
    try:
        if len(content) <= TEXT_MAX_LENGTH:
            return content.decode()
    except UnicodeDecodeError:
        pass
    raise KeyFileRefused(f"{path} is not a short text file.")


def read_public(path: Path) -> tuple[bytes, str]:
    """Read a ``.pub`` file and give the key and its holder's name, or the file's name where none stands.

    Raises:
        KeyFileRefused: It is not one.
    """
    try:
        public, name = hpke.parse_public_line(read_text(path))
    except KeyFileRefused as error:
        raise KeyFileRefused(f"{path}: {error}") from None
    return public, name or path.stem


def read_verifier(text_or_path: str) -> VerifierKey:
    """Read a verifier key, given as its text or as a file that holds it.

    Raises:
        NoteRefused: It is not one.
    """
    path = Path(text_or_path)
    if path.is_file():
        return VerifierKey.parse(read_text(path).strip())
    try:
        return VerifierKey.parse(text_or_path)
    except NoteRefused as error:
        raise NoteRefused(
            f"{text_or_path} is neither a verifier key nor a file that holds one. {error}"
        ) from None


def read_certificate(path: Path, vkeys: tuple[str, ...]) -> dict[str, Any]:
    """Read a certificate and verify it against the keys that the person brought.

    Raises:
        NoteRefused: It does not hold.
    """
    return certificate.verify(read_bytes(path), [read_verifier(vkey) for vkey in vkeys])
