"""Request bodies of the API; field names are those of the forms, so that a refusal names the same field."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from randomizer.domain.supply import Destruction  # noqa: TC001 - read at run time by pydantic
from randomizer.web.exchange import Body, Long, Moment, Short, Signed, SignedWhy, Whole, YesNo


class Nothing(Body):
    """An act that asks nothing."""


class Why(Body):
    """An act with its reason."""

    why: Long


class Consent(Body):
    """Enrol a participant."""

    site: Short
    replaces: Short = ""


class Harvest(Body):
    """A donation, its identifier entered twice."""

    identifier: Short
    again: Short


class Booking(Body):
    """When the infusion is to begin, UTC."""

    booked_for: Moment


class Receipt(Body):
    """The kit that has come, and how; the temperatures for one that was too warm or too cold."""

    kit: Short
    arrival: Literal["sound", "damaged", "too warm or too cold"]
    lowest_c: Annotated[Whole, Field(ge=-999, le=999)] | None = None
    highest_c: Annotated[Whole, Field(ge=-999, le=999)] | None = None
    minutes: Annotated[Whole, Field(ge=0, le=999_999)] | None = None


class Excursion(Body):
    """The kits that lay on a shelf, and what its logger shows."""

    kits: Annotated[list[Short], Field(min_length=1, max_length=100)]
    lowest_c: Annotated[Whole, Field(ge=-999, le=999)]
    highest_c: Annotated[Whole, Field(ge=-999, le=999)]
    minutes: Annotated[Whole, Field(ge=0, le=999_999)]
    why: Long


class Fit(Signed):
    """Fit for infusion, item by item."""

    no_infection: YesNo
    pregnancy_test: Literal["negative", "does not apply"]
    consent_stands: YesNo


class Assessed(Signed):
    """A blinded assessment that was made: code and time point of the definition, and when; no result."""

    assessment: Short
    time_point: Short
    done_at: Moment


class AssessedAnew(Assessed):
    """A blinded assessment as it should have been signed, and what was wrong."""

    why: Long


class Infusion(Body):
    """What became of the kit that was handed out."""

    outcome: Literal["given", "partly given", "not given"]
    given_at: Moment | None = None
    stopped_at: Moment | None = None
    volume_ml: Annotated[Whole, Field(ge=0, le=999_999_999)] = 0
    why: Long = ""


class Destroyed(SignedWhy):
    """How and why a kit was destroyed, and who saw it where the definition asks for a second person."""

    method: Destruction
    second_username: Short = ""
    second_password: Short = ""
    second_code: Short = ""


class Ending(Body):
    """How treatment ended."""

    why: Long = ""
    follow_up: YesNo = True


class Correction(Body):
    """True factor levels: level code by factor code."""

    levels: dict[Short, Short]
    why: Long


class Transfer(Body):
    """The new site."""

    site: Short
    why: Long


class Scan(Body):
    """The kit that was scanned, and who checked it where the definition asks for a second person."""

    kit: Short
    second_username: Short = ""
    second_password: Short = ""
    second_code: Short = ""


class OfSite(Body):
    """The site whose stock is taken."""

    site: Short


class Item(Body):
    """The answer to one eligibility item."""

    confirmed: YesNo
    values: dict[Short, Short] = Field(default_factory=dict)


class Eligibility(Signed):
    """Every item and the factor levels."""

    items: dict[Short, Item]
    levels: dict[Short, Short]
