"""Passkeys: sign in with one; look at one's own, add and remove."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, session, url_for

from randomizer.domain.acts import Act
from randomizer.errors import Conflict, Refused, SignInRefused, StepUpRefused
from randomizer.services import passkeys, recovery_codes
from randomizer.services.challenges import FIELD
from randomizer.web import auth, entrance, problems, signing, words
from randomizer.web.door import this
from randomizer.web.forms import Field, Form
from randomizer.web.throttle import TriedTooOften

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from randomizer.masking import View


pages = Blueprint("passkeys", __name__)

NAME = Field(
    name="name",
    label="Name of the passkey",
    hint="What tells it from others, such as Phone or Blue key.",
    width="half",
    needed="Name of the passkey is missing.",
)
PRINTED = Field(
    name=recovery_codes.FIELD,
    label="Recovery code",
    hint="27 signs from your printed sheet. Each code works once.",
    secret=True,
    autocomplete="off",
    width="half",
)
ADD_MEANING = "I add a passkey to my own account. Whoever holds it can sign in and sign as me."
REMOVE_MEANING = "I remove this passkey from my own account."
SAID = {"added": "The passkey is added. It counts from now on, and an e-mail tells you so."}
SHOWN_AGAIN = (Refused, StepUpRefused, TriedTooOften, Conflict)


@pages.post("/passkeys/sign-in")
@auth.public
def sign_in() -> str | Response | tuple[str, int]:
    """Open a session for whoever answered with a passkey."""
    then = auth.safe_path(request.form.get("then", ""))
    try:
        token = signing.sign_in(request.form.get(FIELD, ""))
    except SignInRefused as refused:
        form = Form.blank(entrance.FIELDS)
        form.refuse(refused)
        return render_template("sign_in.html", form=form, then=then), problems.status_of(refused)
    return entrance.let_in(token, then)


@pages.get("/passkeys")
def listing() -> str:
    """The passkeys of whoever is signed in."""
    with this().store.reading() as uow:
        found = passkeys.listing(uow, auth.person())
    return render_template("passkeys.html", found=found, done=SAID.get(request.args.get("done", ""), ""))


@pages.route("/passkeys/add", methods=["GET", "POST"])
def add() -> str | tuple[str, int]:
    """Sign that a passkey is to be added; only then is there something to add it with."""
    auth.demand_act(Act.PASSKEY_ADDED)
    if request.method == "GET":
        return _adding(Form.blank((NAME,)))
    form = Form.posted((NAME,), request.form)
    signing.read(form)
    form.typed |= {FIELD: "", PRINTED.name: request.form.get(PRINTED.name, "")}  # a passkey adds none
    name, handle = form.text("name"), this().store.entropy(passkeys.HANDLE_BYTES).hex()
    try:
        form.demand_filled(*(() if form.text(PRINTED.name) else signing.needed(form)))
        passkeys.demand_name(name)
        signing.step_up(form)
        with this().store.reading() as uow:
            options = passkeys.offer(
                uow, signing.party(), auth.person(), handle=handle, name=name, session=signing.session_name()
            )
    except SHOWN_AGAIN as error:
        form.refuse(error)
        return _adding(form), problems.status_of(error)
    return render_template("passkey-make.html", options=options, handle=handle, name=name)


@pages.post("/passkeys/make")
def make() -> Response | tuple[str, int]:
    """Add the passkey that the authenticator has made."""
    auth.demand_act(Act.PASSKEY_ADDED)
    asked = {name: request.form.get(name, "") for name in ("handle", "name")}
    try:
        with this().store.writing() as uow:
            passkeys.add(
                uow,
                signing.party(),
                auth.person(),
                request.form.get(FIELD, ""),
                **asked,
                session=signing.session_name(),
            )
    except (SignInRefused, Conflict) as error:
        form = Form.blank((NAME,), {"name": asked["name"]})
        form.refuse(error)
        return _adding(form), problems.status_of(Refused(error.message))
    return redirect(url_for("passkeys.listing", done="added"), code=303)


@pages.route("/passkeys/<handle>/remove", methods=["GET", "POST"])
def remove(handle: str) -> str | Response | tuple[str, int]:
    """Remove one; every session of the person ends, this one too."""
    auth.demand_act(Act.PASSKEY_REMOVED)
    with this().store.reading() as uow:
        passkeys.own(uow, auth.person(), handle)
        found = next(one for one in passkeys.listing(uow, auth.person()) if one["handle"] == handle)
    form = Form.blank(())
    if request.method == "GET":
        return _removing(found, form)
    signing.read(form)
    try:
        form.demand_filled(*signing.needed(form))
        signing.step_up(form)
        with this().store.writing() as uow:
            passkeys.remove(uow, auth.person(), handle)
    except SHOWN_AGAIN as error:
        form.refuse(error)
        return _removing(found, form), problems.status_of(error)
    session.clear()
    return redirect(url_for("entrance.sign_in", then=url_for("passkeys.listing")), code=303)


def _adding(form: Form) -> str:
    return render_template(
        "passkey-add.html",
        form=form,
        meaning=ADD_MEANING,
        printed=PRINTED if this().recover is not None else None,
        **_signer(),
    )


def _removing(found: View, form: Form) -> str:
    return render_template("passkey-remove.html", found=found, form=form, meaning=REMOVE_MEANING, **_signer())


def _signer() -> dict[str, str]:
    person = auth.person()
    return {
        "username": person.username,
        "signer": person.printed_name,
        "roles": ", ".join(sorted(person.roles)),
        "at": words.moment(this().store.clock()),
    }
