"""What is said where texts do not fit into a sealed record: which of them is too long, and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from randomizer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

CALLED: Final = {
    "cell_count": "cell count",
    "form": "product form",
    "thaw": "thaw record",
    "why": "reason",
}
"""What a field is called in a sentence, where that is not its name."""


def too_long(typed: Mapping[str, str], over: int) -> Refused:
    """The refusal of texts that do not fit; nothing of them is repeated.

    A character takes up at least a byte, so leaving out as many characters as there are bytes too many always
    suffices.

    Args:
        typed: What was written just now, by field; what stood before cannot be shortened any more.
        over: Bytes too many.
    """
    if not any(typed.values()):
        return Refused(
            "The record is full. Nothing was changed.",
            next_step="Call the trial office, and say that this record has no room left.",
        )
    name = max(typed, key=lambda one: len(typed[one]))
    length = len(typed[name])
    told = f"Shorten it by {over} {'character' if over == 1 else 'characters'}"
    return Refused(
        f"The {CALLED.get(name, name)} is too long: it has {length} characters. Nothing was changed.",
        field=name,
        next_step=f"{told}." if over <= length else f"{told}, together with the other texts.",
    )
