"""Leaky builds: each is the shipped code with one line too many, which counts how often it was reached.

A game declares in its module the leaks that it must catch, as ``CATCHES``, and runs unmodified against each
of them in a test of the name `LEAK_TEST`; every leak of the catalogue is caught by at least one game.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.games.leaks import broken, copied, kept, sent, shown, travelled, worked

if TYPE_CHECKING:
    from types import ModuleType

    from tests.games.leaks.secret import Leak

LEAK_TEST = "test_a_seeded_leak_is_reached_and_caught"
PLACES = (shown, travelled, kept, sent, broken, worked, copied)


def _leaks(place: ModuleType) -> dict[str, Leak]:
    return {name: leak for name, leak in vars(place).items() if name.startswith("in_")}


CATALOGUE: dict[str, Leak] = {name: leak for place in PLACES for name, leak in _leaks(place).items()}
"""Every leaky build by name."""
