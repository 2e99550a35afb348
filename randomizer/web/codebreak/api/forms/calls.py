"""What the API takes and gives for code breaks for somebody who telephones."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - read at run time by pydantic
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from randomizer.web.codebreak.api.forms.breaks import Reason, RecoveryReason, Shown
from randomizer.web.exchange import Short, Whole  # noqa: TC001 - read at run time by pydantic
from randomizer.web.surface import Answer


class Called(BaseModel):
    """Somebody telephones: who they are, and how they are told.

    ``way``: `voice`: who is signed in is shown the answer, reads it out and counts as unblinded; `page`: a
    code of 16 digits opens a one-time page; `colleague`: the account of that number opens the answer at this
    door. With these two, who is signed in stays blind.
    """

    caller_name: Short
    caller_function: Short
    caller_telephone: Short
    way: Literal["voice", "page", "colleague"]
    colleague: Annotated[Whole, Field(ge=0, le=2**31 - 1)] = 0


class CalledReason(Called, Reason):
    """A code break for somebody who telephones."""


class CalledRecoveryReason(Called, RecoveryReason):
    """A code break for somebody who telephones, signed with a recovery code."""


class Colleague(Answer):
    """Somebody who can be asked to open a code break."""

    KINDS = ("Colleague",)
    number: int | None = None
    printed_name: str | None = None


class Colleagues(Answer):
    """Everybody else who can break the code of a participant, by name."""

    rows: list[Colleague]


class Waiting(Answer):
    """A code break that a colleague made for the caller to open; `printed_name` is theirs."""

    KINDS = ("CodeBreak", "Colleague")
    intent: str | None = None
    participant: str | None = None
    reason: str | None = None
    intended_at: datetime | None = None
    printed_name: str | None = None


class WaitingBreaks(Answer):
    """Code breaks that wait for the caller to open them, the last one first."""

    rows: list[Waiting]


class Asked(Answer):
    """A code break for somebody else. `code` and the rest of a one-time page are there while it stands."""

    KINDS = ("Asked",)
    intent: str | None = None
    participant: str | None = None
    way: str | None = None
    reader: str | None = None
    shown: bool | None = None
    opens: bool | None = None
    address: str | None = None
    code: str | None = None
    code_until: datetime | None = None
    code_closed: bool | None = None


class Told(Answer):
    """A code break for somebody who telephones; `answer` is there where it is told by voice."""

    asked: Asked
    answer: Shown | None = None
