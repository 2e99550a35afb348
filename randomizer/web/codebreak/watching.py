"""Looking after the wraps while nobody asks: when the door starts, and every hour from then on."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from randomizer.services.unblinded import wrapped_rows

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk

EVERY_SECONDS: Final = 3600


def watch(desk: Desk, ended: Event) -> Thread:
    """Look now and again until the event is set, in a thread that keeps no door from opening or closing.

    Args:
        desk: The code-break host's own.
        ended: Ends it.
    """

    def turns() -> None:
        wrapped_rows.look(desk)
        while not ended.wait(EVERY_SECONDS):
            wrapped_rows.look(desk)

    thread = Thread(target=turns, name="sealed rows", daemon=True)
    thread.start()
    return thread
