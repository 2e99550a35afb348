"""Product, kit and the record of each period: what happens between harvest and infusion."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime


class ProductState(StrEnum):
    """What blinded people see of a product."""

    HARVESTED = "harvested"
    CLEARED_BY_QP = "cleared by the clearing person"
    CLEARED = "cleared"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One donation and the lot grown from it; it belongs to a participant before there is a slot.

    Args:
        participant: Participant number.
        donation: 1-based count of harvests of this participant.
        identifier: Donation identifier, opaque text.
        state: What blinded people see.
        harvested_at: When the donation was taken.
        cleared_at: When the sponsor gave the go after the clearing person's clearance.
        failed_at: When it was found unusable; such a product uses no slot.
        details: Lot, cell count, viability and form, sealed for the code-break door; empty before.
        entry: Number of the last entry about this record.
    """

    KEY: ClassVar = ("participant", "donation")
    participant: str
    donation: int
    identifier: str
    state: ProductState
    harvested_at: datetime
    cleared_at: datetime | None = None
    failed_at: datetime | None = None
    details: bytes = field(default=b"", repr=False)
    entry: int = 0


class KitState(StrEnum):
    """A kit's life as stored; `prepared` is known only inside the sealed preparation record.

    What leads from one to the next stands in `randomizer.domain.kit_moves`.
    """

    RESERVED = "reserved"
    SHIPPED = "shipped"
    READY = "ready"
    DISPENSED = "dispensed"
    ADMINISTERED = "administered"
    PARTLY_ADMINISTERED = "partly administered"
    NOT_ADMINISTERED = "not administered"
    RETURNED = "returned"
    EXPIRED = "expired"
    QUARANTINED = "quarantined"
    DAMAGED = "damaged"
    TO_DESTROY = "to be destroyed"
    MISSING = "missing"
    DESTROYED = "destroyed"


class Arrival(StrEnum):
    """How a kit that travelled came to the site."""

    SOUND = "sound"
    DAMAGED = "damaged"
    EXCURSION = "too warm or too cold"


class Destruction(StrEnum):
    """How a kit was destroyed; a closed list, for a record of values holds no free text."""

    INCINERATED = "incinerated"
    AUTOCLAVED = "autoclaved and discarded"
    INACTIVATED = "chemically inactivated"
    CLINICAL_WASTE = "discarded as clinical waste"
    CONTRACTOR = "handed to a contractor for destruction"


UNUSED = frozenset({KitState.SHIPPED, KitState.READY})
"""States of a kit that waits to be handed out: on its way to the site, or there."""

VISIBLE = frozenset(KitState) - {KitState.RESERVED}
"""States in which blinded roles see the kit's number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """One labelled package reserved to a slot and a period.

    Args:
        number: Nine digits; they say nothing about content.
        slot: Position of the slot in the schedule.
        period: 1-based.
        state: Where it is in its life.
        ready_at: When the code-break door declared it ready.
        expires_at: After this it is never handed out.
        entry: Number of the last entry about this record; 0 while it is as activated.
    """

    KEY: ClassVar = ("number",)
    number: str
    slot: int
    period: int
    state: KitState = KitState.RESERVED
    ready_at: datetime | None = None
    expires_at: datetime | None = None
    entry: int = 0

    def expired(self, moment: datetime) -> bool:
        """Whether its time has passed, whether or not the sweep has taken it out of use yet."""
        over = self.expires_at is not None and self.expires_at <= moment
        return self.state is KitState.EXPIRED or (self.state in UNUSED and over)


class Outcome(StrEnum):
    """How a period's infusion ended; any of them closes the period."""

    GIVEN = "given"
    PARTLY_GIVEN = "partly given"
    NOT_GIVEN = "not given"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodRecord:
    """What is planned and done for one participant in one period.

    Args:
        participant: Participant number.
        period: 1-based.
        booked_for: Planned start of the infusion.
        fit_signed_at: When the investigator signed fit-for-infusion for this booking.
        deviation_signed_at: When a booking outside the visit window was signed for.
        preparation_begun_at: When the preparation of this booking began.
        preparation_ended_at: When it ended, ready or not.
        asked_at: When the site asked for another kit, as the one before can't be used.
        answered_at: When that was answered last.
        available_at: When the other kit is to be ready; an answer without says that there is no product.
        kit: Number of the kit that was declared ready, or "".
        dispensed_at: When that kit was handed out.
        checked_by: Account number of who checked it beside the pharmacist; 0 where nobody had to.
        given_at: Start of the infusion.
        stopped_at: End of the infusion where it was stopped early.
        volume_ml: Volume given where it was given in part, else 0.
        outcome: How it ended; None while the period is open.
        closed_at: When the outcome was recorded.
        entry: Number of the last entry about this record.
    """

    KEY: ClassVar = ("participant", "period")
    participant: str
    period: int
    booked_for: datetime | None = None
    fit_signed_at: datetime | None = None
    deviation_signed_at: datetime | None = None
    preparation_begun_at: datetime | None = None
    preparation_ended_at: datetime | None = None
    asked_at: datetime | None = None
    answered_at: datetime | None = None
    available_at: datetime | None = None
    kit: str = ""
    dispensed_at: datetime | None = None
    checked_by: int = 0
    given_at: datetime | None = None
    stopped_at: datetime | None = None
    volume_ml: int = 0
    outcome: Outcome | None = None
    closed_at: datetime | None = None
    entry: int = 0

    @property
    def preparing(self) -> bool:
        """Whether a preparation has begun and not ended."""
        return self.preparing_since is not None

    @property
    def preparing_since(self) -> datetime | None:
        """When the preparation that is under way began; None where none is."""
        return None if self.preparation_ended_at else self.preparation_begun_at

    @property
    def no_product(self) -> bool:
        """Whether the answer to the request for another kit was that there is none."""
        return self.answered_at is not None and self.available_at is None
