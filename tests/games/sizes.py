"""How large the games are: small in ``make test``, full in ``make games``."""

from __future__ import annotations

import os

VARIABLE = "GAMES_SIZE"
FULL = os.environ.get(VARIABLE) == "full"


def size(small: int, full: int) -> int:
    """One number or the other, by the environment."""
    return full if FULL else small
