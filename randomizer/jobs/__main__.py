"""``python -m randomizer.jobs [DIRECTORY]``: the jobs process of an instance."""

from __future__ import annotations

import sys
from pathlib import Path

from keys.errors import KeysError
from randomizer.config import load_settings
from randomizer.errors import RandomizerError
from randomizer.jobs import process
from randomizer.logging_setup import configure_logging

if __name__ == "__main__":
    configure_logging("jobs")
    try:
        process.run(load_settings(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
    except (RandomizerError, KeysError) as error:
        sys.exit(str(error))
