"""Jobs processes that do all that is due and may be killed at a step: ``python -m tests.clerks``.

Reads one order per line from standard input and forks a process for each of its clerks, so that Python starts
and statements are compiled once. Each opens the instance as the jobs process does, asks for the lease and
runs every job in turn, without waiting for its hour. A step is the moment before anything becomes durable or
the mail server is told: whatever lies between two of them leaves nothing behind.
"""

from __future__ import annotations

import json
import os
import signal
import smtplib
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import event

from randomizer.config import load_settings
from randomizer.jobs import process
from randomizer.jobs.context import Elector
from randomizer.logging_setup import configure_logging
from tests import dialects

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
COMMIT, HAND_OVER, FSYNC = "commit", "hand over", "fsync"
LAST = ("checkpoint", "notices")
"""Run after the others, so that what these leave is signed, published and sent in the same round."""
READ_ONLY = ("sealed rows", "trail")
"""Checks, which write nothing where all is well."""


@dataclass(frozen=True, kw_only=True)
class Clerks:
    """Where clerks are ordered, as a test sees it."""

    sends: IO[str]
    answers: IO[str]

    def work(self, directory: Path, now: datetime, *dies_at: int) -> list[dict[str, Any]]:
        """Have clerks work at the same time, until each has ended; gives all that they said.

        Args:
            directory: Of the instance.
            now: The moment at which their clocks stand.
            *dies_at: For each clerk the step at which it is killed, counted from 1; 0 for never.
        """
        return self._order(directory, now, dies_at)

    def begin(self, directory: Path, now: datetime) -> list[dict[str, Any]]:
        """Work without a clerk: whoever is forked later has compiled already what it says to the database."""
        return self._order(directory, now, ())

    def _order(self, directory: Path, now: datetime, dies_at: tuple[int, ...]) -> list[dict[str, Any]]:
        order = {"directory": str(directory), "now": now.isoformat(), "dies_at": dies_at}
        self.sends.write(json.dumps(order) + "\n")
        self.sends.flush()
        return list(iter(lambda: json.loads(self.answers.readline()), {"ended": True}))


@contextmanager
def opened() -> Iterator[Clerks]:
    """Clerks to be had until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.clerks"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # their log
        text=True,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        yield Clerks(sends=running.stdin, answers=running.stdout)
        running.stdin.close()


class Steps:
    """Counts the steps of this process and ends it at one of them.

    Args:
        dies_at: Number of the step, counted from 1.
    """

    def __init__(self, dies_at: int) -> None:
        self.job = "lease"
        self._last = ""
        self._dies_at = dies_at
        self._count = 0

    def __call__(self, step: str) -> None:
        self._count += 1
        if self._count == self._dies_at:
            say(killed=self.job, before=step, after=self._last)
            os.kill(os.getpid(), signal.SIGKILL)
        self._last = step


def main() -> None:
    """Serve orders until standard input ends."""
    dialects.share_compiled()
    configure_logging("jobs")
    for line in sys.stdin:
        order = json.loads(line)
        if not order["dies_at"]:
            _work(order, None)
        pids = [_fork(order, dies_at) for dies_at in order["dies_at"]]
        for pid in pids:
            os.waitpid(pid, 0)
        say(ended=True)


def _fork(order: dict[str, Any], dies_at: int) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            _work(order, Steps(dies_at))
        finally:
            os._exit(0)
    return pid


def _work(order: dict[str, Any], steps: Steps | None) -> None:
    now = datetime.fromisoformat(order["now"])
    settings = load_settings(Path(order["directory"]))
    context = process.context_of(settings, clock=lambda: now)
    if steps:
        _watch(context.store.engine, steps)
    elector = Elector(context)
    elector.renew()
    led = elector.leads()
    plans = [plan for plan in process.plans(settings) if plan.name not in READ_ONLY]
    for plan in sorted(plans, key=lambda one: one.name in LAST):
        if steps:
            steps.job = plan.name
        process.run_one(plan, context, elector)
    context.store.engine.dispose()
    say(whole=True, led=led)


def _watch(engine: Any, steps: Steps) -> None:  # noqa: ANN401 - the engine of a store
    """Name each step; this process does nothing else, so that its modules may be changed."""
    event.listen(engine, "commit", lambda _connection: steps(COMMIT))
    data, fsync = smtplib.SMTP.data, os.fsync

    def hand_over(server: smtplib.SMTP, message: Any) -> Any:  # noqa: ANN401
        steps(HAND_OVER)
        return data(server, message)

    def to_disk(handle: int) -> None:
        steps(FSYNC)
        fsync(handle)

    smtplib.SMTP.data, os.fsync = hand_over, to_disk  # type: ignore[method-assign, assignment]


def say(**said: object) -> None:
    """One line, written at once, so that those of several clerks never mix."""
    os.write(1, (json.dumps(said) + "\n").encode())


if __name__ == "__main__":
    main()
