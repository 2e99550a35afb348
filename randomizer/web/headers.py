"""What every answer carries, and one line of log per request: no body, no size, no participant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from flask import g, request
from werkzeug.exceptions import RequestURITooLarge

if TYPE_CHECKING:
    from flask import Flask, Response

    from randomizer.web.door import Door

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",  # CSRF protection reads the referrer over HTTPS
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
TWO_YEARS = "max-age=63072000; includeSubDomains"
LONGEST_ADDRESS = 2048  # characters
UNCHANGING = frozenset({"static", "bootstrap.static"})


def protect(app: Flask, door: Door, *, https: bool) -> None:
    """Number every request, refuse too long an address, set the headers of every answer, log one line.

    Args:
        app: The app of the door.
        door: Gives randomness for request ids, and the name in the log.
        https: Whether browsers come over HTTPS.
    """
    log = structlog.get_logger("access")

    @app.before_request
    def _number() -> None:
        g.request_id = door.store.entropy(8).hex()
        if len(request.full_path) > LONGEST_ADDRESS:
            raise RequestURITooLarge

    @app.after_request
    def _finish(response: Response) -> Response:
        response.headers.update(HEADERS)
        if https:
            response.headers["Strict-Transport-Security"] = TWO_YEARS
        response.headers["Cache-Control"] = "no-cache" if request.endpoint in UNCHANGING else "no-store"
        response.headers["X-Request-Id"] = request_id()
        person = g.get("person")
        log.info(
            "request",
            door=door.name,
            request=request_id(),
            method=request.method,
            # The rule, not the address: an address names a participant.
            page=request.url_rule.rule if request.url_rule else "",
            status=response.status_code,
            account=person.account if person else None,
        )
        return response


def request_id() -> str:
    """The number of this request, as the person reads it to the trial office."""
    return str(g.get("request_id", ""))
