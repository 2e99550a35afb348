"""Another kit: asked for by the site, answered with a time or none, and what the answer may tell."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.people import Role
from randomizer.domain.sealed_texts import Preparation
from randomizer.domain.supply import Kit, PeriodRecord
from randomizer.errors import HardStop, NotAllowed, Refused
from randomizer.services.care import dispensing, kits, replacements
from randomizer.services.unblinded import preparation, sheets

if TYPE_CHECKING:
    from tests.stages import Stage

pytestmark = [pytest.mark.requirement("life"), pytest.mark.promise(1)]

WHY = "The bag leaks"


def record_of(stage: Stage, station: str = "ready", period: int = 1) -> PeriodRecord:
    return stage.get(PeriodRecord, stage[station], period)


def lost(stage: Stage, station: str = "ready") -> PeriodRecord:
    """The kit of a station is damaged."""
    stage.act(kits.move, Role.PHARMACIST, Act.KIT_DAMAGED, record_of(stage, station).kit, WHY)
    return record_of(stage, station)


def ask(stage: Stage, station: str = "ready", role: Role = Role.PHARMACIST) -> PeriodRecord:
    return stage.act(replacements.ask, role, stage[station], WHY)


def refused(stage: Stage, station: str) -> str:
    before = stage.dump()
    with pytest.raises(Refused) as error:
        ask(stage, station)
    assert stage.dump() == before
    return error.value.message


def test_a_damaged_kit_is_replaced(stage: Stage) -> None:
    number = stage["ready"]
    assert lost(stage).kit == ""
    asked = ask(stage)
    assert asked.asked_at == stage.clock()
    entry = stage.get(Entry, asked.entry)
    assert (entry.act, entry.role) == (Act.REPLACEMENT_REQUESTED, Role.PHARMACIST)
    with pytest.raises(HardStop, match="the answer is awaited"), stage.store.reading() as uow:
        dispensing.look_up(uow, stage.instance.person(Role.PHARMACIST), number)

    available_at = stage.clock() + timedelta(minutes=50)
    answered = stage.act(replacements.answer, Role.PREPARER, number, available_at)
    assert (answered.answered_at, answered.available_at) == (stage.clock(), available_at)
    assert replacements.describe(answered).startswith("Another kit is to be available at ")
    again = available_at + timedelta(minutes=10)
    assert stage.act(replacements.answer, Role.PREPARER, number, again).available_at == again

    kit = stage.prepare(number)
    ready = record_of(stage)
    assert (ready.kit, ready.asked_at, ready.answered_at, ready.available_at) == (kit, None, None, None)
    stage.dispense(number, kit)


@pytest.mark.parametrize("station", ["ready", "other"])
def test_no_product_is_said_in_the_same_words_whatever_the_treatment(stage: Stage, station: str) -> None:
    lost(stage, station)
    ask(stage, station, Role.INVESTIGATOR)
    answered = stage.act(replacements.answer, Role.PREPARER, stage[station], None)
    assert answered.no_product
    assert replacements.describe(answered) == "There is no product for this period."
    with (
        pytest.raises(HardStop, match=r"is not ready\. There is no product for this period\.") as stop,
        stage.store.reading() as uow,
    ):
        dispensing.look_up(uow, stage.instance.person(Role.PHARMACIST), stage[station])
    assert str(stop.value.next_step).startswith("The investigator records the missed period. ")


def test_a_preparation_without_a_kit_shows_as_not_ready_and_can_be_asked_for(stage: Stage) -> None:
    number = stage["preparing"]
    assert "is being prepared" in refused(stage, "preparing")
    sheet = sheets.sheet_again(stage.desk, stage.instance.person(Role.PREPARER), number)
    with stage.store.writing() as uow:
        person = stage.instance.person(Role.PREPARER)
        noted = Preparation(note="bag leaks")
        preparation.end(uow, stage.desk, person, number, ready=False, kit="", noted=noted, spoiled=True)
    record = record_of(stage, "preparing")
    assert record.preparation_begun_at is None
    assert record.preparation_ended_at == stage.clock()
    ask(stage, "preparing", Role.COORDINATOR)
    assert stage.prepare(number) in sheet.spares


def test_who_asks_in_vain(stage: Stage) -> None:
    assert "is ready:" in refused(stage, "ready")
    assert "Nothing is to be prepared for period 1 yet" in refused(stage, "randomized")
    assert "Nothing is to be prepared for period 1 yet" in refused(stage, "booked")
    assert "was handed out on" in refused(stage, "dispensed")
    lost(stage)
    with pytest.raises(Refused, match="needs its reason"):
        stage.act(replacements.ask, Role.PHARMACIST, stage["ready"], " ")
    with pytest.raises(NotAllowed):
        ask(stage, role=Role.CARE_PROVIDER)
    ask(stage)
    assert "was asked for again on" in refused(stage, "ready")


def test_an_expired_kit_can_be_replaced_before_the_sweep(stage: Stage) -> None:
    kit = stage.get(Kit, record_of(stage).kit)
    assert kit.expires_at
    stage.clock.now = kit.expires_at
    assert ask(stage).asked_at == stage.clock()
    with stage.store.writing() as uow:
        assert dispensing.expire(uow) > 0
    assert record_of(stage).asked_at is not None
    assert stage.prepare(stage["ready"]) != kit.number


def test_an_answer_needs_a_request_and_a_time_that_can_come(stage: Stage) -> None:
    with pytest.raises(Refused, match="Nobody asked for another kit"):
        stage.act(replacements.answer, Role.PREPARER, stage["ready"], None)
    lost(stage)
    ask(stage)
    for moment in (stage.clock(), stage.clock() + timedelta(hours=13)):
        with pytest.raises(Refused, match="must be ready between now"):
            stage.act(replacements.answer, Role.PREPARER, stage["ready"], moment)
    with pytest.raises(NotAllowed):
        stage.act(replacements.answer, Role.PHARMACIST, stage["ready"], None)


def test_a_new_booking_begins_without_a_request(stage: Stage) -> None:
    lost(stage)
    ask(stage)
    stage.book(stage["ready"])
    record = record_of(stage)
    assert (record.asked_at, record.preparation_ended_at) == (None, None)
