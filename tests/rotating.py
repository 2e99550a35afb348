"""Rotations that die, each in a process of its own: ``python -m tests.rotating`` with the cases as JSON.

Counts what a rotation does that lasts (files, rows, the commit), and kills itself at one of these moments.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keys import files
from randomizer.domain.people import Account
from randomizer.services import accounts
from randomizer.services.signatures import StepUp
from randomizer.services.unblinded import rotation
from randomizer.services.unblinded.desk import open_desk
from randomizer.store.engine import open_engine
from randomizer.store.store import Store
from randomizer.store.work import UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
NEVER = 10_000


def killed(cases: list[tuple[str, Path, datetime, int]]) -> list[list[str]]:
    """Rotate in each case, and give the moments that each came to, the last one being that of its death.

    Args:
        cases: URL, directory of the code-break host, the moment, and at which moment to die from 1.
    """
    told = [[url, str(directory), now.isoformat(), dies] for url, directory, now, dies in cases]
    answer = subprocess.run(
        [sys.executable, "-m", "tests.rotating"],
        input=json.dumps(told),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    moments: list[list[str]] = [[] for _ in cases]
    for line in answer.stdout.splitlines():
        case, moment = json.loads(line)
        moments[case].append(moment)
    return moments


class _Moments:
    """Says each moment, and dies at one."""

    def __init__(self, case: int, dies: int) -> None:
        self._case = case
        self._left = dies

    def __call__(self, moment: str) -> None:
        os.write(1, (json.dumps([self._case, moment]) + "\n").encode())
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, name: str) -> None:  # noqa: ANN401 - a module or a class
        """Make the beginning and the end of each call of a function a moment."""
        real: Callable[..., Any] = getattr(owner, name)

        def watched(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - as the real one
            self(f"before {name}")
            result = real(*given, **named)
            self(f"after {name}")
            return result

        setattr(owner, name, watched)


def _rotate(case: int, url: str, directory: str, now: str, dies: int) -> None:
    moment = datetime.fromisoformat(now)
    store = Store(open_engine(url), lambda: moment, secrets.token_bytes)
    desk = open_desk(store, Path(directory))
    with store.reading() as uow:
        person = accounts.person(uow, uow.all(Account, username="administrator")[0].number)
    step_up = StepUp(account=person.account, at=moment, expires_at=moment + timedelta(seconds=60))
    moments = _Moments(case, dies)
    for name in ("_write", "_put_in_place"):
        moments.around(files, name)
    moments.around(UnitOfWork, "update_all")
    writing = Store.writing

    @contextmanager
    def watched(own: Store) -> Iterator[UnitOfWork]:
        with writing(own) as uow:
            yield uow
            moments("before the commit")
        moments("after the commit")

    setattr(Store, "writing", watched)  # noqa: B010 - a plain assignment is no method to mypy
    setattr(rotation, "PAGE", 7)  # noqa: B010
    rotation.rotate(desk, person, step_up)


def main() -> None:
    """Fork a process for each case, so that Python starts once."""
    for number, case in enumerate(json.load(sys.stdin)):
        pid = os.fork()
        if pid == 0:
            _rotate(number, *case)
            os._exit(0)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
