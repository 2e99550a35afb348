"""A command called in this process: what it says and what it leaves, without the start of a process."""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Callable

NOWHERE = Path("/")


@dataclass(frozen=True)
class Answer:
    """What a command came to."""

    status: int
    out: str
    error: str

    @property
    def json(self) -> dict[str, Any]:
        """Its answer in JSON."""
        assert self.status == 0, self.error
        fields: dict[str, Any] = json.loads(self.out)
        return fields


def call(main: Callable[[], int], *arguments: object, cwd: Path = NOWHERE) -> Answer:
    """Run a command as its process would.

    Args:
        main: What the process would run.
        *arguments: As they stand on the command line.
        cwd: Where it is called.
    """
    with (
        CliRunner().isolation() as (out, error, _),
        contextlib.chdir(cwd),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(sys, "argv", [main.__module__, *map(str, arguments)])
        status = main()
        sys.stdout.flush()
        sys.stderr.flush()
    return Answer(status, out.getvalue().decode(), error.getvalue().decode())
