"""What becomes of a kit: set aside, missing, returned, destroyed, taken back; each once, and on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues
from randomizer.domain.numbers import with_check
from randomizer.domain.packaging import code_of
from randomizer.domain.participants import Participant, State
from randomizer.domain.people import Role
from randomizer.domain.records import Signature
from randomizer.domain.supply import Destruction, Kit, KitState, Outcome, PeriodRecord
from randomizer.domain.trial import Allocation
from randomizer.errors import HardStop, NotAllowed, NotFound, Refused
from randomizer.services.care import infusions, kits
from randomizer.services.views import accountability, sight
from tests.activated import SECOND_SITE
from tests.stages import demand_sound

if TYPE_CHECKING:
    from tests.stages import Stage

pytestmark = [pytest.mark.requirement("life"), pytest.mark.promise(17)]

WHY = "it fell from the trolley"


def kit_of(stage: Stage, station: str) -> str:
    return next(one.kit for one in stage.all(PeriodRecord, participant=stage[station], outcome=None))


def refused(stage: Stage, what: Act, number: str, why: str = WHY, role: Role = Role.PHARMACIST) -> str:
    before = stage.dump()
    with pytest.raises((Refused, NotFound, NotAllowed)) as refusal:
        stage.act(kits.move, role, what, number, why)
    assert stage.dump() == before
    return refusal.value.message


@pytest.mark.parametrize(
    ("what", "state"),
    [
        (Act.KIT_QUARANTINED, KitState.QUARANTINED),
        (Act.KIT_DAMAGED, KitState.DAMAGED),
        (Act.KIT_MISSING, KitState.MISSING),
    ],
)
def test_a_ready_kit_that_is_set_aside_leaves_its_period_and_another_can_be_prepared(
    stage: Stage, what: Act, state: KitState
) -> None:
    number, kit = stage["ready"], kit_of(stage, "ready")

    assert stage.act(kits.move, Role.PHARMACIST, what, kit, WHY).state is state

    record = stage.get(PeriodRecord, number, 1)
    assert (record.kit, record.preparation_begun_at) == ("", None)
    assert record.booked_for is not None
    entry = stage.get(Entry, record.entry)
    assert (entry.act, entry.site, entry.participant) == (what, "TLS", number)
    assert stage.get(EntryValues, entry.number).why == WHY
    with pytest.raises(HardStop):
        stage.dispense(number, kit)
    other = stage.prepare(number)
    assert other != kit
    stage.dispense(number, other)
    demand_sound(stage)


def test_a_missing_kit_that_is_found_goes_into_quarantine(stage: Stage) -> None:
    kit = kit_of(stage, "ready")
    stage.act(kits.move, Role.PHARMACIST, Act.KIT_MISSING, kit, WHY)
    found = stage.act(kits.move, Role.PHARMACIST, Act.KIT_FOUND, kit, "behind the shelf")
    assert found.state is KitState.QUARANTINED
    assert "is quarantined" in refused(stage, Act.KIT_FOUND, kit)


def test_a_kit_that_was_not_given_comes_back_and_is_destroyed(stage: Stage) -> None:
    number, kit = stage["dispensed"], kit_of(stage, "dispensed")
    assert "is dispensed. To record that a kit came back" in refused(stage, Act.KIT_RETURNED, kit)
    stage.act(infusions.record, Role.CARE_PROVIDER, number, outcome=Outcome.NOT_GIVEN, why="fever")
    stage.act(kits.move, Role.PHARMACIST, Act.KIT_RETURNED, kit, "not given")

    gone = stage.sign(kits.destroy, Role.PHARMACIST, kit, method=Destruction.AUTOCLAVED, why="not given")

    assert gone.state is KitState.DESTROYED
    [signature] = stage.all(Signature, about=f"kit {kit}")
    assert signature.meaning == kits.DESTROYED_MEANING
    assert '"method":"autoclaved and discarded"' in stage.get(EntryValues, gone.entry).content
    for what in (Act.KIT_RETURNED, Act.KIT_QUARANTINED, Act.KIT_MISSING, Act.KIT_FOUND):
        assert "is destroyed" in refused(stage, what, kit)
    demand_sound(stage)


@pytest.mark.promise(16)
@pytest.mark.promise(19)
def test_a_dispensation_in_error_is_undone_and_the_kit_never_goes_out_again(stage: Stage) -> None:
    number, kit = stage["dispensed"], kit_of(stage, "dispensed")

    back = stage.sign(kits.undo_dispensation, Role.PHARMACIST, number, WHY)

    assert (back.number, back.state) == (kit, KitState.RETURNED)
    assert stage.get(Participant, number).state is State.RANDOMIZED
    record = stage.get(PeriodRecord, number, 1)
    assert (record.dispensed_at, record.kit) == (None, "")
    [signature] = stage.all(Signature, about=f"participant {number}", meaning=kits.UNDONE_MEANING)
    assert signature.entry == back.entry
    with pytest.raises(HardStop):
        stage.dispense(number, kit)
    stage.dispense(number, stage.prepare(number))
    stage.give(number)
    demand_sound(stage)


def test_an_infusion_that_is_recorded_is_not_undone(stage: Stage) -> None:
    number = stage["dispensed"]
    stage.give(number)
    with pytest.raises(Refused, match="is between period 1 and period 2"):
        stage.sign(kits.undo_dispensation, Role.PHARMACIST, number, WHY)


def test_whoever_ended_with_a_kit_in_hand_has_nothing_booked_after_it_is_taken_back(stage: Stage) -> None:
    number = stage["dispensed"]
    stage.end(Act.DIED, number)
    stage.sign(kits.undo_dispensation, Role.PHARMACIST, number, WHY)
    assert stage.get(PeriodRecord, number, 1).booked_for is None
    demand_sound(stage)


@pytest.mark.requirement("accountability")
def test_the_log_is_counted_up_per_site_participant_and_kit(stage: Stage) -> None:
    number, kit = stage["ready"], kit_of(stage, "ready")
    stage.act(kits.move, Role.PHARMACIST, Act.KIT_DAMAGED, kit, WHY)
    with stage.store.reading() as uow:
        mine = sight.of(uow, stage.instance.person(Role.PHARMACIST))
        whole, of_kit = accountability.log(mine), accountability.log(mine, kit=kit)
        of_participant = accountability.log(mine, participant=number)
        with pytest.raises(NotFound, match="There is no kit"):
            accountability.log(mine, kit=with_check(10_000_000))
        with pytest.raises(NotAllowed):
            accountability.log(sight.of(uow, stage.instance.person(Role.OUTCOMES_ASSESSOR)))
    assert of_kit["rows"] == [one | {"balance": 1} for one in of_participant["rows"]]
    told = [(one["what"], one["role"], one["balance"]) for one in of_kit["rows"]]
    assert told == [("received", "preparing pharmacist", 1), ("damaged", "dispensing pharmacist", 1)]
    [total] = [one for one in whole["totals"] if one["site"] == "TLS"]
    assert (total["damaged"], of_kit["totals"][0]["damaged"]) == (1, 1)
    assert total["dispensed"] == total["administered"] + 1
    assert {one["code"] for one in of_kit["rows"]} == {code_of("mesems", kit)}


@pytest.mark.promise(3)
def test_a_kit_that_never_became_ready_is_none_at_all(stage: Stage) -> None:
    slot = stage.get(Allocation, stage["ready"]).slot
    for reserved in stage.all(Kit, slot=slot, state=KitState.RESERVED):
        said = refused(stage, Act.KIT_QUARANTINED, reserved.number)
        assert said.startswith("There is no kit ")


@pytest.mark.promise(18)
def test_reason_role_and_site_are_asked_for(stage: Stage) -> None:
    kit = kit_of(stage, "ready")
    assert "give the reason" in refused(stage, Act.KIT_DAMAGED, kit, " ")
    assert "Your role cannot record that a kit is damaged" in refused(
        stage, Act.KIT_DAMAGED, kit, role=Role.CARE_PROVIDER
    )
    elsewhere = {site for _, site in stage.instance.person(Role.PHARMACIST).grants}
    assert SECOND_SITE not in elsewhere


def test_the_entries_of_a_kit_stay_with_its_site_when_the_participant_moves(stage: Stage) -> None:
    number = stage["between"]
    kit = next(one.kit for one in stage.all(PeriodRecord, participant=number, period=1))
    with stage.store.reading() as uow:
        assert kits.site_of(uow, uow.get(Kit, kit)) == "TLS"
