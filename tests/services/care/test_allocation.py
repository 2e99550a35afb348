from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.housekeeping import EntryValues
from randomizer.domain.participants import Participant, State
from randomizer.domain.people import Role
from randomizer.domain.records import AlarmKind
from randomizer.domain.supply import PeriodRecord
from randomizer.domain.trial import Allocation, Slot, StratumStatus
from randomizer.errors import Refused, Stopped
from randomizer.services import alarms
from randomizer.services.care import allocation
from tests.stages import PROGRESSIVE

if TYPE_CHECKING:
    from tests.stages import Stage

pytestmark = pytest.mark.requirement("life")


@pytest.mark.promise(16)
def test_the_slots_of_a_stratum_go_out_in_order_each_to_one_participant(stage: Stage) -> None:
    stage.sign(allocation.randomize, Role.INVESTIGATOR, stage["cleared"])
    stage.randomized(PROGRESSIVE)
    stage.randomized()
    allocations = stage.all(Allocation)
    assert len({one.slot for one in allocations}) == len(allocations)
    for stratum in stage.all(StratumStatus):
        mine = [one for one in allocations if one.stratum == stratum.code]
        assert sorted(one.ordinal for one in mine) == list(range(1, stratum.next_ordinal))
    for one in allocations:
        slot = stage.get(Slot, one.slot)
        assert (slot.stratum, slot.ordinal, slot.randomization_number) == (
            one.stratum,
            one.ordinal,
            one.randomization_number,
        )


def test_the_participant_then_has_every_period_and_the_stratum_one_place_less_kept(stage: Stage) -> None:
    number, before = stage["cleared"], stage.get(StratumStatus, "REL")
    stage.sign(allocation.randomize, Role.INVESTIGATOR, number)
    after = stage.get(StratumStatus, "REL")
    assert stage.get(Participant, number).state is State.RANDOMIZED
    assert [one.period for one in stage.all(PeriodRecord, participant=number)] == [1, 2]
    assert (after.next_ordinal, after.reserved) == (before.next_ordinal + 1, before.reserved - 1)
    assert after.free == before.free


@pytest.mark.promise(3)
def test_the_entry_names_slot_and_number_and_nothing_of_what_is_in_it(stage: Stage) -> None:
    number = stage["cleared"]
    made = stage.sign(allocation.randomize, Role.INVESTIGATOR, number)
    values = stage.get(EntryValues, made.entry)
    content = json.loads(values.content)
    [row] = [row for row in content["rows"] if row["kind"] == "Allocation"]
    assert set(row["new"]) == {
        "participant",
        "slot",
        "stratum",
        "ordinal",
        "randomization_number",
        "allocated_at",
        "entry",
    }
    for treatment in stage.instance.definition.treatments:
        assert treatment.code not in values.content
        assert treatment.name not in values.content


@pytest.mark.promise(6)
@pytest.mark.parametrize("kind", [AlarmKind.TRAIL, AlarmKind.SEALED])
def test_an_alarm_about_bent_records_stops_randomizing_and_no_code_break(
    stage: Stage, kind: AlarmKind
) -> None:
    with stage.store.writing() as uow:
        alarm = alarms.raise_alarm(uow, kind, "Slot 3")
    before = stage.dump()
    with pytest.raises(Stopped, match=r"Allocation is stopped: .* \(Slot 3\)") as refusal:
        stage.sign(allocation.randomize, Role.INVESTIGATOR, stage["cleared"])
    assert "code break still works" in str(refusal.value.next_step)
    assert stage.dump() == before
    stage.break_code(stage["between"])
    stage.act(alarms.clear, Role.TRIAL_MANAGER, alarm.number, "restored from the backup")
    stage.sign(allocation.randomize, Role.INVESTIGATOR, stage["cleared"])


def test_nobody_is_randomized_twice_however_often_it_is_asked(stage: Stage) -> None:
    number = stage["cleared"]
    made = stage.sign(allocation.randomize, Role.INVESTIGATOR, number)
    before = stage.dump()
    for _ in range(3):
        with pytest.raises(Refused, match=f"randomization number {made.randomization_number}"):
            stage.sign(allocation.randomize, Role.INVESTIGATOR, number)
    assert stage.dump() == before
