"""Errors as people and programs read them: plain sentences or an RFC 9457 problem, never a trace."""

from __future__ import annotations

import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog
from flask import jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.wrappers import Response

from randomizer import errors
from randomizer.errors import RandomizerError, Tampered
from randomizer.services.transactions import raise_tampering
from randomizer.web import auth, shell
from randomizer.web.headers import request_id
from randomizer.web.throttle import TriedTooOften

if TYPE_CHECKING:
    from flask import Flask

    from randomizer.web.door import Door

PROBLEM = "application/problem+json"
TYPE = "urn:crossover-randomizer:problem:"

STATUS: dict[type[RandomizerError], int] = {
    errors.Faulty: 422,
    errors.Refused: 422,
    errors.HardStop: 409,
    errors.Exhausted: 409,
    errors.Conflict: 409,
    errors.NotAllowed: 403,
    errors.StepUpRefused: 403,
    errors.SignInRefused: 401,
    TriedTooOften: 429,
    errors.NotFound: 404,
    errors.BundleRefused: 422,
    errors.Stopped: 503,
    errors.Busy: 503,
    errors.Unwritable: 503,
    errors.Unreadable: 503,
}
TITLES = {
    400: "This could not be read",
    401: "You are signed out",
    403: "Not for your role",
    404: "There is no such page or record",
    405: "Not this way",
    409: "Not possible now",
    413: "This is too long",
    414: "This address is too long",
    422: "Not possible as asked",
    429: "Too many tries",
    500: "Something went wrong here",
    503: "Not possible at this moment",
}
TITLES_BY_CODE = {
    "step-up-refused": "Not signed",
    "tampered": "Stopped: a record differs",
    "set-back": "Stopped: not the newest database",
}
HTTP_SENTENCES = {
    400: "What came in could not be read. Nothing was changed.",
    404: "There is no page at this address.",
    405: "This page is not opened or sent like that. Nothing was changed.",
    413: "What came in is longer than any form here. Nothing was changed.",
    414: "The address is longer than any address here. Nothing was changed.",
}
HTTP_NEXT = {
    405: "Begin at the start page, and use the links and buttons of the pages.",
    414: "Begin at the start page, or type the address again.",
}
API_NEXT = "The calls that there are stand in /api/v1/openapi.json."
CSRF_SENTENCE = "This form does not belong to your session, so nothing was changed."
CSRF_NEXT = "Go back, reload the page, and send the form again."
UNKNOWN_HOST = "This host name is not answered here.\n"
UNKNOWN = "Something went wrong here, and it is not your doing. What was not confirmed was not recorded."
UNKNOWN_NEXT = (
    "Look at the record before you try again. If it stays, call and give the number of this request."
)


def status_of(error: RandomizerError) -> int:
    """The HTTP status that an error answers with."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def register(app: Flask, door: Door) -> None:
    """Answer every error of an app in plain words; raise the alarm where a record was bent."""

    @app.errorhandler(RandomizerError)
    def _known(error: RandomizerError) -> Response:
        if isinstance(error, Tampered):
            with suppress(RandomizerError):  # the person is told all the same; the jobs find it again
                raise_tampering(door.store, error)
        return answer(door, error)

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        code = error.code or 500
        if error.response is not None or code < 400:  # noqa: PLR2004 - redirects are no errors
            return error.get_response()
        if isinstance(error, SecurityError):  # another host's name: no page of ours can link to anything
            return Response(UNKNOWN_HOST, code, mimetype="text/plain")
        if isinstance(error, CSRFError):
            return _say(door, code, "csrf", sentence=CSRF_SENTENCE, next_step=CSRF_NEXT)
        sentence = HTTP_SENTENCES.get(code, error.name)
        name = error.name.lower().replace(" ", "-")
        page_next = HTTP_NEXT.get(code, "Go back to the page before.")
        next_step = API_NEXT if request.path.startswith(auth.API) else page_next
        response = _say(door, code, name, sentence=sentence, next_step=next_step)
        for header, value in error.get_headers():
            if header == "Allow":
                response.headers[header] = value
        return response

    @app.errorhandler(Exception)
    def _unknown(error: Exception) -> Response:
        # Names and places only: the message of an unknown error may hold anything.
        frames = traceback.extract_tb(error.__traceback__)
        structlog.get_logger("door").error(
            "unknown error",
            request=request_id(),
            error=type(error).__name__,
            where=[f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in frames[-6:]],
        )
        return _say(door, 500, "unknown", sentence=UNKNOWN, next_step=UNKNOWN_NEXT)


def answer(door: Door, error: RandomizerError) -> Response:
    """A known error as a page or a problem."""
    faults = error.faults if isinstance(error, errors.Faulty) else ()
    if not faults and error.field:
        faults = ((error.field, error.message),)
    response = _say(
        door,
        status_of(error),
        error.code,
        sentence=error.message,
        next_step=error.next_step,
        faults=faults,
    )
    response.headers.extend(waiting(error))
    return response


def waiting(error: RandomizerError) -> dict[str, str]:
    """The header that says when to try again, where the error knows."""
    if isinstance(error, (errors.Busy, TriedTooOften)):
        return {"Retry-After": str(error.wait_seconds)}
    return {}


def _say(
    door: Door,
    status: int,
    code: str,
    *,
    sentence: str,
    next_step: str | None,
    faults: tuple[tuple[str, str], ...] = (),
) -> Response:
    office, emergency = shell.telephones(door)
    title = TITLES_BY_CODE.get(code) or TITLES.get(status, "Not possible")
    if request.path.startswith(auth.API):
        problem: dict[str, Any] = {
            "type": TYPE + code,
            "title": title,
            "status": status,
            "detail": sentence,
            "instance": f"urn:request:{request_id()}",
            "next_step": next_step or "",
            "telephone": office,
            "errors": [{"field": field, "detail": detail} for field, detail in faults],
        }
        response = jsonify(problem)
        response.mimetype = PROBLEM
        if status == 401:  # noqa: PLR2004
            response.headers["WWW-Authenticate"] = "Bearer"
    else:
        page = render_template(
            "problem.html",
            title=title,
            sentence=sentence,
            next_step=next_step,
            request_id=request_id(),
            office=office,
            emergency=emergency,
            sign_in=status == 401,  # noqa: PLR2004
        )
        response = make_response(page)
    response.status_code = status
    return response
