"""The blueprint of the code-break door's API."""

from __future__ import annotations

from randomizer.web.surface import new_api

api = new_api()
