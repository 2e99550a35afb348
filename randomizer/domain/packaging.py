"""The packaging code of a kit: what stands as batch on its label, and tells nothing but which kit it is.

It is a public function of trial and kit number. A kit number is drawn uniformly and tells nothing of content,
so neither does the code; anybody can compute it, and nothing has to be kept or sealed for it.
"""

from __future__ import annotations

import hashlib
from typing import Final

LABEL: Final = "crossover-randomizer/v1/packaging-code"
DIGITS: Final = 8
"""Digits only: a wedge scanner types `-` and letters differently on some keyboards."""


def code_of(trial_id: str, kit: str) -> str:
    """The packaging code of a kit.

    Args:
        trial_id: Of the definition.
        kit: Kit number, nine digits.

    Returns:
        Eight digits: SHA-256 of label, trial and kit number, joined by line feeds, as a number modulo 10^8.
    """
    digest = hashlib.sha256(f"{LABEL}\n{trial_id}\n{kit}".encode()).digest()
    return f"{int.from_bytes(digest) % 10**DIGITS:0{DIGITS}d}"
