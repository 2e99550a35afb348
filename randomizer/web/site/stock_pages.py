"""Stock takes: the list, and one that is counted by scanning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import redirect, render_template, request, url_for

from randomizer.domain.acts import MAY, Act
from randomizer.errors import Refused
from randomizer.services.care import stock_takes
from randomizer.services.views import accountability, stock_views
from randomizer.web import auth, idle, problems
from randomizer.web.door import this
from randomizer.web.forms import Field, Form
from randomizer.web.site.act_pages import SHOWN_AGAIN, done_sentence, status_of_refusal
from randomizer.web.site.pages import looking, site

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@site.route("/stock-takes", methods=["GET", "POST"])
def stock_takes_list() -> str | Response | tuple[str, int]:
    """Every stock take; a new one is opened here."""
    form = Form.posted(_fields(), request.form) if request.method == "POST" else idle.form(_fields())
    if request.method == "GET":
        return _listed(form)
    auth.demand_act(Act.STOCK_TAKE_OPENED)
    try:
        form.demand_filled()
        with this().store.writing() as uow:
            take = stock_takes.open_take(uow, auth.person(), form.text("site"))
    except SHOWN_AGAIN as error:
        status = status_of_refusal(form, error)
        return _listed(form), status
    return redirect(url_for("site.stock_take", key=take.number), code=303)


@site.route("/stock-takes/<key>", methods=["GET", "POST"])
def stock_take(key: str) -> str | Response | tuple[str, int]:
    """One stock take; a scan counts a kit."""
    if request.method == "GET":
        return _take(key)
    auth.demand_act(Act.KIT_COUNTED)
    with looking() as sight:
        number = stock_views.find(sight, key).number
    scanned = request.form.get("kit", "")
    try:
        with this().store.writing() as uow:
            stock_takes.count(uow, auth.person(), number, scanned)
    except Refused as refusal:
        sentence = " ".join(part for part in (refusal.message, refusal.next_step) if part)
        return _take(key, error=sentence, typed=scanned), problems.status_of(refusal)
    return redirect(url_for("site.stock_take", key=number), code=303)


def _fields() -> tuple[Field, ...]:
    with looking() as sight:
        may = MAY[Act.STOCK_TAKE_OPENED]
        options = tuple(
            (one.code, one.name)
            for one in sight.definition.sites
            if one.code in accountability.seen(sight) and sight.person.role_for(may, one.code) is not None
        )
    return (
        Field(name="site", label="Site", type="radio", options=options, needed="Choose the site to count."),
    )


def _listed(form: Form) -> str:
    with looking() as sight:
        rows = stock_views.listing(sight)
        names = {one.code: one.name for one in sight.definition.sites}
    options = form.fields[0].options
    if len(options) == 1:
        form.typed.setdefault("site", options[0][0])
    return render_template("site/stock-takes.html", rows=rows, names=names, form=form, may_open=bool(options))


def _take(key: str, error: str = "", typed: str = "") -> str:
    with looking() as sight:
        take = stock_views.find(sight, key)
        whole = stock_views.whole(sight, take)
        name = sight.definition.site(take.site).name
        mine = sight.person.role_for(MAY[Act.KIT_COUNTED], take.site) is not None
    return render_template(
        "site/stock-take.html",
        whole=whole,
        take=whole["take"],
        site_name=name,
        mine=mine,
        error=error,
        typed=typed,
        done=done_sentence(request.args.get("done", "")),
    )
