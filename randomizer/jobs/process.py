"""The process that runs the jobs: APScheduler, its jobs in memory, and the lease that elects one process."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from randomizer.config import load_jobs_secrets, system_clock
from randomizer.errors import Conflict, Tampered
from randomizer.jobs import mail, tasks
from randomizer.jobs.context import Context, Elector
from randomizer.services import outside
from randomizer.services.founding.instance_files import read_checkpoint_key
from randomizer.services.transactions import open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from apscheduler.triggers.base import BaseTrigger

    from randomizer.config import Settings

RENEWALS = 3
"""How often a lease is renewed before it could run out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One job and when it runs.

    Args:
        name: As it stands in the log.
        job: The job.
        trigger: When.
        after_start_seconds: When it first runs, so that a process that was down at the hour still checks.
    """

    name: str
    job: Callable[[Context], object]
    trigger: BaseTrigger
    after_start_seconds: int


def plans(settings: Settings) -> tuple[Plan, ...]:
    """Every job.

    Args:
        settings: They say how long an entry waits for a checkpoint, and a notice until it is sent.
    """
    return (
        _every("checkpoint", tasks.sign_checkpoint, settings.checkpoint_seconds),
        _every("notices", mail.send_notices, settings.notice_seconds),
        _every("kit expiry", tasks.expire_kits, 60),
        _every("crossovers", tasks.tell_crossovers, 3600),
        _every("quality results", tasks.tell_results, 3600),
        _every("arrivals", tasks.look_for_arrivals, 60),
        _every("sweep", tasks.sweep_out, 600),
        Plan(
            name="open work",
            job=tasks.tell_open_work,
            trigger=CronTrigger(hour=4, minute=30, timezone=UTC),
            after_start_seconds=25,
        ),
        Plan(
            name="sealed rows",
            job=tasks.check_sealed_rows,
            trigger=CronTrigger(hour=2, minute=10, timezone=UTC),
            after_start_seconds=20,
        ),
        Plan(
            name="trail",
            job=tasks.check_trail,
            trigger=CronTrigger(hour=2, minute=40, timezone=UTC),
            after_start_seconds=30,
        ),
    )


def run(settings: Settings) -> None:
    """Run the jobs of an instance until the process is told to stop.

    Args:
        settings: Of the instance.

    Raises:
        Refused: Secrets cannot be read.
        KeyFileRefused: The checkpoint key cannot be read.
    """
    context = context_of(settings, clock=system_clock)
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    elector = Elector(context)
    scheduler = schedule(context, elector)
    scheduler.start()
    context.log.info("jobs started")
    stop.wait()
    scheduler.shutdown()
    elector.step_down()
    context.log.info("jobs stopped")


def context_of(settings: Settings, *, clock: Callable[[], datetime]) -> Context:
    """What the jobs of this process work with.

    Args:
        settings: Of the instance.
        clock: Gives the current moment, UTC.

    Raises:
        Refused: Secrets cannot be read.
        KeyFileRefused: The checkpoint key cannot be read.
    """
    return Context(
        store=open_store(
            settings.engine_url,
            clock=clock,
            entropy=secrets.token_bytes,
            held=outside.reader(settings.public, settings.witness_keys),
        ),
        settings=settings,
        checkpoint_key=read_checkpoint_key(settings.directory),
        smtp_password=load_jobs_secrets(settings.directory).smtp_password.get_secret_value(),
        holder=f"{socket.gethostname()} {os.getpid()} {secrets.token_hex(8)}",
        log=structlog.stdlib.get_logger(),
    )


def schedule(context: Context, elector: Elector) -> BackgroundScheduler:
    """A scheduler with every job, not yet started; jobs stand in memory only.

    Args:
        context: Of the process.
        elector: Renews the lease, and says whether jobs run here.
    """
    scheduler = BackgroundScheduler(timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1})
    now = context.store.clock()
    renewal = IntervalTrigger(seconds=context.settings.lease_seconds / RENEWALS, timezone=UTC)
    scheduler.add_job(elector.renew, renewal, name="lease", next_run_time=now, misfire_grace_time=None)
    for plan in plans(context.settings):
        scheduler.add_job(
            partial(run_one, plan, context, elector),
            plan.trigger,
            name=plan.name,
            next_run_time=now + timedelta(seconds=plan.after_start_seconds),
            misfire_grace_time=None,  # late is better than not at all
        )
    return scheduler


def run_one(plan: Plan, context: Context, elector: Elector) -> None:
    """Run a job if this process leads; what stops it now is tried again at its next turn.

    Args:
        plan: The job.
        context: Of the process.
        elector: Of the process.
    """
    if not elector.leads():
        return
    try:
        plan.job(context)
    except Tampered as error:
        context.log.exception("a record differs", job=plan.name)
        tasks.raise_tampering(context, error)
    except Conflict:
        context.log.info("another process was first", job=plan.name)
    except OSError as error:  # a mail server or a disk that is away now is tried again at the next turn
        context.log.warning("a job could not run", job=plan.name, error=type(error).__name__)
    except Exception:  # the other jobs go on, and this one is tried again
        context.log.exception("a job failed", job=plan.name)


def _every(name: str, job: Callable[[Context], object], seconds: int) -> Plan:
    trigger = IntervalTrigger(seconds=seconds, timezone=UTC)
    return Plan(name=name, job=job, trigger=trigger, after_start_seconds=2)
