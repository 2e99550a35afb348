"""AES-256-GCM envelopes: the only module that opens slots and preparation records.

GCM does not commit to its key: whoever opens a slot checks its leaf against the pinned root afterwards.

Source:
    NIST SP 800-38D.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.entropy import Entropy, draw
from keys.errors import SealBroken

KEY_LENGTH: Final = 32  # bytes
NONCE_LENGTH: Final = 12  # bytes
TAG_LENGTH: Final = 16  # bytes
OVERHEAD: Final = NONCE_LENGTH + TAG_LENGTH  # bytes by which an envelope is longer than its content


def seal(key: bytes, plaintext: bytes, associated: bytes, entropy: Entropy) -> bytes:
    """Encrypt under a fresh random nonce.

    Args:
        key: 32 bytes; at most 2**32 envelopes under one key.
        plaintext: The content.
        associated: What the envelope is bound to; opening needs the same bytes.
        entropy: Source of the nonce.

    Returns:
        Nonce (12 bytes), ciphertext and tag (16 bytes).

    Raises:
        SealBroken: The key is not 32 bytes.
    """
    _check_key(key)
    nonce = draw(entropy, NONCE_LENGTH)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, associated)


def open_envelope(key: bytes, envelope: bytes, associated: bytes) -> bytes:
    """Decrypt what `seal` gave.

    Raises:
        SealBroken: The key, the envelope or what it is bound to is not the one of the sealing.
    """
    _check_key(key)
    if len(envelope) < OVERHEAD:
        raise SealBroken(f"An envelope has at least {OVERHEAD} bytes; this has {len(envelope)}.")
    try:
        return AESGCM(key).decrypt(envelope[:NONCE_LENGTH], envelope[NONCE_LENGTH:], associated)
    except InvalidTag:
        raise SealBroken("The envelope does not open: wrong key, wrong place, or changed bytes.") from None


def _check_key(key: bytes) -> None:
    if len(key) != KEY_LENGTH:
        raise SealBroken(f"An envelope key is {KEY_LENGTH} bytes, not {len(key)}.")
