"""Home: the scan box and what is due; tasks and alarms that stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import redirect, render_template, request, url_for

from randomizer.domain import scans
from randomizer.domain.acts import MAY, Act
from randomizer.domain.people import Role
from randomizer.errors import NotFound, Refused
from randomizer.services.views import participant_views, stock_views, worklist
from randomizer.web import auth, problems, words
from randomizer.web.door import this
from randomizer.web.site import steps
from randomizer.web.site.pages import looking, site

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from randomizer.errors import RandomizerError

KIT_FIRST = "That is a kit number. Scan the participant card first, then the kit."


@site.get("/")
def home() -> str | Response:
    """What is due today for this person."""
    if auth.person().roles == {Role.ADMINISTRATOR}:
        return redirect(url_for("site.accounts"))
    return _home()


@site.get("/scan")
def scan() -> str | Response | tuple[str, int]:
    """Go to what was scanned: to the counter for a pharmacist, to the participant for everybody else."""
    typed = request.args.get("scan", "")
    try:
        with looking() as sight:
            found = participant_views.find(sight, typed)
    except (NotFound, Refused) as error:
        return _home(error=_sentence(typed, error), typed=typed), problems.status_of(error)
    dispenses = auth.person().role_for(MAY[Act.KIT_DISPENSED], found.site) is not None
    return redirect(url_for("site.dispense" if dispenses else "site.participant", key=found.number), code=303)


@site.get("/tasks")
def tasks() -> str:
    """Open tasks and alarms."""
    with looking() as sight:
        sight.demand("Task", "kind")
        found = worklist.tasks(sight)
        differences = stock_views.tasks(sight)
    return render_template("site/tasks.html", tasks=found, differences=differences)


def _home(error: str = "", typed: str = "") -> str:
    with looking() as sight:
        sight.demand("Participant", "number")
        work = worklist.of(sight)
        differences = stock_views.tasks(sight)
        periods = sight.definition.period_count
    now = this().store.clock()
    return render_template(
        "site/home.html",
        rows=[steps.row(one, periods, now.date()) for one in work["rows"]],
        more=work["more"],
        coming=steps.coming(work["coming"]),
        tasks=work["tasks"],
        differences=differences,
        alarms=work["alarms"],
        today=f"{now:%A} {words.day(now)}",
        error=error,
        typed=typed,
    )


def _sentence(typed: str, error: RandomizerError) -> str:
    if scans.is_kit(typed):
        return KIT_FIRST
    return " ".join(part for part in (error.message, error.next_step) if part)
