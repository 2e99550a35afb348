"""What the APIs of both doors take and give alike: sign-in, signatures, tasks, the trial."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from flask import Response, request
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Strict, StringConstraints
from pydantic_core import PydanticCustomError

from randomizer.services.sessions import SESSION_HOURS
from randomizer.services.views import published, sight
from randomizer.web import auth
from randomizer.web.door import this
from randomizer.web.surface import Answer, answer, text

if TYPE_CHECKING:
    from flask_openapi.blueprint import APIBlueprint

PRINTABLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1c\x1e\x1f\x7f]*$"
"""Every sign but those nobody can read; line ends, tabs and the separator in a scan (x1d) are read."""
WRITTEN_OUT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]")


def _written_out(value: object) -> object:
    """Refuse a number where a moment is due: it would be taken for seconds since 1970."""
    if isinstance(value, str) and WRITTEN_OUT.match(value):
        return value
    raise PydanticCustomError("datetime_type", "A date and a time")


Short = Annotated[str, StringConstraints(max_length=200, pattern=PRINTABLE)]
Long = Annotated[str, StringConstraints(max_length=4000, pattern=PRINTABLE)]
Whole = Annotated[int, Strict()]
YesNo = Annotated[bool, Strict()]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]


class Body(BaseModel):
    """The root: a field that is not asked for is refused."""

    model_config = ConfigDict(extra="forbid")


class Credentials(Body):
    """What a person signs in with."""

    username: Short
    password: Short
    code: Short


class Signed(Body):
    """An act that is signed: the signer's password and six-digit code."""

    password: Short
    code: Short


class SignedWhy(Signed):
    """A signed act with its reason."""

    why: Long


class Token(Answer):
    """A bearer token; it counts until then, or until 30 minutes pass without a request."""

    token: str
    expires_at: datetime


class Task(Answer):
    """A task."""

    KINDS = ("Task",)
    number: int | None = None
    kind: str | None = None
    participant: str | None = None
    kit: str | None = None
    site: str | None = None
    opened_at: datetime | None = None
    done_at: datetime | None = None


class Product(Answer):
    """A product as blinded people see it."""

    KINDS = ("Product",)
    participant: str | None = None
    donation: int | None = None
    identifier: str | None = None
    state: str | None = None
    harvested_at: datetime | None = None
    cleared_at: datetime | None = None
    failed_at: datetime | None = None


class Assessment(Answer):
    """A blinded assessment that was signed for."""

    KINDS = ("Assessment",)
    number: int | None = None
    participant: str | None = None
    assessment: str | None = None
    label: str | None = None
    time_point: str | None = None
    done_at: datetime | None = None
    struck: bool | None = None
    entry: int | None = None
    printed_name: str | None = None
    signed_at: datetime | None = None
    changed_by: str | None = None
    changed_at: datetime | None = None


class Trial(Answer):
    """The trial."""

    KINDS = ("Trial",)
    kind: str | None = None
    phase: str | None = None
    definition_digest: str | None = None
    certificate_digest: str | None = None
    locked_at: datetime | None = None


class TrialFile(Answer):
    """The trial with its definition as published: sites, factors, items, tests, reasons and their codes."""

    KINDS = ("Published",)
    trial: Trial
    definition: dict[str, Any]


def offer_trial(api: APIBlueprint) -> None:
    """Let programs read which codes their requests can name.

    Args:
        api: The blueprint of the door's API.
    """

    @api.get("/trial", responses={200: TrialFile})
    def trial() -> Response:
        """The trial and its definition, as published."""
        with this().store.reading() as uow:
            shown = published.of(sight.of(uow, auth.person()))
        return answer(text(shown))


def offer_tokens(api: APIBlueprint) -> None:
    """Let programs sign in to a door and out again.

    Args:
        api: The blueprint of the door's API.
    """

    @api.post("/tokens", responses={201: Token}, security=[{}])
    @auth.public
    def create_token(body: Credentials) -> Response:
        """Sign in."""
        return hand_over(auth.sign_in(username=body.username, password=body.password, code=body.code))

    @api.delete("/tokens/current", responses={204: None})
    def end_token() -> tuple[str, int]:
        """Sign out."""
        this().sessions.sign_out(request.headers["Authorization"].removeprefix(auth.BEARER).strip())
        return "", 204


def hand_over(token: str) -> Response:
    """A new bearer token as an answer."""
    expires_at = this().store.clock() + timedelta(hours=SESSION_HOURS)
    return answer(text({"token": token, "expires_at": expires_at}), 201)
