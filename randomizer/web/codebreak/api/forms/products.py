"""What the API takes and gives for products: lots, quality results, clearance, quarantine."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - read at run time by pydantic
from typing import Literal

from pydantic import Field

from randomizer.web.exchange import Body, Long, Product, Short, Signed
from randomizer.web.surface import Answer


class Details(Body):
    """What is kept of a lot, or of a preparation, sealed."""

    lot: Short = ""
    cell_count: Short = ""
    viability: Short = ""
    form: Short = ""


class LotRecorded(Details):
    """A lot, with what is known of it by code of the test; what is left out is pending."""

    results: dict[Short, Literal["pending", "passed", "failed"]] = Field(default_factory=dict, max_length=20)


class LotStruck(Body):
    """A lot that was recorded by mistake, and why it does not belong here."""

    lot: Short
    why: Short


class ResultRecorded(Body):
    """The result of a test; `subject` is the number of the lot or the kit.

    ``corrects`` says that the failed result that stands was wrong; without it none gives way to a passed one.
    """

    subject: Short
    test: Short
    result: Literal["passed", "failed"]
    corrects: bool = False


class ResultAdded(ResultRecorded, Signed):
    """A result that is added after the lock, signed."""


class Cleared(Signed):
    """A clearance, signed."""

    note: Long = ""


class Failure(Body):
    """Why a product can't be used."""

    note: Long


class LotShown(Answer):
    """A lot of a product."""

    KINDS = ("Lot",)
    number: str | None = None
    cell_count: str | None = None
    viability: str | None = None
    form: str | None = None
    recorded_at: datetime | None = None
    in_use: bool | None = None
    struck_at: datetime | None = None
    struck_by: str | None = None
    struck_why: str | None = None


class ResultShown(Answer):
    """A test of a lot or of a kit, with its result or when that is due."""

    KINDS = ("QualityResult",)
    subject: str | None = None
    of: Literal["lot", "kit"] | None = None
    test: str | None = None
    label: str | None = None
    result: str | None = None
    at: datetime | None = None
    by: str | None = None
    due_at: datetime | None = None
    before_clearance: bool | None = None


class ProductFile(Answer):
    """A product with its lots and results; `blocks` says why it can't be cleared."""

    KINDS = ("ProductDetails",)
    product: Product
    note: str | None = None
    blocks: list[str] | None = None
    lots: list[LotShown]
    results: list[ResultShown]


class AwaitedResult(Answer):
    """When the next quality result of a participant is due."""

    KINDS = ("QualityWatch",)
    participant: str | None = None
    due_at: datetime | None = None


class Awaiting(Answer):
    """Quality results that are awaited, the soonest due first."""

    rows: list[AwaitedResult]


class Products(Answer):
    """Products that wait, the oldest first."""

    rows: list[Product]


class Quarantine(Answer):
    """A kit in quarantine, or one that was."""

    KINDS = ("Quarantine",)
    kit: str | None = None
    site: str | None = None
    participant: str | None = None
    period: int | None = None
    state: str | None = None
    since: datetime | None = None
    expires_at: datetime | None = None


class Quarantines(Answer):
    """Kits in quarantine whose time has not passed."""

    rows: list[Quarantine]
