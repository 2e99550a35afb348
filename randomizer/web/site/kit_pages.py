"""Kits: one kit, from when it became ready to what became of it."""

from __future__ import annotations

from flask import render_template, request

from randomizer.domain.numbers import group3
from randomizer.services.views import kit_views
from randomizer.web import words
from randomizer.web.site import steps
from randomizer.web.site.act_pages import done_sentence
from randomizer.web.site.pages import looking, site


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
        number=found.number,
        participant=whole["participant"],
        facts=[
            ("Kit", group3(found.number)),
            ("Site", name),
            ("Period", f"{shown['period']} of {periods}"),
            ("State", words.capital(shown["state"])),
            ("Ready since", words.moment(shown["ready_at"]) if shown["ready_at"] else words.NONE),
            ("Expiry", words.moment(shown["expires_at"]) if shown["expires_at"] else words.NONE),
        ],
        timeline=[
            {
                "at": words.moment(one["at"]),
                "what": f"{words.capital(one['act'])}: {one['state']}",
                "by": ", ".join(part for part in (one["by"], one["role"]) if part),
                "state": "done",
            }
            for one in whole["movements"]
        ],
        acts=steps.on_kit(whole["acts"], found.number),
        done=done_sentence(request.args.get("done", "")),
    )
