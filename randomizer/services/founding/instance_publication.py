"""The public record of a sealing in an instance directory: what anybody may have, from the activation on.

public/certificate.note, ceremony.vkey, definition.json, keys.json, commitments/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keys import files
from randomizer.errors import BundleRefused
from randomizer.services.sealed import bundle as bundle_files
from randomizer.services.sealed import certificate_fields, public_keys

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.services.sealed.bundle import Bundle

LOG_KEY = "log.vkey"
PUBLIC = (bundle_files.CERTIFICATE, bundle_files.CEREMONY_KEY, bundle_files.DEFINITION)


def publish(bundle: Bundle, public: Path) -> None:
    """Copy the public part of a checked bundle; safe to repeat with the same bundle.

    Args:
        bundle: As activated.
        public: Directory ``public`` of the instance; holds the verifier key of its log.

    Raises:
        BundleRefused: A file of another bundle stands there.
    """
    for name in PUBLIC:
        _keep(public / name, bundle.read(name))
    _keep(public / public_keys.NAME, _keys(public))
    notes, keys = bundle.commitments(), bundle.commitment_keys()
    for number, (note, key) in enumerate(zip(notes, keys, strict=True), start=1):
        _keep(public / bundle_files.COMMITMENTS / f"{number}.vkey", key)
        _keep(public / bundle_files.COMMITMENTS / f"{number}.note", note)


def publish_keys(public: Path) -> bool:
    """Add ``keys.json`` where a trial was activated before there was such a file; safe to repeat.

    Args:
        public: Directory ``public`` of the instance.

    Returns:
        Whether it was added.
    """
    path = public / public_keys.NAME
    if path.exists() or not all((public / name).exists() for name in (*PUBLIC, LOG_KEY)):
        return False
    _keep(path, _keys(public))
    return True


def _keys(public: Path) -> bytes:
    return public_keys.encode(
        certificate_fields.read((public / bundle_files.CERTIFICATE).read_bytes()),
        ceremony=(public / bundle_files.CEREMONY_KEY).read_text(encoding="utf-8").strip(),
        log=(public / LOG_KEY).read_text(encoding="utf-8").strip(),
    )


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        files.write_public(path, content)
    elif path.read_bytes() != content:
        raise BundleRefused(
            f"{path} is there already and is of another bundle. Nothing was overwritten.", field=path.name
        )
