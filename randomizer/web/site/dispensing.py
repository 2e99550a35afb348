"""The counter: scan the participant, see one kit number, scan the kit, green or a hard stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import make_response, redirect, render_template, request, url_for

from randomizer.domain.acts import Act
from randomizer.domain.numbers import group3
from randomizer.domain.trial import Kind
from randomizer.errors import HardStop, NotFound, Refused, StepUpRefused
from randomizer.services.care import dispensing, second_person
from randomizer.services.views import participant_views, sight
from randomizer.web import auth, problems
from randomizer.web.door import this
from randomizer.web.forms import Form
from randomizer.web.site import barcodes, second, slips
from randomizer.web.site.pages import looking, site
from randomizer.web.throttle import TriedTooOften

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from randomizer.errors import RandomizerError
    from randomizer.services.care.dispensing import ToDispense
    from randomizer.services.views.sight import Sight

CHECK = second.fields("Second person", "A colleague of this site who compared the kit with this page.")


@site.route("/participants/<key>/dispense", methods=["GET", "POST"])
def dispense(key: str) -> str | Response | tuple[str, int]:
    """Show the one kit to take; a scan of it hands it out."""
    auth.demand_act(Act.KIT_DISPENSED)
    with looking() as seen:
        number = participant_views.find(seen, key).number
    try:
        if request.method == "POST":
            form = Form.posted(CHECK, request.form)
            with this().store.writing() as uow:
                beside = second.step_up(uow, form, "second person")
                done = dispensing.dispense(
                    uow, auth.person(), number, request.form.get("kit", ""), second=beside
                )
            return redirect(url_for("site.dispensed", key=number, period=done.record.period), code=303)
        return _counter(number)
    except HardStop as stop:
        return _sent_again(number) or (_stop(number, stop), problems.status_of(stop))
    except (StepUpRefused, TriedTooOften) as refusal:
        return _check(number, refusal), problems.status_of(refusal)
    except Refused as refusal:
        if refusal.field == second_person.FIELD:
            return _check(number, refusal)
        # A number that cannot be read is no wrong kit: the counter stays, with the sentence beside the box.
        return _counter_again(number, refusal), problems.status_of(refusal)


@site.get("/participants/<key>/dispensed/<int:period>")
def dispensed(key: str, period: int) -> str:
    """The green page."""
    with looking() as seen:
        return render_template("site/dispensed.html", **_handed_out(seen, key, period))


@site.get("/participants/<key>/dispensed/<int:period>/slip.pdf")
def slip(key: str, period: int) -> Response:
    """The slip that goes with the kit, to print."""
    with looking() as seen:
        shown = _handed_out(seen, key, period)
    response = make_response(slips.pdf(shown, barcodes.data_matrix_png(shown["kit"])))
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="kit-{shown["kit"]}.pdf"'
    return response


def _handed_out(seen: Sight, key: str, period: int) -> dict[str, Any]:
    """What the green page and the slip say of one kit.

    Raises:
        NotAllowed: The person's roles never see kits.
        NotFound: No kit was handed out for this period.
    """
    seen.demand("Kit", "number")
    participant = participant_views.find(seen, key)
    whole = participant_views.whole(seen, participant)
    record: dict[str, Any] = next((one for one in whole["periods"] if one.get("period") == period), {})
    kit = record.get("kit_shown") or {}
    if not record.get("dispensed_at") or not kit:
        raise NotFound(
            f"No kit was handed out to participant {participant.number} for period {period}.",
            next_step="Open the participant's page to see what was handed out.",
        )
    return {
        "trial": seen.definition.trial_id.upper(),
        "rehearsal": seen.trial.kind is Kind.REHEARSAL,
        "site": seen.definition.site(participant.site).name,
        "emergency": seen.definition.code_break.telephone,
        "participant": participant.number,
        "period": f"{period} of {len(whole['periods'])}",
        "this_period": period,
        "kit": kit["number"],
        "expires_at": kit.get("expires_at"),
        "dispensed_at": record["dispensed_at"],
        "by": _hand(whole, record),
        "checked_by": _checker(seen, record),
    }


def _check(number: str, refusal: RandomizerError) -> str:
    """The kit is right: a second person compares it and signs in on the same page."""
    form = Form.posted(CHECK, request.form)
    if any(form.typed.values()):
        form.refuse(refusal)
    return _counter(number, typed=request.form.get("kit", ""), form=form)


def _sent_again(number: str) -> Response | None:
    with this().store.reading() as uow:
        done = dispensing.sent_again(uow, auth.person(), number, request.form.get("kit", ""))
    return redirect(url_for("site.dispensed", key=number, period=done.period), code=303) if done else None


def _counter(number: str, error: str = "", typed: str = "", form: Form | None = None) -> str:
    with this().store.reading() as uow:
        todo = dispensing.look_up(uow, auth.person(), number)
        shown = _facts(todo, sight.of(uow, auth.person()))
    return render_template("site/dispense.html", **shown, error=error, typed=typed, form=form)


def _counter_again(number: str, refusal: Refused) -> str:
    typed = request.form.get("kit", "")
    try:
        sentence = " ".join(part for part in (refusal.message, refusal.next_step) if part)
        return _counter(number, error=sentence, typed=typed)
    except Refused:
        raise refusal from None


def _facts(todo: ToDispense, seen: Sight) -> dict[str, Any]:
    site = todo.participant.site
    kit, record = seen.show(todo.kit, site=site), seen.show(todo.record, site=site)
    return {
        "number": record["participant"],
        "kit": kit["number"],
        "period": f"{record['period']} of {todo.period_count}",
        "place": todo.storage_place,
        "expires_at": kit["expires_at"],
        "now": this().store.clock(),
        "booked_for": record["booked_for"],
    }


def _stop(number: str, stop: HardStop) -> str:
    wrong_kit = bool(stop.needed)
    return render_template(
        "site/stop.html",
        number=number,
        title="Stop. Wrong kit." if wrong_kit else "Stop. Nothing is handed out.",
        happened=stop.message.removeprefix("Wrong kit. "),
        steps=_steps(stop),
        scanned=stop.scanned if wrong_kit else None,
        needed=stop.needed if wrong_kit else None,
    )


def _steps(stop: HardStop) -> list[str]:
    # The telephone stands below, in a line of its own.
    sentences = (stop.next_step or "").split("Trial office:")[0].strip()
    steps = [sentence.strip().rstrip(".") + "." for sentence in sentences.split(". ") if sentence.strip()]
    if stop.needed:
        return ["Put this kit back in its place.", f"Take kit {group3(stop.needed)}.", "Scan it here."]
    return steps or ["Hand nothing out."]


def _checker(seen: Sight, record: dict[str, Any]) -> str:
    """Who checked the kit beside the pharmacist, or ""."""
    account = record.get("checked_by")
    return participant_views.printed_name(seen, account) if account else ""


def _hand(whole: dict[str, Any], record: dict[str, Any]) -> str:
    """Who handed the kit out, from the timeline."""
    events = [
        event
        for event in whole["events"]
        if event["act"] == Act.KIT_DISPENSED and event["at"] == record["dispensed_at"]
    ]
    return f"{events[0]['by']}, {events[0]['role']}" if events else ""
