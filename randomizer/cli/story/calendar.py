"""A simulated clock and the agenda that moves it."""

from __future__ import annotations

import heapq
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Life = Iterator[datetime]

OPENING = datetime(2027, 1, 4, 7, 0, tzinfo=UTC)
"""When the story begins: a Monday morning."""

BETWEEN_READINGS = timedelta(milliseconds=1)


class SimulatedClock:
    """A clock that only the story moves; no two readings are the same.

    Args:
        start: The first moment, UTC.
    """

    def __init__(self, start: datetime = OPENING) -> None:
        self._now = start

    def __call__(self) -> datetime:
        """The current moment; reading it takes a millisecond."""
        self._now += BETWEEN_READINGS
        return self._now

    @property
    def now(self) -> datetime:
        """The current moment, without moving on."""
        return self._now

    def move_to(self, moment: datetime) -> None:
        """Move on to a moment; one that has passed changes nothing."""
        self._now = max(self._now, moment)


class Agenda:
    """Lives that go on side by side, each resumed at the moment it asked for.

    Args:
        clock: Moved to each moment in turn.
    """

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._waiting: list[tuple[datetime, int, Life]] = []
        self._count = 0

    @property
    def waiting(self) -> int:
        """How many lives have not ended."""
        return len(self._waiting)

    def add(self, life: Life) -> None:
        """Begin a life: it runs up to the first moment that it waits for."""
        self._resume(life)

    def run(self, each: Callable[[], None] = lambda: None, *, until: datetime | None = None) -> None:
        """Play until every life has ended, or until a moment.

        Args:
            each: Called after each step, for a progress bar.
            until: What comes later stays undone; None to leave nothing undone.
        """
        while self._waiting and (until is None or self._waiting[0][0] <= until):
            moment, _, life = heapq.heappop(self._waiting)
            self._clock.move_to(moment)
            self._resume(life)
            each()

    def _resume(self, life: Life) -> None:
        moment = next(life, None)
        if moment is not None:
            self._count += 1
            heapq.heappush(self._waiting, (moment, self._count, life))
