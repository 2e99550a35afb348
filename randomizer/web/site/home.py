"""Home: the scan box and what is due; tasks and alarms that stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import redirect, render_template, request, url_for

from randomizer.domain import scans
from randomizer.domain.acts import MAY, Act
from randomizer.domain.numbers import group3
from randomizer.domain.people import Role
from randomizer.domain.records import TaskKind
from randomizer.errors import NotAllowed, NotFound, Refused
from randomizer.services.views import impact_views, kit_views, participant_views, stock_views, worklist
from randomizer.web import auth, problems, words
from randomizer.web.door import this
from randomizer.web.site import steps
from randomizer.web.site.act_pages import done_sentence
from randomizer.web.site.pages import looking, site

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from randomizer.errors import RandomizerError
    from randomizer.masking import View
    from randomizer.services.views.sight import Sight

CARD_FIRST = "Scan the participant card first, then the kit."
UNPROCESSABLE = 422


@site.get("/")
def home() -> str | Response:
    """What is due today for this person."""
    if auth.person().roles == {Role.ADMINISTRATOR}:
        return redirect(url_for("site.accounts"))
    return _home()


@site.get("/scan")
def scan() -> str | Response | tuple[str, int]:
    """Go to what was scanned: a card leads to the counter or the participant, a kit to what waits for it."""
    typed = request.args.get("scan", "")
    try:
        if scans.is_kit(typed):
            return _of_kit(typed)
        with looking() as sight:
            found = participant_views.find(sight, typed)
    except (NotAllowed, NotFound, Refused) as error:
        return _home(error=_sentence(error), typed=typed), problems.status_of(error)
    dispenses = auth.person().role_for(MAY[Act.KIT_DISPENSED], found.site) is not None
    return redirect(url_for("site.dispense" if dispenses else "site.participant", key=found.number), code=303)


@site.get("/tasks")
def tasks() -> str:
    """Open tasks and alarms."""
    with looking() as sight:
        sight.demand("Task", "kind")
        found = worklist.tasks(sight)
        impacts = [one["number"] for one in found if one["kind"] == TaskKind.IMPACT_ASSESSMENT]
        assessed = impact_views.assessed_since(sight, impacts)
        to_sign = _to_sign(sight, found)
        differences = stock_views.tasks(sight)
        to_destroy = kit_views.to_destroy(sight)
    return render_template(
        "site/tasks.html",
        tasks=found,
        to_sign=to_sign,
        assessed=assessed,
        differences=differences,
        to_destroy=to_destroy,
        done=done_sentence(request.args.get("done", "")),
    )


def _to_sign(sight: Sight, tasks: list[View]) -> set[int]:
    """Numbers of the tasks that this person signs here; those of code breaks are signed at the other door."""
    alerts = (one for one in tasks if one["kind"] is TaskKind.QUALITY_ALERT)
    may = MAY[Act.ALERT_ACKNOWLEDGED]
    return {one["number"] for one in alerts if sight.person.role_for(may, one["site"]) is not None}


def _home(error: str = "", typed: str = "") -> str:
    with looking() as sight:
        sight.demand("Participant", "number")
        work = worklist.of(sight)
        differences = stock_views.tasks(sight)
        to_destroy = [
            one
            for one in kit_views.to_destroy(sight)
            if sight.person.role_for(MAY[Act.KIT_DESTROYED], one["site"]) is not None
        ]
        expected = len(kit_views.on_their_way(sight))
        periods = sight.definition.period_count
        keeps = auth.person().role_for(MAY[Act.KIT_DISPENSED], None) is not None
    now = this().store.clock()
    return render_template(
        "site/home.html",
        rows=[steps.row(one, periods, now.date()) for one in work["rows"]],
        requests=[steps.row(one, periods, now.date()) for one in work["requests"]],
        more=work["more"],
        now=now,
        keeps=keeps,
        expected=expected,
        coming=steps.coming(work["coming"]),
        assessments=[steps.assessment(one) for one in work["assessments"]],
        more_assessments=work["more_assessments"],
        tasks=work["tasks"],
        differences=differences,
        to_destroy=to_destroy,
        alarms=work["alarms"],
        today=f"{now:%A} {words.day(now)}",
        error=error,
        typed=typed,
    )


def _of_kit(typed: str) -> Response | tuple[str, int]:
    """Where a kit leads that was scanned without a card; the card alone tells who gets one that is ready.

    Raises:
        NotAllowed: The person's roles never see kits.
        NotFound: There is none that this person sees.
        Refused: It is no kit number.
    """
    with looking() as sight:
        kit = kit_views.find(sight, typed)
        act = kit_views.comes_next(sight, kit)
        whole = kit_views.whole(sight, kit)
    number = whole["kit"]["number"]
    if act is Act.KIT_DISPENSED:
        return _home(error=f"Kit {group3(number)} is ready to be handed out. {CARD_FIRST}"), UNPROCESSABLE
    if act is Act.KIT_RECEIVED:
        place = url_for("site.participant_receive", key=whole["participant"], kit=number)
    else:
        place = url_for("site.kit_destroy" if act else "site.kit", key=number)
    return redirect(place, code=303)


def _sentence(error: RandomizerError) -> str:
    return " ".join(part for part in (error.message, error.next_step) if part)
