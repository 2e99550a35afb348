"""The meter, for programs."""

from __future__ import annotations

from flask import Response  # noqa: TC002 - read at run time by the API

from randomizer.services.unblinded import meter as metering
from randomizer.web.codebreak.api.forms import breaks
from randomizer.web.codebreak.api.surface import api
from randomizer.web.codebreak.pages import desk, looking
from randomizer.web.surface import answer, text


@api.get("/meter", responses={200: breaks.Meter})
def meter() -> Response:
    """How well sequences could be guessed by now."""
    with looking() as seen:
        return answer(text(metering.read(seen, desk())))
