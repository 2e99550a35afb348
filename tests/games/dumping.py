"""Trials to be stolen: many participants each, and a copy of all that is kept of them but the keys."""

from __future__ import annotations

import hashlib
import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from keys.stream import Stream
from randomizer.domain.people import Role
from randomizer.domain.sealed_texts import Preparation
from randomizer.domain.supply import Outcome
from randomizer.domain.trial import Allocation
from randomizer.domain.unblinded import Procedure
from randomizer.services import idempotency
from randomizer.services.care import booking, dispensing, infusions
from randomizer.services.unblinded import kit_order, preparation, sheets, unblinding
from randomizer.services.upkeep import publishing
from randomizer.services.views import participant_views, sight
from randomizer.store.backup import copy_database
from tests import activated, desks
from tests.activated import FIT
from tests.games import sealings
from tests.games.seeing import logs_kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import StringIO
    from pathlib import Path

    from randomizer.domain.unblinded import UnblindedDefinition
    from randomizer.store.work import UnitOfWork
    from tests.games.sealings import Sealing, World

COURSES = {"REL": "relapsing", "PRO": "progressive"}
SLOTS = tuple(activated.CAPACITIES.values())
CELLS: dict[str, Any] = {
    "cell_count": "1.5e8",
    "viability": "91 %",
    "thaw": "2 min at 37 °C",
    "note": "washed twice",
}
"""What is noted of cells alone."""
BROKEN = 2  # codes of each trial that are broken: of the first participants of the first stratum
SPOILT = 32  # one kit in about so many is spoiled, whatever it holds
COUNT_OF_FRAMES = slice(16, 20)
"""Where SQLite's index of its log of writes says how many frames there are: WAL-index format, section 2.1."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Staged:
    """A sealed trial of which every slot is allocated and every first preparation has begun.

    Args:
        sealing: Its database is the one to go on from.
        numbers: Participants in the order of their slots.
        order: The order in which they come for their infusions.
    """

    sealing: Sealing
    numbers: tuple[str, ...]
    order: tuple[str, ...]

    def __repr__(self) -> str:
        return "Staged(masked)"


@dataclass(frozen=True)
class Commit:
    """What one commit left behind: frames in the log of writes, and lines in the log."""

    frames: int
    log: str


@dataclass(frozen=True, kw_only=True)
class Copy:
    """What the thief holds of one trial; no key is in it.

    Args:
        numbers: Participants in the order of their slots, which is the order of enrolment.
        directory: Of the copied files: database, log of its writes, intents, backup, public record.
        log: What the processes wrote.
        shown: For each participant what blinded people were shown.
        done: For each participant what each commit left in the log and in the log of writes: both are dated,
            so that the thief knows whose it is.
    """

    numbers: tuple[str, ...]
    directory: Path
    log: str
    shown: dict[str, object]
    done: dict[str, list[Commit]]


def design(procedure: Procedure) -> UnblindedDefinition:
    """The example's sequences under another rule."""
    return replace(activated.small_unblinded(activated.small_definition()), procedure=procedure)


def stage(place: Path, count: int, procedure: Procedure, change: sealings.Change) -> list[Staged]:
    """Seal trials, each from its own bits, and bring everybody to where the first kit is being prepared.

    Args:
        place: Empty or missing.
        count: Trials.
        procedure: The design of all of them.
        change: What is done to each schedule before it is sealed.
    """
    definition = activated.small_definition()
    place.mkdir(parents=True, exist_ok=True)
    drafted = sealings.draft(place / "draft.db", definition)
    return [_stage(place / str(number), drafted, procedure, change) for number in range(count)]


def _stage(place: Path, drafted: Path, procedure: Procedure, change: sealings.Change) -> Staged:
    sealing = sealings.seal(
        place,
        drafted,
        change,
        sealed=activated.small_definition(),
        unblinded=design(procedure),
        text=f"dump {place.name}",
    )
    later = replace(sealing, now=sealing.now + timedelta(days=int(place.name)))  # other salts in each trial
    with sealings.world(later, place / "staged") as world:
        draws = Stream(hashlib.sha256(f"order {place.name}".encode()).digest(), "tests")
        for stratum in _shuffled([plan.stratum for plan in world.schedule], draws):
            desks.randomized(world.instance, world.desk, COURSES[stratum])
        with world.instance.store.reading() as uow:
            numbers = tuple(one.participant for one in uow.all(Allocation, order="slot"))
        order = tuple(_shuffled(list(numbers), draws))
        _prepare(world, order)
        now = world.instance.clock.now
    return Staged(
        sealing=replace(sealing, database=place / "staged" / "trial.db", now=now),
        numbers=numbers,
        order=order,
    )


def _shuffled(things: list[str], draws: Stream) -> list[str]:
    return [things.pop(draws.below(len(things))) for _ in range(len(things))]


def _prepare(world: World, order: tuple[str, ...]) -> None:
    """Everybody on the same morning, half a minute apart, as far as the preparation that has begun."""
    instance = world.instance
    hours = instance.definition.kits.lead_time_hours
    person = instance.person(Role.COORDINATOR)
    with instance.store.writing() as uow:
        for place, number in enumerate(order):
            booked_for = instance.clock() + timedelta(hours=hours, minutes=30, seconds=30 * place)
            booking.book(uow, person, number, booked_for)
    instance.clock.advance(hours=hours)
    step_up, person = instance.step_up(Role.INVESTIGATOR), instance.person(Role.INVESTIGATOR)
    with instance.store.writing() as uow:
        for number in order:
            booking.sign_fit(uow, person, step_up, number, FIT)
    person = instance.person(Role.PREPARER)
    for number in order:
        instance.clock.advance(seconds=3)
        sheets.open_sheet(world.desk, person, number)
        with instance.store.writing() as uow:
            preparation.begin(uow, person, number)


@contextmanager
def stolen(staged: Staged, place: Path, spoil: Callable[[World], None] = lambda _: None) -> Iterator[Copy]:
    """Give everybody their first infusion, and copy what is kept while the instance is open.

    Args:
        staged: Nothing is written into it.
        place: Empty or missing.
        spoil: Makes the build a leaky one.
    """
    with sealings.world(staged.sealing, place) as world, logs_kept() as log:
        spoil(world)
        hospital = _Hospital(world, staged.numbers, place, log)
        done = {number: hospital.treat(number) for number in staged.order}
        hospital.infuse(staged.order)
        for number in staged.numbers[:BROKEN]:
            _break_code(world, number)
        world.instance.checkpoint()
        shown = _look(world)
        with world.instance.store.reading() as uow:
            publishing.export(uow, place / "public")
        (place / "backup").mkdir()
        copy_database(world.instance.store.engine, place / "backup")
        yield Copy(numbers=staged.numbers, directory=place, log=log.getvalue(), shown=shown, done=done)


class _Hospital:
    """Those who prepare, hand out and give."""

    def __init__(self, world: World, numbers: tuple[str, ...], place: Path, log: StringIO) -> None:
        self.plans = dict(zip(numbers, world.schedule, strict=True))
        self.instance, self.desk, self.place, self.log = world.instance, world.desk, place, log
        self.preparer = self.instance.person(Role.PREPARER)
        self.pharmacist = self.instance.person(Role.PHARMACIST)
        self.nurse = self.instance.person(Role.CARE_PROVIDER)

    def treat(self, number: str) -> list[Commit]:
        """Prepare and hand out one participant's kit."""
        return [self._commit(act, number) for act in (self._end, self._dispense)]

    def _commit(self, act: Callable[[str], None], number: str) -> Commit:
        self.instance.clock.advance(seconds=3)
        frames, logged = self._frames(), self.log.tell()
        act(number)
        added = self._frames() - frames
        if added < 0:  # the log began anew
            added += frames
        return Commit(added, self.log.getvalue()[logged:])

    def infuse(self, numbers: tuple[str, ...]) -> None:
        """Give everybody what was handed out."""
        self.instance.clock.advance(seconds=60)
        now = self.instance.clock()
        with self.instance.store.writing() as uow:
            for number in numbers:
                infusions.record(uow, self.nurse, number, outcome=Outcome.GIVEN, given_at=now)

    def _frames(self) -> int:
        """Frames in the log of writes, as SQLite's index of it counts them."""
        path = self.place / "trial.db-shm"
        return int.from_bytes(path.read_bytes()[COUNT_OF_FRAMES], sys.byteorder) if path.exists() else 0

    def _end(self, number: str) -> None:
        """What is noted of cells is longer than what is noted of medium; it is sealed at one length."""
        plan = self.plans[number]
        content = plan.treatments[0]
        blank = Preparation(content=content, lot="L-1")
        spoiled = int(number) % SPOILT == 0
        # As the sheet said, which was opened before; reading it again takes as long as all else.
        self.kit = kit_order.order_of(self.desk, plan.index, 1, plan.kits[0])[spoiled]
        with self.instance.store.writing() as uow:
            preparation.end(
                uow,
                self.desk,
                self.preparer,
                number,
                ready=True,
                kit=self.kit,
                noted=replace(blank, **CELLS) if content == "MSC" else blank,
                spoiled=spoiled,
            )

    def _dispense(self, number: str) -> None:
        """As the API does, with an answer that is kept for whoever asks twice."""

        def act(uow: UnitOfWork) -> str:
            done = dispensing.dispense(uow, self.pharmacist, number, self.kit)
            return json.dumps({"participant": number, "kit": done.kit.number})

        digest = hashlib.sha256(number.encode()).hexdigest()
        key = f"dispense-{number}"
        idempotency.once(
            self.instance.store, self.pharmacist, key=key, request_digest=digest, status=200, act=act
        )


def _break_code(world: World, number: str) -> None:
    person, step_up = world.instance.person(Role.ON_CALL), world.instance.step_up(Role.ON_CALL)
    intent = unblinding.intend(world.desk, person, step_up, participant=number, reason="emergency", text="x")
    unblinding.disclose(world.desk, person, intent)


def _look(world: World) -> dict[str, object]:
    """What the trial manager is shown of each."""
    person = world.instance.person(Role.TRIAL_MANAGER)
    with world.instance.store.reading() as uow:
        rows = participant_views.listing(sight.of(uow, person))["rows"]
        return {row["number"]: row for row in rows}


def blocks(*sizes: int) -> Procedure:
    """Blocks of these sizes, equally likely."""
    return Procedure(kind="permuted-blocks", block_sizes=sizes, weights=(1,) * len(sizes))


BLOCKS_OF_FOUR = blocks(4)
