"""Looking after this host while nobody asks: when the door starts, and every minute from then on.

The wraps are compared with the root that this host pinned, and words that were erased go from its file.
"""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from randomizer.services.unblinded import erased_words, wrapped_rows

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk

EVERY_SECONDS: Final = 60
"""A look reads a few rows by their keys, some milliseconds in all."""


def watch(desk: Desk, ended: Event) -> Thread:
    """Look now and again until the event is set, in a thread that keeps no door from opening or closing.

    Args:
        desk: The code-break host's own.
        ended: Ends it.
    """

    def turns() -> None:
        _look(desk)
        while not ended.wait(EVERY_SECONDS):
            _look(desk)

    thread = Thread(target=turns, name="looking after", daemon=True)
    thread.start()
    return thread


def _look(desk: Desk) -> None:
    wrapped_rows.look(desk)
    erased_words.look(desk)
