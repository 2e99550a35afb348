"""What a request to the code-break door's API names: a participant, a code break, a task, its own key."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


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
