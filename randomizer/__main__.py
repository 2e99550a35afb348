"""``python -m randomizer`` is the command ``randomizer``."""

from __future__ import annotations

import sys

from randomizer.cli import main

sys.exit(main())
