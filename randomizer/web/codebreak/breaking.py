"""Breaking a code: who is it for, is there anything to learn, why, sign, the answer."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flask import redirect, render_template, request, url_for

from randomizer.domain import scans
from randomizer.domain.acts import Act
from randomizer.domain.people import BREAKERS
from randomizer.errors import NotAllowed, NotFound, Refused, StepUpRefused, Tampered, Unwritable
from randomizer.services import trials
from randomizer.services.transactions import raise_tampering
from randomizer.services.unblinded import answers, beforehand, code_breaks, unblinding
from randomizer.services.unblinded.code_breaks import BREAK_MEANING
from randomizer.web import auth, signing, words
from randomizer.web.codebreak import recovering
from randomizer.web.codebreak.pages import (
    SHOWN_AGAIN,
    codebreak,
    desk,
    drafts,
    looking,
    of_one_length,
    refused,
    signer,
)
from randomizer.web.door import this
from randomizer.web.forms import CODE, PASSWORD, Field, Form
from randomizer.web.throttle import TriedTooOften

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.records import CodeBreak
    from randomizer.domain.supply import PeriodRecord
    from randomizer.services.signatures import StepUp
    from randomizer.services.unblinded.answers import Answer
    from randomizer.services.unblinded.beforehand import Before
    from randomizer.services.views import sight
    from randomizer.web.codebreak.drafts import Draft

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
        number = scans.participant_number(typed)
        before_of(number)
    except (Refused, NotFound) as error:
        return start(typed, f"{error.message} {error.next_step or ''}".strip()), 422
    return redirect(url_for("codebreak.before", number=number), code=303)


@codebreak.get("/code-break/<number>")
def before(number: str) -> str:
    """Page 2: whom this is for, whether there is anything to learn, and what the person was shown before."""
    found, definition = before_of(number)
    draft = _draft(number)
    if draft is not None:
        drafts().calm(draft)
    rows = [
        (f"Period {record.period} of {definition.period_count}", _said(record, definition), record.kit)
        for record in found.records
    ]
    return render_template(
        "codebreak/before.html",
        found=found,
        rows=rows,
        site=definition.site(found.participant.site).name,
        number=number,
        earlier=earlier_of(number),
    )


@codebreak.route("/code-break/<number>/reason", methods=["GET", "POST"])
def reason(number: str) -> str | Response:
    """Page 3: the reason, which waits in this process until it is signed.

    Whoever broke this code before comes here by their own choice only, and never by Back.
    """
    _, definition = before_of(number)
    fields = _reason_fields(definition)
    if request.method == "POST":
        typed = Form.posted(fields, request.form)
        drafts().keep(auth.person().account, number, reason=typed.text("reason"), text=typed.text("text"))
        step = "codebreak.reason" if _faults(typed, definition) else "codebreak.sign"
        return redirect(url_for(step, number=number), code=303)
    draft = _draft(number)
    if draft is None:
        if earlier_of(number) and "again" not in request.args:
            return redirect(url_for("codebreak.before", number=number), code=303)
        return render_template("codebreak/reason.html", number=number, form=Form.blank(fields))
    form = _form_of(draft, fields)
    form.errors |= _faults(form, definition)
    return render_template("codebreak/reason.html", number=number, form=form)


@codebreak.get("/code-break/<number>/sign")
def sign(number: str) -> str | Response:
    """Page 4: what is signed; without a reason the way goes on there."""
    _, definition = before_of(number)
    draft = _draft(number)
    if draft is None:
        return redirect(url_for("codebreak.reason", number=number), code=303)
    form = _form_of(draft, (*_reason_fields(definition), recovering.CODE))
    if _faults(form, definition):
        return redirect(url_for("codebreak.reason", number=number), code=303)
    form.errors |= dict(draft.errors)
    form.general += draft.general
    return _signing(draft, definition, form)


@codebreak.post("/code-break/<number>/sign")
def signed(number: str) -> Response:
    """Page 4, signed: the intent is on record, and only then the way leads to the answer.

    A draft is signed once: a form that is sent again, by Back or by a second tap, leads to the answer it had.
    """
    auth.demand_act(Act.CODE_BREAK_INTENT)
    account, shown = auth.person().account, request.form.get("draft", "")
    draft = _draft(number)
    if draft is not None and draft.number == shown:
        with draft.turn:
            if not drafts().intent_of(account, shown):
                _sign(draft)
    elif draft is not None and not drafts().intent_of(account, shown):
        changed = Form.blank(())
        changed.general.append("The reason was changed in another window. Read it here, then sign.")
        drafts().refuse(draft, changed)
    intent = drafts().intent_of(account, shown)
    if intent:
        return redirect(url_for("codebreak.answer", intent=intent), code=303)
    return redirect(url_for("codebreak.sign", number=number), code=303)


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
    periods = definition.period_count
    return render_template(
        "codebreak/answer.html",
        shown=shown,
        doses=[dose | {"period": f"{dose['period']} of {periods}"} for dose in shown["given"]],
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
            for one in code_breaks.breaks_of(seen.uow, desk(), seen.person.account)
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
        "since": answers.since(seen.uow, found, seen.definition),
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


def earlier_of(number: str) -> CodeBreak | None:
    """The person's own last code break of a participant that can still be shown, or None."""
    with this().store.reading() as uow:
        own = code_breaks.breaks_of(uow, desk(), auth.person().account)
        now = uow.clock()
    return next((one for one in own if one.participant == number and unblinding.can_be_shown(one, now)), None)


def _said(record: PeriodRecord, definition: Definition) -> str:
    return answers.when(record, definition.kits.volume_ml)


def _draft(number: str) -> Draft | None:
    return drafts().find(auth.person().account, number)


def _form_of(draft: Draft, fields: tuple[Field, ...]) -> Form:
    return Form.blank(fields, {"reason": draft.reason, "text": draft.text})


def _faults(form: Form, definition: Definition) -> dict[str, str]:
    faults = {}
    if form.text("reason") not in {one.code for one in definition.code_break.reasons}:
        faults["reason"] = "Choose the reason that comes closest."
    if len(form.text("text")) > LONGEST_TEXT:
        faults["text"] = f"At most {LONGEST_TEXT} characters; the rest can be reported afterwards."
    return faults


def _sign(draft: Draft) -> None:
    """Break the code with what was typed beside the signature; a refusal is kept with the draft."""
    form = Form.posted((PASSWORD, CODE, recovering.CODE), request.form)
    signing.read(form)
    try:
        intent = unblinding.intend(
            desk(),
            auth.person(),
            _step_up(draft, form),
            participant=draft.participant,
            reason=draft.reason,
            text=draft.text,
        )
    except SHOWN_AGAIN as error:
        refused(form, error)
        drafts().refuse(draft, form)
    else:
        drafts().sign(draft, intent)


def _step_up(draft: Draft, form: Form) -> StepUp:
    try:
        return signing.step_up(form, about=draft.number)
    except (StepUpRefused, TriedTooOften) as error:
        unblinding.deny(desk(), auth.person(), draft.participant, error.code)
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


def _signing(draft: Draft, definition: Definition, form: Form) -> str:
    texts = {one.code: one.text for one in definition.code_break.reasons}
    values = [("Participant", draft.participant), ("Reason", texts[draft.reason])]
    if draft.text:
        values.append(("In your own words", draft.text))
    return render_template(
        "codebreak/sign.html",
        draft=draft,
        form=form,
        values=values,
        earlier=earlier_of(draft.participant),
        meaning=BREAK_MEANING,
        signer=signer(),
        recovery=recovering.CODE,
    )
