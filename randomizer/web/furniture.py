"""The furniture of both doors: `furnish` turns a Flask app into a door."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from randomizer.services.sessions import SESSION_HOURS
from randomizer.web import (
    auth,
    entrance,
    headers,
    idle,
    intake,
    passkey_pages,
    problems,
    shell,
    signing,
    words,
)

if TYPE_CHECKING:
    from flask import Flask

    from randomizer.web.door import Door, DoorSettings

LONGEST_BODY = 256 * 1024  # bytes; the longest form is the eligibility page


def furnish(app: Flask, door: Door, settings: DoorSettings) -> CSRFProtect:
    """Give an app the furniture of a door: sessions, sign-in pages, headers, problems, words.

    Args:
        app: A fresh app; its own pages are registered before or afterwards.
        door: What its requests work with.
        settings: The deployment.

    Returns:
        The CSRF protection, from which an API with bearer tokens is exempted.
    """
    cookie = f"{'__Host-' if settings.https else ''}{door.name}"
    app.config.update(
        SECRET_KEY=settings.session_secret,
        SESSION_COOKIE_NAME=cookie,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=SESSION_HOURS),
        MAX_CONTENT_LENGTH=LONGEST_BODY,
        TRUSTED_HOSTS=list(settings.hosts) or None,
        BOOTSTRAP_SERVE_LOCAL=True,
        WTF_CSRF_TIME_LIMIT=None,  # a token lives as long as its session
    )
    app.extensions["door"] = door
    if settings.proxies:
        count = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    Bootstrap5(app)
    headers.protect(app, door, https=settings.https)
    shell.put_up(app, door)
    intake.guard(app)
    auth.guard(app, door)
    idle.register(app)
    problems.register(app, door)
    words.register(app)
    signing.register(app)
    app.register_blueprint(entrance.pages)
    app.register_blueprint(passkey_pages.pages)
    return CSRFProtect(app)
