from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues, PreparationRecord
from randomizer.domain.people import Role
from randomizer.domain.sealed_texts import Preparation
from randomizer.domain.supply import Kit, KitState, PeriodRecord
from randomizer.domain.trial import Allocation
from randomizer.errors import HardStop, NotAllowed, NotFound, Refused
from randomizer.services import conduct
from randomizer.services.care import booking, endings
from randomizer.services.unblinded import opening, preparation, sheets
from tests.activated import FIT
from tests.desks import booked, dispensed, plan_of, prepared, randomized

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from randomizer.services.unblinded.sheets import Sheet
    from tests.activated import Instance, Rehearsal


def open_sheet(instance: Instance, desk: Desk, number: str) -> Sheet:
    return sheets.open_sheet(desk, instance.person(Role.PREPARER), number)


def end(
    instance: Instance,
    desk: Desk,
    sheet: Sheet,
    *,
    ready: bool,
    kit: str = "",
    spoiled: bool = False,
    noted: Preparation | None = None,
) -> PeriodRecord:
    noted = noted or Preparation(content=sheet.treatment, lot="L-7", note="as planned")
    with instance.store.writing() as uow:
        return preparation.end(
            uow,
            desk,
            instance.person(Role.PREPARER),
            sheet.participant,
            ready=ready,
            kit=kit or sheet.kit,
            noted=noted,
            spoiled=spoiled,
        )


def kit_of(instance: Instance, number: str) -> Kit:
    with instance.store.reading() as uow:
        return uow.get(Kit, number)


def test_the_sheet_names_content_and_kit_and_is_on_record_first(
    instance: Instance, desk: Desk, rehearsal: Rehearsal
) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    with instance.store.reading() as uow:
        waiting = preparation.worklist(uow)

    sheet = open_sheet(instance, desk, number)

    assert [one.participant.number for one in waiting] == [number]
    assert sheet.content == plan_of(instance, rehearsal, number)[0]
    assert kit_of(instance, sheet.kit).state is KitState.RESERVED
    assert (sheet.volume_ml, sheet.infusion_minutes) == (
        instance.definition.kits.volume_ml,
        instance.definition.kits.infusion_minutes,
    )
    with instance.store.reading() as uow:
        last = uow.all(Entry, order="-number", limit=1)[0]
        values = uow.get(EntryValues, last.number)
    assert (last.act, last.participant) == (Act.SHEET_OPENED, number)
    assert json.loads(values.content)["rows"] == []


@pytest.mark.promise(3)
def test_a_preparation_leaves_two_entries_that_name_the_participant(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    sheet = open_sheet(instance, desk, number)
    with instance.store.reading() as uow:
        before = uow.count(Entry)
    instance.act(preparation.begin, Role.PREPARER, number)

    record = end(instance, desk, sheet, ready=True)

    with instance.store.reading() as uow:
        found = uow.page(Entry, after=before, limit=10)
        values = [uow.get(EntryValues, entry.number) for entry in found]
    assert [(entry.act, entry.participant) for entry in found] == [
        (Act.PREPARATION_BEGUN, number),
        (Act.PREPARATION_ENDED, number),
    ]
    assert not any(word in one.content for one in values for word in ("L-7", "as planned", sheet.treatment))
    kit = kit_of(instance, sheet.kit)
    assert record.kit == kit.number
    assert kit.state is KitState.READY
    assert kit.ready_at is not None
    assert kit.expires_at is not None
    minutes = (kit.expires_at - kit.ready_at).total_seconds() / 60
    assert minutes == instance.definition.kits.expiry_minutes


@pytest.mark.promise(3)
def test_preparation_records_keep_one_length(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    prepared(instance, desk, number)

    with instance.store.reading() as uow:
        records = uow.all(PreparationRecord)
        slot = uow.get(Allocation, number).slot
        noted = opening.read_preparation(uow, desk, slot, 1)

    assert len({len(record.ciphertext) for record in records}) == 1
    assert noted.lot == "L-1"


def test_not_ready_can_be_begun_again_and_a_spoiled_kit_is_left_out(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    first = open_sheet(instance, desk, number)
    instance.act(preparation.begin, Role.PREPARER, number)

    record = end(instance, desk, first, ready=False, spoiled=True)
    assert (record.preparation_begun_at, record.kit) == (None, "")
    assert record.preparation_ended_at == instance.clock()  # the site sees: not ready
    assert kit_of(instance, first.kit).state is KitState.RESERVED
    second = prepared(instance, desk, number)

    assert second.kit != first.kit
    assert second.treatment == first.treatment


def test_when_no_kit_is_left_it_says_so(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    for _ in range(instance.definition.kits.kits_per_period):
        sheet = open_sheet(instance, desk, number)
        instance.act(preparation.begin, Role.PREPARER, number)
        end(instance, desk, sheet, ready=False, spoiled=True)

    with pytest.raises(Refused, match="No kit is left"):
        open_sheet(instance, desk, number)


@pytest.mark.promise(19)
def test_another_kit_than_that_of_the_sheet_is_a_hard_stop(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    sheet = open_sheet(instance, desk, number)
    instance.act(preparation.begin, Role.PREPARER, number)
    with instance.store.reading() as uow:
        other = uow.all(Kit, slot=19, limit=1)[0].number

    with pytest.raises(HardStop, match="Wrong kit") as stop:
        end(instance, desk, sheet, ready=True, kit=other)

    assert (stop.value.scanned, stop.value.needed) == (other, sheet.kit)
    assert kit_of(instance, sheet.kit).state is KitState.RESERVED


def test_another_content_than_that_of_the_sheet_is_refused_without_naming_it(
    instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    sheet = open_sheet(instance, desk, number)
    instance.act(preparation.begin, Role.PREPARER, number)
    other = next(one.code for one in instance.definition.treatments if one.code != sheet.treatment)

    with pytest.raises(Refused, match="not the one on the sheet") as refusal:
        end(instance, desk, sheet, ready=True, noted=Preparation(content=other))

    assert sheet.treatment not in str(refusal.value)
    assert other not in str(refusal.value)


def test_it_waits_for_booking_fit_and_sheet(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    with pytest.raises(Refused, match="not booked"):
        open_sheet(instance, desk, number)
    booked(instance, number)
    with pytest.raises(Refused, match="sheet"):
        instance.act(preparation.begin, Role.PREPARER, number)
    open_sheet(instance, desk, number)
    instance.act(booking.cancel, Role.COORDINATOR, number, "another day")
    later = instance.clock.advance(hours=instance.definition.kits.lead_time_hours)
    booked_for = later + timedelta(hours=instance.definition.kits.lead_time_hours)
    instance.act(booking.book, Role.COORDINATOR, number, booked_for)
    with pytest.raises(Refused, match="not signed that participant"):
        instance.act(preparation.begin, Role.PREPARER, number)
    instance.sign(booking.sign_fit, Role.INVESTIGATOR, number, FIT)
    with pytest.raises(Refused, match="not opened for this booking"):
        instance.act(preparation.begin, Role.PREPARER, number)


def test_a_ready_kit_is_not_prepared_again(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    prepared(instance, desk, number)
    with pytest.raises(Refused, match="has ended"):
        instance.act(preparation.begin, Role.PREPARER, number)
    with instance.store.reading() as uow:
        assert preparation.worklist(uow) == ()


def test_when_the_participant_dies_nothing_is_prepared(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    sheet = open_sheet(instance, desk, number)
    instance.act(preparation.begin, Role.PREPARER, number)
    instance.act(endings.end, Role.INVESTIGATOR, Act.DIED, number, why="car accident", follow_up=False)

    with instance.store.reading() as uow:
        assert preparation.worklist(uow) == ()
    with pytest.raises(Refused):
        end(instance, desk, sheet, ready=True)
    with pytest.raises(Refused):
        open_sheet(instance, desk, number)


@pytest.mark.promise(5)
def test_only_a_preparing_pharmacist_opens_a_sheet(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    for role in set(Role) - {Role.PREPARER}:
        with pytest.raises(NotAllowed):
            sheets.open_sheet(desk, instance.person(role), number)


@pytest.mark.promise(8)
def test_an_entry_of_another_act_opens_no_sheet(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    with instance.store.reading() as uow:
        entry = uow.get(Allocation, number).entry
        with pytest.raises(NotFound, match="Nothing was opened"):
            opening.open_for_sheet(uow, desk, entry)


def test_the_right_kit_is_then_handed_out(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    sheet = dispensed(instance, desk, number)
    assert kit_of(instance, sheet.kit).state is KitState.DISPENSED


def test_nothing_is_listed_to_prepare_once_the_trial_ends(instance: Instance, desk: Desk) -> None:
    waiting, begun = randomized(instance, desk), randomized(instance, desk)
    for number in (waiting, begun):
        booked(instance, number)
    open_sheet(instance, desk, begun)
    instance.act(preparation.begin, Role.PREPARER, begun)
    instance.sign(conduct.terminate, Role.SPONSOR, "no funds")
    with instance.store.reading() as uow:
        assert [one.participant.number for one in preparation.worklist(uow)] == [begun]
