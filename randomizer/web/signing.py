"""What people re-authenticate with on a page: password and code, a passkey, or a printed recovery code.

A page that asks for a passkey carries a challenge for the session, the address and what the page is about.
So the answer counts there and nowhere else: not for another participant, another act or another person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g, request, session

from randomizer.errors import SignInRefused, StepUpRefused
from randomizer.services import passkeys, recovery_codes
from randomizer.services.challenges import FIELD
from randomizer.services.relying_party import refusal
from randomizer.services.sessions import token_hash
from randomizer.web import auth
from randomizer.web.door import this
from randomizer.web.forms import CODE, PASSWORD

if TYPE_CHECKING:
    from flask import Flask

    from randomizer.services.passkeys import Asserted
    from randomizer.services.relying_party import RelyingParty
    from randomizer.services.signatures import StepUp
    from randomizer.services.transactions import UnitOfWork
    from randomizer.web.forms import Field, Form

VISIT = "visit"
VISIT_BYTES = 16
SIGN_IN = "sign in"


def register(app: Flask) -> None:
    """Let templates ask for passkeys: `passkey_sign_in()`, `passkey_signature(about)`, `passkey_origin()`."""
    app.jinja_env.globals.update(
        passkey_sign_in=ask_at_sign_in, passkey_signature=ask_for_signature, passkey_origin=origin
    )


def read(form: Form) -> None:
    """Take what stands beside a signature into a form."""
    form.typed |= {name: request.form.get(name, "") for name in (PASSWORD.name, CODE.name, FIELD)}


def needed(form: Form) -> tuple[Field, ...]:
    """The fields that must be filled beside a signature: none where a passkey has answered."""
    return () if form.text(FIELD) else (PASSWORD, CODE)


def step_up(form: Form, uow: UnitOfWork | None = None, *, about: str = "") -> StepUp:
    """Re-authenticate whoever is signed in with what a form brought, for one act.

    Args:
        form: As read from the page.
        uow: The act's transaction at the site door; None at the code-break door.
        about: What the page gave to `ask_for_signature`.

    Raises:
        StepUpRefused: It does not fit.
        TriedTooOften: Too many passwords and codes did not fit before.
    """
    answer, printed = form.text(FIELD), form.text(recovery_codes.FIELD)
    recover = this().recover
    try:
        if answer:
            asserted = _asserted(answer, uow, *_bound(request.path, about), account=auth.person().account)
            return this().sessions.step_up_with(asserted, uow)
        if printed and recover is not None:
            return recover(auth.person(), printed)
    except SignInRefused as refused:
        raise StepUpRefused(refused.message, field=refused.field, next_step=refused.next_step) from refused
    return auth.step_up(password=form.text(PASSWORD.name), code=form.text(CODE.name), uow=uow)


def sign_in(answer: str) -> str:
    """Open a session for whoever answered with a passkey; returns the token. Nobody is ever made to wait.

    Raises:
        SignInRefused: It does not fit.
    """
    visit = str(session.get(VISIT, ""))
    if not visit:
        raise refusal()
    return this().sessions.sign_in_with(_asserted(answer, None, SIGN_IN, visit))


def ask_at_sign_in() -> str:
    """What the sign-in page asks of a passkey, or "" where there can be none."""
    party = this().passkeys
    if party is None:
        return ""
    if VISIT not in session:
        session[VISIT] = this().store.entropy(VISIT_BYTES).hex()
    return party.ask((), SIGN_IN, session[VISIT])


def ask_for_signature(about: str = "") -> str:
    """What this page asks of a passkey of whoever is signed in, or "" where they have none that counts.

    Args:
        about: What tells this signature from others at the same address.
    """
    party = this().passkeys
    if party is None or "person" not in g:
        return ""
    with this().store.reading() as uow:
        held = passkeys.counting(uow, auth.person().account, party.id)
    if not held:
        return ""
    return party.ask([one.credential for one in held], *_bound(request.path, about))


def origin() -> str:
    """Address at which passkeys work, or ""."""
    party = this().passkeys
    return party.origin if party is not None else ""


def session_name() -> str:
    """Names the session of whoever is signed in, without its token."""
    return token_hash(str(session.get(auth.TOKEN, "")))


def party() -> RelyingParty:
    """The door as passkeys see it.

    Raises:
        SignInRefused: There can be no passkeys at this door.
    """
    found = this().passkeys
    if found is None:
        raise refusal()
    return found


def _bound(path: str, about: str) -> tuple[str, ...]:
    return session_name(), path, about


def _asserted(answer: str, uow: UnitOfWork | None, *bound_to: str, account: int | None = None) -> Asserted:
    claim = party().claimed(answer, *bound_to)
    if uow is not None:
        return passkeys.fit(uow, party(), claim, account=account)
    with this().store.reading() as own:
        return passkeys.fit(own, party(), claim, account=account)
