"""Recovery codes at this door: instead of password and six-digit code, and never throttled."""

from __future__ import annotations

from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, cast

import structlog
from flask import Blueprint, current_app, render_template, request

from randomizer.errors import SignInRefused, Unwritable
from randomizer.services import recovery_codes
from randomizer.services.signatures import StepUp
from randomizer.web import auth, entrance, problems
from randomizer.web.forms import Field, Form

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from randomizer.domain.people import Person
    from randomizer.services.transactions import Store
    from randomizer.services.unblinded.spent_codes import SpentCodes
    from randomizer.web.sessions import MemorySessions

pages = Blueprint("recovery", __name__)

EXTENSION = "recovery"
CODE = Field(
    name=recovery_codes.FIELD,
    label="Recovery code",
    hint="27 signs from your printed sheet. Each code works once.",
    secret=True,
    autocomplete="off",
    width="half",
)
FIELDS = (
    Field(name="recovery_username", label="Your user name", autocomplete="username", width="half"),
    CODE,
)


class Recovery:
    """What recovery codes open, and which of them were used.

    Args:
        store: The store.
        sessions: Of this door.
        codes: Takes used codes where the store does not.
        step_up_seconds: How long a step-up counts.
    """

    def __init__(
        self, store: Store, sessions: MemorySessions, codes: SpentCodes, step_up_seconds: int
    ) -> None:
        self._store = store
        self._codes = codes
        self._sessions = sessions
        self._step_up_seconds = step_up_seconds
        self._used = codes.recovered()
        self._lock = Lock()

    def sign_in(self, *, username: str, typed: str) -> str:
        """Open a session and return its token; needs no writable store.

        Raises:
            SignInRefused: Name and code do not fit, or the code was used.
        """
        return self._sessions.admit(self._redeem(username, typed))

    def step_up(self, person: Person, typed: str) -> StepUp:
        """Re-authenticate for an act; call it before a transaction that writes is open.

        Raises:
            SignInRefused: The code does not fit, or was used.
        """
        account = self._redeem(person.username, typed)
        now = self._store.clock()
        return StepUp(account=account, at=now, expires_at=now + timedelta(seconds=self._step_up_seconds))

    def _redeem(self, username: str, typed: str) -> int:
        with self._store.reading() as uow:
            recovered = recovery_codes.fit(uow, username=username, typed=typed)
        with self._lock:
            if recovered.digest in self._used:
                raise recovery_codes.refusal()
            self._used.add(recovered.digest)
        try:
            with self._store.writing() as uow:
                recovery_codes.use(uow, recovered)
        except Unwritable:  # a code break works all the same
            if not self._codes.file_recovered(recovered):
                structlog.get_logger("door").warning("used recovery code kept in memory only")
        return recovered.account


def recovery() -> Recovery:
    """What recovery codes open at this door."""
    return cast("Recovery", current_app.extensions[EXTENSION])


@pages.route("/recovery", methods=["GET", "POST"])
@auth.public
def sign_in() -> str | Response | tuple[str, int]:
    """Sign in with a recovery code."""
    then = auth.safe_path(request.values.get("then", ""))
    if request.method == "GET":
        return render_template("codebreak/recovery.html", form=Form.blank(FIELDS), then=then)
    form = Form.posted(FIELDS, request.form)
    try:
        token = recovery().sign_in(username=form.text("recovery_username"), typed=form.text(CODE.name))
    except SignInRefused as refused:
        form.refuse(refused)
        page = render_template("codebreak/recovery.html", form=form, then=then)
        return page, problems.status_of(refused)
    return entrance.let_in(token, then)
