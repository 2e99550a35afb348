"""Products: what waits, lots and quality results; clear one, signed, or say that it can't be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import render_template, request, url_for

from randomizer.domain.acts import Act
from randomizer.domain.numbers import group3
from randomizer.domain.quality import LONGEST_WHY, Lot, Result
from randomizer.domain.supply import ProductState
from randomizer.domain.trial import FINAL
from randomizer.errors import Refused
from randomizer.services import acting
from randomizer.services.care import products
from randomizer.services.unblinded import addenda, clearance, quality, quality_views
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

    from randomizer.domain.definition_values import Definition
    from randomizer.masking import View

LOT = (
    Field(name="lot", label="Lot", hint="As on its label.", width="half"),
    Field(name="form", label="Product form", width="half"),
    Field(name="cell_count", label="Cell count", hint="With its unit.", width="half"),
    Field(name="viability", label="Viability", hint="With its unit.", width="half"),
)
NOTE = (Field(name="note", label="Note", type="textarea", hint="Stays on this side, sealed."),)
WHY_NOT = (
    Field(name="note", label="Why it can't be used", type="textarea", hint="Stays on this side, sealed."),
)
AFTER_LOCK = "Of a kit or a lot in use: an alert goes out for every kit that was handed out."
ALERTS = "Of a kit or a lot in use: an alert goes out, and what is ready goes into quarantine."
CORRECTED = "corrected"
"""A result that passed after all, in the field of the result."""
KNOWN = "test-"
"""In front of the code of a test, in the name of its field."""


@codebreak.get("/clearance")
def clearances() -> str:
    """Products that wait for the clearing person or the sponsor's go, and results that are awaited."""
    auth.demand_act(Act.PRODUCT_CLEARED)
    with looking() as seen:
        rows = [seen.show(one) for one in products.waiting(seen.uow)]
        awaited = quality_views.waiting(seen)
    return render_template(
        "codebreak/clearances.html",
        rows=rows,
        awaited=awaited,
        waiting=ProductState.HARVESTED,
        now=this().store.clock(),
    )


@codebreak.route("/clearance/<number>", methods=["GET", "POST"])
def clear(number: str) -> str | Response:
    """The product with its lots and results; clear it, signed."""
    auth.demand_act(Act.PRODUCT_CLEARED)
    if request.method == "GET":
        return _shown(number, form_of(NOTE))
    form = Form.posted(NOTE, request.form)
    signing.read(form)
    try:
        step_up = signing.step_up(form)
        with this().store.writing() as uow:
            clearance.clear(uow, desk(), auth.person(), step_up, number, note=form.text("note"))
    except SHOWN_AGAIN as error:
        return again(form, error, request.path)
    return done(request.path, url_for("codebreak.clearances"))


@codebreak.route("/clearance/<number>/lot", methods=["GET", "POST"])
def record_lot(number: str) -> str | Response:
    """Record a lot, with the results that are known."""
    auth.demand_act(Act.QUALITY_RECORDED)
    with looking() as seen:
        fields = (*LOT, *_known(seen.definition))
    if request.method == "GET":
        return render_template("codebreak/lot.html", number=number, form=form_of(fields))
    form = Form.posted(fields, request.form)
    try:
        with this().store.writing() as uow:
            quality.record_lot(uow, desk(), auth.person(), number, lot=_lot(form), results=_results(form))
    except SHOWN_AGAIN as error:
        return again(form, error, request.path)
    return done(request.path, url_for("codebreak.clear", number=number))


@codebreak.route("/clearance/<number>/strike-out", methods=["GET", "POST"])
def strike_out(number: str) -> str | Response:
    """Strike out a lot that was recorded by mistake."""
    auth.demand_act(Act.QUALITY_RECORDED)
    with looking() as seen:
        found = quality_views.whole(seen, desk(), number)
    fields = _struck_fields(found["lots"])
    if request.method == "GET":
        return render_template("codebreak/strike-out.html", number=number, form=form_of(fields))
    form = Form.posted(fields, request.form)
    try:
        form.demand_filled()
        told = {"lot": form.text("lot"), "why": form.text("why")}
        with this().store.writing() as uow:
            quality.strike_out(uow, desk(), auth.person(), number, **told)
    except SHOWN_AGAIN as error:
        return again(form, error, request.path)
    return done(request.path, url_for("codebreak.clear", number=number))


@codebreak.route("/clearance/<number>/result", methods=["GET", "POST"])
def record_result(number: str) -> str | Response:
    """Record the result of a test, or correct one."""
    auth.demand_act(Act.QUALITY_RECORDED)
    with looking() as seen:
        found = quality_views.whole(seen, desk(), number)
    fields = _result_fields(_of_what_stands(found))
    if request.method == "GET":
        return render_template(
            "codebreak/result.html", number=number, form=form_of(fields), results=found["results"]
        )
    form = Form.posted(fields, request.form)
    try:
        form.demand_filled()
        with this().store.writing() as uow:
            quality.record_result(uow, desk(), auth.person(), number, **_reported(form))
    except SHOWN_AGAIN as error:
        return again(form, error, request.path)
    return done(request.path, url_for("codebreak.clear", number=number))


@codebreak.route("/clearance/<number>/addendum", methods=["GET", "POST"])
def add_result(number: str) -> str | Response:
    """Add the result of a test after the lock, signed."""
    auth.demand_act(Act.QUALITY_ADDED)
    with looking() as seen:
        acting.in_phase(seen.uow, Act.QUALITY_ADDED)
        found = quality_views.whole(seen, desk(), number)
    fields = _result_fields(_of_what_stands(found), AFTER_LOCK)
    if request.method == "GET":
        return render_template(
            "codebreak/addendum.html",
            number=number,
            product=found["product"],
            form=form_of(fields),
            results=found["results"],
            meaning=addenda.ADDED_MEANING,
            signer=signer(),
        )
    form = Form.posted(fields, request.form)
    signing.read(form)
    try:
        form.demand_filled(*signing.needed(form))
        told = _reported(form)
        step_up = signing.step_up(form)
        with this().store.writing() as uow:
            addenda.add_result(uow, desk(), auth.person(), step_up, number, **told)
    except SHOWN_AGAIN as error:
        return again(form, error, request.path)
    return done(request.path, url_for("codebreak.clear", number=number))


@codebreak.route("/clearance/<number>/fail", methods=["GET", "POST"])
def fail(number: str) -> str | Response:
    """Record that a product can't be used."""
    auth.demand_act(Act.PRODUCT_FAILED)
    if request.method == "GET":
        return render_template("codebreak/fail.html", number=number, form=form_of(WHY_NOT))
    form = Form.posted(WHY_NOT, request.form)
    try:
        with this().store.writing() as uow:
            clearance.fail(uow, desk(), auth.person(), number, note=form.text("note"))
    except SHOWN_AGAIN as error:
        return again(form, error, request.path)
    return done(request.path, url_for("codebreak.clearances"))


def _known(definition: Definition) -> tuple[Field, ...]:
    """A question for each test of a product; what is not known yet is pending."""
    return tuple(
        Field(
            name=f"{KNOWN}{test.code}",
            label=test.label,
            type="radio",
            hint="Needed before clearance." if test.before_clearance else "May come after clearance.",
            options=tuple((str(one), str(one).capitalize()) for one in Result),
        )
        for test in definition.quality_tests
        if not test.of_kit
    )


def _struck_fields(lots: list[View]) -> tuple[Field, ...]:
    """Which lot, of those that stand and that no kit may be made of yet, and why."""
    options = tuple(
        (lot["number"], lot["number"]) for lot in lots if lot["struck_at"] is None and not lot["in_use"]
    )
    return (
        Field(
            name="lot", label="Which lot?", type="radio", options=options, needed="Choose which lot it is."
        ),
        Field(
            name="why",
            label="Why does it not belong here?",
            type="textarea",
            hint=f"Stays on this side, sealed. At most {LONGEST_WHY} characters.",
            needed="Say why the lot is struck out.",
        ),
    )


def _of_what_stands(found: dict[str, Any]) -> list[View]:
    """The tests without those of a lot that was struck out: there is nothing to record of it."""
    struck = {lot["number"] for lot in found["lots"] if lot["struck_at"] is not None}
    return [one for one in found["results"] if one["of"] == "kit" or one["subject"] not in struck]


def _result_fields(results: list[View], alerts: str = ALERTS) -> tuple[Field, ...]:
    options = tuple((f"{one['subject']} {one['test']}", _named(one), _standing(one)) for one in results)
    passed = (
        (str(Result.PASSED), "Passed"),
        (str(Result.FAILED), "Failed", alerts),
        (CORRECTED, "Passed, and the failed result was wrong", "Both stay on record."),
    )
    return (
        Field(
            name="what",
            label="Which result?",
            type="radio",
            options=options,
            needed="Choose which result it is.",
        ),
        Field(
            name="result",
            label="What does the report say?",
            type="radio",
            options=passed,
            needed="Say whether the test passed or failed.",
        ),
    )


def _named(one: View) -> str:
    return f"{one['label']}, {one['of']} {group3(one['subject']) if one['of'] == 'kit' else one['subject']}"


def _standing(one: View) -> str:
    return "Pending." if one["result"] is Result.PENDING else f"Recorded as {one['result']} by {one['by']}."


def _lot(form: Form) -> Lot:
    return Lot(
        number=form.text("lot"),
        cell_count=form.text("cell_count"),
        viability=form.text("viability"),
        form=form.text("form"),
    )


def _results(form: Form) -> dict[str, Result]:
    typed = {one.name: form.text(one.name) for one in form.fields if one.name.startswith(KNOWN)}
    return {name.removeprefix(KNOWN): _result(text) for name, text in typed.items() if text}


def _reported(form: Form) -> dict[str, Any]:
    """What the report says: subject, test, result, and whether it corrects one."""
    subject, _, test = form.text("what").rpartition(" ")  # a lot may be named in several words
    told = form.text("result")
    result, corrects = (Result.PASSED, True) if told == CORRECTED else (_result(told), False)
    return {"subject": subject, "test": test, "result": result, "corrects": corrects}


def _result(text: str) -> Result:
    try:
        return Result(text)
    except ValueError:
        raise Refused(
            "Say whether the test passed or failed. Nothing was changed.",
            field="result",
            next_step="Read the report of the laboratory.",
        ) from None


def _shown(number: str, form: Form) -> str:
    with looking() as seen:
        found: dict[str, Any] = quality_views.whole(seen, desk(), number)
        locked = seen.trial.phase in FINAL
    return render_template(
        "codebreak/clear.html",
        number=number,
        found=found,
        locked=locked,
        open=found["product"]["state"] is ProductState.HARVESTED and not locked,
        failed=found["product"]["state"] is ProductState.FAILED,
        form=form,
        meaning=clearance.CLEAR_MEANING,
        signer=signer(),
    )
