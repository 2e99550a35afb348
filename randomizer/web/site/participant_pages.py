"""Participants: the list, one participant, enrolment, and the participant card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import make_response, redirect, render_template, request, url_for

from randomizer.domain.acts import MAY, Act
from randomizer.domain.participants import State
from randomizer.services.care import enrolment
from randomizer.services.views import enrolment_views, participant_views
from randomizer.web import auth, idle
from randomizer.web.door import this
from randomizer.web.forms import Field, Form
from randomizer.web.site import barcodes, cards, lives, steps
from randomizer.web.site.act_pages import SHOWN_AGAIN, done_sentence, status_of_refusal
from randomizer.web.site.pages import looking, site

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from randomizer.services.views.sight import Sight

STATES = tuple((state.value, state.value.capitalize()) for state in State)
SAID = {
    "eligibility": "Eligibility is signed.",
    "enrolled": "The participant is enrolled.",
}


@site.get("/participants")
def participants() -> str:
    """The list, by site and state."""
    chosen = {name: request.args.get(name, "") for name in ("site", "state")}
    with looking() as sight:
        found = participant_views.listing(
            sight, site=chosen["site"], state=chosen["state"], page=page_number()
        )
        sites = [(one.code, one.name) for one in sight.definition.sites if one.code in sight.sites()]
    kept: dict[str, Any] = {name: value for name, value in chosen.items() if value}
    pattern = url_for("site.participants", **kept)
    return render_template(
        "site/participants.html",
        found=found,
        chosen=chosen,
        sites=sites,
        states=STATES,
        pattern=f"{pattern}{'&' if '?' in pattern else '?'}page={{page}}",
        may_enrol=bool(auth.person().roles & MAY[Act.PARTICIPANT_CONSENTED]),
    )


@site.get("/participants/<key>")
def participant(key: str) -> str:
    """One participant: what comes next, facts, periods, signatures, timeline."""
    with looking() as sight:
        found = participant_views.find(sight, key)
        whole = participant_views.whole(sight, found)
        name = sight.definition.site(found.site).name
        period_count = sight.definition.period_count
    following = whole["next"]
    done = request.args.get("done", "")
    return render_template(
        "site/participant.html",
        whole=whole,
        site_name=name,
        next=following,
        main=steps.url(following["act"], found.number) if whole["mine"] else None,
        assess=steps.url(Act.ASSESSMENT_SIGNED, found.number)
        if Act.ASSESSMENT_SIGNED in whole["acts"]
        else None,
        others=steps.others(
            whole["acts"] - {Act.ASSESSMENT_SIGNED},
            following.get("act") if whole["mine"] else None,
            found.number,
        ),
        timeline=lives.timeline(whole, period_count),
        facts=lives.facts(whole, name),
        periods=lives.periods(whole, period_count),
        done=SAID.get(done) or done_sentence(done),
        for_whom=", ".join(sorted(MAY.get(following.get("act"), ()))),
        has_card=bool(whole["allocation"]),
    )


@site.route("/participants/enrol", methods=["GET", "POST"])
def enrol() -> str | Response | tuple[str, int]:
    """Enrol a participant who has consented."""
    auth.demand_act(Act.PARTICIPANT_CONSENTED)
    with looking() as sight:
        fields = _enrol_fields(sight)
        blocked = enrolment_views.enrolling_blocked(sight, [code for code, _ in fields[0].options])
    if request.method == "GET":
        single = {"site": fields[0].options[0][0]} if len(fields[0].options) == 1 else {}
        return render_template("site/enrol.html", form=idle.form(fields, single), blocked=blocked)
    form = Form.posted(fields, request.form)
    try:
        with this().store.writing() as uow:
            consented = enrolment.consent(
                uow, auth.person(), form.text("site"), replaces=form.text("replaces").replace(" ", "")
            )
    except SHOWN_AGAIN as error:
        status = status_of_refusal(form, error)
        return render_template("site/enrol.html", form=form, blocked=blocked), status
    return redirect(url_for("site.participant", key=consented.number, done="enrolled"), code=303)


@site.get("/participants/<key>/card")
def card(key: str) -> str:
    """The participant card, to print."""
    with looking() as sight:
        shown = enrolment_views.card(sight, participant_views.find(sight, key))
    image = barcodes.data_matrix_url(shown["participant"])
    return render_template("site/card.html", card=shown, image=image)


@site.get("/participants/<key>/card.pdf")
def card_pdf(key: str) -> Response:
    """The participant card as PDF."""
    with looking() as sight:
        shown = enrolment_views.card(sight, participant_views.find(sight, key))
    response = make_response(cards.pdf(shown, barcodes.data_matrix_png(shown["participant"])))
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="card-{shown["participant"]}.pdf"'
    return response


def page_number() -> int:
    """The page that a list is asked for; 1 for anything that is no number."""
    typed = request.args.get("page", "1")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 1  # noqa: PLR2004


def _enrol_fields(sight: Sight) -> tuple[Field, ...]:
    may = MAY[Act.PARTICIPANT_CONSENTED]
    options = tuple(
        pair for pair in enrolment_views.open_sites(sight) if sight.person.role_for(may, pair[0]) is not None
    )
    return (
        Field(name="site", label="Site", type="radio", options=options),
        Field(
            name="replaces",
            label="Replaces participant",
            hint="Only if this participant takes the place of one who has ended. Most replace nobody.",
            width="short",
            inputmode="numeric",
        ),
    )
