"""What the code-break host knows of the certificate, kept beside its keys and outside the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from randomizer.errors import BundleRefused

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """What answers are checked against.

    Args:
        trial_id: As in the definition.
        certificate_digest: SHA-256 of the certificate's canonical JSON, hex.
        schedule_version: 1-based.
        slots: Number of slots under the roots.
        leaf_root: RFC 6962 root over the leaves, 32 bytes.
        sealed_root: RFC 6962 root over the sealed rows, 32 bytes.
    """

    trial_id: str
    certificate_digest: str
    schedule_version: int
    slots: int
    leaf_root: bytes
    sealed_root: bytes

    @classmethod
    def of_certificate(cls, certificate: Mapping[str, Any], digest: str) -> Pins:
        """The pins that a verified certificate gives.

        Raises:
            BundleRefused: The certificate lacks what is to be pinned.
        """
        try:
            return cls(
                trial_id=str(certificate["trial_id"]),
                certificate_digest=digest,
                schedule_version=int(certificate["schedule_version"]),
                slots=int(certificate["sizes"]["slots"]),
                leaf_root=bytes.fromhex(certificate["leaf_root"]),
                sealed_root=bytes.fromhex(certificate["sealed_root"]),
            )
        except (KeyError, TypeError, ValueError):
            raise BundleRefused("The certificate does not say what is to be pinned.") from None

    def texts(self) -> dict[str, str]:
        """As `keys.custody.write_pins` takes them."""
        return {
            "trial_id": self.trial_id,
            "certificate_digest": self.certificate_digest,
            "schedule_version": str(self.schedule_version),
            "slots": str(self.slots),
            "leaf_root": self.leaf_root.hex(),
            "sealed_root": self.sealed_root.hex(),
        }

    @classmethod
    def of_texts(cls, texts: Mapping[str, str]) -> Pins:
        """As `keys.custody.read_pins` gives them; other pins beside these are left alone.

        Raises:
            BundleRefused: One is missing or malformed.
        """
        try:
            return cls(
                trial_id=texts["trial_id"],
                certificate_digest=texts["certificate_digest"],
                schedule_version=int(texts["schedule_version"]),
                slots=int(texts["slots"]),
                leaf_root=bytes.fromhex(texts["leaf_root"]),
                sealed_root=bytes.fromhex(texts["sealed_root"]),
            )
        except (KeyError, ValueError):
            raise BundleRefused("The pins beside the keys are incomplete or malformed.") from None
