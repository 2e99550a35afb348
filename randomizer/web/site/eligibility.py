"""Eligibility: every item with its values, then check the answers, then sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import redirect, render_template, request, url_for

from randomizer.domain import acts
from randomizer.domain.acts import Act
from randomizer.domain.eligibility import NEVER, ItemAnswer
from randomizer.errors import Refused
from randomizer.services.care import enrolment, readiness
from randomizer.services.care.enrolment import ELIGIBLE_MEANING, Answers
from randomizer.services.views import enrolment_views, participant_views
from randomizer.web import auth, idle, signing, words
from randomizer.web.door import this
from randomizer.web.forms import Field, Form
from randomizer.web.site.act_pages import SHOWN_AGAIN, closed, signer, status_of_refusal
from randomizer.web.site.pages import looking, site
from randomizer.web.site.participant_subject import OfParticipant

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from randomizer.domain.participants import Participant

MET = {"inclusion": "This criterion is met", "exclusion": "This is absent"}


@site.route("/participants/<key>/eligibility", methods=["GET", "POST"])
def eligibility(key: str) -> str | Response | tuple[str, int]:
    """The items; a POST checks them (step "check"), goes back (step "change"), or signs (step "sign")."""
    auth.demand_act(Act.ELIGIBILITY_SIGNED)
    with looking() as sight:
        participant = participant_views.find(sight, key)
        acts.demand(sight.person, Act.ELIGIBILITY_SIGNED, participant.site)
        if request.method == "GET":
            try:
                readiness.demand(sight.uow, Act.ELIGIBILITY_SIGNED, participant)
            except Refused as refused:
                subject = OfParticipant().load(sight, key)
                back = url_for("site.participant", key=participant.number)
                return closed("Confirm eligibility", subject, refused, back)
        asked = enrolment_views.questions(sight, participant)
        site_name = sight.definition.site(participant.site).name
        posted = request.method == "POST"
        form = Form.posted(fields(asked), request.form) if posted else idle.form(fields(asked))
        step = request.form.get("step", "")
        about = {"participant": participant, "asked": asked, "site_name": site_name, "form": form}
        if request.method == "GET" or step == "change":
            return render_template("site/eligibility.html", **about)
        try:
            enrolment_views.demand_eligible(sight, participant, answers(asked, form))
        except SHOWN_AGAIN as error:
            status = status_of_refusal(form, error)
            _shorten(form, asked)
            return render_template("site/eligibility.html", **about), status
    if step != "sign":
        return _checked(about)
    return _signed(participant, about)


def fields(asked: dict[str, Any]) -> tuple[Field, ...]:
    """One field per item, value and factor."""
    found: list[Field] = []
    for item in asked["items"]:
        found.append(Field(name=item["code"], label=MET[item["kind"]], type="checkbox"))
        found += [_value(check) for check in item["checks"]]
    found += [
        Field(name=factor["code"], label=factor["name"], type="radio", options=tuple(factor["levels"]))
        for factor in asked["factors"]
    ]
    return tuple(found)


def answers(asked: dict[str, Any], form: Form) -> Answers:
    """What was entered, as the service takes it."""
    return Answers(
        items={
            item["code"]: ItemAnswer(
                confirmed=form.yes(item["code"]),
                values={check["field"]: form.text(check["field"]) for check in item["checks"]},
            )
            for item in asked["items"]
        },
        levels={factor["code"]: form.text(factor["code"]) for factor in asked["factors"]},
    )


def summary(asked: dict[str, Any], participant: Participant, form: Form) -> list[tuple[str, str]]:
    """What is signed: participant, levels, every value, and how many items are confirmed."""
    rows = [("Participant", participant.number)]
    for factor in asked["factors"]:
        names = dict(factor["levels"])
        rows.append((factor["name"], names.get(form.text(factor["code"]), "")))
    for item in asked["items"]:
        rows += [(check["label"], _spoken(check, form.text(check["field"]))) for check in item["checks"]]
    kinds = [item["kind"] for item in asked["items"]]
    rows.append(("Inclusion criteria met", f"{kinds.count('inclusion')} of {kinds.count('inclusion')}"))
    rows.append(("Exclusion criteria absent", f"{kinds.count('exclusion')} of {kinds.count('exclusion')}"))
    return rows


def _shorten(form: Form, asked: dict[str, Any]) -> None:
    """Leave out of a sentence the text of the criterion, which stands right above it."""
    for item in asked["items"]:
        if item["code"] in form.errors:
            form.errors[item["code"]] = form.errors[item["code"]].split(": ")[0] + "."


def _checked(about: dict[str, Any]) -> str:
    return render_template(
        "site/eligibility-sign.html",
        **about,
        rows=summary(about["asked"], about["participant"], about["form"]),
        meaning=ELIGIBLE_MEANING,
        signer=auth.person(),
        roles=", ".join(sorted(auth.person().roles)),
        at=words.moment(this().store.clock()),
    )


def _signed(participant: Participant, about: dict[str, Any]) -> Response | tuple[str, int]:
    form: Form = about["form"]
    signing.read(form)
    try:
        with this().store.writing() as uow:
            enrolment.sign_eligibility(
                uow, auth.person(), signer(form, uow)(), participant.number, answers(about["asked"], form)
            )
    except SHOWN_AGAIN as error:
        status = status_of_refusal(form, error)
        return _checked(about), status
    return redirect(url_for("site.participant", key=participant.number, done="eligibility"), code=303)


def _value(check: dict[str, Any]) -> Field:
    if check["since"]:
        hint = f'{_sentence(check["rule"])} Date as 2026-11-27, or {check["unit"]} as a number, or "{NEVER}".'
        return Field(name=check["field"], label=check["label"], hint=hint, width="half")
    return Field(
        name=check["field"],
        label=check["label"],
        hint=_sentence(check["rule"]),
        unit=check["unit"],
        width="short",
        inputmode="decimal",
    )


def _sentence(rule: str) -> str:
    return f"{rule[0].upper()}{rule[1:]}."


def _spoken(check: dict[str, Any], typed: str) -> str:
    is_number = typed.replace(".", "", 1).isdigit()
    if check["since"] and is_number:
        return f"{typed} {check['unit']} ago"
    return f"{typed} {check['unit']}" if is_number else typed
