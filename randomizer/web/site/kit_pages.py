"""Kits: one kit, from when it became ready to what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import make_response, render_template, request, url_for

from randomizer.domain.acts import MAY, Act
from randomizer.domain.label_texts import TEXTS
from randomizer.domain.numbers import group3
from randomizer.domain.packaging import code_of
from randomizer.domain.supply import KitState
from randomizer.services import labels
from randomizer.services.care import kits
from randomizer.services.views import accountability, kit_views
from randomizer.web import labels as drawing
from randomizer.web import words
from randomizer.web.site import steps
from randomizer.web.site.act_pages import done_sentence
from randomizer.web.site.pages import looking, site
from randomizer.web.surface import table

if TYPE_CHECKING:
    from flask import Response

    from randomizer.masking import View
    from randomizer.services.views.sight import Sight

FILTERS = ("site", "participant", "kit")
CSV_COLUMNS = (
    "at",
    "kit",
    "code",
    "participant",
    "period",
    "what",
    "by",
    "role",
    "site",
    "balance",
    "remark",
)


@site.get("/kits/<key>")
def kit(key: str) -> str:
    """One kit: facts, what became of it, and what can be done."""
    with looking() as sight:
        found = kit_views.find(sight, key)
        whole = kit_views.whole(sight, found)
        name = sight.definition.site(whole["site"]).name
        periods = sight.definition.period_count
        has_label = sight.definition.label is not None
        packaging_code = code_of(sight.definition.trial_id, whole["kit"]["number"])
        askable = kit_views.askable(sight, found)
    shown = whole["kit"]
    return render_template(
        "site/kit.html",
        number=shown["number"],
        has_label=has_label,
        alert=bool(whole["alert"]),
        quarantined=shown["state"] is KitState.QUARANTINED,
        destroyed=any(one["act"] == Act.KIT_DESTROYED for one in whole["movements"]),
        participant=whole["participant"],
        facts=[
            ("Kit", group3(shown["number"])),
            ("Site", name),
            ("Period", f"{shown['period']} of {periods}"),
            ("State", words.capital(shown["state"])),
            ("Packaging code", packaging_code),
            ("Ready since", words.moment(shown["ready_at"]) if shown["ready_at"] else words.NONE),
            ("Expiry", words.moment(shown["expires_at"]) if shown["expires_at"] else words.NONE),
        ],
        timeline=[
            {
                "at": words.moment(one["at"]),
                "what": words.capital(one["state"]),
                "detail": one["remark"],
                "by": ", ".join(part for part in (one["by"], one["role"]) if part),
                "state": "done",
            }
            for one in whole["movements"]
        ],
        askable=askable,
        acts=steps.on_kit(whole["acts"], shown["number"]),
        done=done_sentence(request.args.get("done", "")),
    )


@site.get("/kits/<key>/destruction")
def destruction(key: str) -> str:
    """The record of a kit's destruction, to print."""
    with looking() as sight:
        found = kit_views.destruction(sight, kit_views.find(sight, key))
        trial = f"{sight.definition.trial_id.upper()} ({sight.definition.registry_id})"
        name = sight.definition.site(found["site"]).name
        periods = sight.definition.period_count
    facts = [
        ("Trial", trial),
        ("Site", name),
        ("Kit", group3(found["kit"])),
        ("Packaging code", found["code"]),
        ("Made ready for", f"participant {found['participant']}, period {found['period']} of {periods}"),
        ("Destroyed", words.capital(found["method"])),
        ("Reason", found["why"] or "Erased"),
        ("Seen by a second person", found["checked_by"] or "Not asked for in this trial"),
    ]
    return render_template("site/destruction.html", facts=facts, found=found)


@site.get("/kits/<key>/label")
def kit_label(key: str) -> str:
    """What stands on the labels of a kit."""
    label = _label(key)
    return render_template(
        "site/kit-label.html",
        label=drawing.shown(label),
        texts=TEXTS[label["language"]],
        number=label["kit"],
    )


@site.get("/kits/<key>/label.pdf")
def kit_label_pdf(key: str) -> Response:
    """The same as PDF, byte for byte what the preparing pharmacist prints."""
    label = _label(key)
    response = make_response(drawing.pdf(label))
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="labels-{label["kit"]}.pdf"'
    return response


def _label(key: str) -> View:
    with looking() as sight:
        found = kit_views.find(sight, key)
        return sight.show(labels.of_kit(sight.uow, found), site=kits.site_of(sight.uow, found))


@site.get("/accountability")
def stock() -> str:
    """The accountability log: where the kits are, and every movement."""
    with looking() as sight:
        found = _log(sight)
        names = {one.code: one.name for one in sight.definition.sites}
        sites = accountability.seen(sight)
        keeps = any(sight.person.role_for(MAY[Act.KIT_QUARANTINED], code) is not None for code in sites)
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
        keeps=keeps,
        done=done_sentence(request.args.get("done", "")),
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
