"""The jobs as processes: one works, another takes over, and nothing is lost or done twice."""

from __future__ import annotations

import os
import runpy
import secrets
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from apscheduler.jobstores.memory import MemoryJobStore
from sqlalchemy import text

from keys.merkle import Frontier
from randomizer import logging_setup
from randomizer.config import Settings, system_clock
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Lease, Notice, SignedCheckpoint, TrailHead
from randomizer.domain.people import SERVICE, Account
from randomizer.domain.records import Alarm, AlarmKind
from randomizer.domain.trial import Slot
from randomizer.errors import Conflict
from randomizer.jobs import process, tasks
from randomizer.jobs.context import Elector
from randomizer.services import trail
from randomizer.services.founding.instance_files import write_instance
from randomizer.services.transactions import open_store
from tests import activated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from randomizer.jobs.context import Context
    from randomizer.services.transactions import Store
    from tests.jobs.conftest import Clock, MailServer

pytestmark = pytest.mark.requirement("scheduler")

LEASE_SECONDS = 2
PATIENCE_SECONDS = 40


@pytest.fixture
def instance(tmp_path: Path, mail_server: MailServer, database_url: str) -> Settings:
    """An instance directory with an empty trail."""
    smtp = {"host": "127.0.0.1", "port": mail_server.port, "security": "none"}
    found = {
        "kind": "production",
        "origin": "example.org/mesems",
        "database_url": database_url,
        "lease_seconds": LEASE_SECONDS,
        "checkpoint_seconds": 1,
        "notice_seconds": 1,
        "smtp": smtp,
    }
    return write_instance(tmp_path / "instance", found, entropy=secrets.token_bytes)


@pytest.fixture
def live_store(instance: Settings) -> Iterator[Store]:
    opened = open_store(instance.engine_url, clock=system_clock, entropy=secrets.token_bytes)
    with opened.writing() as uow:
        uow.insert(TrailHead(size=0, frontier=Frontier().to_bytes()))
    yield opened
    opened.engine.dispose()


@contextmanager
def jobs_process(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    log = (settings.directory / f"jobs-{secrets.token_hex(4)}.log").open("wb")
    with (
        log,
        subprocess.Popen([sys.executable, "-m", "randomizer.jobs", settings.directory], stderr=log) as run,
    ):
        yield run
        run.kill()


def await_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def holder(store: Store) -> int:
    """Process id of the holder of a lease that stands, or 0."""
    with store.reading() as uow:
        lease = uow.find(Lease, "jobs")
    return int(lease.holder.split()[1]) if lease and lease.until_at > system_clock() else 0


def queue(store: Store, numbers: range) -> None:
    with store.writing() as uow:
        for number in numbers:
            uow.insert(
                Notice(
                    number=f"{number:032x}",
                    recipient="anna@example.org",
                    subject=f"Notice {number}",
                    body="Text.\n",
                    queued_at=system_clock(),
                )
            )


def add_account(store: Store, number: int) -> None:
    with store.writing() as uow, trail.act(uow, Act.ACCOUNT_CREATED, SERVICE) as act:
        act.add(Account(number=number, username=f"u{number}", printed_name="U", email="u@example.org"))


@pytest.mark.promise(16)
@pytest.mark.requirement("notices")
@pytest.mark.parametrize("database", ["sqlite"])
def test_when_the_working_process_is_killed_another_takes_over(
    instance: Settings, live_store: Store, mail_server: MailServer
) -> None:
    """As they are started, by their own clocks; `test_killed` kills them at each step, on each database."""
    with jobs_process(instance) as first, jobs_process(instance) as second:
        await_until(lambda: holder(live_store) in {first.pid, second.pid})
        working = first if holder(live_store) == first.pid else second
        queue(live_store, range(3))
        add_account(live_store, 1)
        await_until(lambda: all_sent(live_store) and checkpoint_sizes(live_store) == [1])
        os.kill(working.pid, signal.SIGKILL)
        killed_at = time.monotonic()
        queue(live_store, range(3, 6))
        add_account(live_store, 2)
        other = second if working is first else first
        await_until(lambda: holder(live_store) == other.pid)
        took = time.monotonic() - killed_at
        await_until(lambda: all_sent(live_store) and checkpoint_sizes(live_store) == [1, 2])
        other.send_signal(signal.SIGTERM)
        assert other.wait(PATIENCE_SECONDS) == 0
    assert took < 3 * LEASE_SECONDS
    assert sorted(mail_server.subjects) == [f"Notice {number}" for number in range(6)]
    assert holder(live_store) == 0  # given back
    lines = (instance.public / "entries.jsonl").read_bytes().splitlines()
    assert len(lines) == 2


def all_sent(store: Store) -> bool:
    with store.reading() as uow:
        return uow.count(Notice, sent_at=None) == 0


def checkpoint_sizes(store: Store) -> list[int]:
    with store.reading() as uow:
        return [checkpoint.size for checkpoint in uow.all(SignedCheckpoint)]


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_process_without_its_secrets_says_so_in_one_sentence(
    instance: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = instance.directory / "jobs" / "checkpoint.key"
    key.chmod(0o644)
    monkeypatch.setattr(logging_setup, "configure_logging", lambda _process: None)
    monkeypatch.setattr(sys, "argv", ["randomizer.jobs", str(instance.directory)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("randomizer.jobs", run_name="__main__")
    assert ended.value.code == f"{key} has mode 0644; it must be 0600. Run: chmod 600 {key}"


@pytest.mark.parametrize("database", ["sqlite"])
def test_jobs_stand_in_memory_and_all_of_them_run_soon_after_the_start(context: Context) -> None:
    scheduler = process.schedule(context, Elector(context))
    scheduler.start(paused=True)
    now = context.store.clock()
    stores = list(scheduler._jobstores.values())  # noqa: SLF001
    waiting = {job.name: job.next_run_time - now for job in scheduler.get_jobs()}
    scheduler.shutdown()
    assert [type(found) for found in stores] == [MemoryJobStore]
    assert waiting.keys() == {
        "lease",
        "checkpoint",
        "notices",
        "kit expiry",
        "crossovers",
        "quality results",
        "arrivals",
        "open work",
        "sweep",
        "sealed rows",
        "trail",
    }
    assert max(waiting.values()) <= timedelta(seconds=30)


def run(context: Context, elector: Elector, job: Callable[[Context], object]) -> None:
    [plan] = [plan for plan in process.plans(context.settings) if plan.job is job]
    process.run_one(plan, context, elector)


def test_a_process_that_does_not_lead_runs_nothing(
    make_context: Callable[..., Context], clock: Clock, store: Store
) -> None:
    first, second = make_context("first"), make_context("second")
    Elector(first).renew()
    add_account(store, 1)
    elector = Elector(second)
    elector.renew()
    run(second, elector, tasks.sign_checkpoint)
    assert checkpoint_sizes(store) == []
    clock.turn(minutes=1)
    elector.renew()
    run(second, elector, tasks.sign_checkpoint)
    assert checkpoint_sizes(store) == [1]


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize("error", [Conflict("taken"), OSError("away"), ValueError("odd")])
def test_a_job_that_fails_stops_no_other(context: Context, error: Exception) -> None:
    def job(_context: Context) -> None:
        raise error

    elector = Elector(context)
    elector.renew()
    plan = process.plans(context.settings)[0]
    process.run_one(
        type(plan)(name="a job", job=job, trigger=plan.trigger, after_start_seconds=0), context, elector
    )


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.promise(17)
def test_an_active_trial_gets_its_published_keys_and_an_alarm_for_a_sealed_row_that_was_changed(
    tmp_path: Path, make_context: Callable[..., Context], rehearsal_store: Store
) -> None:
    context = make_context()
    context = type(context)(
        store=rehearsal_store,
        settings=context.settings,
        checkpoint_key=context.checkpoint_key,
        smtp_password="",
        holder="this process",
        log=context.log,
    )
    elector = Elector(context)
    elector.renew()
    assert tasks.check_sealed_rows(context) == 20
    public = context.settings.public
    for name in ("certificate.note", "ceremony.vkey", "definition.json"):
        shutil.copy(tmp_path / "bundle" / name, public / name)
    (public / "log.vkey").write_text(f"{context.checkpoint_key.verifier.encode()}\n")
    tasks.sign_checkpoint(context)
    assert (public / "keys.json").exists()  # of a trial that was activated before there was such a file
    with rehearsal_store.reading() as uow:
        slot = uow.get(Slot, 7)
    with rehearsal_store.engine.begin() as connection:
        for (drop,) in connection.execute(
            text("SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'")
        ).all():
            connection.execute(text(drop))
        connection.execute(
            text("UPDATE slot SET ciphertext = :changed WHERE number = 7"),
            {"changed": slot.ciphertext[:-1] + bytes([slot.ciphertext[-1] ^ 1])},
        )
    run(context, elector, tasks.check_sealed_rows)
    with rehearsal_store.reading() as uow:
        [alarm] = uow.all(Alarm)
    assert alarm.kind is AlarmKind.SEALED


@pytest.fixture
def rehearsal_store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """An active trial with 20 slots."""
    sealed = activated.seal_rehearsal(tmp_path / "bundle")
    url = f"sqlite:///{tmp_path}/active.db"
    open_store(url, clock=clock, entropy=secrets.token_bytes).engine.dispose()
    with activated.opened(url, sealed.definition) as instance:
        activated.draft(instance)
        activated.activate(instance, sealed)
    clock.now = instance.clock.now
    opened = open_store(url, clock=clock, entropy=secrets.token_bytes)
    yield opened
    opened.engine.dispose()
