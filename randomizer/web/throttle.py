"""A brake on guessing passwords and six-digit codes, per account and address.

A lock-out is for one address; every other address stays open to the person.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from randomizer.errors import SignInRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from randomizer.services.tries import Tries

TRIES = 5
WINDOW = timedelta(minutes=5)


class TriedTooOften(SignInRefused):
    """Too many tries that did not fit, from this address for this name.

    Args:
        message: That tries did not fit.
        wait_seconds: After so long it is worth trying again.
        field: The input field that it stands at.
        next_step: How long to wait, in words.
    """

    code = "tried-too-often"

    def __init__(
        self, message: str, *, wait_seconds: int, field: str | None = None, next_step: str | None = None
    ) -> None:
        super().__init__(message, field=field, next_step=next_step)
        self.wait_seconds = wait_seconds


class Throttle:
    """Failures of the last minutes.

    Args:
        clock: Gives the current moment, UTC.
        tries: Where they are counted, for all processes of the door.
        at: What is guessed at: a brake of another name counts by itself.
    """

    def __init__(self, clock: Callable[[], datetime], tries: Tries, at: str) -> None:
        self._clock = clock
        self._tries = tries
        self._at = at

    @contextmanager
    def trying(self, username: str, address: str) -> Iterator[None]:
        """Count a try while it is checked, and on where it does not fit; one that fits forgets the failures.

        Raises:
            TriedTooOften: The person has to wait; the sentence says how long.
        """
        what = "\0".join((self._at, username.strip().lower(), address))
        now = self._clock()
        since = (now - WINDOW).timestamp()
        begun = self._tries.begin(what, limit=TRIES, at=now.timestamp(), since=since)
        if begun is None:
            until = (now + WINDOW).timestamp()
            raise self._too_often(self._tries.moments(what, since=since, until=until), now)
        try:
            yield
        except SignInRefused:
            self._tries.failed(begun)
            raise
        except BaseException:  # no turn was free, or the like: nothing was said of what was typed
            self._tries.withdraw(begun)
            raise
        self._tries.succeeded(begun)

    def _too_often(self, moments: list[float], now: datetime) -> TriedTooOften:
        first = moments[0] if moments else now.timestamp()
        seconds = int(first + WINDOW.total_seconds() - now.timestamp())
        minutes = seconds // 60 + 1
        return TriedTooOften(
            f"{TRIES} tries did not fit. Nothing was changed.",
            wait_seconds=seconds + 1,
            field="password",
            next_step=f"Wait {minutes} minute{'s' if minutes > 1 else ''} and try again, "
            "or call the trial office.",
        )
