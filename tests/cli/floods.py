"""A flood of false sign-ins at a door, by programs behind one proxy: each try comes from another address."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from contextlib import contextmanager
from itertools import count, cycle
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pyotp

from randomizer.config import system_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLIENTS = 24
"""More than the threads of the door."""

Try = dict[str, str]


def of_no_code(username: str) -> Callable[[], Try]:
    """A name that is there or not, with a code that fits nobody's authenticator but by chance."""
    return lambda: {"username": username, "password": "not the password", "code": "000000"}


def of_true_codes(username: str, totp_secret: str) -> Callable[[], Try]:
    """Somebody who has another's authenticator and guesses the password."""
    totp = pyotp.TOTP(totp_secret)
    return lambda: {"username": username, "password": "a guess", "code": totp.at(system_clock())}


@contextmanager
def flooding(address: str, tries: list[Callable[[], Try]]) -> Iterator[Counter[int]]:
    """Send tries from all clients as fast as they are answered.

    Args:
        address: Of the door.
        tries: What the clients send, each in turn.

    Yields:
        How often each status was answered.
    """
    answered: Counter[int] = Counter()
    over, lock, sources, turns = Event(), Lock(), count(1), cycle(tries)

    def send() -> None:
        parts = urlsplit(address)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        while not over.is_set():
            with lock:
                number, one = next(sources), next(turns)
            headers = {
                "Content-Type": "application/json",
                "X-Forwarded-For": f"198.51.{number // 250 % 250}.{number % 250}",
            }
            try:
                connection.request("POST", "/api/v1/tokens", json.dumps(one()), headers)
                answer = connection.getresponse()
                answer.read()
            except (http.client.HTTPException, ConnectionError):  # a door may hang up on whoever keeps on
                connection.close()
                continue
            with lock:
                answered[answer.status] += 1
        connection.close()

    clients = [Thread(target=send) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield answered
    finally:
        over.set()
        for client in clients:
            client.join()
