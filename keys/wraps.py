"""Wraps of slot keys, and the printed emergency codes that open one of them.

A wrap is an envelope (`keys.envelope`) whose content is the 32-byte slot key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keys import envelope
from keys.entropy import Entropy, draw
from keys.errors import CodeRefused, SealBroken
from keys.labelled import encode
from keys.printed import LENGTH, from_symbols, to_symbols

WRAP_LENGTH: Final = envelope.KEY_LENGTH + envelope.OVERHEAD  # bytes
_WRAP_LABEL: Final = "crossover-randomizer/v1/wrap"
_CODE_LABEL: Final = "crossover-randomizer/v1/emergency-code"


def wrap(slot_key: bytes, wrapping_key: bytes, associated: bytes, entropy: Entropy) -> bytes:
    """Wrap a slot key.

    Args:
        slot_key: 32 bytes.
        wrapping_key: 32 bytes: the code-break key, the staged key, or that of an emergency code.
        associated: Trial, version, slot and purpose; unwrapping needs the same bytes.
        entropy: Source of the nonce.

    Returns:
        60 bytes.

    Raises:
        SealBroken: A key is not 32 bytes.
    """
    if len(slot_key) != envelope.KEY_LENGTH:
        raise SealBroken(f"A slot key is {envelope.KEY_LENGTH} bytes, not {len(slot_key)}.")
    return envelope.seal(wrapping_key, slot_key, bound(associated), entropy)


def unwrap(wrapped: bytes, wrapping_key: bytes, associated: bytes) -> bytes:
    """Give the slot key of a wrap.

    Raises:
        SealBroken: The wrapping key, the wrap or what it is bound to is not the one of the wrapping.
    """
    if len(wrapped) != WRAP_LENGTH:
        raise SealBroken(f"A wrap has {WRAP_LENGTH} bytes, not {len(wrapped)}.")
    return envelope.open_envelope(wrapping_key, wrapped, bound(associated))


def bound(associated: bytes) -> bytes:
    """What the envelope of a wrap is bound to, for whoever has no wrapping key as bytes."""
    return encode(_WRAP_LABEL, associated)


@dataclass(frozen=True, slots=True, repr=False)
class EmergencyCode:
    """The printed code of one slot; it prints masked unless `printed` is asked for.

    Args:
        secret: 16 bytes.
    """

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != LENGTH:
            raise CodeRefused(f"An emergency code holds {LENGTH} bytes, not {len(self.secret)}.")

    def __repr__(self) -> str:
        return "EmergencyCode(masked)"

    def printed(self) -> str:
        """Give the form for the sealed pack: 26 symbols and a check symbol, in groups of three."""
        return to_symbols(self.secret)


def new_code(entropy: Entropy) -> EmergencyCode:
    """Draw an emergency code of 128 bits."""
    return EmergencyCode(draw(entropy, LENGTH))


def parse_code(typed: str) -> EmergencyCode:
    """Read a typed code, forgiving as `keys.printed` is.

    Raises:
        CodeRefused: A symbol is missing, not of the alphabet, or mistyped.
    """
    return EmergencyCode(from_symbols(typed, "emergency code"))


def emergency_key(code: EmergencyCode, slot: bytes) -> bytes:
    """Derive the wrapping key of an emergency code.

    Args:
        code: The code of the slot.
        slot: The bytes that name trial, version and slot.

    Returns:
        32 bytes: HKDF-SHA256 with no salt and the label and slot, length-prefixed, as info.

    Source:
        RFC 5869.
    """
    info = encode(_CODE_LABEL, slot)
    return HKDF(algorithm=SHA256(), length=envelope.KEY_LENGTH, salt=None, info=info).derive(code.secret)
