"""Jobs processes that do all that is due and may be killed at a step: see `tests.errands`.

Statements are compiled once, before the clerks are forked. Each opens the instance as the jobs process does,
asks for the lease and runs every job in turn, without waiting for its hour. A step is the moment before
anything becomes durable or the mail server is told: whatever lies between two of them leaves nothing behind.
"""

from __future__ import annotations

import os
import signal
import smtplib
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import event

from randomizer.config import load_settings
from randomizer.jobs import process
from randomizer.jobs.context import Elector
from randomizer.logging_setup import configure_logging
from tests import dialects
from tests.errands import Taker, fork, orders, say, wait_for

COMMIT, HAND_OVER, FSYNC = "commit", "hand over", "fsync"
LAST = ("checkpoint", "notices")
"""Run after the others, so that what these leave is signed, published and sent in the same round."""
READ_ONLY = ("sealed rows", "trail")
"""Checks, which write nothing where all is well."""


class Clerks(Taker):
    """Where clerks are ordered, as a test sees it."""

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
        self.send(directory=str(directory), now=now.isoformat(), dies_at=dies_at)
        return self.until_all_ended()


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
    for order in orders():
        if not order["dies_at"]:
            _work(order, None)
        wait_for([fork(partial(_work, order, Steps(dies_at))) for dies_at in order["dies_at"]])


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


if __name__ == "__main__":
    main()
