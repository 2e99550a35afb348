"""The code-break door, killed whole just before it opens a slot: ``python -m tests.cli.mortal_door``."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from randomizer.services.unblinded import opening
from randomizer.web import server
from randomizer.web.codebreak.__main__ import make_app

if TYPE_CHECKING:
    from types import FrameType


def die_before_opening(frame: FrameType, what: str, _of: object) -> None:
    """Kill the worker and the process that would start another."""
    if what == "call" and frame.f_code is opening.open_slot.__code__:
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    threading.setprofile(die_before_opening)  # requests are answered in threads
    sys.exit(server.main("codebreak", make_app))
