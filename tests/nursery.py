"""Clients as processes of their own, for tests that race them or kill them: ``python -m tests.nursery``.

Reads one order per line from standard input and forks a process for each of its clients, so that Python
starts once. What a client has done is written after its commit, and never before: an acknowledgement.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from randomizer.domain.people import Account, Role
from randomizer.errors import RandomizerError
from randomizer.services import accounts
from randomizer.services.care import allocation, dispensing, enrolment
from randomizer.services.signatures import StepUp
from randomizer.store.engine import open_engine
from randomizer.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from randomizer.domain.people import Person
    from randomizer.store.work import UnitOfWork

ROOT = Path(__file__).parents[1]
ROLES = {"randomize": Role.INVESTIGATOR, "dispense": Role.PHARMACIST, "consent": Role.COORDINATOR}


@dataclass(frozen=True, kw_only=True)
class Nursery:
    """A running nursery as its test sees it."""

    sends: IO[str]
    answers: IO[str]

    def order(
        self,
        url: str,
        now: datetime,
        clients: list[list[list[str]]],
        *,
        stall: int = 0,
        dies_after_seconds: float | None = None,
    ) -> list[int]:
        """Start a process per client; returns their ids.

        Args:
            url: The database.
            now: The moment at which their clocks stand.
            clients: Per client its acts: the word and what it needs.
            stall: At which drawing of random bytes each client stands still for ever; 0 for never.
            dies_after_seconds: When each is killed, counted from its first acknowledgement; None for never.
        """
        order = {"url": url, "now": now.isoformat(), "clients": clients, "stall": stall}
        self.sends.write(json.dumps(order | {"dies_after_seconds": dies_after_seconds}) + "\n")
        self.sends.flush()
        pids: list[int] = self.hear()["pids"]
        return pids

    def hear(self) -> dict[str, Any]:
        """The next thing that a client or the nursery says."""
        said: dict[str, Any] = json.loads(self.answers.readline())
        return said

    def until_all_ended(self) -> list[dict[str, Any]]:
        """All that is said until every client has ended."""
        return list(iter(self.hear, {"ended": True}))


@contextmanager
def opened() -> Iterator[Nursery]:
    """A nursery, which ends with its block."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.nursery"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Nursery(sends=process.stdin, answers=process.stdout)
        process.stdin.close()


def main() -> None:
    """Serve orders until standard input ends."""
    for line in sys.stdin:
        order = json.loads(line)
        gate, opener = os.pipe()
        pids = [_fork(order, acts, gate, opener) for acts in order["clients"]]
        os.close(gate)
        say(pids=pids)
        os.close(opener)
        for pid in pids:
            os.waitpid(pid, 0)
        say(ended=True)


def _fork(order: dict[str, Any], acts: list[list[str]], gate: int, opener: int) -> int:
    pid = os.fork()
    if pid == 0:
        os.close(opener)
        try:
            _client(order, acts, gate)
        finally:
            os._exit(0)
    return pid


def _client(order: dict[str, Any], acts: list[list[str]], gate: int) -> None:
    now = datetime.fromisoformat(order["now"])
    store = Store(open_engine(order["url"]), lambda: now, _entropy(order["stall"]))
    with store.reading() as uow:
        people = {
            what: accounts.person(uow, uow.all(Account, username=_name(role))[0].number)
            for what, role in ROLES.items()
        }
    os.read(gate, 1)  # all begin together
    killer = threading.Timer(order["dies_after_seconds"] or 0, os.kill, (os.getpid(), signal.SIGKILL))
    for what, *given in acts:
        try:
            with store.writing() as uow:
                result = _act(uow, what, people[what], now, *given)
        except RandomizerError as error:
            say(refused=[what, *given], code=error.code, said=error.message)
        else:
            say(done=[what, *given], result=result)
            if order["dies_after_seconds"] is not None and killer.ident is None:
                killer.start()


def _act(uow: UnitOfWork, what: str, person: Person, now: datetime, *given: str) -> str:
    if what == "consent":
        return enrolment.consent(uow, person, *given).number
    if what == "dispense":
        return dispensing.dispense(uow, person, *given).kit.number
    step_up = StepUp(account=person.account, at=now, expires_at=now + timedelta(seconds=60))
    return allocation.randomize(uow, person, step_up, *given).randomization_number


def _name(role: Role) -> str:
    return f"{role.replace(' ', '-')}-tls"


def _entropy(stall: int) -> Callable[[int], bytes]:
    drawn = 0

    def entropy(count: int) -> bytes:
        nonlocal drawn
        drawn += 1
        if drawn == stall:
            say(stalled=True)
            signal.pause()
        return secrets.token_bytes(count)

    return entropy


def say(**said: object) -> None:
    """One line, written at once, so that those of several clients never mix."""
    os.write(1, (json.dumps(said) + "\n").encode())


if __name__ == "__main__":
    main()
