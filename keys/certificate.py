"""Canonical JSON and its signed note: the form of certificates and of other signed statements; no I/O.

Source:
    RFC 8785 (JCS), c2sp.org/signed-note.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import rfc8785

from keys import notes
from keys.errors import NoteRefused

if TYPE_CHECKING:
    from keys.notes import NoteKey, VerifierKey

_INTEGER_MAX: Final = (1 << 53) - 1


def canonical(mapping: Mapping[str, Any]) -> bytes:
    """Write a mapping as canonical JSON.

    Args:
        mapping: Strings, integers within 2**53, booleans, null, lists and mappings; no floats.

    Raises:
        NoteRefused: It holds something else.
    """
    _check_value(mapping)
    try:
        return rfc8785.dumps(_plain(mapping))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError):
        raise NoteRefused("The statement cannot be written as canonical JSON.") from None


def digest(data: bytes) -> str:
    """Give the SHA-256 of some bytes in hex; that of a certificate is over its canonical JSON."""
    return hashlib.sha256(data).hexdigest()


def sign(mapping: Mapping[str, Any], key: NoteKey) -> bytes:
    """Sign a mapping: the note's text is its canonical JSON and a newline.

    Raises:
        NoteRefused: The mapping or the key does not fit.
    """
    return notes.sign(canonical(mapping).decode() + "\n", key)


def verify(note: bytes, verifiers: Sequence[VerifierKey]) -> dict[str, Any]:
    """Verify a signed mapping.

    Raises:
        NoteRefused: The note does not hold, or its text is not canonical JSON of a mapping.
    """
    return parse(notes.verify(note, verifiers).text)


def typed_digest(text: str) -> str:
    """A digest as it is typed from paper: case does not matter, nor the spaces between groups."""
    return "".join(text.split()).lower()


def parse(text: str) -> dict[str, Any]:
    """Read the text of a signed mapping; it must be exactly what `sign` would have written.

    Raises:
        NoteRefused: It is not.
    """
    try:
        mapping = json.loads(text)
    except (ValueError, RecursionError):
        raise NoteRefused("The signed text is not JSON.") from None
    if not isinstance(mapping, dict) or canonical(mapping) + b"\n" != text.encode():
        raise NoteRefused("The signed text is not the canonical JSON of a mapping and a newline.")
    return mapping


def _check_value(value: object) -> None:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, Mapping):
            if not all(isinstance(name, str) for name in item):
                raise NoteRefused("The names in a statement are text.")
            pending.extend(item.values())
        elif isinstance(item, list | tuple):
            pending.extend(item)
        elif isinstance(item, int):
            if abs(item) > _INTEGER_MAX:
                raise NoteRefused("A whole number in a statement is within 2**53.")
        elif not (item is None or isinstance(item, str)):
            raise NoteRefused(f"A statement holds no {type(item).__name__}.")


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type here
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
