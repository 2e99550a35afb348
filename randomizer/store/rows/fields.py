"""Fields that many rows have alike."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Text
from sqlmodel import Field

from randomizer.store.columns import UtcTime, Word


def word(words: Any, *, primary: bool = False, optional: bool = False) -> Any:  # noqa: ANN401
    """One word of a closed list."""
    return Field(sa_column=Column(Word(words), primary_key=primary, nullable=optional))


def when(*, optional: bool = False) -> Any:  # noqa: ANN401
    """A moment."""
    return Field(sa_column=Column(UtcTime(), nullable=optional))


def blob() -> Any:  # noqa: ANN401
    """Bytes."""
    return Field(sa_column=Column(LargeBinary, nullable=False))


def text() -> Any:  # noqa: ANN401
    """Text of any length."""
    return Field(sa_column=Column(Text, nullable=False))


def of_participant(*, primary: bool = True) -> Any:  # noqa: ANN401
    """The number of a participant."""
    return Field(
        sa_column=Column(String, ForeignKey("participant.number"), primary_key=primary, nullable=False)
    )
