"""What an activation puts into the instance directory: the public record of the sealing, the sealed releases.

public/certificate.note, ceremony.vkey, definition.json, commitments/   what anybody may have
sealed/release.sealed, staged.sealed                                    kept for the release
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keys import files
from randomizer.errors import BundleRefused
from randomizer.services import bundle as bundle_files

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.services.bundle import Bundle

PUBLIC = (bundle_files.CERTIFICATE, bundle_files.CEREMONY_KEY, bundle_files.DEFINITION)
SEALED_DIRECTORY = "sealed"
SEALED = (bundle_files.RELEASE, bundle_files.STAGED)


def publish(bundle: Bundle, directory: Path) -> None:
    """Copy what an instance keeps of a checked bundle; safe to repeat with the same bundle.

    Args:
        bundle: As activated.
        directory: The instance directory.

    Raises:
        BundleRefused: A file of another bundle stands there.
    """
    public = directory / "public"
    for name in PUBLIC:
        _keep(public / name, bundle.read(name))
    notes, keys = bundle.commitments(), bundle.commitment_keys()
    for number, (note, key) in enumerate(zip(notes, keys, strict=True), start=1):
        _keep(public / bundle_files.COMMITMENTS / f"{number}.vkey", key)
        _keep(public / bundle_files.COMMITMENTS / f"{number}.note", note)
    for name in SEALED:
        _keep(directory / SEALED_DIRECTORY / name, bundle.read(name))


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        files.write_public(path, content)
    elif path.read_bytes() != content:
        raise BundleRefused(
            f"{path} is there already and is of another bundle. Nothing was overwritten.", field=path.name
        )
