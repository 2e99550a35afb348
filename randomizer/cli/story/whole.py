"""The whole story, step by step, with the seconds that each step took."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from randomizer.cli.story import checks, finale, staging, witness
from randomizer.cli.story.calendar import Agenda, SimulatedClock
from randomizer.cli.story.counter import Counter
from randomizer.cli.story.lives import Life, Stage
from randomizer.cli.story.plans import plans
from randomizer.cli.story.staging import Ready

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date
    from pathlib import Path

    Progress = Callable[[str, int, int], None]

CEREMONY_STEPS = 4
ACTS_PER_COMMIT = 50


@dataclass(slots=True, kw_only=True)
class Told:
    """What came of a story.

    Args:
        counter: What happened.
        seconds: Wall-clock seconds of each step.
        verification: The verifier's answer.
    """

    counter: Counter
    seconds: dict[str, float] = field(default_factory=dict)
    verification: dict[str, Any] = field(default_factory=dict)


def tell(directory: Path, participants: int, progress: Progress = lambda *_: None) -> Told:
    """Play a whole rehearsal trial, from the registry record to the verified release.

    Args:
        directory: Empty or missing; everything of the story goes there.
        participants: How many are randomized, at least 1.
        progress: Told the step, how many of its parts are done, and how many there are.

    Raises:
        Refused: A step did not come out as it should.
    """
    told = Told(counter=Counter())
    clock = SimulatedClock()
    invited = witness.invite(directory)
    with _timed(told, "definition"):
        definition = staging.write_definition(directory, participants)
    with _timed(told, "instance"):
        keys = (witness.key_of(invited),)
        settings, store, cast = staging.make_instance(directory, definition, clock, witness_keys=keys)
    with _timed(told, "ceremony"):
        steps = iter(range(1, CEREMONY_STEPS + 1))
        sealed = staging.hold_ceremony(
            directory, definition, settings, lambda: progress("ceremony", next(steps), CEREMONY_STEPS)
        )
    with _timed(told, "activation"):
        desk = staging.activate(directory, settings, store, cast, sealed)
        witness.see(directory, settings, store)
    ready = Ready(settings=settings, store=store, cast=cast, definition=definition, desk=desk, **sealed)
    with _timed(told, "trial"):
        play(ready, clock, told.counter, participants, progress)
    with _timed(told, "lock"):
        finale.close(ready, terminated=participants == 1)
    with _timed(told, "release"):
        finale.open_release(directory, ready)
        finale.write_folders(directory, ready)
    with _timed(told, "verification"):
        told.verification = finale.verify(directory)
    checks.demand(directory, told.counter, participants)
    store.engine.dispose()
    return told


def play(
    ready: Ready, clock: SimulatedClock, counter: Counter, participants: int, progress: Progress
) -> None:
    """Every participant's life, side by side; the trail is signed once a simulated day."""
    stage = Stage(cast=ready.cast, clock=clock, definition=ready.definition, desk=ready.desk, counter=counter)
    agenda, today = Agenda(clock), _Today(clock.now.date())
    cast_of_lives = plans(ready.definition, participants, clock.now)
    for plan in cast_of_lives:
        agenda.add(Life(stage, plan).play())
    total = len(cast_of_lives)

    def each() -> None:
        if today.changed(clock.now.date()):
            staging.sign_checkpoint(ready.settings, ready.cast)
            progress("trial", total - agenda.waiting, total)

    with ready.cast.sharing_commits(ACTS_PER_COMMIT):
        agenda.run(each)


class _Today:
    def __init__(self, day: date) -> None:
        self._day = day

    def changed(self, day: date) -> bool:
        before, self._day = self._day, day
        return before != day


@contextmanager
def _timed(told: Told, step: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    told.seconds[step] = round(time.monotonic() - began, 3)
