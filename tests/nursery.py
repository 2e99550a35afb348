"""Clients as processes of their own, for tests that race them or kill them: see `tests.errands`."""

from __future__ import annotations

import os
import secrets
import signal
import threading
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from randomizer.domain.people import Account, Role
from randomizer.errors import RandomizerError
from randomizer.services import accounts
from randomizer.services.care import allocation, dispensing, enrolment
from randomizer.services.signatures import StepUp
from randomizer.store.engine import open_engine
from randomizer.store.store import Store
from tests.errands import Taker, fork, orders, say, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.domain.people import Person
    from randomizer.store.work import UnitOfWork

ROLES = {"randomize": Role.INVESTIGATOR, "dispense": Role.PHARMACIST, "consent": Role.COORDINATOR}


class Nursery(Taker):
    """A running nursery as its test sees it."""

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
        self.send(
            url=url, now=now.isoformat(), clients=clients, stall=stall, dies_after_seconds=dies_after_seconds
        )
        pids: list[int] = self.hear()["pids"]
        return pids


def main() -> None:
    """Serve orders until standard input ends."""
    for order in orders():
        gate, opener = os.pipe()
        pids = [fork(partial(_client, order, acts, gate, opener)) for acts in order["clients"]]
        os.close(gate)
        say(pids=pids)
        os.close(opener)
        wait_for(pids)


def _client(order: dict[str, Any], acts: list[list[str]], gate: int, opener: int) -> None:
    os.close(opener)
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


if __name__ == "__main__":
    main()
