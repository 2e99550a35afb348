from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues, Notice
from randomizer.domain.people import Role
from randomizer.domain.records import CodeBreak, Task, TaskKind
from randomizer.services import impact
from randomizer.services.unblinded import code_breaks, unblinding
from tests.desks import randomized

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance

pytestmark = pytest.mark.promise(9)


def break_code(instance: Instance, desk: Desk, number: str, role: Role = Role.INVESTIGATOR) -> str:
    step_up, person = instance.step_up(role), instance.person(role)
    intent = unblinding.intend(desk, person, step_up, participant=number, reason="emergency")
    unblinding.disclose(desk, person, intent)
    instance.clock.advance(seconds=600)
    return intent


def open_tasks(instance: Instance, number: str) -> tuple[Task, ...]:
    with instance.store.reading() as uow:
        return uow.all(Task, participant=number, kind=TaskKind.IMPACT_ASSESSMENT, done_at=None)


def test_the_open_assessment_of_a_person_covers_what_they_break_again(instance: Instance, desk: Desk) -> None:
    number, other = randomized(instance, desk), randomized(instance, desk)
    first = break_code(instance, desk, number)
    (task,) = open_tasks(instance, number)
    with instance.store.writing() as uow:
        uow.remove(Notice)

    again = break_code(instance, desk, number)

    assert open_tasks(instance, number) == (task,)
    with instance.store.reading() as uow:
        assert uow.count(Entry, act=Act.CODE_BREAK_DISCLOSED.value) == 2
        second = uow.get(CodeBreak, again)
        details = json.loads(uow.get(EntryValues, second.entry).content)["details"]
        assert details["task"] == task.number == uow.get(CodeBreak, first).entry
        assert uow.count(Notice) > 0
    break_code(instance, desk, other)
    assert len(open_tasks(instance, other)) == 1


def test_another_person_or_a_signature_in_between_opens_a_task_of_its_own(
    instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    break_code(instance, desk, number)
    break_code(instance, desk, number, Role.ON_CALL)
    tasks = open_tasks(instance, number)
    assert len(tasks) == 2

    for task in tasks:
        instance.sign(impact.sign_impact, Role.SAFETY_PHYSICIAN, task.number, "None came after.")
    assert open_tasks(instance, number) == ()
    break_code(instance, desk, number)
    assert len(open_tasks(instance, number)) == 1


def test_a_persons_own_code_breaks_with_those_in_the_file(
    instance: Instance, desk: Desk, freeze: list[bool]
) -> None:
    number = randomized(instance, desk)
    stored = break_code(instance, desk, number)
    break_code(instance, desk, number, Role.ON_CALL)
    step_up, person = instance.step_up(Role.INVESTIGATOR), instance.person(Role.INVESTIGATOR)
    freeze.append(True)
    shown = unblinding.intend(desk, person, step_up, participant=number, reason="emergency")
    unblinding.disclose(desk, person, shown)
    instance.clock.advance(seconds=600)
    freeze.clear()
    step_up = instance.step_up(Role.INVESTIGATOR)
    freeze.append(True)
    begun = unblinding.intend(desk, person, step_up, participant=number, reason="emergency")

    with instance.store.reading() as uow:
        found = code_breaks.breaks_of(uow, desk, person.account)

    assert [one.intent for one in found] == [begun, shown, stored]
    assert [one.disclosed_at is not None for one in found] == [False, True, True]
    freeze.clear()
    code_breaks.reconcile(desk)
    with instance.store.reading() as uow:
        again = code_breaks.breaks_of(uow, desk, person.account)
    assert [(one.intent, one.intended_at, one.disclosed_at) for one in again] == [
        (one.intent, one.intended_at, one.disclosed_at) for one in found
    ]
