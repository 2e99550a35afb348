"""Signatures, deviations, blinded assessments, locks of a period, code breaks, tasks and alarms."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from randomizer.domain.people import Role  # noqa: TC001 - read at run time by the verification

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature as ICH E6(R3) and 21 CFR 11.50 want it: printed name, time, meaning, bound to values.

    Args:
        number: Number of the entry that it stands in.
        account: Who signed.
        printed_name: Name at the time of signing.
        meaning: What the signature states.
        about: What was signed, e.g. "participant 10013" or "definition".
        digest: SHA-256 of the canonical values that were shown and signed, hex.
        signed_at: When.
        entry: Number of the last entry about this record.
    """

    KEY: ClassVar = ("number",)
    number: int
    account: int
    printed_name: str
    meaning: str
    about: str
    digest: str
    signed_at: datetime
    entry: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """A departure from the protocol that somebody signed or recorded; the reason is in its entry."""

    KEY: ClassVar = ("number",)
    number: int
    participant: str
    period: int
    what: str
    recorded_at: datetime
    entry: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A blinded assessment that its assessor signed for; the result is kept elsewhere.

    It stands as it was signed or corrected last; what it was before stands in its entries.

    Args:
        number: Number of the entry, and of the signature.
        participant: Participant number.
        assessment: Code of the assessment in the definition.
        time_point: One of its time points.
        done_at: When it was done.
        struck: Whether it was struck out: signed by mistake, and counted nowhere.
        entry: Number of the last entry about this record, and of the signature under how it stands.
    """

    KEY: ClassVar = ("number",)
    number: int
    participant: str
    assessment: str
    time_point: str
    done_at: datetime
    struck: bool = False
    entry: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBreak:
    """One emergency unblinding: intent, then disclosure.

    Args:
        intent: Identifier of the intent, 32 hex digits.
        participant: Participant number.
        account: Who broke the code.
        reason: Code of the reason from the definition's list; the text is in the entry.
        intended_at: When the intent was durable.
        disclosed_at: When the answer was shown; None where none was.
        shown: What was shown, sealed for the code-break door.
        entry: Number of the last entry about this record.
    """

    KEY: ClassVar = ("intent",)
    intent: str
    participant: str
    account: int
    reason: str
    intended_at: datetime
    disclosed_at: datetime | None = None
    shown: bytes = field(default=b"", repr=False)
    entry: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodLock:
    """The sponsor's statement that the data of one period are final, while later periods go on."""

    KEY: ClassVar = ("period",)
    period: int
    locked_at: datetime
    entry: int = 0


class Way(StrEnum):
    """How the answer of a code break goes to whoever needs it."""

    OWN = "to who broke the code"
    VOICE = "by telephone"
    PAGE = "by a one-time page"
    COLLEAGUE = "to a colleague"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """To whom the answer of a code break goes, and how; who telephoned stands in the reason of the intent.

    Code breaks from before there was such a record have none: their answer went to who broke the code.

    Args:
        intent: Identifier of the intent.
        participant: Participant number.
        role: In which role the code was broken.
        way: How the answer goes.
        reader: Number of the account that is shown it; 0 where that is somebody without one.
        page_opened_at: When the page of this participant was opened, or None where no page was.
        entry: Number of the last entry about this record.
    """

    KEY: ClassVar = ("intent",)
    intent: str
    participant: str
    role: Role
    way: Way
    reader: int
    page_opened_at: datetime | None = None
    entry: int = 0


class TaskKind(StrEnum):
    """Work that somebody must do and sign for."""

    IMPACT_ASSESSMENT = "impact assessment of a code break"
    TREATMENT_DECISION = "decision on treatment after a code break"
    EXPLANATION = "explanation of a code break to the sponsor"
    RECEIPT = "receipt of a kit that should have arrived"
    QUALITY_ALERT = "quality alert of a kit that was handed out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something that must be done before the lock."""

    KEY: ClassVar = ("number",)
    number: int
    kind: TaskKind
    participant: str
    opened_at: datetime
    done_at: datetime | None = None
    entry: int = 0


class AlarmKind(StrEnum):
    """What went wrong; some stop allocation."""

    TRAIL = "a record differs from its entry"
    SEALED = "a sealed row differs from the certificate"
    LOW_WATER = "a stratum is nearly used up"
    PASSKEY = "a passkey counted backwards"
    QUALITY = "a quality result of a kit is out of limits"


STOPS_ALLOCATION = frozenset({AlarmKind.TRAIL, AlarmKind.SEALED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that the trial office must look at."""

    KEY: ClassVar = ("number",)
    number: int
    kind: AlarmKind
    about: str
    raised_at: datetime
    cleared_at: datetime | None = None
    entry: int = 0
