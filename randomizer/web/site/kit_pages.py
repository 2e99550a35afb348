"""Kits: one kit, from when it became ready to what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import render_template, request, url_for

from randomizer.domain.numbers import group3
from randomizer.services.views import accountability, kit_views
from randomizer.web import words
from randomizer.web.site import steps
from randomizer.web.site.act_pages import done_sentence
from randomizer.web.site.pages import looking, site
from randomizer.web.surface import table

if TYPE_CHECKING:
    from flask import Response

    from randomizer.services.views.sight import Sight

FILTERS = ("site", "participant", "kit")
CSV_COLUMNS = ("at", "kit", "code", "participant", "period", "what", "by", "role", "site", "balance")


@site.get("/kits/<key>")
def kit(key: str) -> str:
    """One kit: facts, what became of it, and what can be done."""
    with looking() as sight:
        found = kit_views.find(sight, key)
        whole = kit_views.whole(sight, found)
        name = sight.definition.site(whole["site"]).name
        periods = sight.definition.period_count
    shown = whole["kit"]
    return render_template(
        "site/kit.html",
        number=shown["number"],
        participant=whole["participant"],
        facts=[
            ("Kit", group3(shown["number"])),
            ("Site", name),
            ("Period", f"{shown['period']} of {periods}"),
            ("State", words.capital(shown["state"])),
            ("Ready since", words.moment(shown["ready_at"]) if shown["ready_at"] else words.NONE),
            ("Expiry", words.moment(shown["expires_at"]) if shown["expires_at"] else words.NONE),
        ],
        timeline=[
            {
                "at": words.moment(one["at"]),
                "what": words.capital(one["state"]),
                "by": ", ".join(part for part in (one["by"], one["role"]) if part),
                "state": "done",
            }
            for one in whole["movements"]
        ],
        acts=steps.on_kit(whole["acts"], shown["number"]),
        done=done_sentence(request.args.get("done", "")),
    )


@site.get("/accountability")
def stock() -> str:
    """The accountability log: where the kits are, and every movement."""
    with looking() as sight:
        found = _log(sight)
        names = {one.code: one.name for one in sight.definition.sites}
        sites = accountability.seen(sight)
        periods = sight.definition.period_count
    kept: dict[str, Any] = {name: value for name, value in _chosen().items() if value}
    return render_template(
        "site/accountability.html",
        found=found,
        chosen=_chosen(),
        names=names,
        sites=[(code, names[code]) for code in sites],
        periods=periods,
        csv=url_for("site.stock_csv", **kept),
    )


@site.get("/accountability.csv")
def stock_csv() -> Response:
    """The same rows, to keep."""
    with looking() as sight:
        found = _log(sight)
    response = table(CSV_COLUMNS, found["rows"])
    response.headers["Content-Disposition"] = 'attachment; filename="accountability.csv"'
    return response


def _chosen() -> dict[str, str]:
    return {name: request.args.get(name, "") for name in FILTERS}


def _log(sight: Sight) -> dict[str, Any]:
    return accountability.log(sight, **_chosen())
