"""Rows of accounts, what they sign in with, and what they may do."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from randomizer.domain import people
from randomizer.store.rows.fields import blob, when, word


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
    totp_sealed: bytes = blob()
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
    public_key: bytes = blob()
    relying_party: str
    name: str
    added_at: datetime = when()
    removed_at: datetime | None = when(optional=True)
    entry: int


class GrantRow(SQLModel, table=True):
    __tablename__ = "role_grant"
    account: int = Field(primary_key=True, foreign_key="account.number")
    role: str = word(people.Role, primary=True)
    site: str = Field(primary_key=True)
    granted_at: datetime = when()
    revoked_at: datetime | None = when(optional=True)
    entry: int
