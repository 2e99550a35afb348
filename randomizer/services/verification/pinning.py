"""Pins from what a person gives, or from a pins file; text in, pins out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from keys import certificate, custody, notes
from keys.errors import KeysError
from keys.notes import VerifierKey
from randomizer.services.verification.reading import Unreadable
from randomizer.services.verification.steps_certificate import Pins

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PINS_FILE = "pins.json"
CERTIFICATE_DIGEST = "certificate_digest"
CEREMONY_KEY = "ceremony_key"
LOG_KEY = "log_key"
WITNESS_KEYS = "witness_keys"
_HEX32 = re.compile(r"[0-9a-f]{64}")


def given(
    *,
    certificate_digest: str = "",
    ceremony_key: str = "",
    log_key: str = "",
    witness_keys: Sequence[str] = (),
) -> Pins:
    """Pins from texts.

    Args:
        certificate_digest: 64 hex digits, or "".
        ceremony_key: Verifier key, or "".
        log_key: Verifier key, or "".
        witness_keys: Verifier keys.

    Raises:
        Unreadable: One is malformed.
    """
    digest = certificate.typed_digest(certificate_digest)
    if digest and not _HEX32.fullmatch(digest):
        raise Unreadable("The digest of a certificate is 64 hex digits.", field=CERTIFICATE_DIGEST)
    return Pins(
        certificate_digest=digest,
        ceremony_key=_key(ceremony_key, CEREMONY_KEY, notes.ED25519),
        log_key=_key(log_key, LOG_KEY, notes.ED25519),
        witness_keys=tuple(
            key for text in witness_keys if (key := _key(text, WITNESS_KEYS, notes.COSIGNATURE))
        ),
    )


def from_file(path: Path) -> Pins:
    """Pins from a pins file; other names in it are left alone.

    Raises:
        Unreadable: It cannot be read, others could have changed it, or it is malformed.
    """
    try:
        texts = custody.read_pins(path)
    except KeysError as error:
        raise Unreadable(str(error), field=path.name) from None
    return given(
        certificate_digest=texts.get(CERTIFICATE_DIGEST, ""),
        ceremony_key=texts.get(CEREMONY_KEY, ""),
        log_key=texts.get(LOG_KEY, ""),
        witness_keys=texts.get(WITNESS_KEYS, "").split(),
    )


def texts(pins: Pins) -> dict[str, str]:
    """As `keys.custody.write_pins` takes them and `from_file` reads them."""
    found = {
        CERTIFICATE_DIGEST: pins.certificate_digest,
        CEREMONY_KEY: pins.ceremony_key.encode() if pins.ceremony_key else "",
        LOG_KEY: pins.log_key.encode() if pins.log_key else "",
        WITNESS_KEYS: " ".join(key.encode() for key in pins.witness_keys),
    }
    return {name: text for name, text in found.items() if text}


def _key(text: str, field: str, kind: int) -> VerifierKey | None:
    if not text.strip():
        return None
    try:
        key = VerifierKey.parse(text.strip())
    except KeysError as error:
        raise Unreadable(
            f"{field}: neither a verifier key nor a file that holds one. {error}", field=field
        ) from None
    if key.kind != kind:  # the log's own signature is no witness of the log
        raise Unreadable(
            f"{field}: {key.name} is a key of type {key.kind:02}; this takes one of type {kind:02}.",
            field=field,
        )
    return key
