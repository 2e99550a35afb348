"""Standard base64 with one spelling per value: what decodes is exactly what would have been encoded."""

from __future__ import annotations

import base64
import binascii


def to_base64(data: bytes) -> str:
    """Encode with the standard alphabet and padding.

    Source:
        RFC 4648 section 4.
    """
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str) -> bytes | None:
    """Decode, or give None when the text is not the one spelling that `to_base64` would give."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if to_base64(data) == text else None
