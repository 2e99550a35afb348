"""Sign in and sign out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, session, url_for

from randomizer.errors import Busy, SignInRefused
from randomizer.web import auth, idle, problems
from randomizer.web.door import this
from randomizer.web.forms import Field, Form

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

pages = Blueprint("entrance", __name__)

FIELDS = (
    Field(name="username", label="User name", autocomplete="username", width="half"),
    Field(name="password", label="Password", type="password", autocomplete="current-password", width="half"),
    Field(
        name="code",
        label="Six-digit code",
        hint="From your authenticator app.",
        secret=True,
        inputmode="numeric",
        autocomplete="one-time-code",
        width="short",
    ),
)


@pages.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> str | Response | tuple[str, int, dict[str, str]]:
    """Open a session and go where the person wanted to go."""
    then = auth.safe_path(request.values.get("then", ""))
    if request.method == "GET":
        return render_template("sign_in.html", form=Form.blank(FIELDS), then=then)
    form = Form.posted(FIELDS, request.form)
    try:
        token = auth.sign_in(**{field.name: form.text(field.name) for field in FIELDS})
    except (SignInRefused, Busy) as refused:
        form.refuse(refused)
        page = render_template("sign_in.html", form=form, then=then)
        return page, problems.status_of(refused), problems.waiting(refused)
    return let_in(token, then)


def let_in(token: str, then: str) -> Response:
    """Hand a new session to the browser, and go where the person wanted to go.

    Args:
        token: Of the session.
        then: A path of this door, or "" for the first page.
    """
    idle.begin(this().sessions.person(token).account)
    session[auth.TOKEN] = token
    session.permanent = True
    return redirect(then or url_for(this().home), code=303)


@pages.post("/sign-out")
def sign_out() -> Response:
    """End the session at once, here and in the store."""
    this().sessions.sign_out(str(session.get(auth.TOKEN, "")))
    session.clear()
    return redirect(url_for("entrance.sign_in"), code=303)
