"""The design as the ceremony sealed it to the code-break host: sequences and procedure, no slot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keys.errors import KeysError
from randomizer.domain import unblinded as unblinded_definition
from randomizer.errors import NotFound, RandomizerError, Tampered
from randomizer.services.sealed import bundle
from randomizer.services.sealed.bindings import unblinded_binding

if TYPE_CHECKING:
    from randomizer.domain.unblinded import UnblindedDefinition
    from randomizer.services.unblinded.desk import Desk


def read(desk: Desk) -> UnblindedDefinition:
    """The unblinded definition, opened with the code-break key; it is kept nowhere.

    Args:
        desk: Keys and pins, and the directory in which it lies sealed.

    Raises:
        NotFound: It does not lie there.
        Tampered: It does not open, or is none.
    """
    path = desk.directory / bundle.UNBLINDED
    if not path.exists():
        raise NotFound(
            f"{bundle.UNBLINDED} is not on the code-break host, so the design is not known here.",
            next_step="The administrator copies it from a backup of this host or from the bundle.",
        )
    try:
        opened = desk.keys.open_envelope(path.read_bytes(), unblinded_binding(desk.pins.trial_id))
        return unblinded_definition.from_canonical(json.loads(opened)["unblinded_definition"].encode())
    except (KeysError, RandomizerError, ValueError, KeyError):  # what went wrong could tell of the content
        raise Tampered(bundle.UNBLINDED) from None
