"""A process that breaks codes and is killed at a step of its choice: see `tests.errands`.

It names each step that it comes to; at the one that the order names it kills itself. A step is the moment
before anything is opened, and before and after anything becomes durable or is told: whatever lies between
two of them leaves nothing behind.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from keys import envelope
from keys.key_file import KeyFile
from randomizer.services import accounts
from randomizer.services.signatures import StepUp
from randomizer.services.unblinded import opening, unblinding
from randomizer.services.unblinded.desk import open_desk
from randomizer.services.unblinded.sinks import IntentFile
from randomizer.store.engine import open_engine
from randomizer.store.store import Store
from tests.errands import Taker, fork, orders, say, wait_for

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from randomizer.services.unblinded.desk import Desk

OPENS = "open_envelope"
FUNCTIONS: dict[CodeType, str] = {
    function.__code__: function.__name__
    for function in (
        opening.open_slot,
        envelope.open_envelope,
        KeyFile.unwrap,
        KeyFile.open_record,
        KeyFile.seal_record,
    )
}
CALLS = {os.open: "open", os.write: "write", os.fsync: "fsync"}


class Breaker(Taker):
    """A running breaker as its test sees it."""

    def break_code(self, **order: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
        """Have a code broken by a process of its own; gives all that it said before it ended.

        Args:
            **order: url, keys (directory of the desk), file (of intents), now, account, number, frozen
                (whether the database only reads), and dies_at (number of the step at which it is killed).
        """
        self.send(**order)
        return self.until_all_ended()


class Steps:
    """Names every step of this process, and ends it at one of them.

    Args:
        dies_at: Number of the step, counted from 1.
    """

    def __init__(self, dies_at: int) -> None:
        self._dies_at = dies_at
        self._count = 0

    def __call__(self, frame: FrameType, what: str, of: Any) -> None:  # noqa: ANN401 - see sys.setprofile
        name = FUNCTIONS.get(frame.f_code) if what == "call" else _called(what, of)
        if name is None:
            return
        self._count += 1
        say(step=name, when="before" if what.endswith("call") else "after")
        if self._count == self._dies_at:
            os.kill(os.getpid(), signal.SIGKILL)


def _called(what: str, of: Any) -> str | None:  # noqa: ANN401
    if what not in {"c_call", "c_return"}:
        return None
    if isinstance(getattr(of, "__self__", None), sqlite3.Connection) and of.__name__ == "commit":
        return "commit"
    return CALLS.get(of)


def main() -> None:
    """Serve orders until standard input ends."""
    desks: dict[str, Desk] = {}
    for order in orders():
        if order["url"] not in desks:
            desks[order["url"]] = _desk(order, datetime.fromisoformat(order["now"]))
        wait_for([fork(partial(_break, order, desks[order["url"]]))])


def _desk(order: dict[str, Any], now: datetime) -> Desk:
    store = Store(open_engine(order["url"]), lambda: now, token_bytes)
    return replace(open_desk(store, Path(order["keys"])), file=IntentFile(Path(order["file"])))


def _break(order: dict[str, Any], desk: Desk) -> None:
    if order["frozen"]:
        event.listen(desk.store.engine, "checkout", _only_read)
    with desk.store.reading() as uow:
        person = accounts.person(uow, order["account"])
    now = desk.store.clock()
    step_up = StepUp(account=person.account, at=now, expires_at=now + timedelta(minutes=1))
    sys.setprofile(Steps(order["dies_at"]))
    intent = unblinding.intend(desk, person, step_up, participant=order["number"], reason="emergency")
    answer = unblinding.disclose(desk, person, intent)
    say(answer=answer.planned)
    sys.setprofile(None)
    say(whole=True)


def _only_read(connection: sqlite3.Connection, *_: object) -> None:
    connection.execute("PRAGMA query_only = ON")


if __name__ == "__main__":
    main()
