"""Clients that are killed in the middle: what was acknowledged is there, and nothing is ever half there."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.participants import Participant, State
from randomizer.domain.supply import Kit, KitState, PeriodRecord
from randomizer.domain.trial import Allocation
from tests.activated import SITE
from tests.stages import PROGRESSIVE, demand_places, demand_sound

if TYPE_CHECKING:
    from tests.nursery import Nursery
    from tests.stages import Stage

pytestmark = [pytest.mark.promise(16), pytest.mark.requirement("store")]

KILLS = 20
SOUND_EVERY = 5  # kills
READY = ("ready", "other", "second")
LONGEST_LIFE_SECONDS = 0.05  # a few acts long; counted from the first acknowledgement
SALT = 1
"""An act's first random bytes are the salt of its entry: a client stalled there has written all but that."""


def address(stage: Stage) -> str:
    return stage.store.engine.url.render_as_string(hide_password=False)


def work_left(stage: Stage, waiting: list[str], turn: int = 0) -> list[list[str]]:
    """Somebody is enrolled; then what is left of randomizing and handing out; then one more is enrolled."""
    done = {one.participant for one in stage.all(Allocation)}
    ready = {kit.number for kit in stage.all(Kit, state=KitState.READY)}
    kits = [(stage[one], _kit(stage, one)) for one in READY]
    randomize = [["randomize", number] for number in waiting if number not in done]
    dispense = [["dispense", number, kit] for number, kit in kits if kit in ready]
    inner = [*dispense, *randomize] if turn % 2 else [*randomize, *dispense]
    return [["consent", SITE], *inner, ["consent", SITE]]


def _kit(stage: Stage, station: str) -> str:
    number = stage[station]
    return next(one.kit for one in stage.all(PeriodRecord, participant=number, outcome=None))


def demand_kept(stage: Stage, said: list[dict[str, Any]]) -> None:
    """Everything that was acknowledged is there."""
    for one in said:
        what, *given = one["done"]
        if what == "consent":
            assert stage.get(Participant, one["result"]).state is State.CONSENTED
        elif what == "randomize":
            assert stage.get(Allocation, given[0]).randomization_number == one["result"]
        else:
            assert stage.get(Kit, given[1]).state is KitState.DISPENSED


def test_killed_at_any_moment_acknowledged_is_durable_and_nothing_is_half_done(
    stage: Stage, nursery: Nursery
) -> None:
    waiting = [stage["cleared"], *(stage.cleared() for _ in range(2))]
    waiting += [stage.cleared(PROGRESSIVE) for _ in range(3)]
    acknowledged: list[dict[str, Any]] = []
    interrupted = 0
    for kill in range(KILLS):
        life = LONGEST_LIFE_SECONDS * kill / KILLS
        work = work_left(stage, waiting, kill)
        nursery.order(address(stage), stage.clock(), [work], dies_after_seconds=life)
        said = nursery.until_all_ended()
        interrupted += len(said) < len(work)
        acknowledged += said
        demand_kept(stage, acknowledged)
        demand_places(stage)
        if kill % SOUND_EVERY == 0:  # what an act left half done stays so: the next one upon it stops
            demand_sound(stage)
    # Whoever was interrupted is served in the end.
    nursery.order(address(stage), stage.clock(), [work_left(stage, waiting)])
    acknowledged += nursery.until_all_ended()
    demand_kept(stage, acknowledged)
    demand_sound(stage)
    assert work_left(stage, waiting) == [["consent", SITE]] * 2
    assert interrupted > KILLS // 4


@pytest.mark.parametrize("what", ["randomize", "dispense"])
def test_killed_with_rows_written_and_no_entry_yet_nothing_was_done(
    stage: Stage, nursery: Nursery, what: str
) -> None:
    number = stage["cleared" if what == "randomize" else "ready"]
    act = [what, number] if what == "randomize" else [what, number, _kit(stage, "ready")]
    before = stage.dump()

    [pid] = nursery.order(address(stage), stage.clock(), [[act]], stall=SALT)
    assert nursery.hear() == {"stalled": True}
    assert stage.dump() == before  # nobody sees an act under way
    os.kill(pid, signal.SIGKILL)
    assert nursery.until_all_ended() == []

    assert stage.dump() == before
    nursery.order(address(stage), stage.clock(), [[act]])
    [done] = nursery.until_all_ended()
    demand_kept(stage, [done])
    demand_sound(stage)
