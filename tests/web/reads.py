"""Fields of records that a door reads by itself, past the views that the masking policy makes of them.

While this watches, every test of a door is its traffic: code of a door, or a template, that reads a field of
a record is noted wherever it stands.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from randomizer.domain.housekeeping import Answered, Session
from randomizer.services.unblinded.sheets import Sheet
from randomizer.store.tables import ROWS

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    import pytest

WATCHED = (*(kind for kind in ROWS if kind not in {Answered, Session}), Sheet)
"""What a view can be made of; a session is the caller's own, and what is answered again was a view."""
DOORS = "randomizer.web."
TEMPLATES = "jinja2"
BETWEEN = ("dataclasses", "copy")
"""Modules that read every field for whoever called them."""

TO_FIND = {
    "Account.number": "whose page comes next",
    "Account.username": "whose new sign-in is handed over",
    "CodeBreak.account": "who may see the answer",
    "CodeBreak.disclosed_at": "whether it waits for this person",
    "CodeBreak.participant": "whether it is about the participant asked for",
    "Passkey.credential": "which passkey a browser is asked for",
    "Participant.number": "whom the person asked for",
    "Participant.site": "in which roles the person looks",
    "PeriodRecord.period": "which page comes next",
    "StockTake.number": "which page comes next",
    "StockTake.site": "in which roles the person looks",
    "Task.participant": "in which roles the person looks",
    "Trial.kind": "whether everything says REHEARSAL",
    "Trial.phase": "what can be done now",
}
"""What a door may read by itself, and for what: to find something, to decide, never to show it."""


@dataclass
class Reads:
    """What was read past the policy: where, and which field of which kind."""

    found: set[tuple[str, str]] = field(default_factory=set)

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Note every field that a door reads off a record from now on."""
        for kind in WATCHED:
            patch.setattr(kind, "__getattribute__", self._noting(kind))

    def _noting(self, kind: type) -> Callable[[Any, str], Any]:
        names = {one.name: f"{kind.__name__}.{one.name}" for one in fields(kind)}
        watched = {name: said for name, said in names.items() if said not in TO_FIND}

        def noting(record: Any, name: str) -> Any:  # noqa: ANN401
            if name in watched:
                where = _reader(sys._getframe(1))  # noqa: SLF001
                if where:
                    self.found.add((where, watched[name]))
            return object.__getattribute__(record, name)

        return noting


def _reader(frame: FrameType | None) -> str:
    """The module of a door, or the template, that reads; "" for anything else."""
    while frame is not None and frame.f_globals.get("__name__") in BETWEEN:
        frame = frame.f_back
    module = str(frame.f_globals.get("__name__", "")) if frame is not None else ""
    if not module.startswith(TEMPLATES):
        return module if module.startswith(DOORS) else ""
    while frame is not None and not frame.f_code.co_filename.endswith(".html"):
        frame = frame.f_back
    return frame.f_code.co_filename.rpartition("/templates/")[2] if frame is not None else "a template"
