"""What the pages of the site door share: their blueprint, and how a page reads and acts."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import Blueprint

from randomizer.services.views import sight
from randomizer.web import auth
from randomizer.web.door import this

if TYPE_CHECKING:
    from collections.abc import Iterator

    from randomizer.services.views.sight import Sight

site = Blueprint("site", __name__, template_folder="templates")


@contextmanager
def looking() -> Iterator[Sight]:
    """What the person who is signed in sees, in one reading transaction."""
    with this().store.reading() as uow:
        yield sight.of(uow, auth.person())
