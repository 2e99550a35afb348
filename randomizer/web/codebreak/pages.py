"""What the pages of the code-break door share: their blueprint, the desk, and how a refusal comes back."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from flask import Blueprint, current_app, g, redirect, request

from randomizer.domain.acts import Act
from randomizer.errors import Conflict, NotAllowed, Refused, StepUpRefused, Stopped, Tampered, Unwritable
from randomizer.services.unblinded import attempts
from randomizer.services.views import sight
from randomizer.web import auth, idle, problems, signing, words
from randomizer.web.door import this
from randomizer.web.throttle import TriedTooOften

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from werkzeug.wrappers import Response

    from randomizer.errors import RandomizerError
    from randomizer.services.signatures import StepUp
    from randomizer.services.unblinded.desk import Desk
    from randomizer.services.views.sight import Sight
    from randomizer.web.codebreak.drafts import Drafts
    from randomizer.web.forms import Field, Form
    from randomizer.web.kept import KeptForms

codebreak = Blueprint("codebreak", __name__, template_folder="templates")

SHOWN_AGAIN = (Refused, StepUpRefused, TriedTooOften, Conflict, Stopped, Unwritable)
"""Refusals that leave the person on the form, with all that was typed."""


def desk() -> Desk:
    """The keys, pins and sinks of this host."""
    return cast("Desk", current_app.extensions["desk"])


def drafts() -> Drafts:
    """What people have written and not signed yet."""
    return cast("Drafts", current_app.extensions["drafts"])


def kept() -> KeptForms:
    """The forms that were refused and not looked at again yet."""
    return cast("KeptForms", current_app.extensions["kept"])


def again(form: Form, error: RandomizerError, page: str) -> Response:
    """Keep a form that was refused, and lead to the page that shows it: no page here answers a sending.

    Args:
        form: As it came in.
        error: Why it was refused.
        page: Path of the page.

    Raises:
        Tampered: A bent record is no matter of the form.
    """
    if isinstance(error, Tampered):
        raise error
    kept().refuse(auth.person().account, page, form, error)
    return redirect(page, code=303)


def demand_breaker(participant: str) -> None:
    """Refuse a code break to whoever can break none; whose it would have been is on record.

    Raises:
        NotAllowed: No role of the person fits.
    """
    try:
        auth.demand_act(Act.CODE_BREAK_INTENT)
    except NotAllowed as error:
        attempts.deny(desk(), auth.person(), participant, error.code)
        raise


def step_up(form: Form, participant: str, *, about: str = "") -> StepUp:
    """Re-authenticate for the code break of a participant; a refusal is on record.

    Args:
        form: As read from the page.
        participant: Participant number.
        about: See `signing.step_up`.

    Raises:
        StepUpRefused, TriedTooOften: As there.
    """
    try:
        return signing.step_up(form, about=about)
    except (StepUpRefused, TriedTooOften) as error:
        attempts.deny(desk(), auth.person(), participant, error.code)
        raise


def done(page: str, then: str) -> Response:
    """Forget what was kept of a form that was accepted, and go on.

    Args:
        page: Path of the page that shows the form.
        then: Path to go to.
    """
    kept().drop(auth.person().account, page)
    return redirect(then, code=303)


def form_of(fields: Iterable[Field]) -> Form:
    """The form of the page that is asked for, with what was typed before and why it was refused."""
    before = kept().take(auth.person().account, request.path)
    return before.form(fields) if before else idle.form(fields)


@contextmanager
def looking() -> Iterator[Sight]:
    """What the person who is signed in sees, in one reading transaction."""
    with this().store.reading() as uow:
        yield sight.of(uow, auth.person())


def refused(form: Form, error: RandomizerError) -> int:
    """Put a refusal into the form; returns the status of the page that shows it again.

    Raises:
        Tampered: A bent record is no matter of the form.
    """
    if isinstance(error, Tampered):
        raise error
    form.refuse(error)
    return problems.status_of(error)


def of_one_length() -> None:
    """Mark this answer to be filled up to one length, whatever it says."""
    g.of_one_length = True


def signer() -> dict[str, str]:
    """Who signs, as the signature block shows it."""
    person = auth.person()
    return {
        "name": person.printed_name,
        "role": ", ".join(sorted(person.roles)),
        "at": words.moment(this().store.clock()),
    }
