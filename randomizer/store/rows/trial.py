"""Rows of the trial, its sites and strata, its sealed slots and whom they were allocated to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from randomizer.domain import trial
from randomizer.store.columns import KitSets, Wraps
from randomizer.store.rows.fields import blob, of_participant, text, when, word


class TrialRow(SQLModel, table=True):
    __tablename__ = "trial"
    number: int = Field(primary_key=True)
    kind: str = word(trial.Kind)
    phase: str = word(trial.Phase)
    definition: str = text()
    definition_digest: str
    certificate: bytes = blob()
    certificate_digest: str
    activation_entry: int
    locked_at: datetime | None = when(optional=True)
    entry: int


class SiteRow(SQLModel, table=True):
    __tablename__ = "site"
    code: str = Field(primary_key=True)
    state: str = word(trial.SiteState)
    opened_at: datetime | None = when(optional=True)
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
    leaf_hash: bytes = blob()
    proof: bytes = blob()
    ciphertext: bytes = blob()
    wraps: str = Field(sa_column=Column(Wraps, nullable=False))


class AllocationRow(SQLModel, table=True):
    __tablename__ = "allocation"
    participant: str = of_participant()
    slot: int = Field(unique=True, foreign_key="slot.number")
    stratum: str
    ordinal: int
    randomization_number: str
    allocated_at: datetime = when()
    entry: int
