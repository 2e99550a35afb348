"""The brake on guessing: so many tries in so many minutes, however many of them come at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from randomizer.errors import Busy, SignInRefused
from randomizer.services.tries import Tries
from randomizer.web import problems
from randomizer.web.throttle import TRIES, Throttle, TriedTooOften

pytestmark = pytest.mark.promise(6)

PATIENCE_SECONDS = 10


class Clock:
    """A moment that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def brake(clock: Clock, tries: Tries | None = None, at: str = "sign-in") -> Throttle:
    return Throttle(clock, tries or Tries(), at)


def refuse() -> None:
    raise SignInRefused("no")


def fail(found: Throttle, username: str = "anne", address: str = "192.0.2.1") -> None:
    with pytest.raises(SignInRefused, match="no"), found.trying(username, address):
        refuse()


def passes(found: Throttle, username: str, address: str) -> None:
    with found.trying(username, address):
        pass


@pytest.mark.requirement("web security")
def test_the_brake_holds_for_a_while_and_for_one_address() -> None:
    clock = Clock()
    found = brake(clock)
    for _ in range(TRIES):
        fail(found, "Anne")
    with pytest.raises(TriedTooOften) as refused:
        passes(found, " anne ", "192.0.2.1")
    assert refused.value.next_step is not None
    assert "Wait 6 minutes" in refused.value.next_step or "Wait 5 minutes" in refused.value.next_step
    assert problems.waiting(refused.value) == {"Retry-After": "301"}
    passes(found, "anne", "192.0.2.2")
    passes(found, "bob", "192.0.2.1")
    clock.now += timedelta(minutes=5, seconds=1)
    passes(found, "anne", "192.0.2.1")


def test_a_try_that_fits_forgets_the_failures_before() -> None:
    found = brake(Clock())
    for _ in range(TRIES - 1):
        fail(found)
    passes(found, "anne", "192.0.2.1")
    for _ in range(TRIES):
        fail(found)


def test_a_try_that_had_no_turn_is_none() -> None:
    found = brake(Clock())
    for _ in range(2 * TRIES):
        with pytest.raises(Busy), found.trying("anne", "192.0.2.1"):
            raise Busy("full")
    fail(found)


def test_what_one_brake_counts_another_does_not() -> None:
    clock, tries = Clock(), Tries()
    for _ in range(TRIES):
        fail(brake(clock, tries))
    fail(brake(clock, tries, "step-up"))
    with pytest.raises(TriedTooOften):
        passes(brake(clock, tries), "anne", "192.0.2.1")


def test_tries_that_are_checked_at_once_are_no_more_than_one_after_the_other() -> None:
    found, checked = brake(Clock()), Barrier(TRIES)

    def guess(_: int) -> bool:
        try:
            with found.trying("anne", "192.0.2.1"):
                checked.wait(PATIENCE_SECONDS)
                refuse()
        except TriedTooOften:
            return False
        except SignInRefused:
            return True
        raise AssertionError

    with ThreadPoolExecutor(3 * TRIES) as people:
        assert sum(people.map(guess, range(3 * TRIES))) == TRIES
