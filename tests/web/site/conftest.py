"""The site door over an active rehearsal, and visitors who use it as people do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.web.door import DoorSettings
from randomizer.web.site.app import create_app
from tests.web.site.visitors import Visit

if TYPE_CHECKING:
    from flask import Flask

    from tests.activated import Instance


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
