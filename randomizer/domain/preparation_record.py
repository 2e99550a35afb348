"""The bytes of a preparation record before it is sealed: canonical JSON, padded to one length.

One record stands for each slot and period from activation on, so that neither its presence nor its length
tells whether anything was prepared.

Source: RFC 8785 (JSON Canonicalization Scheme).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import rfc8785

from randomizer.domain import room
from randomizer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

RECORD_BYTES = 1024
_PAD = b" "


def encode(record: Mapping[str, Any]) -> bytes:
    """Return the plaintext of a preparation record, 1024 bytes.

    Args:
        record: Texts, whole numbers, flags, lists and mappings; empty before anything was prepared.

    Raises:
        Refused: It does not fit; the longest text is named and not repeated.
    """
    content = rfc8785.dumps(dict(record))
    if len(content) > RECORD_BYTES:
        texts = {name: value for name, value in record.items() if isinstance(value, str)}
        raise room.too_long(texts, len(content) - RECORD_BYTES)
    return content.ljust(RECORD_BYTES, _PAD)


def decode(data: bytes) -> dict[str, Any]:
    """Return the record of an opened envelope; the round trip is exact.

    Raises:
        ValueError: The bytes are no record. The message does not repeat them.
    """
    try:
        record = json.loads(data)
        fits = isinstance(record, dict) and encode(record) == data
    except (ValueError, RecursionError, Refused):
        fits = False
    if not fits:
        raise ValueError("these bytes are not a preparation record of this version")
    return dict(record)
