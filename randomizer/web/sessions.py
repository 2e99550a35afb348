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
from randomizer.services import accounts, authentication, passkeys, six_digits
from randomizer.services import sessions as stored
from randomizer.services.challenges import MINUTES
from randomizer.services.signatures import StepUp

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.domain.people import Person
    from randomizer.services.authentication import Gate
    from randomizer.services.passkeys import Asserted
    from randomizer.services.transactions import Store, UnitOfWork
    from randomizer.services.turns import Turns


OUTSIDE = "Sessions in memory re-authenticate outside of the act's transaction."


class SessionStore(Protocol):
    """Opens, finds and ends sessions of one door."""

    def sign_in(self, *, username: str, password: str, code: str) -> str:
        """Open a session and return its token.

        Raises:
            Busy: Too many are signing in; nothing was checked.
            SignInRefused: Name, password or code do not fit.
        """

    def sign_in_with(self, asserted: Asserted) -> str:
        """Open a session for whoever answered with a passkey, and return its token.

        Raises:
            SignInRefused: The answer counted before.
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

    def step_up_with(self, asserted: Asserted, uow: UnitOfWork | None = None) -> StepUp:
        """Re-authenticate with a passkey for an act; see `step_up` for the transaction.

        Raises:
            SignInRefused: The answer counted before.
        """

    def sign_out(self, token: str) -> None:
        """End a session at once."""


class CodeFile(Protocol):
    """Keeps six-digit codes that were used over a restart, where the store cannot."""

    def steps(self) -> dict[int, int]:
        """The last time step of each account that has one."""

    def file_step(self, account: int, step: int) -> bool:
        """Keep a time step; says whether it lasts."""


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
            presented = authentication.present(uow, self._gate, username=username, code=code)
        authentication.prove(
            self._gate.sign_ins, self._gate, presented, password
        )  # slow: no transaction is open
        with self._store.writing() as uow:
            return stored.begin(uow, door=self._door, presented=presented)

    def sign_in_with(self, asserted: Asserted) -> str:
        """See `SessionStore`."""
        with self._store.writing() as uow:
            return stored.begin_with(uow, door=self._door, asserted=asserted)

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
            return authentication.step_up(uow, self._gate, person, password=password, code=code)
        with self._store.writing() as own:
            return authentication.step_up(own, self._gate, person, password=password, code=code)

    def step_up_with(self, asserted: Asserted, uow: UnitOfWork | None = None) -> StepUp:
        """See `SessionStore`."""
        if uow is not None:
            passkeys.redeem(uow, asserted)
        else:
            with self._store.writing() as own:
                passkeys.redeem(own, asserted)
        return _step_up(self._gate, self._store, asserted.account.number)

    def sign_out(self, token: str) -> None:
        """See `SessionStore`."""
        with self._store.writing() as uow:
            stored.end(uow, token)


class MemorySessions:
    """Sessions of one process, so that they outlive a database that can only be read.

    Codes used and challenges answered are remembered here too, and codes in the store if it can be written
    or else in a file: what outlives the process must not work again in the next. The challenges do not.

    Args:
        store: The store.
        gate: What it takes to check a password and a code.
        door: Name of the door.
        codes: Takes used codes where the store does not.
    """

    def __init__(self, store: Store, gate: Gate, door: str, codes: CodeFile) -> None:
        self._store = store
        self._gate = gate
        self._door = door
        self._sessions: dict[str, Session] = {}
        self._enrolled: dict[str, int] = {}
        self._codes = codes
        self._steps = codes.steps()
        self._answered: dict[str, datetime] = {}
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
            raise ValueError(OUTSIDE)
        turns = self._gate.step_ups
        account = self._verify(turns, username=person.username, password=password, code=code)
        return _step_up(self._gate, self._store, account)

    def sign_in_with(self, asserted: Asserted) -> str:
        """See `SessionStore`; needs no writable store."""
        return self.admit(self._redeem(asserted))

    def step_up_with(self, asserted: Asserted, uow: UnitOfWork | None = None) -> StepUp:
        """See `SessionStore`; call it before a transaction that writes is open, and without one."""
        if uow is not None:
            raise ValueError(OUTSIDE)
        return _step_up(self._gate, self._store, self._redeem(asserted))

    def sign_out(self, token: str) -> None:
        """See `SessionStore`."""
        with self._lock:
            self._sessions.pop(stored.token_hash(token), None)

    def _verify(self, turns: Turns, *, username: str, password: str, code: str) -> int:
        with self._store.reading() as uow:
            presented = authentication.present(uow, self._gate, username=username, code=code)
        authentication.prove(turns, self._gate, presented, password)  # slow: no transaction is open
        with self._store.reading() as uow:
            authentication.confirm(uow, presented)
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
            if not self._codes.file_step(account, step):
                structlog.get_logger("door").warning("used code kept in memory only")

    def _redeem(self, asserted: Asserted) -> int:
        now = self._store.clock()
        with self._lock:
            self._answered = {one: until for one, until in self._answered.items() if until > now}
            if asserted.challenge in self._answered:
                raise passkeys.spent()
            self._answered[asserted.challenge] = now + timedelta(minutes=MINUTES)
        try:
            with self._store.writing() as uow:
                passkeys.use(uow, asserted)
        except Unwritable:  # a code break works all the same
            structlog.get_logger("door").warning("use of a passkey kept in memory only")
        return asserted.account.number


def _step_up(gate: Gate, store: Store, account: int) -> StepUp:
    now = store.clock()
    return StepUp(account=account, at=now, expires_at=now + timedelta(seconds=gate.step_up_seconds))
