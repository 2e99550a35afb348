"""Running a door under gunicorn, set up from here and nowhere else."""

from __future__ import annotations

import logging
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from randomizer.config import load_settings, system_clock
from randomizer.errors import RandomizerError
from randomizer.logging_setup import configure_logging
from randomizer.services import outside
from randomizer.services.authentication import Gate
from randomizer.services.transactions import PATIENCE_SECONDS, open_store
from randomizer.services.tries import Tries
from randomizer.services.turns import Turns
from randomizer.web.door import DoorSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from randomizer.addresses import Door
    from randomizer.config import DoorSecrets, Settings
    from randomizer.services.transactions import Store

    MakeApp = Callable[[Settings, Tries], Flask]

IN_MEMORY = "/dev/shm"  # noqa: S108 - the library makes its files there as `tempfile` does
"""Where a process leaves a sign of life, if the machine has it: a door begins although every disk is full."""

GRACE_SECONDS = 20
"""How long a request that has begun may take when the door is told to stop."""

SILENT_SECONDS = 120
"""A process that says nothing for so long is ended; a writer waits for the database at most half of it."""

LONGEST_REQUEST_LINE = 8190  # bytes; the door itself refuses less than that, in words
LONGEST_HEADER = 16 * 1024  # bytes; likewise


def main(name: str, make_app: MakeApp) -> int:
    """Run a door of the instance that the first argument of the process names; gives its exit status.

    Args:
        name: "site" or "codebreak".
        make_app: Called in each worker, so that secrets and connections are its own; the tries that it is
            given are those of all workers.
    """
    configure_logging(name)
    try:
        settings = load_settings(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    except RandomizerError as error:
        _say(error)
        return 1
    door = settings.site if name == "site" else settings.codebreak
    # The code-break door is one process: its sessions must survive in memory.
    workers = settings.site.workers if name == "site" else 1
    tries = Tries()
    Server(lambda: make_app(settings, tries), door, workers=workers).run()
    return 0


def store_of(settings: Settings, *, patience_seconds: int = PATIENCE_SECONDS) -> Store:
    """The instance's store, with the system's clock and randomness, and what is kept outside the database.

    Args:
        settings: Names the database.
        patience_seconds: How long a writer waits for another.
    """
    return open_store(
        settings.engine_url,
        clock=system_clock,
        entropy=secrets.token_bytes,
        held=outside.reader(settings.public, settings.witness_keys),
        patience_seconds=patience_seconds,
    )


def gate_of(settings: Settings, door: Door, held: DoorSecrets, tries: Tries) -> Gate:
    """What it takes to check a password and a code at a door; sign-ins fill half of its threads at most."""
    return Gate(
        totp_key=held.totp_key.get_secret_value().encode(),
        step_up_seconds=settings.step_up_seconds,
        tries=tries,
        sign_ins=Turns(seats=max(1, door.threads // 2), tries=tries),
        step_ups=Turns(seats=None, tries=tries, at="step-up"),
    )


def deployment_of(settings: Settings, door: Door, held: DoorSecrets) -> DoorSettings:
    """What a door needs to know of its deployment."""
    return DoorSettings(
        session_secret=held.session_secret.get_secret_value(),
        https=not settings.plain_http,
        hosts=(door.host_name,) if door.host_name else (),
        proxies=door.proxies,
        relying_party=door.relying_party,
        origin=door.origin,
    )


class Server(BaseApplication):  # type: ignore[misc]  # the library has no types
    """A door as gunicorn runs it; reads no configuration file and no command line.

    Args:
        make_app: Called in each worker.
        door: Where to listen.
        workers: How many processes.
    """

    def __init__(self, make_app: Callable[[], Flask], door: Door, *, workers: int) -> None:
        self._make_app = make_app
        self._options = {
            "bind": f"[{door.host}]:{door.port}" if ":" in door.host else f"{door.host}:{door.port}",
            "workers": workers,
            "threads": door.threads,
            "worker_class": "gthread",
            "graceful_timeout": GRACE_SECONDS,
            "timeout": SILENT_SECONDS,
            "limit_request_line": LONGEST_REQUEST_LINE,
            "limit_request_field_size": LONGEST_HEADER,
            "logger_class": ListedLogger,
            "worker_tmp_dir": IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None,
            "control_socket_disable": True,
        }
        super().__init__()

    def load_config(self) -> None:
        """Take the options given; called by the library."""
        for option, value in self._options.items():
            self.cfg.set(option, value)

    def load(self) -> Flask:
        """Make the app; called by the library in each worker."""
        try:
            return self._make_app()
        except RandomizerError as error:
            _say(error)
            raise SystemExit(Arbiter.WORKER_BOOT_ERROR) from None  # the door stops instead of trying again


class ListedLogger(Logger):  # type: ignore[misc]
    """Hands gunicorn's own messages to the log of the process, and writes no line per request.

    A line per request would hold paths and sizes.
    """

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 - the library's own
        """Set no handler; called by the library."""
        self.cfg = cfg
        self.error_log.propagate = True
        self.error_log.setLevel(logging.INFO)

    def access(self, *_arguments: object) -> None:
        """Write nothing."""


def _say(error: RandomizerError) -> None:
    sys.stderr.write(f"{error.message} {error.next_step or ''}\n")
