"""``python -m randomizer.web.site [DIRECTORY]``: the site door of an instance."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from randomizer.config import load_site_secrets
from randomizer.web import server
from randomizer.web.site.app import create_app

if TYPE_CHECKING:
    from flask import Flask

    from randomizer.config import Settings
    from randomizer.services.tries import Tries


def make_app(settings: Settings, tries: Tries) -> Flask:
    """The door with its own secrets.

    Raises:
        Refused: The secrets cannot be read.
    """
    held = load_site_secrets(settings.directory)
    store, gate = server.store_of(settings), server.gate_of(settings, settings.site, held, tries)
    return create_app(store, gate, server.deployment_of(settings, settings.site, held))


if __name__ == "__main__":
    sys.exit(server.main("site", make_app))
