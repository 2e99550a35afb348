"""``python -m randomizer.web.codebreak [DIRECTORY]``: the code-break door of an instance."""

from __future__ import annotations

import sys
from threading import Event
from typing import TYPE_CHECKING

from randomizer.config import load_codebreak_secrets
from randomizer.services.unblinded.desk import open_desk
from randomizer.web import server
from randomizer.web.codebreak.app import create_app
from randomizer.web.codebreak.watching import watch

if TYPE_CHECKING:
    from flask import Flask

    from randomizer.config import Settings
    from randomizer.services.tries import Tries

PATIENCE_SECONDS = 5
"""How long this door waits for another writer: a code break goes on with its file instead."""


def make_app(settings: Settings, tries: Tries) -> Flask:
    """The door with its own secrets and the keys of its host.

    Raises:
        Refused: Secrets or keys cannot be read.
    """
    held = load_codebreak_secrets(settings.directory)
    store = server.store_of(settings, patience_seconds=PATIENCE_SECONDS)
    desk = open_desk(store, settings.directory / "codebreak", settings.pkcs11, settings.public)
    watch(desk, Event())
    gate = server.gate_of(settings, settings.codebreak, held, tries)
    deployment = server.deployment_of(settings, settings.codebreak, held)
    return create_app(desk, gate, deployment, public=settings.public)


if __name__ == "__main__":
    sys.exit(server.main("codebreak", make_app))
