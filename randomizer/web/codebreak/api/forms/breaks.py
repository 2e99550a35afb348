"""What the API takes and gives for code breaks; a field not shown to the caller is left out."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - read at run time by pydantic

from randomizer.web.exchange import Body, Long, Short, Signed
from randomizer.web.surface import Answer


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


class RecoverySigned(Body):
    """A signature with a recovery code."""

    recovery_code: Short


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


class CodeBreaks(Answer):
    """The caller's own code breaks, the last one first."""

    rows: list[CodeBreak]


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
