"""What happened in the story, counted as it happens and compared with the release at the end."""

from __future__ import annotations

from collections import Counter as Tally
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from randomizer.cli.story.plans import Event


class Counter:
    """Counts of the story so far."""

    def __init__(self) -> None:
        self.participants = 0
        self.dispensations = 0
        self.assessments = 0
        self._events: Tally[Event] = Tally()
        self.numbers: dict[Event, str] = {}

    def randomized(self) -> None:
        """A participant was randomized."""
        self.participants += 1

    def dispensed(self) -> None:
        """A kit was handed out."""
        self.dispensations += 1

    def assessed(self, count: int) -> None:
        """So many blinded assessments were signed."""
        self.assessments += count

    def happened(self, event: Event, number: str) -> None:
        """An event beside the plan, and to whom."""
        self._events[event] += 1
        self.numbers[event] = number

    def count(self, event: Event) -> int:
        """How often an event happened."""
        return self._events[event]
