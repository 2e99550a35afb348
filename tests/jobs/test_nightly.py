from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from keys.merkle import Frontier, leaf_hash
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues, Notice, TrailHead
from randomizer.domain.people import SERVICE, Account, Grant, Role
from randomizer.domain.records import Alarm, AlarmKind
from randomizer.domain.supply import Kit, KitState
from randomizer.domain.trial import Slot, StratumStatus
from randomizer.jobs import tasks
from randomizer.services import outside, trail
from randomizer.services.upkeep import nightly
from tests.jobs.conftest import bend

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.jobs.context import Context

pytestmark = [pytest.mark.promise(17), pytest.mark.requirement("scheduler")]


@pytest.fixture
def recorded(context: Context) -> Context:
    """A trail with accounts, grants and kits, one of them touched; all under a published checkpoint."""
    with context.store.writing() as uow:
        with trail.act(uow, Act.TRIAL_ACTIVATED, SERVICE) as act:
            act.add(StratumStatus(code="REL", capacity=1))
            uow.insert(SLOT)
            uow.insert_all(Kit(number=number, slot=0, period=1) for number in SLOT.kits[0])
        for number in range(1, 8):
            with trail.act(uow, Act.ACCOUNT_CREATED, SERVICE, why=f"reason {number}") as act:
                act.add(account(number))
                act.add(Grant(account=number, role=Role.MONITOR, site="", granted_at=act.at))
        with trail.act(uow, Act.ACCOUNT_CLOSED, SERVICE) as act:
            act.change(uow.get(Account, 3), active=False)
        with trail.act(uow, Act.PREPARATION_ENDED, SERVICE) as act:
            act.change(uow.get(Kit, "100000001"), state=KitState.READY)
    assert tasks.sign_checkpoint(context)
    return context


SLOT = Slot(
    number=0,
    stratum="REL",
    ordinal=1,
    randomization_number="10000001",
    kits=(("100000001", "100000002"),),
    leaf_hash=b"l",
    proof=b"p",
    ciphertext=b"c",
    wraps=(),
)


def account(number: int) -> Account:
    return Account(number=number, username=f"u{number}", printed_name=f"U {number}", email="u@example.org")


def faults(context: Context) -> tuple[str, ...]:
    return tasks.check_trail(context)


def test_an_untouched_trail_has_no_fault_at_any_size(recorded: Context) -> None:
    assert faults(recorded) == ()
    with recorded.store.writing() as uow, trail.act(uow, Act.ACCOUNT_CREATED, SERVICE) as act:
        act.add(account(99))
    assert faults(recorded) == ()
    with recorded.store.reading() as uow:
        assert uow.all(Alarm) == ()


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (("UPDATE account SET email = 'x@example.org' WHERE number = 2",), "Account 2"),
        (("UPDATE account SET entry = 1 WHERE number = 2",), "Account 2"),
        (("UPDATE account SET active = true, entry = 3 WHERE number = 3",), "Account 3"),
        (("DELETE FROM role_grant WHERE account = 5",), "Grant 5 monitor "),
        (("UPDATE role_grant SET role = 'administrator' WHERE account = 5",), "Grant 5 administrator "),
        (("UPDATE role_grant SET role = 'nonsense' WHERE account = 5",), "A table that cannot be read"),
        (("UPDATE kit SET state = 'ready', entry = 0 WHERE number = '100000001'",), "Kit 100000001"),
        (("UPDATE kit SET state = 'reserved', entry = 0 WHERE number = '100000001'",), "Kit 100000001"),
        (("UPDATE kit SET state = 'ready' WHERE number = '100000002'",), "Kit 100000002"),
        (("UPDATE stratum SET next_ordinal = 2",), "StratumStatus REL"),
        (("UPDATE entry SET actor = 4 WHERE number = 4",), "Checkpoint 10"),
        (("UPDATE entry_values SET content = '{}' WHERE number = 4",), "Entry 4"),
        (("UPDATE entry_values SET why = 'another reason' WHERE number = 4",), "Entry 4"),
        (("DELETE FROM entry_values WHERE number = 4",), "Entry 4"),
        (("DELETE FROM entry_values WHERE number = 4", "DELETE FROM entry WHERE number = 4"), "Entry 4"),
        (
            (
                "DELETE FROM entry_values WHERE number = 9",
                "DELETE FROM entry WHERE number = 9",
                "UPDATE kit SET state = 'reserved', entry = 0 WHERE number = '100000001'",
            ),
            "Trail head",
        ),
        (("UPDATE trail_head SET size = 9",), "Trail head"),
        (("DELETE FROM trail_head",), "Trail head"),
    ],
)
def test_a_change_by_sql_is_found(recorded: Context, statements: tuple[str, ...], found: str) -> None:
    bend(recorded, *statements)
    assert found in faults(recorded)


def test_a_record_that_no_entry_names_is_found(recorded: Context) -> None:
    with recorded.store.writing() as uow:
        uow.insert(replace(account(50), entry=4))
    assert faults(recorded) == ("Account 50",)


def test_a_trail_that_was_written_anew_differs_from_the_published_checkpoint(recorded: Context) -> None:
    """All of it consistent in itself, checkpoints gone: only what is kept outside can tell."""
    with recorded.store.reading() as uow:
        entries, values = list(uow.all(Entry)), list(uow.all(EntryValues))
        before = uow.get(Account, 2)
    forged = json.loads(values[2].content)
    forged["rows"][0]["new"]["email"] = "x@example.org"
    values[2] = replace(values[2], content=json.dumps(forged, sort_keys=True, separators=(",", ":")))
    digest = trail.values_digest(values[2].salt, values[2].content.encode())
    entries[2] = replace(entries[2], digest=digest)
    frontier = Frontier()
    for entry in entries:
        frontier.append(leaf_hash(trail.leaf(entry)))
    bend(
        recorded,
        "UPDATE account SET email = 'x@example.org' WHERE number = 2",
        "DELETE FROM checkpoint",
    )
    with recorded.store.engine.begin() as connection:
        connection.execute(text("UPDATE entry SET digest = :new WHERE number = 2"), {"new": digest})
        new = {"new": values[2].content}
        connection.execute(text("UPDATE entry_values SET content = :new WHERE number = 2"), new)
    with recorded.store.writing() as uow:
        uow.update(TrailHead(size=len(entries), frontier=frontier.to_bytes()))
    log = recorded.checkpoint_key.verifier
    with recorded.store.reading() as uow:
        assert uow.get(Account, 2) != before
        assert nightly.check_trail(uow, log) == ()
        held = outside.held_notes(recorded.settings.public)
        assert nightly.check_trail(uow, log, held) == ("Checkpoint 10",)


def test_a_database_that_was_set_back_is_found(recorded: Context, turn: Callable[..., None]) -> None:
    with recorded.store.reading() as uow:
        head = uow.get(TrailHead, 1)
    with recorded.store.writing() as uow, trail.act(uow, Act.ACCOUNT_CREATED, SERVICE) as act:
        act.add(account(8))
    tasks.sign_checkpoint(recorded)
    bend(
        recorded,
        "DELETE FROM account WHERE number = 8",
        "DELETE FROM entry_values WHERE number = 10",
        "DELETE FROM entry WHERE number = 10",
        "DELETE FROM checkpoint WHERE size = 11",
    )
    with recorded.store.writing() as uow:
        uow.update(head)
    assert faults(recorded) == ("Checkpoint 11",)


@pytest.mark.parametrize("note", [b"", b"no note", b"\xff"])
def test_a_published_checkpoint_that_nobody_signed_is_found(recorded: Context, note: bytes) -> None:
    (recorded.settings.public / "checkpoints" / "10.note").write_bytes(note)
    assert faults(recorded) == ("Checkpoint in public/",)


def test_every_fault_raises_an_alarm_once_and_tells_no_content(recorded: Context) -> None:
    bend(recorded, "UPDATE account SET email = 'x@example.org' WHERE number = 2")
    assert faults(recorded) == ("Account 2",)
    assert faults(recorded) == ("Account 2",)
    with recorded.store.reading() as uow:
        [alarm] = uow.all(Alarm)
    assert (alarm.kind, alarm.about) == (AlarmKind.TRAIL, "Account 2")


def test_a_table_that_was_overwritten_raises_few_alarms(recorded: Context) -> None:
    with recorded.store.writing() as uow:
        for number in range(100, 150):
            uow.insert(account(number))
    assert len(faults(recorded)) == 50
    with recorded.store.reading() as uow:
        alarms = uow.all(Alarm)
    assert len(alarms) == tasks.MOST_ALARMS + 1
    assert alarms[-1].about == "and more"


@pytest.mark.parametrize("statement", ["DELETE FROM trail_head", "UPDATE trail_head SET size = 4"])
def test_somebody_hears_of_a_trail_that_takes_no_entries(recorded: Context, statement: str) -> None:
    with recorded.store.writing() as uow, trail.act(uow, Act.ROLE_GRANTED, SERVICE) as act:
        act.add(Grant(account=1, role=Role.TRIAL_MANAGER, site="", granted_at=act.at))
    bend(recorded, statement)
    assert "Trail head" in faults(recorded)
    faults(recorded)
    with recorded.store.reading() as uow:
        told = [notice.body for notice in uow.all(Notice) if "Trail head" in notice.body]
    assert len(told) == 1
    assert "takes no entries" in told[0]
