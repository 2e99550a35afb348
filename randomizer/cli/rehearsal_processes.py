"""The processes of a rehearsal: two doors and the jobs, started together and stopped together."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from randomizer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 25
"""A little longer than a door takes to finish the requests that have begun."""

LOOK_EVERY_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process of the rehearsal.

    Args:
        name: As a person knows it.
        process: With a process group of its own, so that Ctrl-C reaches it only through us.
        log: Where it writes.
    """

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def obituary(self) -> str:
        """That it ended, how, and where it said why."""
        status = self.process.returncode
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        return f"The {self.name} has ended {how}. It is not started again; see {self.log}."


@contextmanager
def running(
    commands: Mapping[str, Sequence[str]], environment: Mapping[str, str], logs: Path
) -> Iterator[tuple[Child, ...]]:
    """Start every process, and stop every one at the end, whatever happens.

    Args:
        commands: Command line by name.
        environment: Set for all of them.
        logs: Directory of their logs.

    Yields:
        The processes.
    """
    logs.mkdir(exist_ok=True)
    children: list[Child] = []
    try:
        for name, command in commands.items():
            path = logs / f"{name.replace(' ', '-')}.log"
            with path.open("wb") as log:
                process = subprocess.Popen(  # noqa: S603 - our own modules
                    command, env={**os.environ, **environment}, stdout=log, stderr=log, start_new_session=True
                )
            children.append(Child(name=name, process=process, log=path))
        yield tuple(children)
    finally:
        _stop(children)


def await_answers(children: Sequence[Child], addresses: Sequence[str]) -> None:
    """Wait until every address answers.

    Raises:
        Refused: A process ended, or an address does not answer in time.
    """
    deadline = time.monotonic() + START_SECONDS
    waiting = list(addresses)
    while waiting:
        for child in children:
            if child.process.poll() is not None:
                raise Refused(child.obituary)
        waiting = [address for address in waiting if not _answers(address)]
        if waiting and time.monotonic() > deadline:
            raise Refused(f"{waiting[0]} does not answer after {START_SECONDS} seconds.")
        time.sleep(LOOK_EVERY_SECONDS)


def demand_free(host: str, port: int) -> None:
    """Refuse a port that somebody listens on, before anything is started.

    Raises:
        Refused: It is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Refused(
                f"Port {port} of {host} cannot be used: {error.strerror}. Nothing was started.",
                field="port",
                next_step="Stop what uses it, or choose others with --site-port and --codebreak-port.",
            ) from None


def _answers(address: str) -> bool:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    else:
        return True
    finally:
        connection.close()


def _stop(children: Sequence[Child]) -> None:
    for child in children:
        _signal(child, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal(child, signal.SIGKILL)
            child.process.wait()


def _signal(child: Child, number: int) -> None:
    if child.process.poll() is None:
        os.killpg(child.process.pid, number)
