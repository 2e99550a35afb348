"""A form that was sent after its session had run out: what was typed waits, sealed, in the sender's browser.

A door may be several processes, and whoever is signed out writes nothing into the store. So the browser keeps
it: encrypted, for the same person and page alone, until the form is sent again. What a cookie has no room for
is shown once more, to be copied, and kept nowhere. A password and a code never wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app, g, make_response, redirect, render_template, request, session, url_for
from flask_wtf.csrf import validate_csrf
from wtforms.validators import ValidationError

from randomizer.services import typed
from randomizer.services.recovery_codes import FIELD as RECOVERY_CODE
from randomizer.web.door import this
from randomizer.web.forms import CODE, PASSWORD, Form

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flask import Flask
    from werkzeug.wrappers import Response

    from randomizer.web.forms import Field

ACCOUNT = "account"  # of the session's cookie: whose session it was
TOKENS = "csrf_token"  # of the session's cookie: what the tokens of its forms are made of
LONGEST = 3800  # bytes of a cookie that every browser keeps
UNAUTHORIZED = 401
SECRETS = frozenset(
    {
        "csrf_token",
        PASSWORD.name,
        CODE.name,
        RECOVERY_CODE,
        "second_password",
        "second_code",
        "spoken_code",
        "passkey",
    }
)
"""Names of fields that are never kept."""


def register(app: Flask) -> None:
    """Forget what was kept once its form has been sent again."""
    app.jinja_env.globals["typed_waits"] = waits

    @app.after_request
    def _sent(response: Response) -> Response:
        if request.method == "POST" and "person" in g and _typed():
            response.delete_cookie(_name(), **_attributes())
        return response


def remember(account: int) -> None:
    """Note in the session's cookie whose it is, so that it is known when it has run out."""
    if session.get(ACCOUNT) != account:
        session[ACCOUNT] = account


def run_out() -> None:
    """Clear the cookie of a session that counts no more, but for whose it was and what its forms carry."""
    _keep_of_session(ACCOUNT, TOKENS)


def begin(account: int) -> None:
    """Clear the cookie for a new session; forms that the same person opened in the last one still count.

    Args:
        account: Who has signed in.
    """
    _keep_of_session(*((TOKENS,) if session.get(ACCOUNT) == account else ()))


def sent_late() -> Response | None:
    """The way to sign in again and back, with what was typed; None where it is no form of that session.

    Call it before `run_out`.
    """
    account = session.get(ACCOUNT)
    if request.method != "POST" or not isinstance(account, int) or not _has_a_page() or not _own_form():
        return None
    fields = {name: text for name, text in request.form.items() if name not in SECRETS}
    door = this()
    too_long: list[str] = []
    while len(sealed := typed.seal(door.gate, account, request.path, fields, door.store.clock())) > LONGEST:
        too_long.append(fields.pop(max(fields, key=lambda name: len(fields[name]))))
    back = url_for("entrance.sign_in", then=request.path)
    response: Response = redirect(back, code=303)
    if too_long:
        page = render_template("too_long.html", texts=too_long, sign_in_url=back)
        response = make_response(page, UNAUTHORIZED)
    if fields or not too_long:
        lifetime = current_app.permanent_session_lifetime
        response.set_cookie(_name(), sealed, max_age=lifetime, **_attributes())
    return response


def waits() -> bool:
    """Whether something that was typed waits in this browser."""
    return _name() in request.cookies


def form(fields: Iterable[Field], defaults: Mapping[str, str] | None = None) -> Form:
    """The form of the page that is asked for, filled in with what was typed before the session ran out."""
    asked = tuple(fields)
    known = {one.name for one in asked if not one.secret}
    before = _typed()
    shown = Form.blank(
        asked, dict(defaults or {}) | {name: text for name, text in before.items() if name in known}
    )
    if before:
        shown.general.append("You were signed out, so nothing was recorded. What you typed is still here.")
    return shown


def _keep_of_session(*names: str) -> None:
    kept = {name: session[name] for name in names if name in session}
    session.clear()
    session.update(kept)


def _typed() -> dict[str, str]:
    door, sealed = this(), request.cookies.get(_name(), "")
    if not sealed:
        return {}
    return typed.unseal(door.gate, sealed, g.person.account, request.path, door.store.clock())


def _has_a_page() -> bool:
    rule = request.url_rule
    return rule is not None and "GET" in (rule.methods or ())


def _own_form() -> bool:
    if not current_app.config.get("WTF_CSRF_ENABLED", True):
        return True
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        return False
    return True


def _name() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-typed"


def _attributes() -> dict[str, Any]:
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    return {"path": "/", "secure": secure, "httponly": True, "samesite": "Strict"}
