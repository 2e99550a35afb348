"""The trial: sites, enrolment, trail, alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import render_template, request, url_for

from randomizer.domain.acts import MAY, Act
from randomizer.services.views import enrolment_views, entry_view, trail_views
from randomizer.web import auth, plots, words
from randomizer.web.site.act_pages import done_sentence
from randomizer.web.site.pages import looking, site
from randomizer.web.site.participant_pages import page_number

if TYPE_CHECKING:
    from datetime import date


@site.get("/sites")
def sites() -> str:
    """Every site and whether it is open."""
    with looking() as sight:
        sight.demand("SiteStatus", "state")
        found = enrolment_views.sites(sight)
    return render_template(
        "site/sites.html",
        sites=found,
        may_open=bool(auth.person().roles & MAY[Act.SITE_OPENED]),
        done=done_sentence(request.args.get("done", "")),
    )


@site.get("/enrolment")
def progress() -> str:
    """How enrolment goes: counts, plot, strata."""
    with looking() as sight:
        found = enrolment_views.progress(sight)
        phase = sight.trial.phase
        capacity = sight.definition.capacity
    points = found["randomized"]
    plot = plots.step_chart(
        points,
        title="Participants randomized",
        description=_described(points),
        x_label="Day",
        y_label="Participants",
    )
    roles = auth.person().roles
    return render_template(
        "site/progress.html",
        found=found | {"states": [[words.capital(state), count] for state, count in found["states"]]},
        plot=plot,
        phase=phase,
        capacity=capacity,
        may_close=bool(roles & MAY[Act.ENROLMENT_CLOSED]),
        may_terminate=bool(roles & MAY[Act.TRIAL_TERMINATED]),
        done=done_sentence(request.args.get("done", "")),
    )


@site.get("/trail")
def trail() -> str:
    """Entries, newest first, and how far they are signed."""
    participant = "".join(request.args.get("participant", "").split())
    with looking() as sight:
        found = trail_views.entries(sight, page=page_number(), participant=participant)
        summary = trail_views.summary(sight)
    kept: dict[str, Any] = {"participant": participant} if participant else {}
    pattern = url_for("site.trail", **kept)
    return render_template(
        "site/trail.html",
        found=found,
        summary=summary,
        participant=participant,
        pattern=f"{pattern}{'&' if '?' in pattern else '?'}page={{page}}",
    )


@site.get("/trail/<int:number>")
def entry(number: int) -> str:
    """One entry: who, when, why, and what it changed."""
    with looking() as sight:
        found = entry_view.entry(sight, number)
    return render_template("site/entry.html", found=found)


@site.get("/alarms")
def alarms() -> str:
    """Every alarm, standing ones first."""
    with looking() as sight:
        sight.demand("Alarm", "kind")
        found = trail_views.alarms(sight)
    return render_template(
        "site/alarms.html",
        alarms=found,
        may_clear=bool(auth.person().roles & MAY[Act.ALARM_CLEARED]),
        done=done_sentence(request.args.get("done", "")),
    )


def _described(points: list[tuple[date, int]]) -> str:
    if not points:
        return "Nobody is randomized yet."
    (first, least), (last, most) = points[0], points[-1]
    return f"The count rises from {least} on {words.day(first)} to {most} on {words.day(last)}."
