from __future__ import annotations

import json
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.people import Role
from randomizer.domain.records import Alarm, AlarmKind
from randomizer.domain.trial import Slot
from randomizer.errors import Tampered
from randomizer.services import trail
from randomizer.services.sealed import sealed_rows
from randomizer.services.sealed.bindings import CODE_BREAK
from randomizer.services.unblinded import rotation, unblinding, wrapped_rows
from randomizer.web.codebreak.watching import watch
from tests.desks import randomized

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance

pytestmark = pytest.mark.requirement("custody")

SPOILT = bytes(60)


def rotate(instance: Instance, desk: Desk) -> str:
    """The root in force after a true rotation."""
    role = Role.ADMINISTRATOR
    return rotation.rotate(desk, instance.person(role), instance.step_up(role)).sealed_root


def forge_a_rotation(instance: Instance) -> None:
    """What somebody can do who writes to the database: wraps that open nothing, and an entry that fits."""
    with instance.store.writing() as uow:
        roots, former = sealed_rows.RowRoots(), sealed_rows.RowRoots()
        slots = uow.all(Slot)
        spoilt = [
            replace(
                slot, wraps=tuple((one, SPOILT if one == CODE_BREAK else wrap) for one, wrap in slot.wraps)
            )
            for slot in slots
        ]
        for before, after in zip(slots, spoilt, strict=True):
            former.add(before)
            roots.add(after)
        uow.update_all(spoilt, "wraps")
        with trail.act(uow, Act.KEYS_ROTATED, instance.person(Role.ADMINISTRATOR)) as act:
            act.note(former_root=former.sealed, sealed_root=roots.sealed, slots=roots.size)


def alarms(instance: Instance) -> list[tuple[AlarmKind, str]]:
    with instance.store.reading() as uow:
        return [(alarm.kind, alarm.about) for alarm in uow.all(Alarm, cleared_at=None)]


@pytest.mark.promise(13)
@pytest.mark.parametrize("rotations", [0, 1])
def test_a_forged_rotation_is_noticed_by_the_code_break_host(
    instance: Instance, desk: Desk, rotations: int
) -> None:
    for _ in range(rotations):
        rotate(instance, desk)
    assert wrapped_rows.look(desk)

    forge_a_rotation(instance)

    with instance.store.reading() as uow:
        assert sealed_rows.check(uow) == 20, "rows and entry agree: without this host's file nobody would see"
    assert not wrapped_rows.look(desk)
    assert not wrapped_rows.look(desk)
    assert alarms(instance) == [(AlarmKind.SEALED, wrapped_rows.ABOUT)], "raised once"
    with pytest.raises(Tampered, match="as this host last wrapped them"):
        rotate(instance, desk)


@pytest.mark.promise(17)
def test_a_database_from_before_a_rotation_is_noticed(instance: Instance, desk: Desk) -> None:
    before = rotate(instance, desk)
    rotate(instance, desk)
    (desk.directory / wrapped_rows.FILE).write_text(
        json.dumps(
            {"pins": {"sealed_root": before}, "type": "crossover-randomizer/v1/pins"},
            separators=(",", ":"),
            sort_keys=True,
        )
        + "\n"
    )
    assert not wrapped_rows.look(desk)


@pytest.mark.promise(6)
def test_an_alarm_of_the_wraps_keeps_nobody_from_an_answer(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    (desk.directory / wrapped_rows.FILE).write_text("{}\n")
    assert not wrapped_rows.look(desk), "a file that cannot be read is told, and raises nothing"
    assert alarms(instance) == []
    doctor, step_up = instance.person(Role.ON_CALL), instance.step_up(Role.ON_CALL)
    intent = unblinding.intend(desk, doctor, step_up, participant=number, reason="emergency", text="Why.")
    assert unblinding.disclose(desk, doctor, intent).planned


def test_the_door_looks_when_it_starts(instance: Instance, desk: Desk) -> None:
    forge_a_rotation(instance)
    ended = Event()
    ended.set()
    watch(desk, ended).join(timeout=30)
    assert alarms(instance) == [(AlarmKind.SEALED, wrapped_rows.ABOUT)]
