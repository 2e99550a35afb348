"""Sealing to a person or host that is not here: HPKE base mode, X25519, HKDF-SHA256, AES-256-GCM.

The randomness of an encapsulation is the library's own; two seals of the same bytes differ,
in a rehearsal too.

Source:
    RFC 9180.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from keys import files
from keys.base64_text import from_base64, to_base64
from keys.entropy import Entropy, draw
from keys.errors import KeyFileRefused, SealBroken

if TYPE_CHECKING:
    from pathlib import Path

KEY_LENGTH: Final = 32  # bytes, public and private
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_FIRST_PRINTABLE: Final = 0x20
_PUBLIC_PREFIX: Final = "x25519:"
_PRIVATE_PREFIX: Final = "PRIVATE-x25519:"


@dataclass(frozen=True, slots=True)
class Identity:
    """A private X25519 key; it prints without its secret.

    Args:
        secret: 32 bytes.
    """

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_LENGTH:
            raise KeyFileRefused(f"A private key is {KEY_LENGTH} bytes, not {len(self.secret)}.")

    @classmethod
    def generate(cls, entropy: Entropy) -> Identity:
        """Make an identity from 32 bytes of randomness."""
        return cls(draw(entropy, KEY_LENGTH))

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return X25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()

    def save(self, path: Path) -> None:
        """Write the identity with mode 0600; never over another file.

        Raises:
            KeyFileRefused: The file is there, or its directory is open to everybody.
        """
        files.write_private(path, f"{_PRIVATE_PREFIX}{to_base64(self.secret)}\n".encode())

    @classmethod
    def load(cls, path: Path) -> Identity:
        """Read an identity that `save` wrote.

        Raises:
            KeyFileRefused: The file is open to others, missing or not an identity.
        """
        text = files.read_private(path).decode("utf-8", "replace").removesuffix("\n")
        secret = from_base64(text.removeprefix(_PRIVATE_PREFIX))
        if not text.startswith(_PRIVATE_PREFIX) or secret is None:
            raise KeyFileRefused(f"{path} does not hold a private x25519 key.")
        return cls(secret)


def public_text(public: bytes) -> str:
    """Write a public key as text: ``x25519:`` and base64."""
    return _PUBLIC_PREFIX + to_base64(public)


def parse_public(text: str) -> bytes:
    """Read a public key from text.

    Raises:
        KeyFileRefused: It is not one.
    """
    public = from_base64(text.removeprefix(_PUBLIC_PREFIX))
    if not text.startswith(_PUBLIC_PREFIX) or public is None or len(public) != KEY_LENGTH:
        raise KeyFileRefused("A public key is the text x25519: and 32 bytes in base64; this is not.")
    return public


def public_line(public: bytes, name: str) -> str:
    """Write the line of a ``.pub`` file: the public key, a space, and the name of its holder.

    Raises:
        KeyFileRefused: The name is empty, or holds a control character.
    """
    if not name.strip() or any(ord(letter) < _FIRST_PRINTABLE for letter in name):
        raise KeyFileRefused("The holder of a key needs a name on one line.")
    return f"{public_text(public)} {name.strip()}\n"


def parse_public_line(line: str) -> tuple[bytes, str]:
    """Read the line of a ``.pub`` file; the name is empty where none stands.

    Raises:
        KeyFileRefused: It is not one.
    """
    key, _, name = line.removesuffix("\n").partition(" ")
    return parse_public(key), name


def public_digest(public: bytes) -> str:
    """Name a public key by the SHA-256 of its 32 bytes, in hex."""
    return hashlib.sha256(public).hexdigest()


def seal(public: bytes, plaintext: bytes, info: bytes) -> bytes:
    """Seal to a public key.

    Args:
        public: X25519 public key, 32 bytes.
        plaintext: Any bytes.
        info: Protocol, version and purpose; opening needs the same.

    Returns:
        The encapsulated key (32 bytes), ciphertext and tag (16 bytes).

    Raises:
        KeyFileRefused: The public key is unusable.
    """
    try:
        return _SUITE.encrypt(plaintext, X25519PublicKey.from_public_bytes(public), info)
    except ValueError:
        raise KeyFileRefused("Nothing can be sealed to this public key; it is not a proper one.") from None


def open_sealed(identity: Identity, sealed: bytes, info: bytes) -> bytes:
    """Open what was sealed to this identity.

    Raises:
        SealBroken: It was sealed to another key, for another purpose, or was changed.
    """
    try:
        return _SUITE.decrypt(sealed, X25519PrivateKey.from_private_bytes(identity.secret), info)
    except (InvalidTag, ValueError):
        raise SealBroken("This was not sealed to this key for this purpose, or it was changed.") from None
