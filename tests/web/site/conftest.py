"""The site door over an active rehearsal, and visitors who use it as people do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.web.door import DoorSettings
from randomizer.web.site.app import create_app
from tests.web.site.visitors import Visit
from tests.web.site.walks import Walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from playwright.sync_api import Page

    from tests.activated import Instance
    from tests.web.lens import Lens


@pytest.fixture
def app(instance: Instance) -> Flask:
    """The site door."""
    settings = DoorSettings(
        session_secret="of the tests", https=False, relying_party="localhost", origin="http://localhost"
    )
    return create_app(instance.store, instance.gate, settings)


@pytest.fixture
def visit(app: Flask, instance: Instance) -> Visit:
    """A function that gives a visitor who is signed in."""
    return Visit(app, instance)


@pytest.fixture
def address(app: Flask, serve: Callable[[Flask], str]) -> str:
    """Where the door is served for a browser."""
    return serve(app)


@pytest.fixture
def walk(tabs: Callable[..., Page], visit: Visit, address: str, lens: Lens) -> Walk:
    """Somebody whose browser runs scripts."""
    return Walk(tabs(), visit, address, lens)
