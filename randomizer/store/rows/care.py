"""Rows of participants, their products, kits and periods, and of what was counted on a shelf."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from randomizer.domain import participants, supply
from randomizer.store.rows.fields import blob, of_participant, text, when, word


class ParticipantRow(SQLModel, table=True):
    __tablename__ = "participant"
    number: str = Field(primary_key=True)
    site: str = Field(foreign_key="site.code", index=True)
    attempt: int
    state: str = word(participants.State)
    period: int
    levels: str
    corrected_levels: str
    stratum: str
    ending: str | None = word(participants.Ending, optional=True)
    follow_up: bool
    randomized_in_error: bool
    replaces: str
    consented_at: datetime = when()
    ended_at: datetime | None = when(optional=True)
    entry: int


class ProductRow(SQLModel, table=True):
    __tablename__ = "product"
    participant: str = of_participant()
    donation: int = Field(primary_key=True)
    identifier: str = Field(index=True)
    state: str = word(supply.ProductState)
    harvested_at: datetime = when()
    cleared_at: datetime | None = when(optional=True)
    failed_at: datetime | None = when(optional=True)
    details: bytes = blob()
    entry: int


class KitRow(SQLModel, table=True):
    __tablename__ = "kit"
    number: str = Field(primary_key=True)
    slot: int = Field(index=True, foreign_key="slot.number")
    period: int
    state: str = word(supply.KitState)
    ready_at: datetime | None = when(optional=True)
    expires_at: datetime | None = when(optional=True)
    entry: int


class PeriodRow(SQLModel, table=True):
    __tablename__ = "period"
    participant: str = of_participant()
    period: int = Field(primary_key=True)
    booked_for: datetime | None = when(optional=True)
    fit_signed_at: datetime | None = when(optional=True)
    deviation_signed_at: datetime | None = when(optional=True)
    preparation_begun_at: datetime | None = when(optional=True)
    preparation_ended_at: datetime | None = when(optional=True)
    asked_at: datetime | None = when(optional=True)
    answered_at: datetime | None = when(optional=True)
    available_at: datetime | None = when(optional=True)
    kit: str
    dispensed_at: datetime | None = when(optional=True)
    checked_by: int
    given_at: datetime | None = when(optional=True)
    stopped_at: datetime | None = when(optional=True)
    volume_ml: int
    outcome: str | None = word(supply.Outcome, optional=True)
    closed_at: datetime | None = when(optional=True)
    entry: int


class StockTakeRow(SQLModel, table=True):
    __tablename__ = "stock_take"
    number: int = Field(primary_key=True)
    site: str = Field(foreign_key="site.code")
    opened_at: datetime = when()
    closed_at: datetime | None = when(optional=True)
    matched: int
    missing: str = text()
    unexpected: str = text()
    settled_at: datetime | None = when(optional=True)
    entry: int


class CountedKitRow(SQLModel, table=True):
    __tablename__ = "counted_kit"
    take: int = Field(primary_key=True, foreign_key="stock_take.number")
    kit: str = Field(primary_key=True)
    counted_at: datetime = when()
    entry: int
