"""What comes in, before a page or call reads it: text that a database can hold, JSON not nested too deep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request
from flask.json.provider import DefaultJSONProvider

from randomizer.errors import Refused

if TYPE_CHECKING:
    from flask import Flask

NUL = "\0"  # PostgreSQL holds no text with it, and no keyboard or scanner types it


class ShallowJson(DefaultJSONProvider):
    """JSON in and out; what is nested deeper than the reader can go is as unreadable as any rubbish."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:  # noqa: ANN401 - the library's own
        """Read JSON.

        Raises:
            ValueError: It is none, or nested too deep.
        """
        try:
            return super().loads(s, **kwargs)
        except RecursionError:
            raise ValueError("This is nested too deep.") from None


def guard(app: Flask) -> None:
    """Refuse what no record could hold, in the words of any other refusal.

    Args:
        app: The app of a door.
    """
    app.json = ShallowJson(app)

    @app.before_request
    def _readable() -> None:
        for name, typed in (("address", request.path), *request.values.items(multi=True)):
            if NUL in name or NUL in typed:
                raise Refused(
                    "A sign came in that nobody can type or read. Nothing was changed.",
                    field="" if NUL in name else name,
                    next_step="Type it again instead of pasting it.",
                )
