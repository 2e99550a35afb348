"""Labelled, length-prefixed encoding: what is hashed or bound for one purpose never fits another."""

from __future__ import annotations

import hashlib
import struct


def encode(label: str, *parts: bytes) -> bytes:
    """Encode a label and byte strings so that no two lists share an encoding.

    Args:
        label: Protocol, version and purpose, such as ``crossover-randomizer/v1/share``.
        parts: The byte strings, each under 2**32 bytes.

    Returns:
        For the label and then each part: its length as 4 big-endian bytes, then its bytes.
    """
    return b"".join(struct.pack(">I", len(part)) + part for part in (label.encode(), *parts))


def digest(label: str, *parts: bytes) -> bytes:
    """Hash a label and byte strings: SHA-256 over `encode`, 32 bytes."""
    return hashlib.sha256(encode(label, *parts)).digest()
