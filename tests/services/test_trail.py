from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from keys.merkle import Frontier, leaf_hash, root
from randomizer.domain.acts import AFTER_LOCK, Act
from randomizer.domain.housekeeping import Entry, EntryValues, TrailHead
from randomizer.domain.people import SERVICE, Account, Person, Role
from randomizer.domain.trial import FINAL, Kind, Phase, Trial
from randomizer.errors import Conflict, NotAllowed, Refused, Tampered
from randomizer.services import trail

if TYPE_CHECKING:
    from randomizer.store.store import Store
    from randomizer.store.work import UnitOfWork

ANNA = Account(number=1, username="anna", printed_name="Anna A.", email="anna@example.org")
SITE_PERSON = Person(account=5, username="c", printed_name="C", grants=frozenset({(Role.COORDINATOR, "TLS")}))


def add_account(uow: UnitOfWork, number: int) -> Account:
    with trail.act(uow, Act.ACCOUNT_CREATED, SERVICE, why=f"account {number}") as act:
        return act.add(replace(ANNA, number=number, username=f"u{number}"))


@pytest.mark.promise(17)
def test_an_act_and_its_entry_commit_together_or_not_at_all(store: Store) -> None:
    with store.writing() as uow:
        add_account(uow, 1)
        with pytest.raises(Refused), trail.act(uow, Act.ACCOUNT_CREATED, SERVICE) as act:
            act.add(replace(ANNA, number=2, username="two"))
            raise Refused("on second thoughts")
        add_account(uow, 3)
    with store.reading() as uow:
        assert [account.number for account in uow.all(Account)] == [1, 3]
        assert [entry.number for entry in uow.all(Entry)] == [0, 1]
        assert uow.get(TrailHead, 1).size == 2


@pytest.mark.promise(17)
def test_the_head_holds_the_root_over_every_entry(store: Store) -> None:
    with store.writing() as uow:
        for number in range(1, 12):
            add_account(uow, number)
    with store.reading() as uow:
        hashes = [leaf_hash(trail.leaf(entry)) for entry in uow.all(Entry)]
        head = uow.get(TrailHead, 1)
    assert head.size == 11
    assert Frontier.from_bytes(head.frontier).root() == root(hashes)


def test_an_entry_holds_ids_and_a_digest_but_no_value(store: Store) -> None:
    with store.writing() as uow:
        add_account(uow, 1)
    with store.reading() as uow:
        entry, values = uow.get(Entry, 0), uow.get(EntryValues, 0)
    assert "u1" not in trail.leaf(entry).decode()
    assert json.loads(values.content)["rows"][0]["new"]["username"] == "u1"
    assert values.why == "account 1"
    assert "account 1" not in values.content


def test_old_and_new_values_stand_in_the_entry(store: Store) -> None:
    with store.writing() as uow:
        account = add_account(uow, 1)
        with trail.act(uow, Act.ACCOUNT_CLOSED, SERVICE) as act:
            act.change(account, active=False)
    with store.reading() as uow:
        row = json.loads(uow.get(EntryValues, 1).content)["rows"][0]
    assert row["old"] == {"active": True, "entry": 0}
    assert row["new"]["active"] is False
    assert row["new"]["entry"] == 1


def test_a_role_that_may_not_do_the_act_leaves_nothing(store: Store) -> None:
    with (
        store.writing() as uow,
        pytest.raises(NotAllowed, match="administrator"),
        trail.act(uow, Act.ACCOUNT_CREATED, SITE_PERSON),
    ):
        pytest.fail("the act must not begin")
    with store.reading() as uow:
        assert uow.count(Entry) == 0


def test_a_role_at_another_site_may_not_act(store: Store) -> None:
    with (
        store.writing() as uow,
        pytest.raises(NotAllowed),
        trail.act(uow, Act.PARTICIPANT_CONSENTED, SITE_PERSON, site="GEN"),
    ):
        pytest.fail("the act must not begin")


@pytest.mark.promise(17)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE account SET printed_name = 'Somebody Else' WHERE number = 1",
        "UPDATE account SET entry = 1 WHERE number = 1",
        "UPDATE account SET entry = 99 WHERE number = 1",
    ],
)
def test_a_record_edited_behind_the_services_is_noticed(store: Store, statement: str) -> None:
    with store.writing() as uow:
        trail.check(uow, add_account(uow, 1), add_account(uow, 2))
    with store.engine.begin() as connection:
        connection.execute(text(statement))
    with store.reading() as uow, pytest.raises(Tampered, match="Account 1") as refusal:
        trail.check(uow, *uow.all(Account))
    assert "Somebody Else" not in str(refusal.value)


@pytest.mark.promise(16)
def test_twenty_writers_at_once_leave_a_trail_without_gap_or_double(store: Store) -> None:
    failures: list[BaseException] = []

    def work(first: int) -> None:
        try:
            for number in range(first, first + 5):
                with store.writing() as uow:
                    add_account(uow, number)
        except BaseException as error:  # noqa: BLE001 - a thread's failure must reach the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(1 + 5 * n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with store.reading() as uow:
        hashes = [leaf_hash(trail.leaf(entry)) for entry in uow.all(Entry)]
        assert [entry.number for entry in uow.all(Entry)] == list(range(100))
        assert Frontier.from_bytes(uow.get(TrailHead, 1).frontier).root() == root(hashes)
        assert uow.count(Account) == 100


def test_changing_a_record_that_somebody_else_changed_is_a_conflict(store: Store) -> None:
    with store.writing() as uow:
        stale = add_account(uow, 1)
        with trail.act(uow, Act.ACCOUNT_CLOSED, SERVICE) as act:
            act.change(stale, active=False)
    with pytest.raises(Conflict), store.writing() as uow, trail.act(uow, Act.ACCOUNT_CLOSED, SERVICE) as act:
        act.change(stale, printed_name="B")


@pytest.mark.promise(17)
@pytest.mark.parametrize("phase", sorted(FINAL))
def test_no_act_changes_data_after_the_lock(store: Store, phase: Phase) -> None:
    with store.writing() as uow:
        uow.insert(Trial(kind=Kind.REHEARSAL, phase=phase, definition="{}", definition_digest=""))
    for what in sorted(set(Act) - AFTER_LOCK):
        with (
            store.writing() as uow,
            pytest.raises(Refused, match=f"The data are {phase}"),
            trail.act(uow, what, SERVICE),
        ):
            pytest.fail(f"'{what}' must not begin")
