"""Rows of the trail itself and of what it does not cover."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, SQLModel

from randomizer.store.rows.fields import blob, of_participant, text, when


class EntryRow(SQLModel, table=True):
    __tablename__ = "entry"
    number: int = Field(primary_key=True)
    at: datetime = when()
    act: str
    actor: int
    role: str
    site: str
    participant: str = Field(index=True)
    digest: str


class EntryValuesRow(SQLModel, table=True):
    __tablename__ = "entry_values"
    number: int = Field(primary_key=True, foreign_key="entry.number")
    salt: bytes = blob()
    content: str = text()
    why: str = text()
    erased_by: int = 0


class TrailHeadRow(SQLModel, table=True):
    __tablename__ = "trail_head"
    number: int = Field(primary_key=True)
    size: int
    frontier: bytes = blob()


class CheckpointRow(SQLModel, table=True):
    __tablename__ = "checkpoint"
    size: int = Field(primary_key=True)
    note: bytes = blob()
    signed_at: datetime = when()


class SessionRow(SQLModel, table=True):
    __tablename__ = "session"
    token_hash: str = Field(primary_key=True)
    account: int = Field(foreign_key="account.number")
    door: str
    began_at: datetime = when()
    seen_at: datetime = when()
    expires_at: datetime = when()


class TotpUseRow(SQLModel, table=True):
    __tablename__ = "totp_use"
    account: int = Field(primary_key=True, foreign_key="account.number")
    last_step: int


class RecoveryUseRow(SQLModel, table=True):
    __tablename__ = "recovery_use"
    digest: str = Field(primary_key=True)
    account: int = Field(foreign_key="account.number")
    used_at: datetime = when()


class PasskeyUseRow(SQLModel, table=True):
    __tablename__ = "passkey_use"
    handle: str = Field(primary_key=True, foreign_key="passkey.handle")
    sign_count: int = Field(sa_column=Column(BigInteger, nullable=False))
    used_at: datetime | None = when(optional=True)


class ChallengeUseRow(SQLModel, table=True):
    __tablename__ = "challenge_use"
    digest: str = Field(primary_key=True)
    used_at: datetime = when()


class NoticeRow(SQLModel, table=True):
    __tablename__ = "notice"
    number: str = Field(primary_key=True)
    recipient: str
    subject: str
    body: str = text()
    queued_at: datetime = when()
    attempts: int
    tried_at: datetime | None = when(optional=True)
    sent_at: datetime | None = when(optional=True)


class LeaseRow(SQLModel, table=True):
    __tablename__ = "lease"
    name: str = Field(primary_key=True)
    holder: str
    until_at: datetime = when()


class AnsweredRow(SQLModel, table=True):
    __tablename__ = "answered"
    account: int = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_digest: str
    status: int
    body: str = text()
    answered_at: datetime = when()


class QualityWatchRow(SQLModel, table=True):
    __tablename__ = "quality_watch"
    participant: str = of_participant()
    due_at: datetime | None = when(optional=True)
    out_of_limits: bool


class PreparationRow(SQLModel, table=True):
    __tablename__ = "preparation_record"
    slot: int = Field(primary_key=True, foreign_key="slot.number")
    period: int = Field(primary_key=True)
    ciphertext: bytes = blob()
