"""``keys.json`` of the public record: the keys that it says it was signed with; believed where pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keys import certificate

if TYPE_CHECKING:
    from randomizer.services.sealed.certificate_fields import CertificateFields

NAME: Final = "keys.json"
TYPE: Final = "crossover-randomizer/v1/public-keys"


def encode(fields: CertificateFields, *, ceremony: str, log: str) -> bytes:
    """The bytes of the file: canonical JSON and a newline.

    Args:
        fields: The certificate, which names the contributors' keys.
        ceremony: Verifier key of the ceremony.
        log: Verifier key of the log.
    """
    keys = {
        "type": TYPE,
        "log": log,
        "ceremony": ceremony,
        "contributors": [one.verifier for one in fields.contributions],
    }
    return certificate.canonical(keys) + b"\n"
