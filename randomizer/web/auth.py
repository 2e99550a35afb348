"""Who asks: the person behind the session, read from the store at every request."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import urlsplit

from flask import g, redirect, request, session, url_for

from randomizer.domain import acts
from randomizer.domain.people import demand
from randomizer.errors import NotAllowed, SignInRefused, StepUpRefused
from randomizer.services import authentication
from randomizer.web import door as doors
from randomizer.web import idle
from randomizer.web.throttle import TriedTooOften

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.wrappers import Response

    from randomizer.domain.acts import Act
    from randomizer.domain.people import Person, Role
    from randomizer.services.signatures import StepUp
    from randomizer.services.transactions import UnitOfWork
    from randomizer.web.door import Door
    from randomizer.web.throttle import Throttle

T = TypeVar("T")
Page = TypeVar("Page", bound="Callable[..., object]")

TOKEN = "token"  # noqa: S105 - the name of a cookie's field
PUBLIC = frozenset({"static", "bootstrap.static", "entrance.sign_in"})
API = "/api/"
BEARER = "Bearer "


def guard(app: Flask, door: Door) -> None:
    """Let nobody in who is not signed in; pages that are open to all are marked by `public`."""

    @app.before_request
    def _who() -> Response | None:
        # An address that does not exist says so to everybody.
        if request.endpoint is None or request.endpoint in PUBLIC:
            return None
        view = app.view_functions[request.endpoint]
        if getattr(view, "open_to_all", False):
            return None
        if request.path.startswith(
            API
        ):  # a program has a bearer token; a browser's cookie counts for nothing
            bearer()
            return None
        try:
            g.person = door.sessions.person(str(session.get(TOKEN, "")))
            idle.remember(g.person.account)
        except (SignInRefused, NotAllowed):
            late = idle.sent_late()
            idle.run_out()
            if late is not None:
                return late
            if request.method not in {"GET", "HEAD"}:
                raise
            return redirect(url_for("entrance.sign_in", then=request.full_path.rstrip("?")))
        return None


def person() -> Person:
    """Whoever is signed in.

    Raises:
        SignInRefused: Nobody is.
    """
    if "person" not in g:
        raise SignInRefused("You are signed out.", next_step="Sign in again.")
    return cast("Person", g.person)


def signed_in() -> bool:
    """Whether this browser holds a session that counts, on a page that is open to all."""
    try:
        doors.this().sessions.person(str(session.get(TOKEN, "")))
    except (SignInRefused, NotAllowed):
        return False
    return True


def demand_role(allowed: frozenset[Role], *, what: str) -> None:
    """Refuse a page to whom it is not for; the act behind it checks again, with the site.

    Raises:
        NotAllowed: No role of the person fits.
    """
    demand(person(), allowed, None, what=what)


def demand_act(act: Act) -> None:
    """Refuse the page of an act to whoever cannot do it anywhere.

    Raises:
        NotAllowed: No role of the person fits.
    """
    acts.demand(person(), act, None)


def bearer() -> Person:
    """The person behind the bearer token of an API request.

    Raises:
        SignInRefused: There is no token, or it counts for nothing.
    """
    given = request.headers.get("Authorization", "")
    if not given.startswith(BEARER):
        raise SignInRefused(
            "This needs a bearer token.", next_step="Get one by POST /api/v1/tokens and send it along."
        )
    g.person = doors.this().sessions.person(given.removeprefix(BEARER).strip())
    return person()


def sign_in(*, username: str, password: str, code: str) -> str:
    """Open a session, with the brake on guessing; returns the token.

    Raises:
        SignInRefused: They do not fit, or too many did not fit before.
    """
    door = doors.this()
    return _braked(
        door.throttle,
        username,
        lambda: door.sessions.sign_in(username=username, password=password, code=code),
    )


def step_up(*, password: str, code: str, uow: UnitOfWork | None = None) -> StepUp:
    """Re-authenticate whoever is signed in, for one act, with the brake on guessing.

    Args:
        password: As typed beside the signature.
        code: As typed beside the signature.
        uow: The act's transaction at the site door; None at the code-break door.

    Raises:
        StepUpRefused: They do not fit.
        TriedTooOften: Too many did not fit before.
    """
    door, signer = doors.this(), person()
    try:
        return _braked(
            door.step_ups,
            signer.username,
            lambda: door.sessions.step_up(signer, password=password, code=code, uow=uow),
        )
    except TriedTooOften:
        raise
    except SignInRefused as refused:
        raise StepUpRefused(
            "Password and code do not fit together. Nothing was signed.",
            field="code",
            next_step="Enter your password and the code that your authenticator shows now; each code works "
            "once.",
        ) from refused


def witness(uow: UnitOfWork, *, username: str, password: str, code: str) -> StepUp:
    """Authenticate a second person beside the one who is signed in, with the brake on guessing.

    Raises:
        SignInRefused: They do not fit, or too many did not fit before.
    """
    door = doors.this()
    return _braked(
        door.throttle,
        username,
        lambda: authentication.witness(uow, door.gate, username=username, password=password, code=code),
    )


def _braked(brake: Throttle, username: str, check: Callable[[], T]) -> T:
    address = request.remote_addr or ""
    with brake.trying(username, address):
        return check()


def safe_path(path: str) -> str:
    """A path of this door, or "" for anything that leads elsewhere."""
    parts = urlsplit(path)
    inside = not parts.scheme and not parts.netloc and path.startswith("/") and not path.startswith("//")
    return path if inside and "\\" not in path else ""


def public(view: Page) -> Page:
    """Mark a view that needs no sign-in."""
    view.open_to_all = True  # type: ignore[attr-defined]
    return view
