"""What the API takes and gives for the tasks that follow a code break."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - read at run time by pydantic
from typing import Annotated, Literal

from pydantic import Field

from randomizer.web.exchange import Assessment, Body, Long, Short, SignedWhy, Task, Whole
from randomizer.web.surface import Answer


class Decided(Body):
    """What is signed of a task beside its reason; `treatment` is needed where that is to be decided.

    ``assessments`` are the entries of the blinded assessments that the task lists: an impact assessment is
    signed over that list, and refused where another one stands by now.
    """

    treatment: Literal["", "goes on", "stops"] = ""
    assessments: list[Annotated[Whole, Field(ge=0)]] = Field(default_factory=list, max_length=1000)


class Done(Decided, SignedWhy):
    """A task that is signed for."""


class RecoveryDone(Decided):
    """A task that is signed for with a recovery code."""

    recovery_code: Short
    why: Long


class Tasks(Answer):
    """Open tasks, the oldest first."""

    rows: list[Task]


class Impact(Answer):
    """What an impact assessment looks at: from when on somebody knew, who, and what was signed since."""

    KINDS = ("Impact",)
    exposed_at: datetime | None = None
    known_by: str | None = None
    knew: list[int] | None = None
    assessments: list[Assessment] | None = None


class TaskAnswer(Answer):
    """A task; `impact` is there for an impact assessment."""

    task: Task
    impact: Impact | None = None
