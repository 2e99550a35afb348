"""What allocations, dispensations, deviations, assessments and code breaks the values tell of, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from randomizer.domain.acts import Act
from randomizer.domain.supply import KitState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from randomizer.services.verification.trail_lines import Row, TrailEntry, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocated:
    """An allocation, as its entry tells it."""

    entry: int
    participant: str
    site: str
    stratum: str
    slot: int
    ordinal: int
    randomization_number: str
    allocated_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispensed:
    """A dispensation, as its entry tells it."""

    entry: int
    participant: str
    site: str
    period: int
    kit: str
    dispensed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodEnd:
    """How a record of a period stood last; texts, "" for what is not there."""

    outcome: str = ""
    given_at: str = ""
    stopped_at: str = ""
    volume_ml: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviated:
    """A deviation, as its entry tells it."""

    entry: int
    participant: str
    period: int
    what: str
    recorded_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """A blinded assessment that was signed for, as it stands after one of its entries.

    Args:
        number: Entry in which it was signed.
        entry: The entry that leaves it like this.
        act: What that did.
        participant: Participant number.
        site: Site code at that time.
        assessment: Code of the assessment.
        time_point: Its time point.
        done_at: When it was done.
        struck: Whether it was struck out.
        account: Who signed this entry.
        signed_at: When.
    """

    number: int
    entry: int
    act: str
    participant: str
    site: str
    assessment: str
    time_point: str
    done_at: str
    struck: bool
    account: int
    signed_at: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Prepared:
    """A preparation as it was written down last, and the entry that ended it."""

    entry: int
    participant: str
    site: str
    period: int
    account: int
    ended_at: str
    facts: Mapping[str, Any]

    def __repr__(self) -> str:
        return "Prepared(masked)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProductTold:
    """Lots and results of a product as written down last; as many results stood at the lock, or all."""

    lots: Sequence[Mapping[str, Any]]
    results: Sequence[Mapping[str, Any]]
    at_lock: int

    def __repr__(self) -> str:
        return "ProductTold(masked)"


@dataclass(slots=True, kw_only=True)
class Broken:
    """A code break: its intent, and its disclosure where there was one."""

    entry: int
    intent: str
    participant: str
    site: str
    account: int
    reason: str
    intended_at: str
    disclosed_at: str = ""
    disclosure_entry: int | None = None


@dataclass(slots=True)
class Ledger:
    """Everything that the tables tell.

    Args:
        allocations: By participant; the first one where there are several.
        dispensations: In the order of entries.
        periods: By participant and period, as they stood last.
        deviations: In the order of entries.
        assessments: By number, each as it stood last.
        statements: Every signature under an assessment, in the order of entries.
        breaks: By intent.
        participants: By number, as they stood last.
        products: By participant and donation, as they stood last.
        preparations: In the order of entries.
        products_told: Lots and results, by participant and donation.
    """

    allocations: dict[str, Allocated] = field(default_factory=dict)
    dispensations: list[Dispensed] = field(default_factory=list)
    periods: dict[tuple[str, int], PeriodEnd] = field(default_factory=dict)
    deviations: list[Deviated] = field(default_factory=list)
    assessments: dict[int, Assessed] = field(default_factory=dict)
    statements: list[Assessed] = field(default_factory=list)
    breaks: dict[str, Broken] = field(default_factory=dict)
    participants: dict[str, Row] = field(default_factory=dict)
    products: dict[tuple[str, int], Row] = field(default_factory=dict)
    preparations: list[Prepared] = field(default_factory=list, repr=False)
    products_told: dict[tuple[str, int], ProductTold] = field(default_factory=dict, repr=False)

    def meet(self, values: Values) -> None:
        """Keep how each participant and product stands now."""
        for row in rows_of(values.rows, "Participant"):
            self.participants[row.text("number")] = row
        for row in rows_of(values.rows, "Product"):
            self.products[row.text("participant"), row.whole("donation")] = row

    def assess(self, one: Assessed) -> None:
        """Keep a signature under a blinded assessment, and how that stands now."""
        self.assessments[one.number] = one
        self.statements.append(one)

    def follow(self, values: Values) -> None:
        """Keep how each period stands now, once what the act did was compared with how it stood."""
        for row in rows_of(values.rows, "PeriodRecord"):
            self.periods[row.text("participant"), row.whole("period")] = PeriodEnd(
                outcome=row.text("outcome"),
                given_at=row.text("given_at"),
                stopped_at=row.text("stopped_at"),
                volume_ml=row.whole("volume_ml"),
            )


def rows_of(rows: Iterable[Row], kind: str) -> list[Row]:
    """The rows of one kind of record."""
    return [row for row in rows if row.kind == kind]


def allocated(entry: TrailEntry, row: Row) -> Allocated:
    """The allocation of a row."""
    return Allocated(
        entry=entry.number,
        participant=entry.participant,
        site=entry.site,
        stratum=row.text("stratum"),
        slot=row.whole("slot"),
        ordinal=row.whole("ordinal"),
        randomization_number=row.text("randomization_number"),
        allocated_at=row.text("allocated_at"),
    )


def dispensed(entry: TrailEntry, values: Values) -> Dispensed | None:
    """The dispensation of an entry, or None where it does not hand out one kit for one period."""
    if entry.act != Act.KIT_DISPENSED:
        return None
    kits, records = rows_of(values.rows, "Kit"), rows_of(values.rows, "PeriodRecord")
    if len(kits) != 1 or len(records) != 1 or kits[0].text("state") != KitState.DISPENSED:
        return None
    return Dispensed(
        entry=entry.number,
        participant=entry.participant,
        site=entry.site,
        period=records[0].whole("period"),
        kit=kits[0].text("number"),
        dispensed_at=records[0].text("dispensed_at"),
    )


def deviated(row: Row) -> Deviated:
    """The deviation of a row."""
    return Deviated(
        entry=row.entry,
        participant=row.text("participant"),
        period=row.whole("period"),
        what=row.text("what"),
        recorded_at=row.text("recorded_at"),
    )


def assessed(entry: TrailEntry, row: Row) -> Assessed:
    """The blinded assessment of a row."""
    return Assessed(
        number=row.whole("number"),
        entry=entry.number,
        act=entry.act,
        participant=entry.participant,
        site=entry.site,
        assessment=row.text("assessment"),
        time_point=row.text("time_point"),
        done_at=row.text("done_at"),
        struck=row.new.get("struck") is True,
        account=entry.actor,
        signed_at=entry.at,
    )


def broken(entry: TrailEntry, row: Row) -> Broken:
    """The code break of an intent's row."""
    return Broken(
        entry=entry.number,
        intent=row.text("intent"),
        participant=entry.participant,
        site=entry.site,
        account=row.whole("account"),
        reason=row.text("reason"),
        intended_at=row.text("intended_at"),
    )
