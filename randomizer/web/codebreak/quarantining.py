"""Kits in quarantine: what lies there, and lifting one with a signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template, request, url_for

from randomizer.domain.acts import Act
from randomizer.services.care import kits
from randomizer.services.unblinded import lifting
from randomizer.web import auth, signing
from randomizer.web.codebreak.pages import (
    SHOWN_AGAIN,
    again,
    codebreak,
    desk,
    done,
    form_of,
    looking,
    signer,
)
from randomizer.web.door import this
from randomizer.web.forms import Field, Form

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

WHY = (
    Field(
        name="why",
        label="Reason",
        type="textarea",
        hint="Goes on record with your name. By what happened to the kit, never by what it holds.",
        needed="To lift a quarantine, give the reason.",
    ),
)


@codebreak.get("/quarantine")
def quarantines() -> str:
    """Kits in quarantine whose time has not passed."""
    auth.demand_act(Act.QUARANTINE_LIFTED)
    with looking() as seen:
        rows = lifting.listing(seen)
    return render_template("codebreak/quarantines.html", rows=rows)


@codebreak.route("/quarantine/<number>", methods=["GET", "POST"])
def lift_quarantine(number: str) -> str | Response:
    """Lift the quarantine of one kit, signed."""
    auth.demand_act(Act.QUARANTINE_LIFTED)
    if request.method == "GET":
        with looking() as seen:
            kit = lifting.shown(seen, kits.find(seen.uow, number))
            blocked = lifting.in_the_way(seen.uow, desk(), auth.person(), number)
        return render_template(
            "codebreak/lift.html",
            kit=kit,
            blocked=blocked,
            form=form_of(WHY),
            meaning=lifting.LIFTED_MEANING,
            signer=signer(),
        )
    form = Form.posted(WHY, request.form)
    signing.read(form)
    try:
        form.demand_filled(*signing.needed(form))
        step_up = signing.step_up(form)
        with this().store.writing() as uow:
            lifting.lift(uow, desk(), auth.person(), step_up, number, why=form.text("why"))
    except SHOWN_AGAIN as error:
        return again(form, error, request.path)
    return done(request.path, url_for("codebreak.quarantines"))
