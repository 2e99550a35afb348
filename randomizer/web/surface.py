"""What the APIs of both doors share: blueprint, problems, JSON and CSV."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime
from functools import cache
from io import StringIO
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from flask import Response, current_app, jsonify, make_response
from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict

from randomizer.errors import Faulty
from randomizer.web import auth, problems

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import ValidationError

PREFIX = auth.API + "v1"
ABOUT = """The same acts and lists as the pages of this door, for programs that serve people at work.

A field that the caller's roles do not see is left out of an answer. Times are UTC with a Z; those that are
sent carry their offset. A refusal is a problem (RFC 9457): `detail` says what and why, `next_step` what to
do, `errors` which fields."""
BEARER = "bearer"
SPEC = "3.1.0"  # of OpenAPI
CSV = "text/csv"
LONGEST_NAME = 200  # characters of a field's name that are said back
RISKY = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run what begins so
REFUSALS = {
    401: "Not signed in, or the session is over",
    403: "Not for your role, or password and code do not fit",
    404: "There is no such record, or not for you",
    409: "Somebody else was first, or a hard stop",
    422: "A rule says no, or a field is wrong",
    429: "Too many tries that did not fit",
    503: "An alarm stands, or too many sign in at once",
}
MOMENT = "{field}: Give date, time and offset from UTC, such as 2026-11-27T14:30:00Z."
OTHERWISE = "{field}: {said}."
WORDS = {
    "missing": "{field} is missing.",
    "extra_forbidden": "There is no field {field} in this call; check its spelling.",
    "model_type": "Send a JSON object with the fields of this call, as application/json.",
    "string_pattern_mismatch": "{field}: There is a sign in it that is not taken here.",
    "datetime_type": MOMENT,
    "datetime_parsing": MOMENT,
    "datetime_from_date_parsing": MOMENT,
    "timezone_aware": MOMENT,
}
"""What is wrong with a field, in words, where the library's own would not help; by its kind of fault."""


def _problem(sentence: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {"description": sentence, "content": {problems.PROBLEM: {"schema": schema}}}


class Answer(BaseModel):
    """The root of everything that an API answers.

    Attributes:
        KINDS: The kinds of record that its fields are of, as the masking policy calls them; none where it
            only holds other answers together, or tells of no record at all.
    """

    KINDS: ClassVar[tuple[str, ...]] = ()
    model_config = ConfigDict(extra="forbid")

    @classmethod
    @cache
    def model_json_schema(cls, *asked: Any, **named: Any) -> dict[str, Any]:  # type: ignore[override] # noqa: ANN401
        """As the library's, made once: dozens of calls give the same answer, and a door describes each."""
        return super().model_json_schema(*asked, **named)


class Fault(Answer):
    """One thing that is wrong."""

    field: str
    detail: str


class Problem(Answer):
    """RFC 9457 problem; `next_step` says what to do, `telephone` whom to call."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    next_step: str
    telephone: str
    errors: list[Fault]


def new_api() -> APIBlueprint:
    """The API of a door, with its OpenAPI document and nothing else yet."""
    api = APIBlueprint(
        "api",
        __name__,
        url_prefix=PREFIX,
        abp_security=[{BEARER: []}],
        abp_responses={status: _problem(sentence) for status, sentence in REFUSALS.items()},
    )

    @api.get("/openapi.json", doc_ui=False)
    @auth.public
    def specification() -> Response:
        """The OpenAPI document."""
        return jsonify(current_app.api_doc)  # type: ignore[attr-defined]

    return api


def refuse_body(error: ValidationError) -> NoReturn:
    """Say which fields of a request are wrong, in the words of the API's problems.

    Raises:
        Faulty: Always.
    """
    raise Faulty(
        tuple(
            (field, WORDS.get(fault["type"], OTHERWISE).format(field=field, said=fault["msg"]))
            for fault in error.errors(include_url=False, include_context=False, include_input=False)
            for field in (".".join(str(part) for part in fault["loc"])[:LONGEST_NAME] or "body",)
        ),
        next_step="Correct the request and send it again; nothing was changed.",
    )


def text(value: Any) -> str:  # noqa: ANN401 - any view
    """A view as JSON; moments in UTC with a Z."""
    return json.dumps(value, default=_plain, ensure_ascii=False, sort_keys=True)


def answer(body: str, status: int = 200) -> Response:
    """JSON as an answer."""
    response = make_response(body, status)
    response.mimetype = "application/json"
    return response


def listed(model: type[BaseModel], found: dict[str, Any], row: type[BaseModel], *, as_csv: bool) -> Response:
    """A list as JSON, or its rows as CSV with a column for each field.

    Args:
        model: What the JSON looks like.
        found: rows, and what stands beside them.
        row: What a row looks like.
        as_csv: Whether the caller asked for CSV.
    """
    if as_csv:
        return table(tuple(row.model_fields), found["rows"])
    wanted = {name: found[name] for name in model.model_fields}
    wanted["rows"] = [
        {name: value for name, value in one.items() if name in row.model_fields} for one in found["rows"]
    ]
    return answer(text(wanted))


def table(columns: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> Response:
    """Rows as CSV; what a spreadsheet would take for a formula is quoted.

    Args:
        columns: Names of the fields, in order.
        rows: Content by field; one that is absent stays empty.
    """
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for one in rows:
        writer.writerow([_cell(one.get(name)) for name in columns])
    response = make_response(out.getvalue())
    response.mimetype = CSV
    return response


def _cell(value: Any) -> str:  # noqa: ANN401
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    words = _plain(value) if isinstance(value, date) else str(value)
    return f"'{words}" if isinstance(value, str) and words.startswith(RISKY) else words


def _plain(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
