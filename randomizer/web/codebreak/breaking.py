"""Breaking a code: who is it for, is there anything to learn, why, sign, the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import redirect, render_template, request, url_for

from randomizer.domain import scans
from randomizer.domain.acts import Act
from randomizer.domain.people import BREAKERS
from randomizer.domain.records import Way
from randomizer.errors import NotAllowed, NotFound, Refused
from randomizer.services import exposure, trials
from randomizer.services.unblinded import answers, attempts, beforehand, code_breaks, intents, unblinding
from randomizer.web import auth, signing, words
from randomizer.web.codebreak import calling, recovering, showing
from randomizer.web.codebreak.pages import (
    SHOWN_AGAIN,
    codebreak,
    demand_breaker,
    desk,
    drafts,
    looking,
    of_one_length,
    refused,
    signer,
    step_up,
)
from randomizer.web.door import this
from randomizer.web.forms import CODE, PASSWORD, Field, Form

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from randomizer.domain.definition_values import Definition
    from randomizer.masking import View
    from randomizer.services.unblinded.beforehand import Before
    from randomizer.services.views.sight import Sight
    from randomizer.web.codebreak.calling import Choices
    from randomizer.web.codebreak.drafts import Draft

LONGEST_TEXT = 2000  # characters


def start(typed: str = "", error: str = "") -> str:
    """Page 1: who is it for? And what waits for this person."""
    return render_template("codebreak/who.html", typed=typed, error=error, waiting=calling.waiting())


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
    drafts().look(auth.person().account, number)
    draft = _draft(number)
    if draft is not None:
        drafts().calm(draft)
    with looking() as seen:
        shown = before_fields(found, seen)
    rows = [
        (f"Period {one['period']} of {definition.period_count}", one["said"], one.get("kit", ""))
        for one in shown["periods"]
    ]
    return render_template(
        "codebreak/before.html",
        found=shown,
        rows=rows,
        site=definition.site(shown["site"]).name,
        number=number,
        earlier=earlier_of(number),
        telephoned=calling.CALLER,
    )


@codebreak.route("/code-break/<number>/reason", methods=["GET", "POST"])
def reason(number: str) -> str | Response:
    """Page 3: the reason, which waits in this process until it is signed; and who telephones, where one does.

    Whoever broke this code before comes here by their own choice only, and never by Back.
    """
    found, definition = before_of(number)
    draft = _draft(number)
    asked = request.values.get("for", "")
    choices = None
    if asked == calling.CALLER or (not asked and draft is not None and draft.call):
        choices = calling.choices_at(found.participant.site)
    fields = (*(choices.fields() if choices else ()), *_reason_fields(definition))
    if request.method == "POST":
        typed = Form.posted(fields, request.form)
        call = {one.name: typed.text(one.name) for one in choices.fields()} if choices else {}
        drafts().keep(
            auth.person().account, number, reason=typed.text("reason"), text=typed.text("text"), call=call
        )
        step = "codebreak.reason" if _faults(typed, definition, choices) else "codebreak.sign"
        return redirect(url_for(step, number=number), code=303)
    if draft is not None and bool(draft.call) == bool(choices):
        form = _form_of(draft, fields)
        form.errors |= _faults(form, definition, choices)
    elif draft is None and choices is None and earlier_of(number) and "again" not in request.args:
        return redirect(url_for("codebreak.before", number=number), code=303)
    else:
        form = Form.blank(fields, calling.USUAL)
    return render_template(
        "codebreak/reason.html",
        number=number,
        form=form,
        calling=choices is not None,
        telephoned=calling.CALLER,
    )


@codebreak.get("/code-break/<number>/sign")
def sign(number: str) -> str | Response:
    """Page 4: what is signed; without a reason the way goes on there."""
    found, definition = before_of(number)
    draft = _draft(number)
    if draft is None:
        return redirect(url_for("codebreak.reason", number=number), code=303)
    choices = calling.choices_at(found.participant.site) if draft.call else None
    fields = (*(choices.fields() if choices else ()), *_reason_fields(definition), recovering.CODE)
    form = _form_of(draft, fields)
    if _faults(form, definition, choices):
        return redirect(url_for("codebreak.reason", number=number), code=303)
    form.errors |= dict(draft.errors)
    form.general += draft.general
    return _signing(draft, definition, form, choices)


@codebreak.post("/code-break/<number>/give-up")
def give_up(number: str) -> Response:
    """Leave a code break that was begun: it goes on record that it was given up."""
    demand_breaker(number)
    draft = _draft(number)
    if draft is not None:
        with draft.turn:
            if drafts().intent_of(draft.account, draft.number):  # another tab has signed it meanwhile
                return redirect(url_for("codebreak.before", number=number), code=303)
            drafts().drop(draft)
            attempts.give_up(desk(), draft.account, number)
    return redirect(url_for("codebreak.home"), code=303)


@codebreak.post("/code-break/<number>/sign")
def signed(number: str) -> Response:
    """Page 4, signed: the intent is on record, and only then the way leads to the answer.

    A draft is signed once: a form that is sent again, by Back or by a second tap, leads to the answer it had.
    """
    demand_breaker(number)
    account, shown = auth.person().account, request.form.get("draft", "")
    draft = _draft(number)
    if draft is not None:
        with draft.turn:
            _sign_shown(number, shown)
    intent = drafts().intent_of(account, shown)
    if intent:
        return redirect(url_for("codebreak.answer", intent=intent), code=303)
    return redirect(url_for("codebreak.sign", number=number), code=303)


@codebreak.get("/code-break/answer/<intent>")
def answer(intent: str) -> str | Response:
    """Page 5: the answer; asked again, what was shown before."""
    auth.demand_act(Act.CODE_BREAK_INTENT)
    led = calling.elsewhere(intent)
    if led is not None:
        return led
    found = unblinding.disclose(desk(), auth.person(), intent)
    showing.report_bent(found)
    with looking() as seen:
        page = showing.on_page(showing.fields_of(found, seen), seen.definition, found.site)
        way = intents.read(seen.uow, desk(), intent).way
    of_one_length()
    return render_template("codebreak/answer.html", **page, by_voice=way is Way.VOICE)


@codebreak.get("/code-breaks")
def mine() -> str:
    """The person's own code breaks, each with what was shown."""
    auth.demand_role(BREAKERS, what="see code breaks")
    with looking() as seen:
        reasons = {one.code: one.text for one in seen.definition.code_break.reasons}
        listed = code_breaks.breaks_of(seen.uow, desk(), seen.person.account)
        readers = exposure.readers_of(seen.uow, listed)
        rows = [
            (
                shown["participant"],
                words.moment(shown["intended_at"]),
                reasons.get(shown["reason"], shown["reason"]),
                url_for("codebreak.answer", intent=shown["intent"]),
                readers[shown["intent"]] == seen.person.account,
                shown["disclosed_at"] is not None,
            )
            for one in listed
            for shown in (seen.show(one),)
        ]
    return render_template("codebreak/mine.html", rows=rows)


def before_of(number: str) -> tuple[Before, Definition]:
    """What pages and API show before a code is broken; whoever may not is refused on record."""
    demand_breaker(number)
    person = auth.person()
    try:
        with this().store.reading() as uow:
            found = beforehand.before(uow, person, number)
            _, definition = trials.current(uow)
    except NotAllowed as error:
        attempts.deny(desk(), person, number, error.code)
        raise
    return found, definition


def before_fields(found: Before, seen: Sight) -> View:
    """What the person may see before a code is broken: participant, site, verdict, worth_it and periods."""
    site, full_ml = found.participant.site, seen.definition.kits.volume_ml
    told = {
        "participant": found.participant.number,
        "site": site,
        "verdict": found.verdict,
        "worth_it": found.worth_it,
    }
    periods = [answers.before(record, full_ml) for record in found.records]
    return seen.show(told, site=site, kind="Before") | {
        "periods": [seen.show(one, site=site, kind="BeforePeriod") for one in periods]
    }


def earlier_of(number: str) -> View | None:
    """The person's own last code break of a participant that can still be shown, or None."""
    with looking() as seen:
        own = code_breaks.breaks_of(seen.uow, desk(), auth.person().account)
        now = seen.uow.clock()
        return next(
            (seen.show(one) for one in own if one.participant == number and intents.can_be_shown(one, now)),
            None,
        )


def _draft(number: str) -> Draft | None:
    return drafts().find(auth.person().account, number)


def _form_of(draft: Draft, fields: tuple[Field, ...]) -> Form:
    return Form.blank(fields, {"reason": draft.reason, "text": draft.text, **draft.call})


def _faults(form: Form, definition: Definition, choices: Choices | None) -> dict[str, str]:
    faults = calling.faults_of(form.typed, choices) if choices else {}
    if form.text("reason") not in {one.code for one in definition.code_break.reasons}:
        faults["reason"] = "Choose the reason that comes closest."
    if len(form.text("text")) > LONGEST_TEXT:
        faults["text"] = f"At most {LONGEST_TEXT} characters; the rest can be reported afterwards."
    return faults


def _sign_shown(number: str, shown: str) -> None:
    """Sign the draft that a form showed, if it still stands now that this tab has the turn."""
    draft = _draft(number)
    if draft is None:
        return
    if draft.number == shown:
        _sign(draft)
    elif not drafts().intent_of(draft.account, shown):
        changed = Form.blank(())
        changed.general.append("The reason was changed in another window. Read it here, then sign.")
        drafts().refuse(draft, changed)


def _sign(draft: Draft) -> None:
    """Break the code with what was typed beside the signature; a refusal is kept with the draft."""
    form = Form.posted((PASSWORD, CODE, recovering.CODE), request.form)
    signing.read(form)
    call = calling.call_of(draft.call) if draft.call else None
    try:
        intent = unblinding.intend(
            desk(),
            auth.person(),
            step_up(form, draft.participant, about=draft.number),
            participant=draft.participant,
            reason=draft.reason,
            text=draft.text,
            call=call,
            page_opened_at=drafts().looked_at(draft.account, draft.participant),
        )
    except SHOWN_AGAIN as error:
        refused(form, error)
        drafts().refuse(draft, form)
    else:
        calling.begin(intent, call)
        drafts().sign(draft, intent)


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


def _signing(draft: Draft, definition: Definition, form: Form, choices: Choices | None) -> str:
    texts = {one.code: one.text for one in definition.code_break.reasons}
    values = [("Participant", draft.participant)]
    values += choices.values(draft.call) if choices else []
    values.append(("Reason", texts[draft.reason]))
    if draft.text:
        values.append(("In your own words", draft.text))
    return render_template(
        "codebreak/sign.html",
        draft=draft,
        form=form,
        values=values,
        earlier=earlier_of(draft.participant),
        meaning=code_breaks.meaning_of(calling.call_of(draft.call).way if choices else Way.OWN),
        signer=signer(),
        recovery=recovering.CODE,
    )
