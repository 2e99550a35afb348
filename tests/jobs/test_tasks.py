from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from keys import checkpoint as tlog
from keys import notes
from keys.merkle import Frontier, leaf_hash, root
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import (
    Answered,
    Entry,
    Notice,
    Session,
    SignedCheckpoint,
    TrailHead,
)
from randomizer.domain.people import SERVICE, Account, Grant, Role
from randomizer.domain.records import Alarm
from randomizer.errors import Conflict, SetBack, Tampered
from randomizer.jobs import tasks
from randomizer.jobs.context import Elector
from randomizer.services import trail
from randomizer.services.sessions import IDLE_MINUTES
from randomizer.services.upkeep import leases, publishing, sweep, witnessing
from tests.jobs.conftest import WITNESS, bend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from randomizer.jobs.context import Context
    from tests.jobs.conftest import Clock

pytestmark = pytest.mark.requirement("scheduler")


def add_account(context: Context, number: int) -> None:
    with context.store.writing() as uow, trail.act(uow, Act.ACCOUNT_CREATED, SERVICE) as act:
        act.add(Account(number=number, username=f"u{number}", printed_name="U", email="u@example.org"))


def entries_file(context: Context) -> Path:
    return context.settings.public / "entries.jsonl"


@pytest.mark.promise(13)
def test_a_checkpoint_is_signed_and_published_with_the_entries_that_it_covers(context: Context) -> None:
    assert not tasks.sign_checkpoint(context)
    assert not entries_file(context).exists()
    for number in (1, 2, 3):
        add_account(context, number)
    assert tasks.sign_checkpoint(context)
    assert not tasks.sign_checkpoint(context)
    lines = entries_file(context).read_bytes().splitlines()
    note = (context.settings.public / "checkpoints" / "3.note").read_bytes()
    signed = tlog.verify(note, [context.checkpoint_key.verifier]).checkpoint
    assert (signed.origin, signed.size) == (context.settings.origin, 3)
    assert signed.root == root([leaf_hash(line) for line in lines])
    assert [json.loads(line)["number"] for line in lines] == [0, 1, 2]


def test_the_public_record_only_grows(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "PAGE", 2)
    before = b""
    for number in range(1, 8):
        add_account(context, number)
        if number % 3:
            tasks.sign_checkpoint(context)
            now = entries_file(context).read_bytes()
            assert now.startswith(before)
            assert now.count(b"\n") == number
            before = now
    sizes = {int(path.stem) for path in (context.settings.public / "checkpoints").iterdir()}
    assert sizes == {1, 2, 4, 5, 7}


@pytest.mark.parametrize("left", ["nothing", "half a line", "no checkpoint", "old entries"])
def test_what_a_crash_left_unfinished_is_finished(context: Context, left: str) -> None:
    for number in (1, 2):
        add_account(context, number)
        tasks.sign_checkpoint(context)
    public = context.settings.public
    whole = {path: path.read_bytes() for path in public.rglob("*") if path.is_file()}
    lines = entries_file(context).read_bytes().splitlines(keepends=True)
    if left == "nothing":
        entries_file(context).unlink()
    if left == "half a line":
        entries_file(context).write_bytes(lines[0] + lines[1][:50])
    if left == "old entries":
        entries_file(context).write_bytes(lines[0])
    if left in {"no checkpoint", "nothing", "old entries"}:
        (public / "checkpoints" / "2.note").unlink()
    if left == "no checkpoint":
        (public / "checkpoints" / "1.note").unlink()
    tasks.sign_checkpoint(context)
    assert {path: path.read_bytes() for path in public.rglob("*") if path.is_file()} == whole


@pytest.mark.promise(17)
@pytest.mark.parametrize("line", [b'{"number":0,"at":"x"}\n', b'{"number":7}\n'])
def test_a_published_entry_that_is_not_in_the_trail_stops_the_export(context: Context, line: bytes) -> None:
    add_account(context, 1)
    entries_file(context).write_bytes(line)
    with pytest.raises(Tampered, match="Entry"):
        tasks.sign_checkpoint(context)


def test_who_lost_the_lease_does_nothing(context: Context) -> None:
    add_account(context, 1)
    Elector(context).step_down()
    with context.store.writing() as uow:
        assert leases.take(uow, "jobs", "another process", seconds=60)
    for job in (tasks.sign_checkpoint, tasks.expire_kits, tasks.sweep_out):
        with pytest.raises(Conflict):
            job(context)
    with context.store.reading() as uow:
        assert uow.count(SignedCheckpoint) == 0
        assert uow.count(Entry) == 1


@pytest.mark.requirement("accounts")
def test_sessions_and_answers_are_swept_out_when_their_time_has_come(
    context: Context, clock: Clock, turn: Callable[..., None]
) -> None:
    add_account(context, 1)
    now = clock()

    def session(name: str, seen_minutes: float, expires_minutes: float) -> Session:
        return Session(
            token_hash=name,
            account=1,
            door="site",
            began_at=now,
            seen_at=now + timedelta(minutes=seen_minutes),
            expires_at=now + timedelta(minutes=expires_minutes),
        )

    with context.store.writing() as uow:
        uow.insert(session("in use", 59, 120))
        uow.insert(session("over", 59, 59))
        uow.insert(session("idle", 59 - IDLE_MINUTES, 120))
        for key, age in (("old", timedelta(days=sweep.ANSWER_DAYS)), ("new", timedelta(days=6))):
            answer = Answered(
                account=1, key=key, request_digest="d", status=200, body="{}", answered_at=now - age
            )
            uow.insert(answer)
    turn(minutes=60)
    assert tasks.sweep_out(context) == 3
    assert tasks.sweep_out(context) == 0
    with context.store.reading() as uow:
        assert [found.token_hash for found in uow.all(Session)] == ["in use"]
        assert [found.key for found in uow.all(Answered)] == ["new"]


def test_an_instance_without_a_trial_has_no_sealed_rows(context: Context) -> None:
    assert tasks.check_sealed_rows(context) == 0


def published(context: Context) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in context.settings.public.rglob("*") if path.is_file()}


def set_back(context: Context) -> None:
    """Cut the trail back to two of three published entries, as a restored backup would."""
    with context.store.reading() as uow:
        entries = uow.all(Entry)
    frontier = Frontier()
    for entry in entries[:2]:
        frontier.append(leaf_hash(trail.leaf(entry)))
    bend(
        context,
        "DELETE FROM account WHERE number = 3",
        "DELETE FROM entry_values WHERE number = 2",
        "DELETE FROM entry WHERE number = 2",
        "DELETE FROM checkpoint WHERE size = 3",
    )
    with context.store.writing() as uow:
        uow.update(TrailHead(size=2, frontier=frontier.to_bytes()))


@pytest.mark.promise(17)
def test_a_trail_that_was_set_back_is_not_signed_again(context: Context) -> None:
    """Another signature would make a fork of it, and nobody could tell any more which was first."""
    for number in (1, 2, 3):
        add_account(context, number)
        tasks.sign_checkpoint(context)
    before = published(context)
    set_back(context)
    for number in (7, 8, 9):
        with pytest.raises(SetBack, match="published") as stop:
            tasks.sign_checkpoint(context)
        tasks.raise_tampering(context, stop.value)
        add_account(context, number)
    with context.store.reading() as uow:
        assert [one.size for one in uow.all(SignedCheckpoint)] == [1, 2]
        assert [alarm.about for alarm in uow.all(Alarm)] == ["Checkpoint 3"]
    assert "Checkpoint 3" in tasks.check_trail(context)
    assert published(context) == before


@pytest.mark.promise(17)
def test_a_trail_that_was_set_back_to_before_its_first_checkpoint_is_noticed(context: Context) -> None:
    for number in (1, 2, 3):
        add_account(context, number)
    tasks.sign_checkpoint(context)
    set_back(context)
    with pytest.raises(SetBack):
        tasks.sign_checkpoint(context)


@pytest.mark.promise(13)
@pytest.mark.promise(17)
def test_what_a_witness_saw_counts_where_nothing_else_is_left(context: Context) -> None:
    for number in (1, 2, 3):
        add_account(context, number)
    tasks.sign_checkpoint(context)
    public = context.settings.public
    seen = notes.cosign((public / "checkpoints" / "3.note").read_bytes(), WITNESS, 1_800_000_000)
    with context.store.reading() as uow:
        witnessing.take_in(
            uow, public, seen, log=context.checkpoint_key.verifier, witnesses=[WITNESS.verifier]
        )
    set_back(context)
    (public / "checkpoints" / "3.note").unlink()
    with pytest.raises(SetBack, match=r"which example\.org/witness co-signed"):
        tasks.sign_checkpoint(context)
    assert tasks.check_trail(context) == ("Checkpoint 3",)


def test_somebody_hears_of_it_where_the_trail_takes_no_entry(context: Context) -> None:
    with context.store.writing() as uow, trail.act(uow, Act.ROLE_GRANTED, SERVICE) as act:
        act.add(Account(number=1, username="u", printed_name="U", email="u@example.org"))
        act.add(Grant(account=1, role=Role.TRIAL_MANAGER, site="", granted_at=act.at))
    tasks.sign_checkpoint(context)
    with context.store.writing() as uow:
        uow.update(TrailHead(size=0, frontier=Frontier().to_bytes()))
    for _ in range(2):
        with pytest.raises(SetBack) as stop:
            tasks.sign_checkpoint(context)
        tasks.raise_tampering(context, stop.value)
    with context.store.reading() as uow:
        told = [notice.body for notice in uow.all(Notice)]
    assert len(told) == 1
    assert "Checkpoint 1" in told[0]
