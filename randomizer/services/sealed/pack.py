"""The file of an emergency pack: one sealed answer for each slot. Making it opens nothing and needs no key.

It holds no moment and no name of a person: a pack that is made again is the same file.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

import rfc8785

from keys import certificate, notes
from randomizer.domain.definition_values import SITE_FACTOR
from randomizer.errors import Tampered
from randomizer.services.sealed.bindings import EMERGENCY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.trial import Slot, Trial

TYPE: Final = "crossover-randomizer/v1/emergency-pack"


def strata_of(definition: Definition, site: str) -> tuple[str, ...]:
    """Codes of the strata whose slots the pack of a site holds: all, unless the site is a factor.

    Args:
        definition: The blinded definition.
        site: Site code.
    """
    return tuple(
        stratum.code for stratum in definition.strata if dict(stratum.levels).get(SITE_FACTOR, site) == site
    )


def encode(trial: Trial, site: str, slots: Iterable[Slot]) -> bytes:
    """The bytes of a pack: canonical JSON and a newline.

    Args:
        trial: Active, and compared with its entry.
        site: Site code.
        slots: Those that the pack holds, in the order of the schedule.

    Raises:
        Tampered: The certificate is not the one that was activated.
    """
    text, _ = notes.read_unverified(trial.certificate)
    named = certificate.canonical(certificate.parse(text))
    if hashlib.sha256(named).hexdigest() != trial.certificate_digest:
        raise Tampered("The certificate")
    return (
        rfc8785.dumps(
            {
                "type": TYPE,
                "site": site,
                "certificate": named.decode(),
                "definition": trial.definition,
                "slots": [_sealed_answer(slot) for slot in slots],
            }
        )
        + b"\n"
    )


def _sealed_answer(slot: Slot) -> dict[str, Any]:
    return {
        "index": slot.number,
        "stratum": slot.stratum,
        "ordinal": slot.ordinal,
        "randomization_number": slot.randomization_number,
        "kits": [list(period) for period in slot.kits],
        "proof": b64encode(slot.proof).decode(),
        "ciphertext": b64encode(slot.ciphertext).decode(),
        "wrap": b64encode(dict(slot.wraps)[EMERGENCY]).decode(),
    }
