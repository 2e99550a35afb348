"""The clock of a preparation: how long it takes at least, and until when its kit keeps, whatever is in it.

The blinded side sees when a preparation began and ended. Where the definition sets `preparation_minutes` none
ends earlier, and the time of a kit counts from the beginning: no content gets older than `expiry_minutes`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from randomizer.domain.windows import minute
from randomizer.errors import Refused

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.domain.definition_values import KitPolicy

_MINUTE = timedelta(minutes=1)


def earliest_end(kits: KitPolicy, begun_at: datetime | None) -> datetime | None:
    """When a preparation can be ended, on the full minute; None where it can be at any time.

    Args:
        kits: Of the definition.
        begun_at: When the preparation that is under way began; None where none is.
    """
    if begun_at is None or not kits.preparation_minutes:
        return None
    earliest = begun_at + kits.preparation_minutes * _MINUTE
    whole = earliest.replace(second=0, microsecond=0)
    return whole if whole == earliest else whole + _MINUTE


def expiry(kits: KitPolicy, begun_at: datetime, ready_at: datetime) -> datetime:
    """Until when a kit keeps.

    Args:
        kits: Of the definition.
        begun_at: When its preparation began; it counts from then where a preparation takes a least time.
        ready_at: When it was declared ready; it counts from then where there is none.
    """
    since = begun_at if kits.preparation_minutes else ready_at
    return since + kits.expiry_minutes * _MINUTE


def demand_long_enough(kits: KitPolicy, begun_at: datetime, moment: datetime, *, ready: bool) -> None:
    """Refuse to end a preparation before its least time has passed, whatever the treatment.

    Args:
        kits: Of the definition.
        begun_at: When the preparation began.
        moment: Now.
        ready: Whether a kit was to be declared ready.

    Raises:
        Refused: The sentence gives the time from which it can be ended.
    """
    earliest = earliest_end(kits, begun_at)
    if earliest is None or moment >= earliest:
        return
    kept = "; the kit keeps its place until then" if ready else " and end it then"
    raise Refused(
        f"A preparation takes at least {kits.preparation_minutes} minutes, whatever the treatment; this one "
        f"can be ended from {minute(earliest)} on. Nothing was {'declared ready' if ready else 'changed'}.",
        field="participant",
        next_step=f"Come back at {earliest:%H:%M} UTC{kept}.",
    )


def demand_time_left(kits: KitPolicy, begun_at: datetime, moment: datetime) -> None:
    """Refuse to declare a kit ready whose time has passed while it was prepared.

    Args:
        kits: Of the definition.
        begun_at: When the preparation began.
        moment: Now.

    Raises:
        Refused: The sentence gives the time until which a kit of this preparation kept.
    """
    until = expiry(kits, begun_at, moment)
    if moment >= until:
        raise Refused(
            f"A kit keeps {kits.expiry_minutes} minutes from when its preparation began: this one until "
            f"{minute(until)}. Nothing was declared ready.",
            field="participant",
            next_step="End the preparation without a kit, as spoiled, and begin again with the next one.",
        )
