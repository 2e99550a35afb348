"""A reason that stands on record: given where it is needed, and no longer than people read."""

from __future__ import annotations

from randomizer.errors import Refused

LONGEST = 4000  # characters
SHORTEN = "Shorten it, or keep the details in the source documents and say where they are."


def demand(why: str, missing: str, *, next_step: str = "Write the reason in a few words.") -> None:
    """Refuse a reason that is missing or too long.

    Args:
        why: The reason as entered.
        missing: One sentence for a reason that was left out, such as "A missed period needs its reason."
        next_step: What to write then.

    Raises:
        Refused: It is missing or too long.
    """
    if not why.strip():
        raise Refused(f"{missing} Nothing was changed.", field="why", next_step=next_step)
    demand_short(why)


def demand_short(why: str) -> None:
    """Refuse a reason that is too long, where none is needed.

    Raises:
        Refused: It is too long.
    """
    if len(why) > LONGEST:
        raise Refused(
            f"A reason has at most {LONGEST} characters; got {len(why)}. Nothing was changed.",
            field="why",
            next_step=SHORTEN,
        )
