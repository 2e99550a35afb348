"""Breaking a code: who is it for, is there anything to learn, why, sign, the answer."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flask import redirect, render_template, request, url_for

from randomizer.domain.acts import Act
from randomizer.domain.numbers import parse_participant_number
from randomizer.domain.people import BREAKERS
from randomizer.errors import NotAllowed, NotFound, Refused, StepUpRefused, Tampered, Unwritable
from randomizer.services import exposure, trials
from randomizer.services.transactions import raise_tampering
from randomizer.services.unblinded import answers, beforehand, unblinding
from randomizer.services.unblinded.code_breaks import BREAK_MEANING
from randomizer.web import auth, words
from randomizer.web.codebreak.pages import (
    SHOWN_AGAIN,
    codebreak,
    desk,
    looking,
    of_one_length,
    refused,
    signer,
)
from randomizer.web.door import this
from randomizer.web.forms import Field, Form
from randomizer.web.throttle import TriedTooOften

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from randomizer.domain.definition_values import Definition
    from randomizer.services.unblinded.answers import Answer
    from randomizer.services.unblinded.beforehand import Before
    from randomizer.services.views import sight

LONGEST_TEXT = 2000  # characters


def start(typed: str = "", error: str = "") -> str:
    """Page 1: who is it for?"""
    return render_template("codebreak/who.html", typed=typed, error=error)


@codebreak.get("/code-break")
def find() -> str | Response | tuple[str, int]:
    """Look a participant up by what was scanned or typed."""
    auth.demand_act(Act.CODE_BREAK_INTENT)
    typed = request.args.get("participant", "")
    try:
        number = parse_participant_number(typed)
        before_of(number)
    except (Refused, NotFound) as error:
        return start(typed, f"{error.message} {error.next_step or ''}".strip()), 422
    return redirect(url_for("codebreak.before", number=number), code=303)


@codebreak.get("/code-break/<number>")
def before(number: str) -> str:
    """Page 2: whom this is for, and whether there is anything to learn."""
    found, definition = before_of(number)
    rows = [(f"Period {record.period}", _said(record, definition), record.kit) for record in found.records]
    site = definition.site(found.participant.site).name
    return render_template("codebreak/before.html", found=found, rows=rows, site=site, number=number)


@codebreak.route("/code-break/<number>/reason", methods=["GET", "POST"])
def reason(number: str) -> str | tuple[str, int]:
    """Page 3: the reason; then page 4, to sign."""
    _, definition = before_of(number)
    fields = _reason_fields(definition)
    if request.method == "GET":
        return render_template("codebreak/reason.html", number=number, form=Form.blank(fields))
    form = Form.posted(fields, request.form)
    if "change" in request.form:  # back from page 4, with what was typed
        return render_template("codebreak/reason.html", number=number, form=form)
    if form.text("reason") not in {one.code for one in definition.code_break.reasons}:
        form.errors["reason"] = "Choose the reason that comes closest."
    if len(form.text("text")) > LONGEST_TEXT:
        form.errors["text"] = f"At most {LONGEST_TEXT} characters; the rest can be reported afterwards."
    if form.errors:
        return render_template("codebreak/reason.html", number=number, form=form), 422
    return _signing(number, definition, form)


@codebreak.post("/code-break/<number>/sign")
def sign(number: str) -> str | Response | tuple[str, int]:
    """Page 4, signed: the intent is on record, and only then the way leads to the answer."""
    auth.demand_act(Act.CODE_BREAK_INTENT)
    with looking() as seen:
        definition = seen.definition
    form = Form.posted(_reason_fields(definition), request.form)
    form.typed |= {name: request.form.get(name, "") for name in ("password", "code")}
    person = auth.person()
    try:
        step_up = _step_up(number, form)
        intent = unblinding.intend(
            desk(),
            person,
            step_up,
            participant=number,
            reason=form.text("reason"),
            text=form.text("text")[:LONGEST_TEXT],
        )
    except SHOWN_AGAIN as error:
        status = refused(form, error)
        return _signing(number, definition, form), status
    return redirect(url_for("codebreak.answer", intent=intent), code=303)


@codebreak.get("/code-break/<number>/sign")
def sign_again(number: str) -> Response:
    """Page 4 without its form, as after signing in again: the way goes on at the reason."""
    auth.demand_act(Act.CODE_BREAK_INTENT)
    return redirect(url_for("codebreak.reason", number=number), code=303)


@codebreak.get("/code-break/answer/<intent>")
def answer(intent: str) -> str:
    """Page 5: the answer; asked again, what was shown before."""
    auth.demand_act(Act.CODE_BREAK_INTENT)
    found = unblinding.disclose(desk(), auth.person(), intent)
    report_bent(found)
    with looking() as seen:
        definition = seen.definition
        shown = shown_fields(found, seen)
    of_one_length()
    return render_template(
        "codebreak/answer.html",
        shown=shown,
        site=definition.site(found.site).name,
        told=", ".join(definition.notices.code_break_roles),
    )


@codebreak.get("/code-breaks")
def mine() -> str:
    """The person's own code breaks, each with what was shown."""
    auth.demand_role(BREAKERS, what="see code breaks")
    with looking() as seen:
        reasons = {one.code: one.text for one in seen.definition.code_break.reasons}
        rows = [
            (
                one.participant,
                words.moment(one.intended_at),
                reasons.get(one.reason, one.reason),
                url_for("codebreak.answer", intent=one.intent) if one.disclosed_at else "",
            )
            for one in exposure.breaks_of(seen.uow, seen.person.account)
        ]
    return render_template("codebreak/mine.html", rows=rows)


def shown_fields(found: Answer, seen: sight.Sight) -> dict[str, Any]:
    """The fields of an answer that the person may see, with the emergency text of the definition."""
    values = {
        **found.to_values(),
        "given": [
            {"period": dose.period, "treatment": dose.treatment, "when": dose.when, "kit": dose.kit}
            for dose in found.given
        ],
        "emergency_text": seen.definition.code_break.emergency_text,
    }
    return seen.show(values, site=found.site, kind="Answer")


def report_bent(found: Answer) -> None:
    """Raise the alarm for records that differ from their entries, without delaying the answer."""
    for about in found.bent:
        with suppress(Unwritable):
            raise_tampering(this().store, Tampered(about))


def before_of(number: str) -> tuple[Before, Definition]:
    """What pages and API show before a code is broken; whoever may not is refused on record."""
    auth.demand_act(Act.CODE_BREAK_INTENT)
    person = auth.person()
    try:
        with this().store.reading() as uow:
            found = beforehand.before(uow, person, number)
            _, definition = trials.current(uow)
    except NotAllowed as error:
        unblinding.deny(desk(), person, number, error.code)
        raise
    return found, definition


def _said(record: Any, definition: Definition) -> str:  # noqa: ANN401 - a period record
    return answers.when(record, definition.kits.volume_ml)


def _step_up(number: str, form: Form) -> Any:  # noqa: ANN401 - a StepUp
    try:
        return auth.step_up(password=form.text("password"), code=form.text("code"))
    except (StepUpRefused, TriedTooOften) as error:
        unblinding.deny(desk(), auth.person(), number, error.code)
        raise


def _reason_fields(definition: Definition) -> tuple[Field, ...]:
    return (
        Field(
            name="reason",
            label="Reason",
            type="radio",
            options=tuple((one.code, one.text) for one in definition.code_break.reasons),
        ),
        Field(
            name="text",
            label="In your own words",
            type="textarea",
            hint="May stay empty now. Nothing that names the participant.",
        ),
    )


def _signing(number: str, definition: Definition, form: Form) -> str:
    texts = {one.code: one.text for one in definition.code_break.reasons}
    values = [("Participant", number), ("Reason", texts.get(form.text("reason"), ""))]
    if form.text("text"):
        values.append(("In your own words", form.text("text")))
    return render_template(
        "codebreak/sign.html",
        number=number,
        form=form,
        values=values,
        meaning=BREAK_MEANING,
        signer=signer(),
    )
