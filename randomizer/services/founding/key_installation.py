"""On the code-break host alone: the key ring out of its transport seal into a key file, pins beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keys import custody, files, hpke, transport
from keys.custody import KeyRing
from keys.errors import KeysError
from keys.hpke import Identity
from randomizer.errors import BundleRefused
from randomizer.services.sealed import bundle as bundle_files
from randomizer.services.sealed.bundle_check import check_certificate
from randomizer.services.sealed.pins import Pins

if TYPE_CHECKING:
    from pathlib import Path

    from keys.notes import VerifierKey
    from keys.token import Token
    from randomizer.services.sealed.bundle import Bundle
    from randomizer.services.sealed.certificate_fields import CertificateFields

TRANSPORT_KEY = "transport.key"
KEYS = "keys.json"
PINS = "pins.json"
KEPT = (bundle_files.UNBLINDED, bundle_files.RELEASE, bundle_files.STAGED)
"""Sealed files that stay on this host: nobody here can open the last two alone."""


def install(
    bundle: Bundle,
    directory: Path,
    *,
    key: VerifierKey,
    pinned_digest: str = "",
    token: Token | None = None,
) -> Pins:
    """Open the key ring of a bundle and keep it, with the pins that answers are checked against.

    Safe to repeat with the same bundle.

    Args:
        bundle: What the ceremony left.
        directory: ``codebreak`` of the instance; holds the transport key, receives ``keys.json``,
            ``pins.json``, and the sealed unblinded definition and releases.
        key: Verifier key of the ceremony, from the trial master file.
        pinned_digest: Digest of the certificate in hex, or "".
        token: Takes the keys in the place of ``keys.json``, on a host that has one.

    Returns:
        The pins.

    Raises:
        BundleRefused: The bundle does not hold, or was sealed to another host.
        KeyFileRefused: The transport key cannot be used, or keys stand there already.
    """
    _, fields, digest = check_certificate(bundle, key, pinned_digest)
    for name in (bundle_files.KEY_RING, *KEPT):
        if bundle.digest(name) != fields.files.get(name):
            raise BundleRefused(f"{name} differs from what the certificate says.", field=name)
    pins = Pins.of_certificate(fields.model_dump(), digest)
    if token.holds(custody.CODE_BREAK) if token else (directory / KEYS).exists():
        _demand_same(directory, pins)
        return pins
    ring = None if token else _open_ring(bundle, directory, fields)
    if token:
        _demand_transport(token.transport_public, fields, bundle_files.RSA_TRANSPORT)
    for name in KEPT:
        files.write_public(directory / name, bundle.read(name), replace=True)
    custody.write_pins(directory / PINS, pins.texts() | {"ceremony_key": key.encode()}, replace=True)
    # Last: what stands beside them is only of use with the keys.
    if ring is not None:
        custody.write_key_file(directory / KEYS, ring)
    elif token is not None:
        token.install(bundle.read(bundle_files.KEY_RING))
    return pins


def _demand_same(directory: Path, pins: Pins) -> None:
    if Pins.of_texts(custody.read_pins(directory / PINS)) != pins:
        raise BundleRefused(
            "This host holds the keys of another sealing. Nothing was overwritten.",
            field="keys",
            next_step="Every trial has a code-break host directory of its own.",
        )


def _demand_transport(public: bytes, fields: CertificateFields, name: str) -> None:
    if transport.digest(public) != fields.transport_key:
        raise BundleRefused(
            "The keys of this bundle were sealed to another host's transport key.",
            field=bundle_files.KEY_RING,
            next_step=f"Seal again with the {name} of this instance.",
        )


def _open_ring(bundle: Bundle, directory: Path, fields: CertificateFields) -> KeyRing:
    own = Identity.load(directory / TRANSPORT_KEY)
    _demand_transport(own.public, fields, "transport.pub")
    try:
        return KeyRing.from_bytes(
            hpke.open_sealed(own, bundle.read(bundle_files.KEY_RING), transport.HPKE_INFO)
        )
    except KeysError as error:
        raise BundleRefused(
            f"The key ring of the bundle does not open: {error}", field="keyring.sealed"
        ) from None
