"""Deterministic bits from a seed: integers only, the same on every machine and in every version.

The key stream of a label is AES-256 in counter mode over zeros, first counter block 0, under the key
HKDF-SHA256(ikm = seed, salt = none, info = label in UTF-8, 32 bytes). Bytes are used in order
and never twice.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keys.errors import KeysError

_BULK: Final = bytes(65536)  # zeros; drawing in bulk changes the speed and never the bits
_SMALL_BOUND: Final = 1 << 32
_LARGE_BOUND: Final = 1 << 64
_MINIMUM_SEED_LENGTH: Final = 16  # bytes


class Stream:
    """The deterministic bits of one label under one seed.

    Args:
        seed: At least 16 bytes; 32 in a ceremony.
        label: Purpose of the bits with protocol and version, not empty.

    Raises:
        KeysError: The seed is too short or the label is empty.

    Source:
        RFC 5869 (HKDF), NIST SP 800-38A section 6.5 (counter mode).
    """

    def __init__(self, seed: bytes, label: str) -> None:
        if len(seed) < _MINIMUM_SEED_LENGTH or not label:
            raise KeysError(f"A stream needs a label and a seed of at least {_MINIMUM_SEED_LENGTH} bytes.")
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=label.encode()).derive(seed)
        self._label = label
        self._cipher: CipherContext = Cipher(AES256(key), CTR(bytes(16))).encryptor()
        self._buffer = b""
        self._position = 0

    def __repr__(self) -> str:
        return f"Stream({self._label!r}, masked)"

    def take(self, count: int) -> bytes:
        """Take the next ``count`` bytes.

        Raises:
            KeysError: ``count`` is negative.
        """
        if count < 0:
            raise KeysError(f"A stream gives 0 bytes or more, not {count}.")
        end = self._position + count
        if end > len(self._buffer):
            self._refill(count)
            end = count
        taken = self._buffer[self._position : end]
        self._position = end
        return taken

    def below(self, bound: int) -> int:
        """Draw an integer from 0 to ``bound - 1``, each with the same probability.

        A word of 4 bytes (8 when the bound is over 2**32), big-endian, is taken until it is under the largest
        multiple of the bound that the word can hold; the answer is the remainder by the bound. A word is
        taken for bound 1 too.

        Args:
            bound: 1 to 2**64.

        Raises:
            KeysError: The bound is out of range.
        """
        if not 1 <= bound <= _LARGE_BOUND:
            raise KeysError(f"A bound is between 1 and 2**64, not {bound}.")
        width, span = (4, _SMALL_BOUND) if bound <= _SMALL_BOUND else (8, _LARGE_BOUND)
        limit = span - span % bound
        while True:
            word = int.from_bytes(self.take(width), "big")
            if word < limit:
                return word % bound

    def _refill(self, count: int) -> None:
        kept = [self._buffer[self._position :]]
        held = len(kept[0])
        while held < count:
            kept.append(self._cipher.update(_BULK))
            held += len(_BULK)
        self._buffer = b"".join(kept)
        self._position = 0
