"""Rows of what people signed, what code breaks left, and what waits for somebody."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from randomizer.domain import people, records
from randomizer.store.rows.fields import blob, of_participant, when, word


class SignatureRow(SQLModel, table=True):
    __tablename__ = "signature"
    number: int = Field(primary_key=True)
    account: int = Field(foreign_key="account.number")
    printed_name: str
    meaning: str
    about: str = Field(index=True)
    digest: str
    signed_at: datetime = when()
    entry: int


class DeviationRow(SQLModel, table=True):
    __tablename__ = "deviation"
    number: int = Field(primary_key=True)
    participant: str = of_participant(primary=False)
    period: int
    what: str
    recorded_at: datetime = when()
    entry: int


class AssessmentRow(SQLModel, table=True):
    __tablename__ = "assessment"
    number: int = Field(primary_key=True)
    participant: str = Field(foreign_key="participant.number", index=True)
    assessment: str
    time_point: str
    done_at: datetime = when()
    struck: bool
    entry: int


class CodeBreakRow(SQLModel, table=True):
    __tablename__ = "code_break"
    intent: str = Field(primary_key=True)
    participant: str = of_participant(primary=False)
    account: int = Field(foreign_key="account.number")
    reason: str
    intended_at: datetime = when()
    disclosed_at: datetime | None = when(optional=True)
    shown: bytes = blob()
    entry: int


class PeriodLockRow(SQLModel, table=True):
    __tablename__ = "period_lock"
    period: int = Field(primary_key=True)
    locked_at: datetime = when()
    entry: int


class TellingRow(SQLModel, table=True):
    __tablename__ = "telling"
    intent: str = Field(primary_key=True, foreign_key="code_break.intent")
    participant: str = of_participant(primary=False)
    role: str = word(people.Role)
    way: str = word(records.Way)
    reader: int = Field(index=True)
    page_opened_at: datetime | None = when(optional=True)
    entry: int


class TaskRow(SQLModel, table=True):
    __tablename__ = "task"
    number: int = Field(primary_key=True)
    kind: str = word(records.TaskKind)
    participant: str = of_participant(primary=False)
    opened_at: datetime = when()
    done_at: datetime | None = when(optional=True)
    entry: int


class AlarmRow(SQLModel, table=True):
    __tablename__ = "alarm"
    number: int = Field(primary_key=True)
    kind: str = word(records.AlarmKind)
    about: str
    raised_at: datetime = when()
    cleared_at: datetime | None = when(optional=True)
    entry: int
