"""A quality result that arrives after the lock: a signed addendum and an alert; what stood is not changed."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues, Notice
from randomizer.domain.people import Role
from randomizer.domain.quality import Result
from randomizer.domain.records import Alarm, AlarmKind, Signature, Task
from randomizer.domain.supply import Kit, KitState
from randomizer.errors import NotAllowed, Refused, StepUpRefused
from randomizer.services import conduct, locking
from randomizer.services.care import alerts
from randomizer.services.unblinded import addenda, data_sets, quality, release, release_files
from randomizer.services.verification import pinning
from tests.desks import (
    LOT,
    booked,
    copy_for,
    infused,
    prepared,
    published,
    randomized,
    wait_for_the_next_period,
)

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal

WHY = "All queries are closed."


def add(
    instance: Instance,
    desk: Desk,
    number: str,
    result: Result,
    *,
    role: Role = Role.CLEARER,
    other: bool = False,
    corrects: bool = False,
) -> None:
    person, step_up = instance.person(role), instance.step_up(Role.SPONSOR if other else role)
    with instance.store.writing() as uow:
        addenda.add_result(
            uow,
            desk,
            person,
            step_up,
            number,
            subject=LOT.number,
            test="sterility",
            result=result,
            corrects=corrects,
        )


def lock(instance: Instance) -> None:
    instance.sign(conduct.terminate, Role.SPONSOR, WHY)
    instance.sign(locking.lock, Role.SPONSOR, WHY)


def test_a_failed_result_after_the_lock_alerts_about_what_was_given_and_moves_no_kit(
    instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    given = infused(instance, desk, number)
    wait_for_the_next_period(instance)
    booked(instance, number)
    waiting = prepared(instance, desk, number)
    lock(instance)
    with instance.store.writing() as uow, pytest.raises(Refused, match="it is locked"):
        person, failed = instance.person(Role.CLEARER), Result.FAILED
        quality.record_result(uow, desk, person, number, subject=LOT.number, test="sterility", result=failed)

    add(instance, desk, number, Result.FAILED)

    with instance.store.reading() as uow:
        [task] = uow.all(Task, done_at=None)
        [alarm] = uow.all(Alarm, kind=AlarmKind.QUALITY, cleared_at=None)
        assert alarm.about == f"kit {given.kit}"
        assert uow.get(Kit, waiting.kit).state is KitState.READY
        assert len([one for one in uow.all(Notice) if one.subject.startswith("Quality alert")]) == 4
        [entry] = uow.all(Entry, act=str(Act.QUALITY_ADDED))
        assert "sterility" not in uow.get(EntryValues, entry.number).content
        assert uow.get(Signature, entry.number).meaning == addenda.ADDED_MEANING
    instance.sign(alerts.acknowledge, Role.INVESTIGATOR, task.number)
    with instance.store.reading() as uow:
        [signed] = uow.all(Entry, act=str(Act.ALERT_ACKNOWLEDGED))
        assert json.loads(uow.get(EntryValues, signed.number).content)["details"]["addendum"] is True


@pytest.mark.promise(20)
def test_an_addendum_is_the_clearing_persons_signed_and_after_the_lock_alone(
    instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    with pytest.raises(Refused, match="it is active"):
        add(instance, desk, number, Result.PASSED)
    lock(instance)
    with pytest.raises(StepUpRefused):
        add(instance, desk, number, Result.PASSED, other=True)
    for role in set(Role) - {Role.CLEARER}:
        with pytest.raises(NotAllowed):
            add(instance, desk, number, Result.PASSED, role=role)
    add(instance, desk, number, Result.PASSED)
    with pytest.raises(Refused, match="recorded already"):
        add(instance, desk, number, Result.PASSED)


@pytest.mark.promise(15)
def test_the_release_tells_addenda_from_what_stood_at_the_lock(
    instance: Instance, desk: Desk, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    with instance.store.writing() as uow:
        clearer, lot = instance.person(Role.CLEARER), LOT.number
        quality.record_result(uow, desk, clearer, number, subject=lot, test="sterility", result=Result.PASSED)
    lock(instance)
    person = instance.person(Role.UNBLINDED_STATISTICIAN)
    with instance.store.writing() as uow:
        release.import_release(uow, desk, person, copy_for(rehearsal, "code-break-host"))
    add(instance, desk, number, Result.FAILED)
    with pytest.raises(Refused, match="A failed result is recorded"):
        add(instance, desk, number, Result.PASSED)
    add(instance, desk, number, Result.PASSED, corrects=True)
    public = published(instance, rehearsal, tmp_path / "published")
    with instance.store.reading() as uow, pytest.raises(Refused, match="No checkpoint covers entry"):
        release_files.write(uow, desk, public, tmp_path)
    instance.checkpoint()
    with instance.store.reading() as uow:
        release_files.write(uow, desk, public, tmp_path)

    report = data_sets.make(
        tmp_path, rehearsal.recipients["statistician"], copy_for(rehearsal, "statistician"), pinning.given()
    )

    assert not report.failed
    with (tmp_path / "release" / "quality_results.csv").open(encoding="utf-8", newline="") as file:
        names = ("result", "counts", "counted_at_lock", "addendum")
        rows = [tuple(row[name] for name in names) for row in csv.DictReader(file)]
    assert rows[:3] == [("passed", "yes", "yes", "no")] * 3
    assert rows[3:] == [
        ("passed", "no", "yes", "no"),
        ("failed", "no", "no", "yes"),
        ("passed", "yes", "no", "yes"),
    ]
