"""The code-break door over an active rehearsal, and visitors who use it as people do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.web.codebreak.app import create_app
from randomizer.web.door import DoorSettings
from tests.desks import published
from tests.web.codebreak.guests import Visit
from tests.web.codebreak.walks import Walk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask
    from playwright.sync_api import Page

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal
    from tests.web.lens import Lens


@pytest.fixture
def app(desk: Desk, instance: Instance, rehearsal: Rehearsal, tmp_path: Path) -> Flask:
    """The code-break door."""
    settings = DoorSettings(
        session_secret="of the tests", https=False, relying_party="localhost", origin="http://localhost"
    )
    return create_app(
        desk, instance.gate, settings, public=published(instance, rehearsal, tmp_path / "public")
    )


@pytest.fixture
def visit(app: Flask, instance: Instance) -> Visit:
    """A function that gives a visitor who is signed in."""
    return Visit(app, instance)


@pytest.fixture
def address(app: Flask, serve: Callable[[Flask], str]) -> str:
    """Where the door is served for a browser."""
    return serve(app)


@pytest.fixture
def walk(page: Page, visit: Visit, address: str, lens: Lens) -> Walk:
    """Somebody with a browser, not signed in."""
    return Walk(page, visit, address, lens)
