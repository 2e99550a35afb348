"""The tables: one per domain value, field for field.

Rows are read and written through `randomizer.store.work` alone, which gives and takes the domain's values.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from randomizer.domain import housekeeping, participants, people, records, stock, supply, trial
from randomizer.store.columns import KitSets, UtcTime, Word, Wraps


def _word(words: Any, *, primary: bool = False, optional: bool = False) -> Any:  # noqa: ANN401
    return Field(sa_column=Column(Word(words), primary_key=primary, nullable=optional))


def _when(*, optional: bool = False) -> Any:  # noqa: ANN401
    return Field(sa_column=Column(UtcTime(), nullable=optional))


def _blob() -> Any:  # noqa: ANN401
    return Field(sa_column=Column(LargeBinary, nullable=False))


def _text() -> Any:  # noqa: ANN401
    return Field(sa_column=Column(Text, nullable=False))


def _of_participant(*, primary: bool = True) -> Any:  # noqa: ANN401
    return Field(
        sa_column=Column(String, ForeignKey("participant.number"), primary_key=primary, nullable=False)
    )


class AccountRow(SQLModel, table=True):
    __tablename__ = "account"
    number: int = Field(primary_key=True)
    username: str = Field(unique=True)
    printed_name: str
    email: str
    active: bool
    entry: int


class CredentialRow(SQLModel, table=True):
    __tablename__ = "credential"
    account: int = Field(primary_key=True, foreign_key="account.number")
    password_hash: str
    totp_sealed: bytes = _blob()
    entry: int


class RecoveryCodesRow(SQLModel, table=True):
    __tablename__ = "recovery_codes"
    account: int = Field(primary_key=True, foreign_key="account.number")
    digests: str
    entry: int


class PasskeyRow(SQLModel, table=True):
    __tablename__ = "passkey"
    handle: str = Field(primary_key=True)
    account: int = Field(foreign_key="account.number", index=True)
    credential: str = Field(unique=True)
    public_key: bytes = _blob()
    relying_party: str
    name: str
    added_at: datetime = _when()
    removed_at: datetime | None = _when(optional=True)
    entry: int


class GrantRow(SQLModel, table=True):
    __tablename__ = "role_grant"
    account: int = Field(primary_key=True, foreign_key="account.number")
    role: str = _word(people.Role, primary=True)
    site: str = Field(primary_key=True)
    granted_at: datetime = _when()
    revoked_at: datetime | None = _when(optional=True)
    entry: int


class TrialRow(SQLModel, table=True):
    __tablename__ = "trial"
    number: int = Field(primary_key=True)
    kind: str = _word(trial.Kind)
    phase: str = _word(trial.Phase)
    definition: str = _text()
    definition_digest: str
    certificate: bytes = _blob()
    certificate_digest: str
    activation_entry: int
    locked_at: datetime | None = _when(optional=True)
    entry: int


class SiteRow(SQLModel, table=True):
    __tablename__ = "site"
    code: str = Field(primary_key=True)
    state: str = _word(trial.SiteState)
    opened_at: datetime | None = _when(optional=True)
    entry: int


class StratumRow(SQLModel, table=True):
    __tablename__ = "stratum"
    code: str = Field(primary_key=True)
    capacity: int
    next_ordinal: int
    reserved: int
    low_water: int
    entry: int


class SlotRow(SQLModel, table=True):
    __tablename__ = "slot"
    __table_args__ = (UniqueConstraint("stratum", "ordinal"),)
    number: int = Field(primary_key=True)
    stratum: str = Field(foreign_key="stratum.code")
    ordinal: int
    randomization_number: str = Field(unique=True)
    kits: str = Field(sa_column=Column(KitSets, nullable=False))
    leaf_hash: bytes = _blob()
    proof: bytes = _blob()
    ciphertext: bytes = _blob()
    wraps: str = Field(sa_column=Column(Wraps, nullable=False))


class ParticipantRow(SQLModel, table=True):
    __tablename__ = "participant"
    number: str = Field(primary_key=True)
    site: str = Field(foreign_key="site.code", index=True)
    attempt: int
    state: str = _word(participants.State)
    period: int
    levels: str
    corrected_levels: str
    stratum: str
    ending: str | None = _word(participants.Ending, optional=True)
    follow_up: bool
    randomized_in_error: bool
    replaces: str
    consented_at: datetime = _when()
    ended_at: datetime | None = _when(optional=True)
    entry: int


class AllocationRow(SQLModel, table=True):
    __tablename__ = "allocation"
    participant: str = _of_participant()
    slot: int = Field(unique=True, foreign_key="slot.number")
    stratum: str
    ordinal: int
    randomization_number: str
    allocated_at: datetime = _when()
    entry: int


class ProductRow(SQLModel, table=True):
    __tablename__ = "product"
    participant: str = _of_participant()
    donation: int = Field(primary_key=True)
    identifier: str = Field(index=True)
    state: str = _word(supply.ProductState)
    harvested_at: datetime = _when()
    cleared_at: datetime | None = _when(optional=True)
    failed_at: datetime | None = _when(optional=True)
    details: bytes = _blob()
    entry: int


class KitRow(SQLModel, table=True):
    __tablename__ = "kit"
    number: str = Field(primary_key=True)
    slot: int = Field(index=True, foreign_key="slot.number")
    period: int
    state: str = _word(supply.KitState)
    ready_at: datetime | None = _when(optional=True)
    expires_at: datetime | None = _when(optional=True)
    entry: int


class PeriodRow(SQLModel, table=True):
    __tablename__ = "period"
    participant: str = _of_participant()
    period: int = Field(primary_key=True)
    booked_for: datetime | None = _when(optional=True)
    fit_signed_at: datetime | None = _when(optional=True)
    deviation_signed_at: datetime | None = _when(optional=True)
    preparation_begun_at: datetime | None = _when(optional=True)
    preparation_ended_at: datetime | None = _when(optional=True)
    asked_at: datetime | None = _when(optional=True)
    answered_at: datetime | None = _when(optional=True)
    available_at: datetime | None = _when(optional=True)
    kit: str
    dispensed_at: datetime | None = _when(optional=True)
    checked_by: int
    given_at: datetime | None = _when(optional=True)
    stopped_at: datetime | None = _when(optional=True)
    volume_ml: int
    outcome: str | None = _word(supply.Outcome, optional=True)
    closed_at: datetime | None = _when(optional=True)
    entry: int


class SignatureRow(SQLModel, table=True):
    __tablename__ = "signature"
    number: int = Field(primary_key=True)
    account: int = Field(foreign_key="account.number")
    printed_name: str
    meaning: str
    about: str = Field(index=True)
    digest: str
    signed_at: datetime = _when()
    entry: int


class DeviationRow(SQLModel, table=True):
    __tablename__ = "deviation"
    number: int = Field(primary_key=True)
    participant: str = _of_participant(primary=False)
    period: int
    what: str
    recorded_at: datetime = _when()
    entry: int


class AssessmentRow(SQLModel, table=True):
    __tablename__ = "assessment"
    number: int = Field(primary_key=True)
    participant: str = _of_participant(primary=False)
    assessment: str
    time_point: str
    done_at: datetime = _when()
    struck: bool
    entry: int


class CodeBreakRow(SQLModel, table=True):
    __tablename__ = "code_break"
    intent: str = Field(primary_key=True)
    participant: str = _of_participant(primary=False)
    account: int = Field(foreign_key="account.number")
    reason: str
    intended_at: datetime = _when()
    disclosed_at: datetime | None = _when(optional=True)
    shown: bytes = _blob()
    entry: int


class PeriodLockRow(SQLModel, table=True):
    __tablename__ = "period_lock"
    period: int = Field(primary_key=True)
    locked_at: datetime = _when()
    entry: int


class TellingRow(SQLModel, table=True):
    __tablename__ = "telling"
    intent: str = Field(primary_key=True, foreign_key="code_break.intent")
    participant: str = _of_participant(primary=False)
    role: str = _word(people.Role)
    way: str = _word(records.Way)
    reader: int = Field(index=True)
    page_opened_at: datetime | None = _when(optional=True)
    entry: int


class TaskRow(SQLModel, table=True):
    __tablename__ = "task"
    number: int = Field(primary_key=True)
    kind: str = _word(records.TaskKind)
    participant: str = _of_participant(primary=False)
    opened_at: datetime = _when()
    done_at: datetime | None = _when(optional=True)
    entry: int


class AlarmRow(SQLModel, table=True):
    __tablename__ = "alarm"
    number: int = Field(primary_key=True)
    kind: str = _word(records.AlarmKind)
    about: str
    raised_at: datetime = _when()
    cleared_at: datetime | None = _when(optional=True)
    entry: int


class StockTakeRow(SQLModel, table=True):
    __tablename__ = "stock_take"
    number: int = Field(primary_key=True)
    site: str = Field(foreign_key="site.code")
    opened_at: datetime = _when()
    closed_at: datetime | None = _when(optional=True)
    matched: int
    missing: str = _text()
    unexpected: str = _text()
    settled_at: datetime | None = _when(optional=True)
    entry: int


class CountedKitRow(SQLModel, table=True):
    __tablename__ = "counted_kit"
    take: int = Field(primary_key=True, foreign_key="stock_take.number")
    kit: str = Field(primary_key=True)
    counted_at: datetime = _when()
    entry: int


class EntryRow(SQLModel, table=True):
    __tablename__ = "entry"
    number: int = Field(primary_key=True)
    at: datetime = _when()
    act: str
    actor: int
    role: str
    site: str
    participant: str = Field(index=True)
    digest: str


class EntryValuesRow(SQLModel, table=True):
    __tablename__ = "entry_values"
    number: int = Field(primary_key=True, foreign_key="entry.number")
    salt: bytes = _blob()
    content: str = _text()
    why: str = _text()
    erased_by: int = 0


class TrailHeadRow(SQLModel, table=True):
    __tablename__ = "trail_head"
    number: int = Field(primary_key=True)
    size: int
    frontier: bytes = _blob()


class CheckpointRow(SQLModel, table=True):
    __tablename__ = "checkpoint"
    size: int = Field(primary_key=True)
    note: bytes = _blob()
    signed_at: datetime = _when()


class SessionRow(SQLModel, table=True):
    __tablename__ = "session"
    token_hash: str = Field(primary_key=True)
    account: int = Field(foreign_key="account.number")
    door: str
    began_at: datetime = _when()
    seen_at: datetime = _when()
    expires_at: datetime = _when()


class TotpUseRow(SQLModel, table=True):
    __tablename__ = "totp_use"
    account: int = Field(primary_key=True, foreign_key="account.number")
    last_step: int


class RecoveryUseRow(SQLModel, table=True):
    __tablename__ = "recovery_use"
    digest: str = Field(primary_key=True)
    account: int = Field(foreign_key="account.number")
    used_at: datetime = _when()


class PasskeyUseRow(SQLModel, table=True):
    __tablename__ = "passkey_use"
    handle: str = Field(primary_key=True, foreign_key="passkey.handle")
    sign_count: int = Field(sa_column=Column(BigInteger, nullable=False))
    used_at: datetime | None = _when(optional=True)


class ChallengeUseRow(SQLModel, table=True):
    __tablename__ = "challenge_use"
    digest: str = Field(primary_key=True)
    used_at: datetime = _when()


class NoticeRow(SQLModel, table=True):
    __tablename__ = "notice"
    number: str = Field(primary_key=True)
    recipient: str
    subject: str
    body: str = _text()
    queued_at: datetime = _when()
    attempts: int
    tried_at: datetime | None = _when(optional=True)
    sent_at: datetime | None = _when(optional=True)


class LeaseRow(SQLModel, table=True):
    __tablename__ = "lease"
    name: str = Field(primary_key=True)
    holder: str
    until_at: datetime = _when()


class AnsweredRow(SQLModel, table=True):
    __tablename__ = "answered"
    account: int = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_digest: str
    status: int
    body: str = _text()
    answered_at: datetime = _when()


class QualityWatchRow(SQLModel, table=True):
    __tablename__ = "quality_watch"
    participant: str = _of_participant()
    due_at: datetime | None = _when(optional=True)
    out_of_limits: bool


class PreparationRow(SQLModel, table=True):
    __tablename__ = "preparation_record"
    slot: int = Field(primary_key=True, foreign_key="slot.number")
    period: int = Field(primary_key=True)
    ciphertext: bytes = _blob()


ROWS: dict[type, type[SQLModel]] = {
    people.Account: AccountRow,
    people.Credential: CredentialRow,
    people.RecoveryCodes: RecoveryCodesRow,
    people.Passkey: PasskeyRow,
    people.Grant: GrantRow,
    trial.Trial: TrialRow,
    trial.SiteStatus: SiteRow,
    trial.StratumStatus: StratumRow,
    trial.Slot: SlotRow,
    trial.Allocation: AllocationRow,
    participants.Participant: ParticipantRow,
    supply.Product: ProductRow,
    supply.Kit: KitRow,
    supply.PeriodRecord: PeriodRow,
    stock.StockTake: StockTakeRow,
    stock.CountedKit: CountedKitRow,
    records.Signature: SignatureRow,
    records.Deviation: DeviationRow,
    records.Assessment: AssessmentRow,
    records.PeriodLock: PeriodLockRow,
    records.CodeBreak: CodeBreakRow,
    records.Telling: TellingRow,
    records.Task: TaskRow,
    records.Alarm: AlarmRow,
    housekeeping.Entry: EntryRow,
    housekeeping.EntryValues: EntryValuesRow,
    housekeeping.TrailHead: TrailHeadRow,
    housekeeping.SignedCheckpoint: CheckpointRow,
    housekeeping.Session: SessionRow,
    housekeeping.TotpUse: TotpUseRow,
    housekeeping.RecoveryUse: RecoveryUseRow,
    housekeeping.PasskeyUse: PasskeyUseRow,
    housekeeping.ChallengeUse: ChallengeUseRow,
    housekeeping.Notice: NoticeRow,
    housekeeping.Lease: LeaseRow,
    housekeeping.Answered: AnsweredRow,
    housekeeping.PreparationRecord: PreparationRow,
    housekeeping.QualityWatch: QualityWatchRow,
}
"""Which table holds which domain value; a value with a field `entry` is covered by the trail."""

COVERED = tuple(value for value in ROWS if "entry" in value.__dataclass_fields__)  # type: ignore[attr-defined]
"""Domain values that the trail covers."""
