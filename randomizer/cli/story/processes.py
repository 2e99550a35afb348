"""Commands of other people, each in a process and a directory of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from randomizer.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_SECONDS = 15 * 60  # thousands of participants, on a machine that is busy
LOOK_EVERY_SECONDS = 0.05


def start(module: str, *arguments: object) -> subprocess.Popen[str]:
    """Start ``python -m MODULE`` in a process of its own.

    Args:
        module: "keys" or "randomizer".
        *arguments: Its command line; ``--json`` is added.
    """
    command = [sys.executable, "-m", module, *(str(argument) for argument in arguments), "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own modules


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for a process and read its answer.

    Raises:
        Refused: It failed; the sentence is its own. Or it takes too long, and was ended.
    """
    try:
        said, told = process.communicate(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise Refused(f"A process of the story did not end within {PATIENCE_SECONDS} seconds.") from None
    if process.returncode != 0:
        raise Refused(f"A process of the story stopped: {told.strip() or 'it said nothing'}")
    answer: dict[str, Any] = json.loads(said)
    return answer


def run(module: str, *arguments: object) -> dict[str, Any]:
    """Run ``python -m MODULE`` to its end; see `start` and `result`."""
    return result(start(module, *arguments))


def run_all(module: str, *commands: tuple[object, ...]) -> list[dict[str, Any]]:
    """Run several commands side by side, each in a process of its own."""
    return [result(process) for process in [start(module, *command) for command in commands]]


def await_file(path: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a process has written a file.

    Raises:
        Refused: It ended before, or takes too long.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not path.exists():
        if process.poll() is not None:
            result(process)
        if time.monotonic() > deadline:
            process.kill()
            raise Refused(f"{path.name} did not come within {PATIENCE_SECONDS} seconds.")
        time.sleep(LOOK_EVERY_SECONDS)
