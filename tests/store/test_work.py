from __future__ import annotations

import traceback
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from randomizer.domain.canonical import time_text
from randomizer.domain.housekeeping import Session, TrailHead
from randomizer.domain.people import Account, Grant, Role
from randomizer.domain.trial import Slot, StratumStatus
from randomizer.errors import Conflict, NotFound

if TYPE_CHECKING:
    from randomizer.store.store import Store
    from randomizer.store.work import UnitOfWork

ANNA = Account(number=1, username="anna", printed_name="Anna A.", email="anna@example.org")
STRATUM = StratumStatus(code="S1", capacity=4)


def test_what_goes_in_comes_out(store: Store) -> None:
    slot = Slot(
        number=0,
        stratum="S1",
        ordinal=1,
        randomization_number="12345678",
        kits=(("111", "222"), ("333", "444")),
        leaf_hash=b"\x00\xff",
        proof=b"",
        ciphertext=b"\x01" * 40,
        wraps=(("code-break", b"\x02"), ("staged", b"\x03")),
    )
    with store.writing() as uow:
        uow.insert(STRATUM)
        uow.insert(slot)
    with store.reading() as uow:
        assert uow.get(Slot, 0) == slot
        assert uow.get(StratumStatus, "S1") == STRATUM
        assert uow.find(Slot, 1) is None


@given(moment=st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1)))  # noqa: DTZ001
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_moments_keep_their_microseconds_and_sort_as_text(moment: datetime) -> None:
    assert datetime.fromisoformat(time_text(moment)) == moment
    later = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    assert time_text(moment) <= time_text(later)


def test_a_moment_without_zone_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="without time zone"):
        time_text(datetime(2027, 1, 1))  # noqa: DTZ001


@pytest.mark.promise(16)
def test_of_two_writers_who_read_the_same_state_only_one_wins(store: Store) -> None:
    with store.writing() as uow:
        uow.insert(STRATUM)
    with store.reading() as uow:
        first = second = uow.get(StratumStatus, "S1")
    with store.writing() as uow:
        uow.update(replace(first, next_ordinal=2, entry=7), seen_entry=first.entry)
    with pytest.raises(Conflict), store.writing() as uow:
        uow.update(replace(second, next_ordinal=2, entry=8), seen_entry=second.entry)
    with store.reading() as uow:
        assert uow.get(StratumStatus, "S1").entry == 7


def test_a_second_value_under_one_key_is_a_conflict_and_undoes_the_transaction(store: Store) -> None:
    with store.writing() as uow:
        uow.insert(ANNA)
    with pytest.raises(Conflict, match="already such a record"), store.writing() as uow:
        uow.insert_all([replace(ANNA, number=2, username="berta")])
        uow.insert(replace(ANNA, printed_name="Somebody else"))
    with store.reading() as uow:
        assert uow.all(Account) == (ANNA,)


@pytest.mark.promise(18)
def test_a_value_that_names_what_is_not_there_is_told_from_a_second_one(store: Store) -> None:
    with (
        pytest.raises(Conflict, match=r"\(role_grant\) names another that is not there"),
        store.writing() as uow,
    ):
        uow.insert(Grant(account=7, role=Role.MONITOR, site="", granted_at=datetime(2027, 1, 1, tzinfo=UTC)))


def test_an_unknown_key_is_named_in_a_sentence(store: Store) -> None:
    with store.reading() as uow, pytest.raises(NotFound, match="There is no account 99") as refusal:
        uow.get(Account, 99, what="account")
    assert refusal.value.field == "account"


def test_all_filters_orders_and_limits(store: Store) -> None:
    people = [replace(ANNA, number=n, username=f"u{n}", active=n % 2 == 0) for n in range(1, 6)]
    with store.writing() as uow:
        uow.insert_all(people)
    with store.reading() as uow:
        assert [a.number for a in uow.all(Account, active=True)] == [2, 4]
        assert [a.number for a in uow.all(Account, order="-username", limit=2)] == [5, 4]
        assert [a.number for a in uow.all(Account, number=[1, 3, 9])] == [1, 3]
        assert [a.number for a in uow.page(Account, after=3, limit=2)] == [3, 4]
        assert uow.count(Account, active=False) == 3


def test_what_the_trail_covers_is_never_deleted(store: Store) -> None:
    with store.writing() as uow, pytest.raises(ValueError, match="covered by the trail"):
        uow.remove(Account, number=1)


def test_a_failed_savepoint_leaves_the_rest_of_the_transaction(store: Store) -> None:
    with store.writing() as uow:
        uow.insert(ANNA)
        with pytest.raises(Conflict), uow.savepoint():
            uow.insert(ANNA)
        uow.insert(replace(ANNA, number=2, username="berta"))
    with store.reading() as uow:
        assert uow.count(Account) == 2


def _behind(uow: UnitOfWork, sql: str) -> None:
    """Write past the unit of work, as a transaction does that came in between."""
    uow._connection.exec_driver_sql(sql)  # noqa: SLF001 - no door leads past it


def test_what_the_trail_covers_is_read_once_in_a_transaction_and_anew_in_the_next(store: Store) -> None:
    with store.writing() as uow:
        uow.insert(ANNA)
    with store.writing() as uow:
        assert (uow.get(Account, 1), uow.all(Account)) == (ANNA, (ANNA,))
        _behind(uow, "UPDATE account SET printed_name = 'Other'")
        assert (uow.get(Account, 1), uow.all(Account)) == (ANNA, (ANNA,))
    with store.reading() as uow:
        assert uow.get(Account, 1).printed_name == "Other"


def test_what_was_read_before_the_turn_is_read_again_after_it(store: Store) -> None:
    with store.writing() as uow:
        uow.insert(ANNA)
    with store.writing() as uow:
        assert (uow.get(Account, 1), uow.all(Account)) == (ANNA, (ANNA,))
        _behind(uow, "UPDATE account SET printed_name = 'Other'")
        _behind(uow, "UPDATE trail_head SET size = 99")
        head = uow.find(TrailHead, 1, locked=True)
        assert head is not None
        assert head.size == 99
        assert [one.printed_name for one in (uow.get(Account, 1), *uow.all(Account))] == ["Other", "Other"]


def test_a_transaction_reads_what_it_wrote_and_not_what_it_undid(store: Store) -> None:
    renamed = replace(ANNA, printed_name="Anna B.", entry=1)
    with store.writing() as uow:
        assert (uow.find(Account, 1), uow.all(Account)) == (None, ())
        uow.insert(ANNA)
        assert (uow.find(Account, 1), uow.all(Account)) == (ANNA, (ANNA,))
        with pytest.raises(ZeroDivisionError), uow.savepoint():
            uow.update(renamed, seen_entry=0)
            assert (uow.find(Account, 1), uow.all(Account)) == (renamed, (renamed,))
            raise ZeroDivisionError
        assert (uow.find(Account, 1), uow.all(Account)) == (ANNA, (ANNA,))
        uow.insert_all([replace(ANNA, number=2, username="berta")])
        assert [one.number for one in uow.all(Account)] == [1, 2]


@pytest.mark.promise(16)
def test_a_lock_goes_with_what_is_undone_and_is_taken_again(store: Store) -> None:
    taken: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *said: taken.append(said[2]))
    with store.writing() as uow:
        with pytest.raises(ZeroDivisionError), uow.savepoint():
            uow.find(TrailHead, 1, locked=True)
            raise ZeroDivisionError
        for _ in range(2):
            uow.find(TrailHead, 1, locked=True)
    assert sum(statement.startswith("SELECT trail_head") for statement in taken) == 2


def test_old_sessions_are_swept(store: Store) -> None:
    moment = datetime(2027, 1, 1, tzinfo=UTC)
    session = Session(
        token_hash="a", account=1, door="site", began_at=moment, seen_at=moment, expires_at=moment
    )
    with store.writing() as uow:
        uow.insert(ANNA)
        uow.insert(session)
        assert uow.remove_before(Session, "expires_at", datetime(2027, 1, 2, tzinfo=UTC)) == 1


@pytest.mark.promise(3)
def test_an_exception_of_the_database_tells_no_values(store: Store) -> None:
    leaky = replace(ANNA, printed_name="a name that must not leak", email=None)  # type: ignore[arg-type]
    with pytest.raises(Conflict) as failure, store.writing() as uow:
        uow.insert(leaky)
    assert "must not leak" not in "".join(traceback.format_exception(failure.value))
