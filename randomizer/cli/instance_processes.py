"""The processes of an instance, each a module that runs by itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MODULES = {
    "site": "randomizer.web.site",
    "codebreak": "randomizer.web.codebreak",
    "jobs": "randomizer.jobs",
}


def command_line(name: str, directory: Path) -> list[str]:
    """The command line of a process.

    Args:
        name: "site", "codebreak" or "jobs".
        directory: The instance directory.
    """
    return [sys.executable, "-m", MODULES[name], str(directory)]
