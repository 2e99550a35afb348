"""What the API answers; a field that the masking policy does not show to the caller is left out."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003 - read at run time by pydantic
from typing import ClassVar

from randomizer.web.exchange import Assessment, Product, Task, Trial  # noqa: TC001 - read at run time by pydantic
from randomizer.web.surface import Answer


class Me(Answer):
    """Who asks, in which roles."""

    username: str
    printed_name: str
    roles: list[dict[str, str]]


class Participant(Answer):
    """A participant; `words` is the state as people read it."""

    KINDS = ("Participant",)
    number: str | None = None
    site: str | None = None
    attempt: int | None = None
    state: str | None = None
    words: str | None = None
    next: str | None = None
    period: int | None = None
    levels: str | None = None
    corrected_levels: str | None = None
    stratum: str | None = None
    ending: str | None = None
    follow_up: bool | None = None
    randomized_in_error: bool | None = None
    replaces: str | None = None
    consented_at: datetime | None = None
    ended_at: datetime | None = None


class Allocation(Answer):
    """The randomization number."""

    KINDS = ("Allocation",)
    participant: str | None = None
    randomization_number: str | None = None
    allocated_at: datetime | None = None
    stratum: str | None = None
    ordinal: int | None = None


class Window(Answer):
    """Dates between which the infusion belongs."""

    KINDS = ("Window",)
    not_before: date | None = None
    opens_on: date | None = None
    due_on: date | None = None
    closes_on: date | None = None
    since: date | None = None


class Kit(Answer):
    """The kit that is ready or was handed out."""

    KINDS = ("Kit",)
    number: str | None = None
    period: int | None = None
    state: str | None = None
    ready_at: datetime | None = None
    expires_at: datetime | None = None


class KitAnswer(Answer):
    """A kit with its site and the participant for whom it was made ready."""

    KINDS = ("KitBeside",)
    kit: Kit
    site: str
    participant: str


class Period(Answer):
    """One period."""

    KINDS = ("PeriodRecord",)
    participant: str | None = None
    period: int | None = None
    booked_for: datetime | None = None
    fit_signed_at: datetime | None = None
    deviation_signed_at: datetime | None = None
    preparation_begun_at: datetime | None = None
    preparation_ended_at: datetime | None = None
    asked_at: datetime | None = None
    answered_at: datetime | None = None
    available_at: datetime | None = None
    kit: str | None = None
    dispensed_at: datetime | None = None
    checked_by: int | None = None
    given_at: datetime | None = None
    stopped_at: datetime | None = None
    volume_ml: int | None = None
    outcome: str | None = None
    closed_at: datetime | None = None
    window: Window | None = None
    kit_shown: Kit | None = None


class ParticipantAnswer(Answer):
    """A participant with products, allocation, periods and signed blinded assessments."""

    participant: Participant
    products: list[Product]
    allocation: Allocation | None
    periods: list[Period]
    assessments: list[Assessment]


class Site(Answer):
    """A site."""

    KINDS = ("SiteStatus",)
    code: str | None = None
    name: str | None = None
    country: str | None = None
    state: str | None = None
    opened_at: datetime | None = None
    participants: int | None = None
    randomized: int | None = None


class SiteAnswer(Answer):
    """A site after an act."""

    site: Site


class TrialAnswer(Answer):
    """The trial after an act."""

    trial: Trial


class Alarm(Answer):
    """An alarm."""

    KINDS = ("Alarm",)
    number: int | None = None
    kind: str | None = None
    about: str | None = None
    raised_at: datetime | None = None
    cleared_at: datetime | None = None


class AlarmAnswer(Answer):
    """An alarm after an act."""

    alarm: Alarm


class TaskAnswer(Answer):
    """A task after an act."""

    task: Task


class Stratum(Answer):
    """How far a stratum is used."""

    KINDS = ("StratumStatus",)
    code: str | None = None
    capacity: int | None = None
    reserved: int | None = None
    next_ordinal: int | None = None
    low_water: int | None = None


class Entry(Answer):
    """An entry of the trail; `agrees` says whether its values fit its digest."""

    KINDS: ClassVar[tuple[str, ...]] = ("Entry",)
    number: int | None = None
    at: datetime | None = None
    act: str | None = None
    actor: int | None = None
    role: str | None = None
    site: str | None = None
    participant: str | None = None
    digest: str | None = None
    by: str | None = None
    agrees: bool | None = None


class Change(Answer):
    """One field of one record that an act changed, before and after."""

    record: str
    field: str
    old: str | int | bool | None = None
    new: str | int | bool | None = None


class Signed(Answer):
    """One value under a signature."""

    name: str
    value: str


class WholeEntry(Entry):
    """An entry with its reason and what it changed; `elsewhere`: kept behind the code-break door."""

    KINDS = ("Entry", "EntryReason")
    why: str
    erased_by: int
    signed: list[Signed]
    changes: list[Change]
    elsewhere: bool


class Work(Answer):
    """One thing to do."""

    KINDS = ("NextStep",)
    participant: str | None = None
    site: str | None = None
    period: int | None = None
    act: str | None = None
    what: str | None = None
    due: datetime | date | None = None
    state: str | None = None
    kind: str | None = None
    expires_at: datetime | None = None


class Movement(Answer):
    """A line of the accountability log; `what` is the state in words, `balance` what the site held then."""

    KINDS = ("KitMovement",)
    number: int | None = None
    at: datetime | None = None
    site: str | None = None
    kit: str | None = None
    code: str | None = None
    participant: str | None = None
    period: int | None = None
    what: str | None = None
    by: str | None = None
    role: str | None = None
    balance: int | None = None
    remark: str | None = None


class Stock(Answer):
    """Where the kits of a site are: received is the sum of held to missing; the rest are parts of these."""

    KINDS = ("KitStock",)
    site: str
    received: int
    held: int
    dispensed: int
    returned: int
    destroyed: int
    missing: int
    expired: int
    quarantined: int
    damaged: int
    to_be_destroyed: int
    administered: int
    partly_administered: int
    not_administered: int


class Accountability(Answer):
    """The accountability log."""

    rows: list[Movement]
    totals: list[Stock]


class ShelfAnswer(Answer):
    """Where the kits are after an act upon several of them."""

    totals: list[Stock]


class StockTake(Answer):
    """A stock take; `missing` and `unexpected` are kit numbers."""

    KINDS = ("StockTake",)
    number: int | None = None
    site: str | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    matched: int | None = None
    missing: list[str] | None = None
    unexpected: list[str] | None = None
    settled_at: datetime | None = None
    unsettled: bool | None = None


class Counted(Answer):
    """A kit that was scanned in a stock take."""

    KINDS = ("CountedKit",)
    take: int | None = None
    kit: str | None = None
    counted_at: datetime | None = None


class StockTakeAnswer(Answer):
    """A stock take with what was scanned."""

    take: StockTake
    counted: list[Counted]


class StockTakes(Answer):
    """Stock takes, the newest first."""

    rows: list[StockTake]


class Participants(Answer):
    """A page of participants."""

    rows: list[Participant]
    page: int
    pages: int
    count: int


class Entries(Answer):
    """A page of entries."""

    rows: list[Entry]
    page: int
    pages: int
    count: int


class Sites(Answer):
    """Every site."""

    rows: list[Site]


class Strata(Answer):
    """Every stratum."""

    rows: list[Stratum]


class Tasks(Answer):
    """Open tasks."""

    rows: list[Task]


class Alarms(Answer):
    """Alarms, standing ones first."""

    rows: list[Alarm]


class AssessmentDue(Answer):
    """A blinded assessment that waits for a signature."""

    KINDS = ("AssessmentDue",)
    participant: str | None = None
    site: str | None = None
    assessment: str | None = None
    label: str | None = None
    time_point: str | None = None
    due_on: date | None = None
    closes_on: date | None = None
    overdue: bool | None = None


class Worklist(Answer):
    """What waits for the caller, soonest first; requests for another kit, and assessments that are due."""

    rows: list[Work]
    requests: list[Work]
    assessments: list[AssessmentDue]
