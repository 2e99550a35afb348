"""A result that comes late: the alert of each kit, what it does, and how a quarantine is lifted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.definition import from_canonical
from randomizer.domain.housekeeping import Entry, Notice
from randomizer.domain.people import Role
from randomizer.domain.quality import Result
from randomizer.domain.records import Alarm, AlarmKind, Task, TaskKind
from randomizer.domain.sealed_texts import Preparation
from randomizer.domain.supply import Arrival, Kit, KitState, PeriodRecord
from randomizer.errors import NotAllowed, Refused, StepUpRefused
from randomizer.services import alarms
from randomizer.services.care import (
    alerts,
    allocation,
    booking,
    dispensing,
    endings,
    infusions,
    kits,
    receipts,
)
from randomizer.services.care.excursions import Excursion
from randomizer.services.locking import blocks
from randomizer.services.unblinded import lifting, preparation, quality, sheets
from randomizer.services.views import accountability, sight
from tests.activated import SECOND_SITE
from tests.desks import (
    LOT,
    booked,
    dispensed,
    harvested,
    infused,
    plan_of,
    prepared,
    randomized,
    ready_together,
    wait_for_the_next_period,
)

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal

WHY = "The logger was read wrongly."


def record(instance: Instance, desk: Desk, number: str, result: Result, kit: str = "") -> None:
    subject, test = (kit, "bag-sterility") if kit else (LOT.number, "sterility")
    with instance.store.writing() as uow:
        quality.record_result(
            uow,
            desk,
            instance.person(Role.CLEARER),
            number,
            subject=subject,
            test=test,
            result=result,
            corrects=result is Result.PASSED,
        )


def lift(instance: Instance, desk: Desk, kit: str, why: str = WHY, role: Role = Role.CLEARER) -> Kit:
    person, step_up = instance.person(role), instance.step_up(role)
    with instance.store.writing() as uow:
        return lifting.lift(uow, desk, person, step_up, kit, why=why)


def kit_of(instance: Instance, number: str) -> Kit:
    with instance.store.reading() as uow:
        return uow.get(Kit, number)


def alerted(instance: Instance, *, cleared: bool = False) -> set[str]:
    with instance.store.reading() as uow:
        found = uow.all(Alarm, kind=AlarmKind.QUALITY)
    return {one.about for one in found if (one.cleared_at is not None) is cleared}


@pytest.fixture
def ungated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The definition randomizes before the product is cleared."""
    monkeypatch.setattr(
        "randomizer.services.trials._definition",
        lambda text: replace(from_canonical(text.encode()), product_gate=False),
    )


@pytest.fixture
def travelling(monkeypatch: pytest.MonkeyPatch) -> None:
    """The definition sends kits to the site."""
    made = from_canonical
    monkeypatch.setattr(
        "randomizer.services.trials._definition",
        lambda text: replace(made(text.encode()), kits=replace(made(text.encode()).kits, travel=True)),
    )


def ready(instance: Instance, desk: Desk, number: str) -> str:
    booked(instance, number)
    return prepared(instance, desk, number).kit


@pytest.mark.promise(1)
def test_a_late_failure_alerts_every_kit_of_the_participant_whatever_it_holds(
    instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    given = infused(instance, desk, number)
    wait_for_the_next_period(instance)
    booked(instance, number)
    waiting = prepared(instance, desk, number)
    other = ready(instance, desk, randomized(instance, desk))
    assert {given.treatment, waiting.treatment} == {one.code for one in instance.definition.treatments}

    record(instance, desk, number, Result.FAILED)

    assert alerted(instance) == {f"kit {given.kit}", f"kit {waiting.kit}"}
    assert kit_of(instance, waiting.kit).state is KitState.QUARANTINED
    assert kit_of(instance, given.kit).state is KitState.ADMINISTERED
    assert kit_of(instance, other).state is KitState.READY
    with instance.store.reading() as uow:
        [task] = uow.all(Task, kind=TaskKind.QUALITY_ALERT)
        assert alerts.kit_of(uow, task.number) == given.kit
        assert any("quality alert" in block for block in blocks(uow))
        assert uow.get(PeriodRecord, number, 2).kit == ""
        told: dict[str, set[str]] = {}
        for one in uow.all(Notice):
            if one.subject.startswith("Quality alert"):
                body = one.body.replace("period 1", "period N").replace("period 2", "period N")
                for kit in (given.kit, waiting.kit):
                    body = body.replace(f"{kit[:3]} {kit[3:6]} {kit[6:]}", "K")
                told.setdefault(body, set()).add(one.recipient)
    [recipients] = told.values()
    assert len(recipients) == 4
    before = alerted(instance)
    record(instance, desk, number, Result.FAILED, waiting.kit)
    assert alerted(instance) == before


@pytest.mark.usefixtures("ungated")
def test_a_lot_that_is_recorded_as_failed_alerts_the_kits_that_are_ready_by_then(
    instance: Instance, desk: Desk
) -> None:
    number = harvested(instance)
    instance.sign(allocation.randomize, Role.INVESTIGATOR, number)
    kit = ready(instance, desk, number)
    with instance.store.writing() as uow:
        person, failed = instance.person(Role.CLEARER), {"identity": Result.FAILED}
        quality.record_lot(uow, desk, person, number, lot=LOT, results=failed)
    assert kit_of(instance, kit).state is KitState.QUARANTINED
    assert alerted(instance) == {f"kit {kit}"}


def test_a_test_of_a_kit_alerts_that_kit_alone(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    given = infused(instance, desk, number)
    wait_for_the_next_period(instance)
    kit = ready(instance, desk, number)
    record(instance, desk, number, Result.FAILED, kit)
    assert alerted(instance) == {f"kit {kit}"}
    assert kit_of(instance, given.kit).state is KitState.ADMINISTERED


def test_the_investigator_signs_that_the_alert_is_known(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    dispensed(instance, desk, number)
    record(instance, desk, number, Result.FAILED)
    with instance.store.reading() as uow:
        [task] = uow.all(Task, done_at=None)
    with pytest.raises(NotAllowed):
        instance.sign(alerts.acknowledge, Role.PHARMACIST, task.number)
    investigator, other = instance.person(Role.INVESTIGATOR), instance.step_up(Role.PHARMACIST)
    with instance.store.writing() as uow, pytest.raises(StepUpRefused):
        alerts.acknowledge(uow, investigator, other, task.number)
    instance.sign(alerts.acknowledge, Role.INVESTIGATOR, task.number)
    with instance.store.reading() as uow:
        assert uow.all(Task, done_at=None) == ()
    with pytest.raises(Refused, match="is signed already"):
        instance.sign(alerts.acknowledge, Role.INVESTIGATOR, task.number)


def test_a_result_that_fails_after_the_alert_was_signed_for_opens_another(
    instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    kit = dispensed(instance, desk, number).kit
    for told in range(1, 3):
        record(instance, desk, number, Result.FAILED)
        with instance.store.reading() as uow:
            [task] = uow.all(Task, done_at=None)
            assert alerts.kit_of(uow, task.number) == kit
            assert sum(one.subject.startswith("Quality alert") for one in uow.all(Notice)) == 4 * told
            [alarm] = uow.all(Alarm, kind=AlarmKind.QUALITY, cleared_at=None)
        assert alarm.number == task.number
        instance.sign(alerts.acknowledge, Role.INVESTIGATOR, task.number)
        record(instance, desk, number, Result.PASSED)


@pytest.mark.usefixtures("travelling")
def test_a_kit_on_its_way_whose_alarm_the_trial_office_cleared_is_not_handed_out(
    instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    kit = ready(instance, desk, number)
    record(instance, desk, number, Result.FAILED)
    assert kit_of(instance, kit).state is KitState.SHIPPED
    with instance.store.reading() as uow:
        [alarm] = uow.all(Alarm, cleared_at=None)
    instance.act(alarms.clear, Role.TRIAL_MANAGER, alarm.number, WHY)
    instance.act(receipts.receive, Role.PHARMACIST, number, kit, arrival=Arrival.SOUND)
    assert kit_of(instance, kit).state is KitState.QUARANTINED
    with pytest.raises(Refused, match="out of limits"):
        lift(instance, desk, kit)


@pytest.mark.usefixtures("travelling")
def test_the_log_says_that_a_kit_was_received_however_it_came(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    kit = ready(instance, desk, number)
    came, warm = Arrival.EXCURSION, Excursion(lowest_c=3, highest_c=31, minutes=50)
    instance.act(receipts.receive, Role.PHARMACIST, number, kit, arrival=came, excursion=warm)
    lift(instance, desk, kit)
    with instance.store.reading() as uow:
        log = accountability.log(sight.of(uow, instance.person(Role.MONITOR)), kit=kit)
    assert [one["what"] for one in log["rows"]] == ["shipped", "received, quarantined", "ready"]


def test_a_quarantine_is_lifted_only_when_no_result_is_out_of_limits(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    kit = ready(instance, desk, number)
    record(instance, desk, number, Result.FAILED)
    with pytest.raises(Refused, match="out of limits"):
        lift(instance, desk, kit)
    record(instance, desk, number, Result.PASSED)
    with pytest.raises(Refused, match="give the reason"):
        lift(instance, desk, kit, " ")
    with pytest.raises(NotAllowed):
        lift(instance, desk, kit, role=Role.PREPARER)

    assert lift(instance, desk, kit).state is KitState.READY

    assert alerted(instance) == set()
    assert alerted(instance, cleared=True) == {f"kit {kit}"}
    instance.act(dispensing.dispense, Role.PHARMACIST, number, kit)


def test_a_lift_tells_the_blinded_side_that_the_kit_is_ready_and_nothing_else(
    instance: Instance, desk: Desk, rehearsal: Rehearsal
) -> None:
    said: set[tuple[Any, ...]] = set()
    first: set[str] = set()
    for _ in range(6):
        number = randomized(instance, desk)
        first.add(plan_of(instance, rehearsal, number)[0])
        kit = ready(instance, desk, number)
        instance.act(kits.move, Role.PHARMACIST, Act.KIT_QUARANTINED, kit, WHY)
        lift(instance, desk, kit)
        with instance.store.reading() as uow:
            entries = uow.all(Entry, participant=number, order="-number", limit=2)
            said.add(tuple((one.act, one.role) for one in entries))
    assert len(first) == 2
    assert said == {(("quarantine lifted", "clearing person"), ("kit quarantined", "dispensing pharmacist"))}


@pytest.mark.promise(16)
def test_no_service_moves_a_kit_past_the_table_or_makes_ready_what_was_out_of_sight(
    instance: Instance, desk: Desk
) -> None:
    missing = ready(instance, desk, randomized(instance, desk))
    with instance.store.writing() as uow:
        kit, person = uow.get(Kit, missing), instance.person(Role.PHARMACIST)
        with (
            pytest.raises(Refused, match="has to be missing"),
            kits.act_on(uow, Act.KIT_FOUND, person, kit, WHY) as act,
        ):
            act.change(kit, state=KitState.QUARANTINED)
    for what in (Act.KIT_MISSING, Act.KIT_FOUND):
        instance.act(kits.move, Role.PHARMACIST, what, missing, WHY)
    with instance.store.writing() as uow:
        kit, person = uow.get(Kit, missing), instance.person(Role.CLEARER)
        with (
            pytest.raises(Refused, match="was missing before it was quarantined"),
            kits.act_on(uow, Act.QUARANTINE_LIFTED, person, kit, WHY) as act,
        ):
            act.change(kit, state=KitState.READY)


def test_a_kit_of_an_earlier_booking_or_with_another_preparation_since_stays_in_quarantine(
    instance: Instance, desk: Desk
) -> None:
    anew, again = randomized(instance, desk), randomized(instance, desk)
    of_the_first = ready(instance, desk, anew)
    instance.act(kits.move, Role.PHARMACIST, Act.KIT_QUARANTINED, of_the_first, WHY)
    later = instance.clock() + timedelta(hours=instance.definition.kits.lead_time_hours)
    instance.act(booking.book, Role.COORDINATOR, anew, later)
    with pytest.raises(Refused, match="was prepared for an earlier booking"):
        lift(instance, desk, of_the_first)

    before = ready(instance, desk, again)
    instance.act(kits.move, Role.PHARMACIST, Act.KIT_QUARANTINED, before, WHY)
    sheets.open_sheet(desk, instance.person(Role.PREPARER), again)
    instance.act(preparation.begin, Role.PREPARER, again)
    with instance.store.writing() as uow:
        person, leaks = instance.person(Role.PREPARER), Preparation(note="The bag leaks.")
        preparation.end(uow, desk, person, again, ready=False, kit="", noted=leaks, spoiled=True)
    with pytest.raises(Refused, match="was followed by another preparation"):
        lift(instance, desk, before)


def test_a_kit_that_its_participant_no_longer_waits_for_stays_in_quarantine(
    instance: Instance, desk: Desk
) -> None:
    waiting = ready_together(instance, desk, 4)
    for kit in waiting.values():
        instance.act(kits.move, Role.PHARMACIST, Act.KIT_QUARANTINED, kit, WHY)
    cancelled, missed, moved, stopped = waiting
    instance.act(booking.cancel, Role.COORDINATOR, cancelled, WHY)
    instance.act(infusions.miss, Role.INVESTIGATOR, missed, WHY)
    instance.act(endings.transfer, Role.TRIAL_MANAGER, moved, SECOND_SITE, WHY)
    instance.act(endings.end, Role.INVESTIGATOR, Act.TREATMENT_STOPPED, stopped, why=WHY, follow_up=True)
    for number, said in (
        (cancelled, "a period that is over or not booked"),
        (missed, "a period that is over or not booked"),
        (moved, "a site that its participant has left"),
        (stopped, "has ended: treatment stopped"),
    ):
        with pytest.raises(Refused, match=said):
            lift(instance, desk, waiting[number])


def test_what_was_missing_expired_or_replaced_stays_in_quarantine(instance: Instance, desk: Desk) -> None:
    lost, late, replaced = (randomized(instance, desk) for _ in range(3))
    missing = ready(instance, desk, lost)
    for what in (Act.KIT_MISSING, Act.KIT_FOUND):
        instance.act(kits.move, Role.PHARMACIST, what, missing, WHY)
    with pytest.raises(Refused, match="was missing before it was quarantined"):
        lift(instance, desk, missing)
    first = ready(instance, desk, replaced)
    instance.act(kits.move, Role.PHARMACIST, Act.KIT_QUARANTINED, first, WHY)
    prepared(instance, desk, replaced)
    with pytest.raises(Refused, match="has been replaced"):
        lift(instance, desk, first)
    expired = ready(instance, desk, late)
    with pytest.raises(Refused, match="has to be quarantined"):
        lift(instance, desk, expired)
    instance.act(kits.move, Role.PHARMACIST, Act.KIT_QUARANTINED, expired, WHY)
    instance.clock.now += timedelta(minutes=instance.definition.kits.expiry_minutes)
    with pytest.raises(Refused, match="has expired"):
        lift(instance, desk, expired)
