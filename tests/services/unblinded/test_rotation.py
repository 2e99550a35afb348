from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from keys import custody, envelope, wraps
from keys.errors import KeyFileRefused, SealBroken
from keys.key_file import KeyFile
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.people import Role
from randomizer.domain.records import Signature
from randomizer.domain.trial import Slot, Trial
from randomizer.errors import NotAllowed, Refused, StepUpRefused, Tampered
from randomizer.services import conduct, locking, trail
from randomizer.services.sealed import certificate_fields, sealed_rows
from randomizer.services.sealed.bindings import CODE_BREAK, ENVELOPE, slot_binding, unblinded_binding
from randomizer.services.unblinded import release, release_files, rotation, unblinding, wrapped_rows
from randomizer.services.unblinded.desk import open_desk
from randomizer.store.work import UnitOfWork
from tests import activated, rotating
from tests.desks import copy_for, randomized, set_up_desk
from tests.services.sealed.test_sealed_rows import COPY, edit

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from keys.custody import KeyRing
    from randomizer.services.unblinded.desk import Desk
    from randomizer.services.unblinded.rotation import Rotated
    from tests.activated import Instance, Rehearsal

pytestmark = pytest.mark.requirement("custody")


def rotate(instance: Instance, desk: Desk, role: Role = Role.ADMINISTRATOR) -> Rotated:
    return rotation.rotate(desk, instance.person(role), instance.step_up(role))


def ring_of(desk: Desk) -> KeyRing:
    """The keys as they are on the disk."""
    return custody.read_key_file(desk.directory / "keys.json")


def slots_of(instance: Instance) -> tuple[Slot, ...]:
    with instance.store.reading() as uow:
        return uow.all(Slot)


def opens_all(instance: Instance, desk: Desk) -> bool:
    """Whether this host, its files read afresh, opens every slot and its copy of the unblinded definition."""
    fresh = open_desk(instance.store, desk.directory)
    trial_id, version = fresh.pins.trial_id, fresh.pins.schedule_version
    for slot in slots_of(instance):
        wrapped = dict(slot.wraps)[CODE_BREAK]
        key = fresh.keys.unwrap(wrapped, slot_binding(trial_id, version, slot.number, CODE_BREAK))
        envelope.open_envelope(key, slot.ciphertext, slot_binding(trial_id, version, slot.number, ENVELOPE))
    sealed = (desk.directory / "unblinded.sealed").read_bytes()
    return bool(fresh.keys.open_envelope(sealed, unblinded_binding(trial_id)))


def check(instance: Instance) -> int:
    with instance.store.reading() as uow:
        return sealed_rows.check(uow)


@pytest.mark.promise(12)
def test_every_slot_key_is_wrapped_anew_and_nothing_else_of_a_row_changes(
    instance: Instance, desk: Desk
) -> None:
    before, ring = slots_of(instance), ring_of(desk)
    told: list[int] = []
    rotated = rotation.rotate(
        desk, instance.person(Role.ADMINISTRATOR), instance.step_up(Role.ADMINISTRATOR), told.append
    )
    after = slots_of(instance)
    assert (rotated.slots, sum(told)) == (20, 20)
    assert opens_all(instance, desk)
    for old, new in zip(before, after, strict=True):
        former, present = dict(old.wraps), dict(new.wraps)
        assert former.pop(CODE_BREAK) != present.pop(CODE_BREAK)
        assert (former, replace(old, wraps=())) == (present, replace(new, wraps=()))
    kept = ring_of(desk)
    assert kept.code_break_key != ring.code_break_key
    assert kept.preparation_key == ring.preparation_key
    assert (len(kept.keys), kept.held(custody.CODE_BREAK).fingerprint) == (2, rotated.key)
    bound = slot_binding(desk.pins.trial_id, desk.pins.schedule_version, 0, CODE_BREAK)
    with pytest.raises(SealBroken):
        wraps.unwrap(dict(after[0].wraps)[CODE_BREAK], ring.code_break_key, bound)


@pytest.mark.promise(17)
def test_its_entry_records_the_roots_under_the_signature_of_an_administrator(
    instance: Instance, desk: Desk
) -> None:
    first, second = rotate(instance, desk), rotate(instance, desk)
    with instance.store.reading() as uow:
        noted = [trail.noted(uow, rotated.entry) for rotated in (first, second)]
        entry = uow.get(Entry, second.entry)
        signature = uow.get(Signature, second.entry)
        signed = uow.all(Signature, about="slot keys")
        certified = certificate_fields.read(uow.get(Trial, 1).certificate)
    assert [one["former_root"] for one in noted] == [certified.sealed_root, first.sealed_root]
    assert [one["sealed_root"] for one in noted] == [first.sealed_root, second.sealed_root]
    assert [one["slots"] for one in noted] == [20, 20]
    assert (entry.act, entry.role, entry.participant) == (Act.KEYS_ROTATED, "administrator", "")
    assert signature.meaning == rotation.ROTATE_MEANING
    assert len(signed) == 2
    assert check(instance) == 20


@pytest.mark.promise(6)
def test_a_running_door_answers_before_and_after(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    door = open_desk(instance.store, desk.directory)
    answers = [broken(instance, door, number)]
    rotate(instance, desk)
    answers.append(broken(instance, door, number))
    rotate(instance, desk)
    rotate(instance, desk)
    answers.append(broken(instance, door, number))
    assert answers[0] == answers[1] == answers[2]


def broken(instance: Instance, desk: Desk, number: str) -> tuple[str, ...]:
    doctor, step_up = instance.person(Role.ON_CALL), instance.step_up(Role.ON_CALL)
    intent = unblinding.intend(desk, doctor, step_up, participant=number, reason="emergency", text="Why.")
    return unblinding.disclose(desk, doctor, intent).planned


@pytest.mark.promise(13)
@pytest.mark.parametrize("statement", [COPY.format("wraps"), COPY.format("ciphertext")])
def test_rows_are_compared_with_the_root_in_force_from_then_on(
    instance: Instance, desk: Desk, statement: str
) -> None:
    rotate(instance, desk)
    edit(instance, statement)
    with pytest.raises(Tampered, match="Slot rows"):
        check(instance)


@pytest.mark.promise(13)
def test_wraps_from_before_a_rotation_are_found(instance: Instance, desk: Desk) -> None:
    former = slots_of(instance)
    rotate(instance, desk)
    with instance.store.writing() as uow:
        uow.update_all(former, "wraps")
    with pytest.raises(Tampered, match="Slot rows"):
        check(instance)


@pytest.mark.promise(13)
def test_a_rotation_in_the_trail_excuses_no_change_that_none_could_make(
    instance: Instance, desk: Desk
) -> None:
    rotate(instance, desk)
    edit(instance, COPY.format("ciphertext"))
    with instance.store.writing() as uow:
        roots = sealed_rows.RowRoots()
        for slot in uow.all(Slot):
            roots.add(slot)
        person = instance.person(Role.ADMINISTRATOR)
        with trail.act(uow, Act.KEYS_ROTATED, person) as act:
            act.note(sealed_root=roots.sealed)
    with pytest.raises(Tampered, match="Slot rows"):
        check(instance)


def test_values_of_the_last_rotation_are_compared_with_its_entry(instance: Instance, desk: Desk) -> None:
    rotated = rotate(instance, desk)
    with instance.store.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER entry_values_erase"))
        else:
            connection.execute(text("ALTER TABLE entry_values DISABLE TRIGGER USER"))
        statement = text(
            "UPDATE entry_values SET content = replace(content, '20', '19') WHERE number = :number"
        )
        connection.execute(statement, {"number": rotated.entry})
    with pytest.raises(Tampered, match=f"Entry {rotated.entry}"):
        check(instance)


@pytest.mark.parametrize(
    "statement",
    [
        COPY.format("wraps"),
        "UPDATE kit SET period = 2 WHERE slot = 3",
        "UPDATE trial SET certificate_digest = 'x'",
    ],
)
def test_what_was_tampered_with_is_never_wrapped_anew(instance: Instance, desk: Desk, statement: str) -> None:
    ring = ring_of(desk)
    edit(instance, statement)
    before = slots_of(instance)
    with pytest.raises((Tampered, Refused)):
        rotate(instance, desk)
    assert slots_of(instance) == before
    assert ring_of(desk) == ring


def test_a_failure_in_the_middle_leaves_rows_and_keys_as_they_were(
    instance: Instance, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring, before = ring_of(desk), slots_of(instance)

    def fails(uow: UnitOfWork, values: object, field: str) -> None:
        raise Tampered("Slot 7")

    monkeypatch.setattr(UnitOfWork, "update_all", fails)
    with pytest.raises(Tampered, match="Slot 7"):
        rotate(instance, desk)
    assert (ring_of(desk), slots_of(instance)) == (ring, before)


def test_a_copy_of_the_unblinded_definition_that_would_be_lost_stops_it(
    instance: Instance, desk: Desk
) -> None:
    path = desk.directory / "unblinded.sealed"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(Refused, match="would be lost for good"):
        rotate(instance, desk)
    path.unlink()
    assert rotate(instance, desk).slots == 20


@pytest.mark.promise(20)
def test_only_an_administrator_who_re_authenticates_rotates(instance: Instance, desk: Desk) -> None:
    ring = ring_of(desk)
    for role in (Role.SPONSOR, Role.UNBLINDED_STATISTICIAN, Role.TRIAL_MANAGER, Role.PREPARER):
        with pytest.raises(NotAllowed):
            rotate(instance, desk, role)
    step_up = instance.step_up(Role.SPONSOR)
    with pytest.raises(StepUpRefused):
        rotation.rotate(desk, instance.person(Role.ADMINISTRATOR), step_up)
    assert ring_of(desk) == ring


def test_a_draft_has_nothing_to_rotate(draft: Instance, rehearsal: Rehearsal, tmp_path: Path) -> None:
    desk = set_up_desk(draft, rehearsal, tmp_path / "codebreak")
    with pytest.raises(Refused, match="rotate the keys"):
        rotate(draft, desk)


def test_keys_of_another_sealing_rotate_nothing(instance: Instance, desk: Desk) -> None:
    other = replace(desk, pins=replace(desk.pins, certificate_digest="ab" * 32))
    with pytest.raises(Refused, match="another sealing"):
        rotate(instance, other)


def test_a_rotation_that_runs_keeps_another_off(instance: Instance, desk: Desk) -> None:
    with KeyFile(desk.directory / "keys.json").alone(), pytest.raises(KeyFileRefused, match="under way"):
        rotate(instance, desk)


@pytest.mark.requirement("release")
def test_a_release_waits_for_the_checkpoint_over_the_last_rotation(
    instance: Instance, desk: Desk, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    instance.sign(conduct.terminate, Role.SPONSOR, "Why.")
    instance.sign(locking.lock, Role.SPONSOR, "Why.")
    person, sealed = instance.person(Role.UNBLINDED_STATISTICIAN), copy_for(rehearsal, "code-break-host")
    with instance.store.writing() as uow:
        release.import_release(uow, desk, person, sealed)
    instance.checkpoint()
    with instance.store.reading() as uow:
        release_files.write_records(uow, tmp_path / "first")
    rotated = rotate(instance, desk)
    with instance.store.reading() as uow, pytest.raises(Refused, match=f"entry {rotated.entry} yet"):
        release_files.write_records(uow, tmp_path / "second")
    instance.checkpoint()
    with instance.store.reading() as uow:
        release_files.write_records(uow, tmp_path / "second")
    first, second = (tmp_path / name / "slots.jsonl" for name in ("first", "second"))
    assert first.read_bytes() != second.read_bytes()


@pytest.mark.promise(16)
def test_a_rotation_killed_at_any_moment_leaves_a_host_that_opens_every_slot(
    rehearsal: Rehearsal, activated_sqlite: tuple[Path, datetime], tmp_path: Path
) -> None:
    path, now = activated_sqlite

    def places(name: str) -> tuple[str, Path]:
        directory = tmp_path / name
        directory.mkdir()
        shutil.copy(path, directory / "trial.db")
        return f"sqlite:///{directory}/trial.db", directory / "codebreak"

    def host(url: str, directory: Path) -> None:
        with activated.opened(url, rehearsal.definition, now) as instance:
            set_up_desk(instance, rehearsal, directory)

    whole = places("whole")
    host(*whole)
    [moments] = rotating.killed([(*whole, now, rotating.NEVER)])
    assert moments.count("before update_all") == 3
    assert moments.index("after _write") < moments.index("before update_all")
    assert moments.index("after the commit") < len(moments) - 4
    cases = [places(f"dies at {number}") for number in range(1, len(moments) + 1)]
    for case in cases:
        host(*case)
    died = rotating.killed([(*case, now, number) for number, case in enumerate(cases, start=1)])
    assert died == [moments[:number] for number in range(1, len(moments) + 1)]
    left = 0
    for url, directory in cases:
        with activated.opened(url, rehearsal.definition, now) as instance:
            desk = open_desk(instance.store, directory)
            assert opens_all(instance, desk)
            assert check(instance) == 20
            assert wrapped_rows.look(desk)
            left += custody.read_key_file(directory / "keys.json").holds(custody.NEXT)
            rotate(instance, desk)
            assert opens_all(instance, desk)
            assert [key.purpose for key in ring_of(desk).keys] == ["code-break", "preparation"]
            assert not [path.name for path in directory.iterdir() if path.name.endswith(".new")]
    assert left > len(moments) // 3
