"""Schedules that differ in their sequences alone: same kits, randomization numbers, keys and nonces."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from keys.stream import Stream
from randomizer.services.sealed import generator
from randomizer.store.backup import copy_database
from tests import activated, desks
from tests.games.sizes import size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.schedule import Schedule, SlotPlan
    from randomizer.domain.unblinded import UnblindedDefinition
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal

    Change = Callable[[Schedule, UnblindedDefinition], Schedule]

CAPACITIES = {"REL": 12, "PRO": 2}
"""The second stratum is small, so that it runs out."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Sealing:
    """A sealed and activated trial of which the test knows the schedule.

    Args:
        rehearsal: The bundle and what the people around it hold.
        schedule: As it was sealed.
        database: A database file with the active trial, to be copied.
        now: The time at which it was left.
    """

    rehearsal: Rehearsal
    schedule: Schedule
    database: Path
    now: datetime

    def __repr__(self) -> str:
        return "Sealing(masked)"


@dataclass(frozen=True, kw_only=True, repr=False)
class World:
    """An instance of a sealing, with its code-break host and what only the test knows."""

    directory: Path
    instance: Instance
    desk: Desk
    rehearsal: Rehearsal
    schedule: Schedule

    def __repr__(self) -> str:
        return "World(masked)"


def definition() -> Definition:
    """MESEMS with 14 slots, whose kits travel to the site and are checked there by a second person."""
    made = activated.small_definition()
    return replace(
        made,
        strata=tuple(replace(one, capacity=CAPACITIES[one.code], low_water=0) for one in made.strata),
        kits=replace(made.kits, travel=True, second_person=True),
    )


def as_generated(schedule: Schedule, _unblinded: UnblindedDefinition) -> Schedule:
    """No change."""
    return schedule


def exchanged(schedule: Schedule, unblinded: UnblindedDefinition) -> Schedule:
    """Every sequence exchanged for the other one."""
    codes = [one.code for one in unblinded.sequences]
    return _drawn(schedule, lambda plan: (codes.index(plan.sequence_code) + 1) % len(codes))


def anew(text: str) -> Change:
    """Sequences drawn anew, each slot by itself.

    Args:
        text: The draws follow from it.
    """

    def another(schedule: Schedule, unblinded: UnblindedDefinition) -> Schedule:
        draws = Stream(text.encode().ljust(32), "tests")
        return _drawn(schedule, lambda _: draws.below(len(unblinded.sequences)))

    return another


def _drawn(schedule: Schedule, choose: Callable[[SlotPlan], int]) -> Schedule:
    return replace(schedule, chosen=bytes(choose(plan) for plan in schedule))


CHANGES: dict[str, Change] = {
    "as generated": as_generated,
    "exchanged": exchanged,
    "another": anew("another schedule of the games"),
    **{f"another {number}": anew(f"schedule {number} of the games") for number in range(2, size(2, 8))},
}
"""What is done to the schedules that are compared; there are more of them at full size."""


def draft(path: Path, drafted: Definition | None = None) -> Path:
    """A database file with everybody and a draft of the trial; every sealing begins with a copy of it."""
    url = f"sqlite:///{path}"
    activated.migrate(url)
    with activated.opened(url, drafted or definition()) as instance:
        activated.draft(instance)
    return path


def seal(
    directory: Path,
    drafted: Path,
    change: Change,
    *,
    sealed: Definition | None = None,
    unblinded: UnblindedDefinition | None = None,
    text: str = "games",
) -> Sealing:
    """Hold a ceremony whose schedule is changed before it is sealed, and activate the trial.

    Args:
        directory: Empty or missing.
        drafted: From `draft`.
        change: What is done to the schedule that the seed gives.
        sealed: The definition that was drafted, where it is not that of the games.
        unblinded: The design, where it is not that of the example.
        text: All randomness follows from it.
    """
    made: list[Schedule] = []
    generate = generator.generate

    def changed(definition: Definition, unblinded: UnblindedDefinition, seed: bytes) -> Schedule:
        made.append(change(generate(definition, unblinded, seed), unblinded))
        return made[-1]

    directory.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generator, "generate", changed)
        rehearsal = activated.seal_rehearsal(
            directory / "bundle", definition=sealed or definition(), unblinded=unblinded, text=text
        )
    shutil.copy(drafted, directory / "trial.db")
    with activated.opened(f"sqlite:///{directory}/trial.db", rehearsal.definition) as instance:
        activated.activate(instance, rehearsal)
        now = instance.clock.now
    return Sealing(rehearsal=rehearsal, schedule=made[-1], database=directory / "trial.db", now=now)


@contextmanager
def world(sealing: Sealing, directory: Path) -> Iterator[World]:
    """A fresh instance of a sealing.

    Args:
        sealing: Nothing is written into it.
        directory: Empty or missing.
    """
    directory.mkdir(parents=True)
    shutil.copy(sealing.database, directory / "trial.db")
    url = f"sqlite:///{directory}/trial.db"
    with activated.opened(url, sealing.rehearsal.definition, sealing.now) as instance:
        event.listen(instance.store.engine, "connect", _without_waiting_for_the_disk)
        desk = desks.set_up_desk(instance, sealing.rehearsal, directory / "host")
        yield World(
            directory=directory,
            instance=instance,
            desk=desk,
            rehearsal=sealing.rehearsal,
            schedule=sealing.schedule,
        )


def kept(sealing: Sealing, world: World, directory: Path) -> Sealing:
    """The sealing with an instance of it as it stands now, so that others go on from there.

    Args:
        sealing: Of the instance.
        world: The instance.
        directory: Where the copy of its database goes; missing.
    """
    directory.mkdir()
    database = copy_database(world.instance.store.engine, directory)
    return replace(sealing, database=database, now=world.instance.clock.now)


def _without_waiting_for_the_disk(connection: Any, _record: object) -> None:  # noqa: ANN401
    connection.execute("PRAGMA synchronous=OFF")
