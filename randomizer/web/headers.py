"""What every answer carries, and one line of log per request: no body, no size, no participant."""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from flask import g, request
from werkzeug.exceptions import RequestURITooLarge

if TYPE_CHECKING:
    from flask import Flask, Request, Response

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
"""Endpoints of files that change with a release alone; each address carries the version of them all."""
FOREVER = "public, max-age=31536000, immutable"


def protect(app: Flask, door: Door, *, https: bool) -> None:
    """Number every request, refuse too long an address, set the headers of every answer, log one line.

    Args:
        app: The app of the door.
        door: Gives randomness for request ids, and the name in the log.
        https: Whether browsers come over HTTPS.
    """
    log = structlog.get_logger("access")
    version = _version(Path(app.static_folder or ""))

    @app.url_defaults
    def _carry(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint in UNCHANGING:
            values["v"] = version

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
        response.headers["Cache-Control"] = _keeping(request, version)
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


def _keeping(asked: Request, version: str) -> str:
    """How long a browser keeps an answer: a page not at all, a file of this version for good."""
    if asked.endpoint not in UNCHANGING:
        return "no-store"
    return FOREVER if asked.args.get("v") == version else "no-cache"


def _version(folder: Path) -> str:
    """What names the present files: ours by their content, those of the wheel by its version."""
    hashed = hashlib.sha256(metadata.version("bootstrap-flask").encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            hashed.update(hashlib.sha256(path.read_bytes()).digest())
    return hashed.hexdigest()[:12]


def request_id() -> str:
    """The number of this request, as the person reads it to the trial office."""
    return str(g.get("request_id", ""))
