"""What the API of the code-break door takes and gives; a field not shown to the caller is left out."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - read at run time by pydantic
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from randomizer.web.exchange import Assessment, Body, Long, Short, Signed, SignedWhy, Task, Trial
from randomizer.web.surface import Answer

Sealed = Annotated[str, StringConstraints(max_length=32_000_000)]


class Recovery(Body):
    """What a person signs in with who has a printed code and nothing else."""

    username: Short
    recovery_code: Short


class Reason(Signed):
    """A code break: reason of the list, own words, signature."""

    reason: Short
    text: Long = ""


class RecoveryReason(Body):
    """A code break, signed with a recovery code."""

    recovery_code: Short
    reason: Short
    text: Long = ""


class Called(BaseModel):
    """Somebody telephones: who they are, and how they are told.

    ``way``: `voice`: who is signed in is shown the answer, reads it out and counts as unblinded; `page`: a
    code of 16 digits opens a one-time page; `colleague`: the account of that number opens the answer at this
    door. With these two, who is signed in stays blind.
    """

    caller_name: Short
    caller_function: Short
    caller_telephone: Short
    way: Literal["voice", "page", "colleague"]
    colleague: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class CalledReason(Called, Reason):
    """A code break for somebody who telephones."""


class CalledRecoveryReason(Called, RecoveryReason):
    """A code break for somebody who telephones, signed with a recovery code."""


class RecoverySigned(Body):
    """A signature with a recovery code."""

    recovery_code: Short


class Done(SignedWhy):
    """A task that is signed for; `treatment` is needed where that is to be decided.

    ``assessments`` are the numbers of the blinded assessments that the task lists: an impact assessment is
    signed over that list, and refused where another one stands by now.
    """

    treatment: Literal["", "goes on", "stops"] = ""
    assessments: list[Annotated[int, Field(ge=0)]] = Field(default_factory=list, max_length=1000)


class Details(Body):
    """What is kept of a lot, or of a preparation, sealed."""

    lot: Short = ""
    cell_count: Short = ""
    viability: Short = ""
    form: Short = ""


class LotRecorded(Details):
    """A lot, with what is known of it by code of the test; what is left out is pending."""

    results: dict[Short, Literal["pending", "passed", "failed"]] = Field(default_factory=dict, max_length=20)


class ResultRecorded(Body):
    """The result of a test; `subject` is the number of the lot or the kit."""

    subject: Short
    test: Short
    result: Literal["passed", "failed"]


class Cleared(Signed):
    """A clearance, signed."""

    note: Long = ""


class Failure(Body):
    """Why a product can't be used."""

    note: Long


class Ended(Details):
    """The end of a preparation."""

    ready: bool
    note: Long = ""
    kit: Short = ""
    content: Short = ""
    thaw: Short = ""
    spoiled: bool = False


class Answered(Body):
    """When another kit is available, UTC; null where there is no product for this period."""

    available_at: datetime | None


class Printed(Body):
    """Which labels are printed, and why again from the second time on."""

    period: Annotated[int, Field(ge=1, le=99)]
    why: Long = ""


class Copy(Body):
    """This host's copy of the opened release, base64."""

    copy_base64: Sealed


class List(BaseModel):
    """How a list is wanted."""

    model_config = ConfigDict(extra="forbid")
    format: Literal["json", "csv"] = "json"


class Key(BaseModel):
    """A participant."""

    number: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class Intent(BaseModel):
    """A code break."""

    intent: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class TaskKey(BaseModel):
    """A task."""

    task: int


class Once(BaseModel):
    """A key of the client's own; accepted, and nothing is kept under it."""

    key: Annotated[str, StringConstraints(min_length=8, max_length=64, pattern=r"^[!-~]+$")] | None = Field(
        default=None, alias="Idempotency-Key"
    )


class PeriodSaid(Answer):
    """What is known of a period without breaking the code."""

    KINDS = ("BeforePeriod",)
    period: int | None = None
    said: str | None = None
    kit: str | None = None


class CodeBreak(Answer):
    """One of the caller's own code breaks."""

    KINDS = ("CodeBreak",)
    intent: str | None = None
    participant: str | None = None
    reason: str | None = None
    intended_at: datetime | None = None
    disclosed_at: datetime | None = None


class BeforeAnswer(Answer):
    """Whom a code break would be for, and whether it would tell anything.

    ``earlier`` is the caller's own last code break of this participant whose answer can be seen again.
    """

    KINDS = ("Before",)
    participant: str | None = None
    site: str | None = None
    verdict: str | None = None
    worth_it: bool | None = None
    periods: list[PeriodSaid]
    earlier: CodeBreak | None = None


class Dose(Answer):
    """One infusion that was given, or may have been."""

    period: int
    treatment: str
    when: str
    kit: str


class Shown(Answer):
    """The answer of a code break."""

    KINDS = ("Answer",)
    intent: str
    participant: str | None = None
    site: str | None = None
    shown_at: str | None = None
    given: list[Dose]
    next_planned: str | None = None
    implied: str | None = None
    planned: list[str]
    disagreements: list[str]
    remarks: list[str]
    since: list[str]
    emergency_text: str | None = None


class Colleague(Answer):
    """Somebody who can be asked to open a code break."""

    KINDS = ("Colleague",)
    number: int | None = None
    printed_name: str | None = None


class Colleagues(Answer):
    """Everybody else who can break the code of a participant, by name."""

    rows: list[Colleague]


class Waiting(Answer):
    """A code break that a colleague made for the caller to open; `printed_name` is theirs."""

    KINDS = ("CodeBreak", "Colleague")
    intent: str | None = None
    participant: str | None = None
    reason: str | None = None
    intended_at: datetime | None = None
    printed_name: str | None = None


class WaitingBreaks(Answer):
    """Code breaks that wait for the caller to open them, the last one first."""

    rows: list[Waiting]


class Asked(Answer):
    """A code break for somebody else. `code` and the rest of a one-time page are there while it stands."""

    KINDS = ("Asked",)
    intent: str | None = None
    participant: str | None = None
    way: str | None = None
    reader: str | None = None
    shown: bool | None = None
    opens: bool | None = None
    address: str | None = None
    code: str | None = None
    code_until: datetime | None = None
    code_closed: bool | None = None


class Told(Answer):
    """A code break for somebody who telephones; `answer` is there where it is told by voice."""

    asked: Asked
    answer: Shown | None = None


class CodeBreaks(Answer):
    """The caller's own code breaks, the last one first."""

    rows: list[CodeBreak]


class Guess(Answer):
    """An expected rate of correct guesses, 0 to 1; null where there is nobody to guess about."""

    knowing: str
    count: int
    rate: float | None


class Moment(Answer):
    """The expected rate of a moment, going by what was disclosed."""

    at: datetime
    rate: float


class Meter(Answer):
    """How well sequences could be guessed; each of the guesses knows all that stands above it."""

    KINDS = ("Meter",)
    randomized: int | None = None
    surest: float | None = None
    guesses: list[Guess]
    history: list[Moment]


class AnswerTime(Answer):
    """How long one answer took, from opening the participant's page; `way` is how it was told."""

    KINDS = ("AnswerTime",)
    answered_at: datetime | None = None
    site: str | None = None
    way: str | None = None
    seconds: int | None = None


class Times(Answer):
    """How long answers took, the oldest first."""

    rows: list[AnswerTime]


class Booked(Answer):
    """A booking whose kit is not ready."""

    KINDS = ("PeriodRecord",)
    participant: str | None = None
    period: int | None = None
    booked_for: datetime | None = None
    fit_signed_at: datetime | None = None
    preparation_begun_at: datetime | None = None
    asked_at: datetime | None = None
    answered_at: datetime | None = None
    available_at: datetime | None = None


class Labels(Answer):
    """The labels of a kit: both on a page each, and the content of the symbol as people read it."""

    KINDS = ("Label",)
    kit: str
    elements: str
    pdf_base64: str


class Preparations(Answer):
    """Bookings whose kit is not ready, the earliest first."""

    rows: list[Booked]


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
    fit: bool | None = None
    preparing: bool | None = None
    out_of_limits: bool | None = None


class Product(Answer):
    """A product as blinded people see it."""

    KINDS = ("Product",)
    participant: str | None = None
    donation: int | None = None
    identifier: str | None = None
    state: str | None = None
    harvested_at: datetime | None = None
    cleared_at: datetime | None = None
    failed_at: datetime | None = None


class LotShown(Answer):
    """A lot of a product."""

    KINDS = ("Lot",)
    number: str | None = None
    cell_count: str | None = None
    viability: str | None = None
    form: str | None = None
    recorded_at: datetime | None = None
    in_use: bool | None = None


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


class Tasks(Answer):
    """Open tasks, the oldest first."""

    rows: list[Task]


class Impact(Answer):
    """What an impact assessment looks at: from when on somebody knew, who, and what was signed since."""

    KINDS = ("Impact",)
    exposed_at: datetime | None = None
    known_by: str | None = None
    assessments: list[Assessment] | None = None


class TaskAnswer(Answer):
    """A task; `impact` is there for an impact assessment."""

    task: Task
    impact: Impact | None = None


class Lock(Answer):
    """The trial, and what stands in the way of its lock."""

    KINDS = ("Lock",)
    trial: Trial
    blocks: list[str]


class Exported(Answer):
    """The sealed release and the certificate, base64."""

    certificate_note: str
    release_sealed: str
