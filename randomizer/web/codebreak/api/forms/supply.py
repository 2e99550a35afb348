"""What the API takes and gives for preparations and their labels."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - read at run time by pydantic
from typing import Annotated

from pydantic import Field

from randomizer.web.codebreak.api.forms.products import Details
from randomizer.web.exchange import Body, Long, Moment, Short, Whole, YesNo
from randomizer.web.surface import Answer


class Ended(Details):
    """The end of a preparation."""

    ready: YesNo
    note: Long = ""
    kit: Short = ""
    content: Short = ""
    thaw: Short = ""
    spoiled: YesNo = False


class Answered(Body):
    """When another kit is available, UTC; null where there is no product for this period."""

    available_at: Moment | None


class Printed(Body):
    """Which labels are printed, and why again from the second time on."""

    period: Annotated[Whole, Field(ge=1, le=99)]
    why: Long = ""


class Booked(Answer):
    """A booking whose kit is not ready; `earliest_end_at`: when its preparation can be ended."""

    KINDS = ("PeriodRecord", "Sheet")
    participant: str | None = None
    period: int | None = None
    booked_for: datetime | None = None
    fit_signed_at: datetime | None = None
    preparation_begun_at: datetime | None = None
    earliest_end_at: datetime | None = None
    asked_at: datetime | None = None
    answered_at: datetime | None = None
    available_at: datetime | None = None


class Preparations(Answer):
    """Bookings whose kit is not ready, the earliest first."""

    rows: list[Booked]


class Labels(Answer):
    """The labels of a kit: both on a page each, and the content of the symbol as people read it."""

    KINDS = ("Label",)
    kit: str
    elements: str
    pdf_base64: str


class Sheet(Answer):
    """What goes into which kit."""

    KINDS = ("Sheet",)
    participant: str | None = None
    period: int | None = None
    booked_for: datetime | None = None
    treatment: str | None = None
    content: str | None = None
    kit: str | None = None
    spares: list[str] | None = None
    donation: str | None = None
    volume_ml: int | None = None
    infusion_minutes: int | None = None
    expiry_minutes: int | None = None
    preparation_minutes: int | None = None
    fit: bool | None = None
    preparing: bool | None = None
    earliest_end_at: datetime | None = None
    out_of_limits: bool | None = None
