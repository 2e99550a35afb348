"""``python -m keys`` called in this process: what is said and what is left, without the start of one."""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner

from keys.__main__ import main


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


def call(*arguments: object) -> Answer:
    """Run a command as its process would, from a directory where nothing is."""
    with (
        CliRunner().isolation() as (out, error, _),
        contextlib.chdir("/"),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(sys, "argv", ["python -m keys", *map(str, arguments)])
        status = main()
    return Answer(status, out.getvalue().decode(), error.getvalue().decode())
