"""What is printed, drawn once in a game: the half of its time went into drawing the same cards again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from randomizer.web import labels
from randomizer.web.site import cards, slips

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

DRAWN = (labels, cards, slips)
"""Each draws with a function of what it is given; the same bytes for the same content is its contract."""


def draw_once(patch: pytest.MonkeyPatch) -> None:
    """Keep each drawing, for this game alone, for whoever opens the same one."""
    for module in DRAWN:
        patch.setattr(module, "pdf", _kept(module.pdf))


def _kept(shipped: Callable[..., bytes]) -> Callable[..., bytes]:
    known: dict[str, bytes] = {}

    def draw(*given: Any) -> bytes:  # noqa: ANN401 - what a drawing is made of
        content = repr(given)
        if content not in known:
            known[content] = shipped(*given)
        return known[content]

    return draw
