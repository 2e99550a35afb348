"""``python -m randomizer.cli``: the same as ``randomizer``."""

from __future__ import annotations

import sys

from randomizer.cli import main

if __name__ == "__main__":
    sys.exit(main())
