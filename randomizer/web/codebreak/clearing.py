"""Product clearance: what waits, clear one with a signature, or record that it can't be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import render_template, request, url_for

from randomizer.domain.acts import Act
from randomizer.domain.sealed_texts import ProductDetails
from randomizer.domain.supply import ProductState
from randomizer.services.care import products
from randomizer.services.unblinded import clearance
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

DETAILS = (
    Field(name="lot", label="Lot", width="half"),
    Field(name="cell_count", label="Cell count", hint="With its unit.", width="half"),
    Field(name="viability", label="Viability", hint="With its unit.", width="half"),
    Field(name="form", label="Product form", width="half"),
    Field(name="note", label="Note", type="textarea"),
)
WHY_NOT = (
    Field(name="note", label="Why it can't be used", type="textarea", hint="Stays on this side, sealed."),
)


@codebreak.get("/clearance")
def clearances() -> str:
    """Products that wait for the clearing person, or for the sponsor's go."""
    auth.demand_act(Act.PRODUCT_CLEARED)
    with looking() as seen:
        rows = [seen.show(one) for one in clearance.worklist(seen.uow)]
    return render_template("codebreak/clearances.html", rows=rows, waiting=ProductState.HARVESTED)


@codebreak.route("/clearance/<number>", methods=["GET", "POST"])
def clear(number: str) -> str | Response:
    """Clear a product, signed."""
    auth.demand_act(Act.PRODUCT_CLEARED)
    if request.method == "GET":
        return _shown(number, form_of(DETAILS))
    form = Form.posted(DETAILS, request.form)
    signing.read(form)
    try:
        step_up = signing.step_up(form)
        with this().store.writing() as uow:
            clearance.clear(uow, desk(), auth.person(), step_up, number, details=details(form))
    except SHOWN_AGAIN as error:
        return again(form, error, request.path)
    return done(request.path, url_for("codebreak.clearances"))


@codebreak.route("/clearance/<number>/fail", methods=["GET", "POST"])
def fail(number: str) -> str | Response:
    """Record that a product can't be used."""
    auth.demand_act(Act.PRODUCT_FAILED)
    if request.method == "GET":
        return render_template("codebreak/fail.html", number=number, form=form_of(WHY_NOT))
    form = Form.posted(WHY_NOT, request.form)
    try:
        with this().store.writing() as uow:
            noted = ProductDetails(note=form.text("note"))
            clearance.fail(uow, desk(), auth.person(), number, details=noted)
    except SHOWN_AGAIN as error:
        return again(form, error, request.path)
    return done(request.path, url_for("codebreak.clearances"))


def details(form: Form) -> ProductDetails:
    """What is kept of a product, sealed."""
    return ProductDetails(**{one.name: form.text(one.name) for one in DETAILS})


def _shown(number: str, form: Form) -> str:
    with looking() as seen:
        product: dict[str, Any] = seen.show(products.latest(seen.uow, number))
    return render_template(
        "codebreak/clear.html",
        number=number,
        product=product,
        form=form,
        meaning=clearance.CLEAR_MEANING,
        signer=signer(),
    )
