"""Tries are counted before they are checked, once for all threads and processes, and the last ones only."""

from __future__ import annotations

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest
from gunicorn.workers.workertmp import WorkerTmp

from randomizer.addresses import Door
from randomizer.services.tries import Tries, Try
from randomizer.web.server import Server

pytestmark = pytest.mark.promise(6)

LIMIT = 5
DOOR, OTHER = "sign-in\0anne\x00192.0.2.1", "sign-in\0bob\x00192.0.2.1"


def begun(tries: Tries, what: str = DOOR) -> Try:
    found = tries.begin(what, limit=LIMIT)
    assert found is not None
    return found


def room(tries: Tries, what: str = DOOR) -> int:
    """How many tries there still are; spends them."""
    return sum(tries.begin(what, limit=LIMIT) is not None for _ in range(2 * LIMIT))


def test_threads_make_as_many_tries_together_as_one_would() -> None:
    tries = Tries()
    with ThreadPoolExecutor(8) as people:
        got = list(people.map(lambda _: tries.begin(DOOR, limit=LIMIT), range(40)))
    assert sum(one is not None for one in got) == LIMIT
    assert room(tries, OTHER) == LIMIT


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_processes_of_a_door_make_as_many_tries_together_as_one_would() -> None:
    tries = Tries()
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            os._exit(sum(tries.begin(DOOR, limit=LIMIT) is not None for _ in range(LIMIT)))
        children.append(child)
    made = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert sum(made) == LIMIT
    assert room(tries) == 0


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_process_that_dies_while_it_counts_holds_up_no_other() -> None:
    tries = Tries()
    child = os.fork()
    if child == 0:
        with tries._alone():  # noqa: SLF001 - where it dies is the matter
            os._exit(0)
    os.waitpid(child, 0)
    assert room(tries) == LIMIT


def test_a_try_that_fits_forgets_failures_and_not_what_is_checked_meanwhile() -> None:
    tries = Tries()
    for _ in range(2):
        tries.failed(begun(tries))
    meanwhile, fits = begun(tries), begun(tries)
    tries.succeeded(fits)
    tries.failed(meanwhile)
    assert room(tries) == LIMIT - 1


def test_what_was_not_checked_does_not_count() -> None:
    tries = Tries()
    kept, withdrawn = begun(tries), begun(tries)
    tries.withdraw(withdrawn)
    tries.failed(kept)
    assert room(tries) == LIMIT - 1


def test_tries_from_before_count_no_more() -> None:
    tries = Tries()
    for at in (100, 200, 300):
        assert tries.begin(DOOR, limit=3, at=at) is not None
    assert tries.begin(DOOR, limit=3, at=400) is None
    assert tries.moments(DOOR, since=150) == [200, 300]
    assert tries.begin(DOOR, limit=3, at=400, since=150) is not None


def test_tries_of_a_clock_that_was_put_right_lock_nobody_out() -> None:
    tries = Tries()
    day, minutes = 86400, 300
    for _ in range(LIMIT):
        assert tries.begin(DOOR, limit=LIMIT, at=day, since=day - minutes) is not None
    assert tries.begin(DOOR, limit=LIMIT, at=day - 1, since=day - 1 - minutes) is None
    assert tries.begin(DOOR, limit=LIMIT, at=1000, since=1000 - minutes) is not None


@pytest.mark.skipif(sys.platform != "linux", reason="has no memory that is a file")
def test_a_door_begins_without_a_directory_that_takes_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    assert room(Tries()) == LIMIT
    server = Server(Mock(), Door(port=8401), workers=1)
    sign = WorkerTmp(server.cfg)
    sign.notify()
    sign.close()


def test_a_flood_takes_no_memory_and_disturbs_no_count_before_it_is_large() -> None:
    tries = Tries(remembered=20)
    mine = [begun(tries) for _ in range(LIMIT)]
    for number in range(15):
        begun(tries, f"name {number}")
    assert tries.begin(DOOR, limit=LIMIT) is None
    for number in range(LIMIT):
        begun(tries, f"another {number}")
    for one in mine:  # overwritten by those of others, which stay
        tries.failed(one)
        tries.withdraw(one)
    assert tries.moments(DOOR) == []
    assert all(tries.moments(f"another {number}") for number in range(LIMIT))
