"""The way of a key ring from the ceremony to the code-break host, sealed to the host's transport key.

A host that keeps its keys in a file has an X25519 key, and the whole ring is sealed to it (`keys.hpke`). One
that keeps them in a PKCS#11 token has an RSA key in that token, and each key is encrypted by itself, so that
the token can take it in without the host ever seeing it.

Source:
    RFC 9180; RFC 8017 section 7.1 (RSAES-OAEP). OAEP is with SHA-1 and MGF1 with SHA-1: SoftHSM2 unwraps with
    nothing else. OAEP asks no collision resistance of its hash.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_der_public_key

from keys import certificate, hpke
from keys.base64_text import from_base64, to_base64
from keys.errors import KeyFileRefused, NoteRefused

if TYPE_CHECKING:
    from keys.custody import KeyRing

HPKE_INFO: Final = b"crossover-randomizer/v1/key-ring-transport"
WRAPPED_TYPE: Final = "crossover-randomizer/v1/wrapped-key-ring"
RSA_BITS: Final = 3072
_RSA_PREFIX: Final = "rsa:"
_TIME_FORM: Final = "%Y-%m-%dT%H:%M:%SZ"


def public_line(public: bytes, name: str) -> str:
    """Write the line of a token's ``.pub`` file: ``rsa:`` and base64, a space, and the name of its holder."""
    return f"{_RSA_PREFIX}{to_base64(public)} {name.strip()}\n"


def parse_public_line(line: str) -> bytes:
    """Read the RSA key of a token's ``.pub`` file: its SubjectPublicKeyInfo in DER.

    Raises:
        KeyFileRefused: It is none, or has fewer than 3072 bits.
    """
    key = line.removesuffix("\n").partition(" ")[0]
    public = from_base64(key.removeprefix(_RSA_PREFIX)) if key.startswith(_RSA_PREFIX) else None
    if public is None:
        raise KeyFileRefused(
            "A token's transport key is the text rsa: and a public key in base64; this is not."
        )
    _rsa_key(public)
    return public


def digest(public: bytes) -> str:
    """Name a transport key of either kind by the SHA-256 of its bytes, in hex."""
    return hashlib.sha256(public).hexdigest()


def seal_ring(public: bytes, ring: KeyRing) -> bytes:
    """Seal a key ring to a transport key.

    Args:
        public: 32 bytes of X25519, or an RSA key in DER.
        ring: Leaves the ceremony in this form alone.

    Raises:
        KeyFileRefused: The public key is unusable.
    """
    if len(public) == hpke.KEY_LENGTH:
        return hpke.seal(public, ring.to_bytes(), HPKE_INFO)
    key = _rsa_key(public)
    keys = {
        held.purpose: {
            "made_at": held.made_at.astimezone(UTC).strftime(_TIME_FORM),
            "wrapped": to_base64(key.encrypt(held.secret, _oaep())),
        }
        for held in ring.keys
    }
    return certificate.canonical({"keys": keys, "type": WRAPPED_TYPE}) + b"\n"


def wrapped_keys(sealed: bytes) -> dict[str, tuple[bytes, datetime]]:
    """Read what `seal_ring` made for a token: by purpose the encrypted key, and when it was made.

    Raises:
        KeyFileRefused: It is something else.
    """
    try:
        found: Any = certificate.parse(sealed.decode())
        keys = found["keys"] if found["type"] == WRAPPED_TYPE else {}
        return {str(purpose): _wrapped_key(entry) for purpose, entry in keys.items()}
    except (NoteRefused, ValueError, KeyError, TypeError, AttributeError):
        raise KeyFileRefused("These are not the keys that a ceremony encrypts to a token.") from None


def _wrapped_key(entry: Any) -> tuple[bytes, datetime]:  # noqa: ANN401 - any JSON value
    wrapped = from_base64(entry["wrapped"])
    if wrapped is None or len(wrapped) * 8 < RSA_BITS:
        raise ValueError("no RSA ciphertext")
    return wrapped, datetime.strptime(entry["made_at"], _TIME_FORM).replace(tzinfo=UTC)


def _rsa_key(public: bytes) -> RSAPublicKey:
    try:
        key = load_der_public_key(public)
    except ValueError:
        raise KeyFileRefused("Nothing can be sealed to this public key; it is not a proper one.") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < RSA_BITS:
        raise KeyFileRefused(f"The transport key of a token is RSA with at least {RSA_BITS} bits.")
    return key


def _oaep() -> padding.OAEP:
    return padding.OAEP(mgf=padding.MGF1(SHA1()), algorithm=SHA1(), label=None)  # noqa: S303 - see Source
