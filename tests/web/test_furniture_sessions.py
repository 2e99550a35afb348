"""Sessions in memory: they outlive a store that can only be read, and know roles from the store alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import pyotp
import pytest
from argon2 import PasswordHasher

from randomizer.domain.housekeeping import Session
from randomizer.domain.people import Role
from randomizer.errors import NotAllowed, SignInRefused, Unwritable
from randomizer.services import account_closing, accounts, six_digits
from randomizer.services.unblinded.sinks import IntentFile
from randomizer.services.unblinded.spent_codes import SpentCodes
from randomizer.store.engine import open_engine
from randomizer.store.schema import upgrade
from randomizer.web.sessions import MemorySessions, StoredSessions
from tests import activated
from tests.activated import PASSWORD, TOTP_STEP_SECONDS, totp_secret, username

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from randomizer.store.store import Store
    from tests.activated import Instance

NAME = username(Role.ON_CALL)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    url = f"sqlite:///{tmp_path}/trial.db"
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    with activated.opened(url, activated.small_definition()) as found:
        activated.draft(found)
        yield found


@pytest.fixture
def codes(tmp_path: Path) -> SpentCodes:
    return SpentCodes(IntentFile(tmp_path / "intents.log"))


@pytest.fixture
def sessions(instance: Instance, codes: SpentCodes) -> MemorySessions:
    return MemorySessions(instance.store, instance.gate, "codebreak", codes)


def fresh_code(instance: Instance) -> str:
    instance.clock.advance(seconds=TOTP_STEP_SECONDS)
    return pyotp.TOTP(totp_secret(NAME)).at(instance.clock())


def sign_in(sessions: MemorySessions, instance: Instance) -> str:
    return sessions.sign_in(username=NAME, password=PASSWORD, code=fresh_code(instance))


@pytest.mark.promise(20)
def test_roles_come_from_the_store_at_every_request(sessions: MemorySessions, instance: Instance) -> None:
    token = sign_in(sessions, instance)
    assert sessions.person(token).roles == {Role.ON_CALL}
    administrator, number = instance.person(Role.ADMINISTRATOR), instance.number(Role.ON_CALL)
    with instance.store.writing() as uow:
        accounts.revoke(uow, administrator, account=number, role=Role.ON_CALL)
    assert sessions.person(token).roles == frozenset()
    with instance.store.writing() as uow:
        account_closing.close(uow, administrator, number, "left")
    with pytest.raises(NotAllowed):
        sessions.person(token)


def freeze(instance: Instance) -> None:
    with instance.store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.commit()


@pytest.mark.promise(6)
def test_it_works_when_nothing_can_be_written(sessions: MemorySessions, instance: Instance) -> None:
    freeze(instance)
    with pytest.raises(Unwritable), instance.store.writing() as uow:
        six_digits.use(uow, instance.number(Role.ON_CALL), 1)
    code = fresh_code(instance)
    token = sessions.sign_in(username=NAME, password=PASSWORD, code=code)
    person = sessions.person(token)
    step_up = sessions.step_up(person, password=PASSWORD, code=fresh_code(instance))
    assert step_up.account == person.account
    with pytest.raises(SignInRefused):
        sessions.step_up(person, password=PASSWORD, code=code)


def test_a_code_that_was_used_while_nothing_could_be_written_is_spent_after_a_restart_too(
    sessions: MemorySessions, instance: Instance, codes: SpentCodes
) -> None:
    freeze(instance)
    earlier, code = fresh_code(instance), fresh_code(instance)
    token = sessions.sign_in(username=NAME, password=PASSWORD, code=code)
    restarted = MemorySessions(instance.store, instance.gate, "codebreak", codes)
    with pytest.raises(SignInRefused):
        restarted.person(token)
    for used in (earlier, code):
        with pytest.raises(SignInRefused):
            restarted.sign_in(username=NAME, password=PASSWORD, code=used)
    restarted.sign_in(username=NAME, password=PASSWORD, code=fresh_code(instance))


def test_a_disk_that_is_full_as_well_keeps_nobody_out(
    sessions: MemorySessions, instance: Instance, tmp_path: Path
) -> None:
    freeze(instance)
    (tmp_path / "intents.log").mkdir()
    code = fresh_code(instance)
    sessions.sign_in(username=NAME, password=PASSWORD, code=code)
    with pytest.raises(SignInRefused):
        sessions.sign_in(username=NAME, password=PASSWORD, code=code)


def test_a_code_works_once_at_both_doors(sessions: MemorySessions, instance: Instance) -> None:
    code = fresh_code(instance)
    token = sessions.sign_in(username=NAME, password=PASSWORD, code=code)
    with pytest.raises(SignInRefused):
        sessions.step_up(sessions.person(token), password=PASSWORD, code=code)
    with pytest.raises(SignInRefused):
        StoredSessions(instance.store, instance.gate, "site").sign_in(
            username=NAME, password=PASSWORD, code=code
        )


def test_idle_and_old_sessions_end(sessions: MemorySessions, instance: Instance) -> None:
    token = sign_in(sessions, instance)
    for _ in range(23):
        instance.clock.advance(seconds=29 * 60)
        sessions.person(token)
    instance.clock.advance(seconds=31 * 60)
    with pytest.raises(SignInRefused):
        sessions.person(token)
    token = sign_in(sessions, instance)
    for _ in range(24):
        instance.clock.advance(seconds=29 * 60)
        sessions.person(token)
    instance.clock.advance(seconds=29 * 60)
    with pytest.raises(SignInRefused):
        sessions.person(token)


def test_signing_out_and_unknown_tokens(sessions: MemorySessions, instance: Instance) -> None:
    token = sign_in(sessions, instance)
    sessions.sign_out(token)
    for unknown in (token, "", "00ff"):
        with pytest.raises(SignInRefused):
            sessions.person(unknown)


class WritingHasher(PasswordHasher):
    """Somebody else writes into the database while a password is checked."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.written = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - the library's
        with ThreadPoolExecutor(1) as other:
            other.submit(self.write).result(timeout=10)
        return super().verify(hash, password)

    def write(self) -> None:
        with self.store.writing() as uow:
            uow.remove(Session, token_hash="of nobody")
        self.written += 1


@pytest.mark.promise(6)
@pytest.mark.parametrize("kind", [MemorySessions, StoredSessions])
def test_nobody_waits_for_the_database_while_a_password_is_checked(
    instance: Instance, codes: SpentCodes, kind: type[MemorySessions | StoredSessions]
) -> None:
    hasher = WritingHasher(instance.store)
    gate = replace(instance.gate, hasher=hasher)
    sessions = (
        MemorySessions(instance.store, gate, "codebreak", codes)
        if kind is MemorySessions
        else StoredSessions(instance.store, gate, "codebreak")
    )
    token = sessions.sign_in(username=NAME, password=PASSWORD, code=fresh_code(instance))
    person = sessions.person(token)
    assert hasher.written == 1
    if isinstance(sessions, MemorySessions):
        sessions.step_up(person, password=PASSWORD, code=fresh_code(instance))
        assert hasher.written == 2


def test_a_step_up_stays_out_of_a_transaction(sessions: MemorySessions, instance: Instance) -> None:
    person = sessions.person(sign_in(sessions, instance))
    with instance.store.writing() as uow, pytest.raises(ValueError, match="outside"):
        sessions.step_up(person, password=PASSWORD, code=fresh_code(instance), uow=uow)
