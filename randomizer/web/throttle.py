"""A brake on guessing passwords and six-digit codes, per account and address.

Counts live in this process and are bounded, so a flood of names cannot fill the memory. A lock-out is for one
address; every other address stays open to the person.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING

from randomizer.errors import SignInRefused

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

TRIES = 5
WINDOW = timedelta(minutes=5)
REMEMBERED = 10_000


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
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], list[datetime]] = OrderedDict()
        self._lock = Lock()

    def demand(self, username: str, address: str) -> None:
        """Refuse a further try while too many have failed.

        Raises:
            TriedTooOften: The person has to wait; the sentence says how long.
        """
        with self._lock:
            recent = self._recent(username, address)
        if len(recent) >= TRIES:
            seconds = int((recent[0] + WINDOW - self._clock()).total_seconds())
            minutes = seconds // 60 + 1
            raise TriedTooOften(
                f"{TRIES} tries did not fit. Nothing was changed.",
                wait_seconds=seconds + 1,
                field="password",
                next_step=f"Wait {minutes} minute{'s' if minutes > 1 else ''} and try again, "
                "or call the trial office.",
            )

    def failed(self, username: str, address: str) -> None:
        """Count a try that did not fit."""
        with self._lock:
            recent = self._recent(username, address)
            self._failures[_key(username, address)] = [*recent, self._clock()]
            self._failures.move_to_end(_key(username, address))
            while len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, username: str, address: str) -> None:
        """Forget the failures before a try that fits."""
        with self._lock:
            self._failures.pop(_key(username, address), None)

    def _recent(self, username: str, address: str) -> list[datetime]:
        since = self._clock() - WINDOW
        return [at for at in self._failures.get(_key(username, address), []) if at > since]


def _key(username: str, address: str) -> tuple[str, str]:
    return username.strip().lower(), address
