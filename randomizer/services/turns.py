"""Turns at checking a password, which is slow and fills memory by design: few at once, and few who wait.

Nobody comes here without a six-digit code that fits, so false sign-ins by the thousand do not fill the room.
Whoever has such a code gets one seat, and a handful of tries with it.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import contextmanager, nullcontext
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING

from randomizer.errors import Busy

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE = 2  # passwords; each takes some 64 MiB and a tenth of a second
SEATS = 4
TRIES_OF_A_CODE = 5
REMEMBERED = 1000  # codes


class Turns:
    """Who has the turn, who waits, and which codes were tried how often; all in this process.

    Args:
        at_once: How many passwords are checked at the same time.
        seats: How many people may be inside, those whose turn it is among them: well below the threads that
            serve requests. None lets everybody wait, for those who are signed in.
    """

    def __init__(self, *, at_once: int = AT_ONCE, seats: int | None = SEATS) -> None:
        self._seats = seats
        self._free = BoundedSemaphore(at_once)
        self._repeats = BoundedSemaphore(max(1, at_once // 2))
        self._inside: list[int] = []
        self._tries: OrderedDict[tuple[int, int], int] = OrderedDict()
        self._lock = Lock()

    @contextmanager
    def turn(self, account: int, step: int) -> Iterator[bool]:
        """Wait for a turn, and have it; it counts as one try with the code.

        Args:
            account: Number of the account.
            step: Time step of the code.

        Yields:
            Whether the code may still be tried.

        Raises:
            Busy: Every seat is taken, or the account has one already.
        """
        again = self._sit_down(account, step)
        try:
            # Whoever comes first waits behind one of those who try again, however many they are.
            with self._repeats if again else nullcontext(), self._free:
                yield self._spend(account, step)
        finally:
            with self._lock:
                self._inside.remove(account)

    def _sit_down(self, account: int, step: int) -> bool:
        with self._lock:
            again = (account, step) in self._tries
            if self._seats is not None:
                # Whoever tries a code again finds half the seats: the others stay free for who comes first.
                seats = max(1, self._seats // 2) if again else self._seats
                if account in self._inside or len(self._inside) >= seats:
                    raise Busy(
                        "Many people are signing in at this moment. Nothing was changed.",
                        next_step=f"Try again in {Busy.wait_seconds} seconds.",
                    )
            self._inside.append(account)
        return again

    def _spend(self, account: int, step: int) -> bool:
        with self._lock:
            tries = self._tries.pop((account, step), 0) + 1
            self._tries[account, step] = tries
            while len(self._tries) > REMEMBERED:
                self._tries.popitem(last=False)
        return tries <= TRIES_OF_A_CODE
