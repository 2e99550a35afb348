"""Receiving the kits that have come: one scan after the other, and what is still expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import redirect, render_template, request, url_for

from randomizer.domain.acts import Act
from randomizer.domain.numbers import group3
from randomizer.domain.supply import Arrival, KitState
from randomizer.errors import NotFound, Refused
from randomizer.services.care import receipts
from randomizer.services.views import kit_views
from randomizer.web import auth, problems
from randomizer.web.door import this
from randomizer.web.site.pages import looking, site

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from randomizer.services.views.sight import Sight


@site.route("/receive", methods=["GET", "POST"])
def receive() -> str | Response | tuple[str, int]:
    """What is on its way; a scan receives a kit that came sound."""
    auth.demand_act(Act.KIT_RECEIVED)
    if request.method == "GET":
        return _page(received=request.args.get("kit", ""))
    scanned = request.form.get("kit", "")
    try:
        number, participant = _expected(scanned)
        with this().store.writing() as uow:
            receipts.receive(uow, auth.person(), participant, scanned, arrival=Arrival.SOUND)
    except (NotFound, Refused) as error:
        sentence = " ".join(part for part in (error.message, error.next_step) if part)
        return _page(error=sentence, typed=scanned), problems.status_of(error)
    return redirect(url_for("site.receive", kit=number), code=303)


def _expected(scanned: str) -> tuple[str, str]:
    """Number of a kit that is on its way, and of the participant for whom it is.

    Raises:
        NotFound: There is none that this person sees.
        Refused: It is no kit number, or the kit is not on its way.
    """
    with looking() as sight:
        whole = kit_views.whole(sight, kit_views.find(sight, scanned))
    number, state = whole["kit"]["number"], whole["kit"]["state"]
    if state is KitState.READY:
        raise Refused(
            f"Kit {group3(number)} was received already. Nothing was changed.", next_step="Scan the next one."
        )
    if state is not KitState.SHIPPED:
        raise Refused(
            f"Kit {group3(number)} is not on its way: it is {state}. Nothing was changed.",
            next_step="Put it aside, and scan it at the start page to see what became of it.",
        )
    return number, whole["participant"]


def _page(error: str = "", typed: str = "", received: str = "") -> str:
    with looking() as sight:
        expected = kit_views.on_their_way(sight)
        periods = sight.definition.period_count
        came = _came(sight, received) if received else None
    return render_template(
        "site/receive.html",
        expected=expected,
        periods=periods,
        now=this().store.clock(),
        came=came,
        error=error,
        typed=typed,
    )


def _came(sight: Sight, number: str) -> dict[str, Any]:
    """What became of the kit that was received last."""
    kit = kit_views.find(sight, number)
    whole, expired = kit_views.whole(sight, kit), kit.expired(sight.uow.clock())
    return {
        "number": whole["kit"]["number"],
        "ready": whole["kit"]["state"] is KitState.READY and not expired,
        "expired": expired,
        "state": whole["kit"]["state"],
        "participant": whole["participant"],
        "at": whole["movements"][-1]["at"],
        "alert": bool(whole["alert"]),
        "askable": kit_views.askable(sight, kit),
    }
