"""What a leaky build would know, and the places in shipped code where several of them begin."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from randomizer.domain.supply import Kit
from randomizer.services import trail
from randomizer.services.unblinded import preparation

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.games.sealings import World
    from tests.games.seeing import Doors

    Leak = Callable[[pytest.MonkeyPatch, "Secret", Doors], None]


@dataclass
class Secret:
    """What a leaky build would know, and how often it used that."""

    world: World
    uses: int = 0

    def sequence(self, participant: str) -> str:
        """Sequence code of a participant, "" before randomization."""
        self.uses += 1
        database = sqlite3.connect(f"file:{self.world.directory}/trial.db?mode=ro", uri=True)
        row = database.execute("SELECT slot FROM allocation WHERE participant = ?", [participant]).fetchone()
        database.close()
        return self.world.schedule[row[0]].sequence_code if row else ""

    def content(self, kit: str) -> str:
        """Treatment code of what is in a kit."""
        self.uses += 1
        for plan in self.world.schedule:
            for treatment, kits in zip(plan.treatments, plan.kits, strict=True):
                if kit in kits:
                    return treatment
        return ""

    def bit(self, kit: str) -> bool:
        """Whether a kit holds cells."""
        return self.content(kit) == "MSC"


def after_ending(patch: pytest.MonkeyPatch, then: Callable[[Any, str], object]) -> None:
    """Do something when a kit was declared ready."""
    shipped = preparation.end

    def leaky(uow: Any, *given: Any, **named: Any) -> Any:  # noqa: ANN401
        record = shipped(uow, *given, **named)
        if record.kit:
            then(uow, record.kit)
        return record

    patch.setattr(preparation, "end", leaky)


def on_ready(patch: pytest.MonkeyPatch, what: Callable[[Any, Kit, dict[str, Any]], dict[str, Any]]) -> None:
    """Change what an act writes when a kit is declared ready."""

    def changed(act: Any, value: object, changes: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
        if isinstance(value, Kit) and "ready_at" in changes:
            return what(act, value, changes)
        return changes

    on_change(patch, changed)


def on_change(
    patch: pytest.MonkeyPatch, what: Callable[[Any, object, dict[str, Any]], dict[str, Any]]
) -> None:
    """Change what an act writes."""
    shipped = trail.OpenAct.change

    def leaky(self: Any, value: Any, **changes: Any) -> Any:  # noqa: ANN401
        return shipped(self, value, **what(self, value, changes))

    patch.setattr(trail.OpenAct, "change", leaky)
