from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.housekeeping import Lease
from randomizer.errors import Conflict
from randomizer.jobs.context import Elector
from randomizer.services.upkeep import leases

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.jobs.context import Context
    from randomizer.services.transactions import Store
    from tests.jobs.conftest import Clock

pytestmark = pytest.mark.requirement("scheduler")


def take(store: Store, holder: str) -> bool:
    with store.writing() as uow:
        return leases.take(uow, "jobs", holder, seconds=10) is not None


def test_one_of_two_gets_the_lease_and_keeps_it_by_renewing(store: Store, clock: Clock) -> None:
    assert take(store, "first")
    for _ in range(5):
        clock.turn(seconds=8)
        assert take(store, "first")
        assert not take(store, "second")


def test_a_lease_that_was_not_renewed_goes_to_the_next(store: Store, clock: Clock) -> None:
    assert take(store, "first")
    clock.turn(seconds=10)
    assert take(store, "second")
    assert not take(store, "first")


def test_a_lease_that_was_given_back_is_free_at_once(store: Store) -> None:
    assert take(store, "first")
    with store.writing() as uow:
        leases.give_back(uow, "jobs", "second")
    assert not take(store, "second")
    with store.writing() as uow:
        leases.give_back(uow, "jobs", "first")
    assert take(store, "second")


@pytest.mark.parametrize("first", ["nobody", "somebody whose lease ran out"])
def test_of_many_at_once_one_gets_it(store: Store, clock: Clock, first: str) -> None:
    if first != "nobody":
        assert take(store, first)
        clock.turn(seconds=60)
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda number: take(store, f"process {number}"), range(8)))
    assert sum(got) == 1
    with store.reading() as uow:
        assert uow.get(Lease, "jobs").holder == f"process {got.index(True)}"


def test_only_the_holder_gets_a_transaction(context: Context, clock: Clock) -> None:
    with context.writing():
        pass
    clock.turn(seconds=context.settings.lease_seconds)
    with pytest.raises(Conflict), context.writing():
        raise AssertionError("the lease has run out")
    assert take(context.store, "another")
    with pytest.raises(Conflict), context.writing():
        raise AssertionError("another process holds the lease")


def test_a_process_knows_when_it_leads(make_context: Callable[..., Context], clock: Clock) -> None:
    first, second = Elector(make_context("first")), Elector(make_context("second"))
    assert not first.leads()
    first.renew()
    second.renew()
    assert (first.leads(), second.leads()) == (True, False)
    clock.turn(seconds=11)
    assert not first.leads()
    second.renew()
    first.renew()
    assert (first.leads(), second.leads()) == (False, True)
    second.step_down()
    first.renew()
    assert (first.leads(), second.leads()) == (True, False)
