"""What a certificate says of one release: its public key, its quorum and who may receive it; no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from keys import hpke
from keys.errors import KeyFileRefused, NoteRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

RELEASE: Final = "release"
STAGED: Final = "staged"
PURPOSES: Final = (RELEASE, STAGED)
SPLIT_TYPE: Final = "crossover-randomizer/v1/split"
_DIGEST_FORM: Final = re.compile(r"[0-9a-f]{64}")
_NAME_FORM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Quorum:
    """One release of a certificate.

    Args:
        purpose: `RELEASE` or `STAGED`.
        public: The X25519 public key that the release is sealed to.
        k: How many shares open it.
        n: How many shares there are.
        share_digests: Digests of the shares in hex, custodian 1 first.
        recipients: Name of each recipient to the digest of the recipient's public key in hex.
    """

    purpose: str
    public: bytes
    k: int
    n: int
    share_digests: tuple[str, ...]
    recipients: dict[str, str]


def read_quorum(certificate: Mapping[str, Any], purpose: str) -> Quorum:
    """Read the field ``release`` or ``staged`` of a verified certificate.

    Raises:
        NoteRefused: The field is missing, or something in it is.
    """
    field = certificate.get(purpose)
    if not isinstance(field, dict):
        raise NoteRefused(f"The certificate says nothing of a {purpose} key.")
    try:
        public = hpke.parse_public(str(field.get("public_key")))
    except KeyFileRefused:
        raise NoteRefused(f"The certificate's {purpose} key is not a public key.") from None
    k, n = _read_number(field, "k"), _read_number(field, "n")
    digests, recipients = field.get("share_digests"), field.get("recipients")
    if not isinstance(digests, list) or not all(map(_is_digest, digests)):
        raise NoteRefused(f"The {purpose} shares in the certificate are not digests of 64 hex digits.")
    if not 1 <= k <= n or n != len(digests) or n != len(set(digests)):
        raise NoteRefused(
            f"The certificate does not list {n} different {purpose} shares, {k} of them needed."
        )
    if not isinstance(recipients, dict) or not all(map(_is_digest, recipients.values())):
        raise NoteRefused(f"The {purpose} recipients in the certificate are not digests of 64 hex digits.")
    if not all(_NAME_FORM.fullmatch(name) for name in recipients):
        raise NoteRefused(f"The {purpose} recipients are named in letters, digits, dots and dashes.")
    return Quorum(purpose, public, k, n, tuple(digests), recipients)


def release_info(purpose: str) -> bytes:
    """Give the HPKE info under which a release is sealed to its release key."""
    return f"crossover-randomizer/v1/{purpose}".encode()


def recipient_info(purpose: str) -> bytes:
    """Give the HPKE info under which an opened release is sealed to one recipient."""
    return f"crossover-randomizer/v1/recipient/{purpose}".encode()


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and _DIGEST_FORM.fullmatch(value) is not None


def _read_number(field: Mapping[str, Any], name: str) -> int:
    value = field.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise NoteRefused(f"The certificate does not say {name} as a number.")
    return value
