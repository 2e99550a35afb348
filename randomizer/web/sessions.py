"""Who is signed in: the site door keeps sessions in the store, the code-break door in memory.

Roles come from the store at every request, wherever the session is kept.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import structlog

from randomizer.domain.housekeeping import Session
from randomizer.errors import SignInRefused, Unwritable
from randomizer.services import accounts, six_digits
from randomizer.services import sessions as stored
from randomizer.services.signatures import StepUp

if TYPE_CHECKING:
    from randomizer.domain.people import Person
    from randomizer.services.accounts import Gate
    from randomizer.services.transactions import Store, UnitOfWork
    from randomizer.services.turns import Turns


class SessionStore(Protocol):
    """Opens, finds and ends sessions of one door."""

    def sign_in(self, *, username: str, password: str, code: str) -> str:
        """Open a session and return its token.

        Raises:
            Busy: Too many are signing in; nothing was checked.
            SignInRefused: Name, password or code do not fit.
        """

    def person(self, token: str) -> Person:
        """The person behind a token, with the grants that stand now.

        Raises:
            SignInRefused: The session is unknown, of the other door, idle for too long, or over.
            NotAllowed: The account is closed.
        """

    def step_up(self, person: Person, *, password: str, code: str, uow: UnitOfWork | None = None) -> StepUp:
        """Re-authenticate for an act.

        Args:
            person: Who signs.
            password: As typed.
            code: Six digits, as typed.
            uow: The act's transaction, so that a code is used up by an act that commits and by no other.
                Sessions in memory stay out of it.

        Raises:
            SignInRefused: Password or code do not fit.
        """

    def sign_out(self, token: str) -> None:
        """End a session at once."""


class StoredSessions:
    """Sessions in the store: several processes of the door share them.

    Args:
        store: The store.
        gate: What it takes to check a password and a code.
        door: Name of the door.
    """

    def __init__(self, store: Store, gate: Gate, door: str) -> None:
        self._store = store
        self._gate = gate
        self._door = door

    def sign_in(self, *, username: str, password: str, code: str) -> str:
        """See `SessionStore`."""
        with self._store.reading() as uow:
            presented = accounts.present(uow, self._gate, username=username, code=code)
        accounts.prove(self._gate.sign_ins, self._gate, presented, password)  # slow: no transaction is open
        with self._store.writing() as uow:
            return stored.begin(uow, door=self._door, presented=presented)

    def person(self, token: str) -> Person:
        """See `SessionStore`; keeps the session awake."""
        with self._store.reading() as uow:
            person = stored.person(uow, door=self._door, token=token)
            drowsy = stored.drowsy(uow, token)
        if drowsy:
            with self._store.writing() as uow:
                stored.keep_awake(uow, token)
        return person

    def step_up(self, person: Person, *, password: str, code: str, uow: UnitOfWork | None = None) -> StepUp:
        """See `SessionStore`."""
        if uow is not None:
            return accounts.step_up(uow, self._gate, person, password=password, code=code)
        with self._store.writing() as own:
            return accounts.step_up(own, self._gate, person, password=password, code=code)

    def sign_out(self, token: str) -> None:
        """See `SessionStore`."""
        with self._store.writing() as uow:
            stored.end(uow, token)


class MemorySessions:
    """Sessions of one process, so that they outlive a database that can only be read.

    Codes used are remembered here too, and in the store as far as it can be written.

    Args:
        store: The store.
        gate: What it takes to check a password and a code.
        door: Name of the door.
    """

    def __init__(self, store: Store, gate: Gate, door: str) -> None:
        self._store = store
        self._gate = gate
        self._door = door
        self._sessions: dict[str, Session] = {}
        self._enrolled: dict[str, int] = {}
        self._steps: dict[int, int] = {}
        self._lock = Lock()

    def sign_in(self, *, username: str, password: str, code: str) -> str:
        """See `SessionStore`; needs no writable store."""
        return self.admit(self._verify(self._gate.sign_ins, username=username, password=password, code=code))

    def admit(self, account: int) -> str:
        """Open a session for whoever has authenticated; returns its token.

        Args:
            account: Number of the account.
        """
        with self._store.reading() as uow:
            enrolled = accounts.enrolled_by(uow, account)
        token = self._store.entropy(32).hex()
        now = self._store.clock()
        session = Session(
            token_hash=stored.token_hash(token),
            account=account,
            door=self._door,
            began_at=now,
            seen_at=now,
            expires_at=now + timedelta(hours=stored.SESSION_HOURS),
        )
        with self._lock:
            self._sessions = {key: kept for key, kept in self._sessions.items() if kept.expires_at > now}
            self._sessions[session.token_hash] = session
            self._enrolled = {key: self._enrolled[key] for key in self._sessions if key in self._enrolled}
            self._enrolled[session.token_hash] = enrolled
        return token

    def person(self, token: str) -> Person:
        """See `SessionStore`; keeps the session awake."""
        now = self._store.clock()
        key = stored.token_hash(token)
        with self._lock:
            session = self._sessions.get(key)
            idle_since = now - timedelta(minutes=stored.IDLE_MINUTES)
            if session is None or session.expires_at <= now or session.seen_at <= idle_since:
                self._sessions.pop(key, None)
                raise stored.signed_out()
            self._sessions[key] = replace(session, seen_at=now)
        with self._store.reading() as uow:
            if accounts.enrolled_by(uow, session.account) != self._enrolled.get(key):
                self.sign_out(token)
                raise stored.signed_out()
            return accounts.person(uow, session.account)

    def step_up(self, person: Person, *, password: str, code: str, uow: UnitOfWork | None = None) -> StepUp:
        """See `SessionStore`; call it before a transaction that writes is open, and without one."""
        if uow is not None:
            raise ValueError("Sessions in memory re-authenticate outside of the act's transaction.")
        turns = self._gate.step_ups
        account = self._verify(turns, username=person.username, password=password, code=code)
        now = self._store.clock()
        return StepUp(account=account, at=now, expires_at=now + timedelta(seconds=self._gate.step_up_seconds))

    def sign_out(self, token: str) -> None:
        """See `SessionStore`."""
        with self._lock:
            self._sessions.pop(stored.token_hash(token), None)

    def _verify(self, turns: Turns, *, username: str, password: str, code: str) -> int:
        with self._store.reading() as uow:
            presented = accounts.present(uow, self._gate, username=username, code=code)
        accounts.prove(turns, self._gate, presented, password)  # slow: no transaction is open
        with self._store.reading() as uow:
            accounts.confirm(uow, presented)
        account, step = presented.account.number, presented.step
        with self._lock:
            if step <= self._steps.get(account, -1):
                raise SignInRefused(
                    "This code was used already. Nothing was changed.",
                    field="code",
                    next_step="Wait for the next code.",
                )
            self._steps[account] = step
        self._remember(account, step)
        return account

    def _remember(self, account: int, step: int) -> None:
        try:
            with self._store.writing() as uow:
                six_digits.use(uow, account, step)
        except Unwritable:  # a code break works all the same
            structlog.get_logger("door").warning("used code kept in memory only")
