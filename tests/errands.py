"""Processes that work for a test, and may be killed at it: one order per line of their standard input.

Python starts once: whoever takes the orders forks a process for each worker. What a worker has done it says
after its commit, and never before: an acknowledgement.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True)
class Taker:
    """A process that takes orders, as its test sees it."""

    sends: IO[str]
    answers: IO[str]

    def send(self, **order: Any) -> None:  # noqa: ANN401 - JSON
        """Give an order; what is said of it is to be heard."""
        self.sends.write(json.dumps(order) + "\n")
        self.sends.flush()

    def hear(self) -> dict[str, Any]:
        """The next thing that a worker or the taker of orders says."""
        said: dict[str, Any] = json.loads(self.answers.readline())
        return said

    def until_all_ended(self) -> list[dict[str, Any]]:
        """All that is said until every worker has ended."""
        return list(iter(self.hear, {"ended": True}))


T = TypeVar("T", bound=Taker)


@contextmanager
def opened(kind: type[T], *, log: int | None = None) -> Iterator[T]:
    """The module of a taker of orders as a process, which ends with its block.

    Args:
        kind: What the test sees of it; its module calls `orders`.
        log: Where its standard error goes; None for that of the test.
    """
    with subprocess.Popen(
        [sys.executable, "-m", kind.__module__],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        yield kind(sends=running.stdin, answers=running.stdout)
        running.stdin.close()


def orders() -> Iterator[dict[str, Any]]:
    """The orders, until the test has no more."""
    return map(json.loads, sys.stdin)


def fork(work: Callable[[], object]) -> int:
    """Have a worker do something; returns its process id, and in the worker never."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    return pid


def wait_for(pids: list[int]) -> None:
    """Wait until every worker has ended, and say so."""
    for pid in pids:
        os.waitpid(pid, 0)
    say(ended=True)


def say(**said: object) -> None:
    """One line, written at once, so that those of several workers never mix."""
    os.write(1, (json.dumps(said) + "\n").encode())
