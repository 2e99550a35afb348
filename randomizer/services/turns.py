"""Turns at checking a password, which is slow and fills memory by design: few at once, and few who wait.

Nobody comes here without a six-digit code that fits, so false sign-ins by the thousand do not fill the room.
Whoever has such a code gets one seat, and a handful of tries with it.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING

from randomizer.errors import Busy
from randomizer.services.tries import Tries

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE = 2  # passwords; each takes some 64 MiB and a tenth of a second
SEATS = 4
TRIES_OF_A_CODE = 5


class Turns:
    """Who has the turn and who waits in this process, and which codes were tried how often in any.

    Args:
        at_once: How many passwords are checked at the same time.
        seats: How many people may be inside, those whose turn it is among them: well below the threads that
            serve requests. None lets everybody wait, for those who are signed in.
        tries: Where tries are counted, for all processes of the door; None where there is one.
        at: What the codes are tried at: turns of another name count by themselves.
    """

    def __init__(
        self,
        *,
        at_once: int = AT_ONCE,
        seats: int | None = SEATS,
        tries: Tries | None = None,
        at: str = "sign-in",
    ) -> None:
        self._seats = seats
        self._free = BoundedSemaphore(at_once)
        self._repeats = BoundedSemaphore(max(1, at_once // 2))
        self._inside: list[int] = []
        self._tries = tries or Tries()
        self._at = at
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
                yield self._tries.begin(self._code(account, step), limit=TRIES_OF_A_CODE) is not None
        finally:
            with self._lock:
                self._inside.remove(account)

    def _sit_down(self, account: int, step: int) -> bool:
        with self._lock:
            again = bool(self._tries.moments(self._code(account, step)))
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

    def _code(self, account: int, step: int) -> str:
        return f"{self._at} code\0{account}\0{step}"
