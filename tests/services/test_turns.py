"""Turns at checking a password: few at once, one seat a person, and nobody waits in front of a full room."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import pytest

from randomizer.errors import Busy
from randomizer.services.tries import Tries
from randomizer.services.turns import TRIES_OF_A_CODE, Turns

pytestmark = pytest.mark.promise(6)

PATIENCE_SECONDS = 10
STEP = 1


class Room:
    """People who have their turn until they are let go."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.go = Event()
        self.served: list[int] = []
        self.at_once = self.most_at_once = 0
        self._lock = Lock()

    def visit(self, account: int) -> None:
        with self.turns.turn(account, STEP):
            with self._lock:
                self.at_once += 1
                self.most_at_once = max(self.at_once, self.most_at_once)
            assert self.go.wait(PATIENCE_SECONDS)
            with self._lock:
                self.at_once -= 1
                self.served.append(account)


def seated(room: Room, count: int) -> None:
    """Wait until so many have sat down."""
    deadline = Event()
    for _ in range(PATIENCE_SECONDS * 100):
        if len(room.turns._inside) == count:  # noqa: SLF001 - who waits is the matter
            return
        deadline.wait(0.01)
    raise AssertionError(count)


def test_a_full_room_says_so_at_once_and_all_who_are_inside_get_their_turn() -> None:
    room = Room(Turns(at_once=2, seats=4))
    with ThreadPoolExecutor(4) as people:
        visits = [people.submit(room.visit, account) for account in range(4)]
        seated(room, 4)
        with pytest.raises(Busy, match="Many people are signing in") as refused, room.turns.turn(9, STEP):
            pass
        room.go.set()
        for visit in visits:
            visit.result(PATIENCE_SECONDS)
    assert "2 seconds" in str(refused.value.next_step)
    assert (sorted(room.served), room.most_at_once) == ([0, 1, 2, 3], 2)
    with room.turns.turn(9, STEP):
        pass


def test_one_person_has_one_seat() -> None:
    room = Room(Turns(at_once=1, seats=4))
    with ThreadPoolExecutor(2) as people:
        first = people.submit(room.visit, 1)
        seated(room, 1)
        with pytest.raises(Busy), room.turns.turn(1, STEP):
            pass
        other = people.submit(room.visit, 2)
        seated(room, 2)
        room.go.set()
        first.result(PATIENCE_SECONDS)
        other.result(PATIENCE_SECONDS)


def test_whoever_is_signed_in_waits_and_is_never_sent_away() -> None:
    room = Room(Turns(at_once=1, seats=None))
    with ThreadPoolExecutor(6) as people:
        visits = [people.submit(room.visit, 1) for _ in range(6)]
        seated(room, 6)
        room.go.set()
        for visit in visits:
            visit.result(PATIENCE_SECONDS)
    assert (len(room.served), room.most_at_once) == (6, 1)


def test_a_code_is_good_for_a_handful_of_tries_in_all_processes_together() -> None:
    tries = Tries()
    found, elsewhere = Turns(tries=tries), Turns(tries=tries)
    assert [tried(found, 1, 7) for _ in range(TRIES_OF_A_CODE + 1)] == [True] * TRIES_OF_A_CODE + [False]
    assert not tried(elsewhere, 1, 7)
    assert tried(elsewhere, 1, 8)
    assert tried(elsewhere, 2, 7)
    assert tried(Turns(tries=tries, at="step-up"), 1, 7)


def tried(turns: Turns, account: int, step: int) -> bool:
    with turns.turn(account, step) as may_try:
        return may_try


def test_who_tries_again_leaves_half_the_seats_to_who_comes_first() -> None:
    room = Room(Turns(at_once=1, seats=4))
    for account in range(4):
        assert tried(room.turns, account, STEP)
    with ThreadPoolExecutor(4) as people:
        visits = [people.submit(room.visit, account) for account in (0, 1)]
        seated(room, 2)
        with pytest.raises(Busy), room.turns.turn(2, STEP):
            pass
        visits += [people.submit(room.visit, account) for account in (8, 9)]
        seated(room, 4)
        room.go.set()
        for visit in visits:
            visit.result(PATIENCE_SECONDS)
    assert sorted(room.served) == [0, 1, 8, 9]
