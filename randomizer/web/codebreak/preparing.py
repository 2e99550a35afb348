"""Preparation: what is booked, the sheet of one participant, begun, ready or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import redirect, render_template, request, url_for

from randomizer.domain.acts import Act
from randomizer.domain.numbers import group3
from randomizer.domain.sealed_texts import Preparation
from randomizer.errors import HardStop, Refused
from randomizer.services.care import periods, replacements
from randomizer.services.unblinded import preparation, sheets
from randomizer.web import auth, words
from randomizer.web.codebreak.pages import (
    SHOWN_AGAIN,
    again,
    codebreak,
    desk,
    done,
    form_of,
    kept,
    looking,
    of_one_length,
)
from randomizer.web.door import this
from randomizer.web.forms import MOMENT, Field, Form

if TYPE_CHECKING:
    from datetime import datetime

    from werkzeug.wrappers import Response

    from randomizer.masking import View
    from randomizer.services.unblinded.sheets import Sheet

NOTES = (
    Field(name="lot", label="Lot", width="half"),
    Field(
        name="cell_count",
        label="Cell count",
        hint="With its unit; empty where it does not apply.",
        width="half",
    ),
    Field(name="viability", label="Viability", hint="With its unit.", width="half"),
    Field(name="form", label="Product form", width="half"),
    Field(name="thaw", label="Thaw record", width="half"),
    Field(name="note", label="Note", type="textarea"),
)
"""The same for every treatment; all of it is sealed."""
SPOILED = Field(name="spoiled", label="The kit of the sheet can't be used any more", type="checkbox")
SPARE = Field(
    name="spoiled",
    label="The kit of the sheet is spoiled; this is a spare",
    hint="The spare is filled in the same preparation: nobody outside learns that there was one.",
    type="checkbox",
)

LIMITS, SHEET = "out_of_limits", "Sheet"
AVAILABLE = "available"
ANSWER = (
    Field(
        name="answer",
        label="Is there another kit for this period?",
        type="radio",
        options=((AVAILABLE, "Another kit will be available"), ("none", "No product for this period")),
        needed="Say whether there is another kit.",
    ),
    Field(name="available_at", label="Available at", hint=MOMENT, unit="UTC", width="half"),
)
"""The same words whatever the treatment; the site reads nothing else."""


@codebreak.get("/preparation")
def preparations() -> str:
    """What is booked and not ready, in order of time."""
    auth.demand_act(Act.SHEET_OPENED)
    with looking() as seen:
        count = seen.definition.period_count
        rows = [
            _row(
                preparation.shown(seen, one.record) | seen.show({LIMITS: one.out_of_limits}, kind=SHEET),
                count,
            )
            for one in preparation.worklist(seen.uow)
        ]
    return render_template("codebreak/preparations.html", rows=rows)


@codebreak.route("/preparation/<number>", methods=["GET", "POST"])
def sheet(number: str) -> str | Response:
    """The sheet of one participant; opening it goes on record first."""
    auth.demand_act(Act.SHEET_OPENED)
    if request.method == "POST":
        sheets.open_sheet(desk(), auth.person(), number)
        return redirect(url_for("codebreak.sheet", number=number), code=303)
    before = kept().take(auth.person().account, request.path)
    if before and before.stop:
        return render_template("codebreak/stop.html", number=number, stop=before.stop)
    fields = _ending_fields()
    form = before.form(fields) if before else Form.blank(fields)
    try:
        found = sheets.sheet_again(desk(), auth.person(), number)
    except Refused:
        return _closed_sheet(number, form)
    return _sheet(found, form)


@codebreak.post("/preparation/<number>/begin")
def begin(number: str) -> Response:
    """Begin the preparation; what stands in its way is said on the sheet."""
    auth.demand_act(Act.PREPARATION_BEGUN)
    page = url_for("codebreak.sheet", number=number)
    try:
        with this().store.writing() as uow:
            preparation.begin(uow, auth.person(), number)
    except SHOWN_AGAIN as error:
        return again(Form.blank(()), error, page)
    return done(page, page)


@codebreak.post("/preparation/<number>/ready")
def ready(number: str) -> Response:
    """End the preparation with a kit that is ready."""
    auth.demand_act(Act.PREPARATION_ENDED)
    page = url_for("codebreak.sheet", number=number)
    form = Form.posted(_ending_fields(), request.form)
    try:
        form.demand_filled()
        with this().store.writing() as uow:
            record = preparation.end(
                uow,
                desk(),
                auth.person(),
                number,
                ready=True,
                kit=form.text("kit"),
                noted=noted(form, form.text("content")),
                spoiled=form.yes("spoiled"),
            )
    except (HardStop, *SHOWN_AGAIN) as error:
        return again(form, error, page)
    return done(page, url_for("codebreak.prepared", number=number, period=record.period))


@codebreak.route("/preparation/<number>/not-ready", methods=["GET", "POST"])
def not_ready(number: str) -> str | Response:
    """End the preparation without a kit."""
    auth.demand_act(Act.PREPARATION_ENDED)
    fields = (SPOILED, *NOTES)
    if request.method == "GET":
        with looking() as seen:
            record = preparation.shown(seen, periods.current(seen.uow, number))
        return render_template("codebreak/not-ready.html", number=number, record=record, form=form_of(fields))
    form = Form.posted(fields, request.form)
    try:
        with this().store.writing() as uow:
            preparation.end(
                uow,
                desk(),
                auth.person(),
                number,
                ready=False,
                kit="",
                noted=noted(form, ""),
                spoiled=form.yes("spoiled"),
            )
    except SHOWN_AGAIN as error:
        return again(form, error, request.path)
    return done(request.path, url_for("codebreak.preparations"))


@codebreak.route("/preparation/<number>/replacement", methods=["GET", "POST"])
def replacement(number: str) -> str | Response:
    """Answer the request for another kit."""
    auth.demand_act(Act.REPLACEMENT_ANSWERED)
    if request.method == "GET":
        with looking() as seen:
            record, booked_for = replacements.demand_asked(seen.uow, number)
            shown = seen.show(record)
            count = seen.definition.period_count
        return render_template(
            "codebreak/replacement.html",
            number=number,
            period=f"{shown['period']} of {count}",
            facts=[
                ("Asked for", words.moment(shown["asked_at"]) if shown["asked_at"] else words.NONE),
                ("Answer so far", replacements.describe(record) if shown["answered_at"] else words.NONE),
                ("Booked for", words.moment(booked_for)),
            ],
            form=form_of(ANSWER),
        )
    form = Form.posted(ANSWER, request.form)
    try:
        available_at = answered(form)
        with this().store.writing() as uow:
            replacements.answer(uow, auth.person(), number, available_at)
    except SHOWN_AGAIN as error:
        return again(form, error, request.path)
    return done(request.path, url_for("codebreak.preparations"))


def answered(form: Form) -> datetime | None:
    """When another kit is available, or None where there is no product.

    Raises:
        Faulty: Nothing was chosen.
        Refused: The time is missing, or none belongs there.
    """
    form.demand_filled()
    if form.text("answer") == AVAILABLE:
        return form.needed_moment("available_at")
    if form.text("available_at"):
        raise Refused(
            "A time belongs to a kit that will be available. Nothing was changed.",
            field="available_at",
            next_step="Leave the time empty, or choose that another kit is available.",
        )
    return None


@codebreak.get("/preparation/<number>/prepared/<int:period>")
def prepared(number: str, period: int) -> str:
    """The kit is ready: its number and its time."""
    auth.demand_act(Act.PREPARATION_ENDED)
    with looking() as seen:
        found = periods.ready_kit(seen.uow, number, period)
        kit = seen.show(found)
        count = seen.definition.period_count
        has_labels = seen.definition.label is not None
    return render_template(
        "codebreak/prepared.html",
        number=number,
        period=f"{period} of {count}",
        kit=kit,
        labels_url=url_for("codebreak.kit_labels", number=number, period=period) if has_labels else "",
    )


def noted(form: Form, content: str) -> Preparation:
    """What is kept, sealed."""
    return Preparation(
        content=content,
        lot=form.text("lot"),
        cell_count=form.text("cell_count"),
        viability=form.text("viability"),
        form=form.text("form"),
        thaw=form.text("thaw"),
        note=form.text("note"),
    )


def _ending_fields() -> tuple[Field, ...]:
    with looking() as seen:
        options = tuple((one.code, one.name) for one in seen.definition.treatments)
    return (
        Field(
            name="kit",
            label="Kit number, from the label of the kit",
            inputmode="numeric",
            width="half",
            needed="The kit number is missing: scan it, or type it from the label.",
        ),
        SPARE,
        Field(
            name="content",
            label="What was put into it",
            type="radio",
            options=options,
            needed="Say what was put into it.",
        ),
        *NOTES,
    )


def _row(record: View, count: int) -> dict[str, Any]:
    asked, answered = record["asked_at"], record["answered_at"]
    if record[LIMITS]:
        state, kind = "Result out of limits", "attention"
    elif record["preparation_begun_at"] and not record["preparation_ended_at"]:
        state, kind = _being_prepared(record["earliest_end_at"]), "ready"
    elif answered and not record["available_at"]:
        state, kind = "No product", "closed"
    elif asked:
        state, kind = ("Answered", "due") if answered else ("Asked for again", "attention")
    elif record["fit_signed_at"]:
        state, kind = "Fit signed", "due"
    else:
        state, kind = "Waits for fit", "waiting"
    return {
        "due": words.due(record["booked_for"], this().store.clock().date()) if record["booked_for"] else "",
        "number": record["participant"],
        "period": f"{record['period']} of {count}",
        "state": state,
        "kind": kind,
        "asked": asked is not None and answered is None,
    }


def _being_prepared(earliest: datetime | None) -> str:
    waits = earliest is not None and this().store.clock() < earliest
    return f"Being prepared until {words.hour(earliest)}" if earliest and waits else "Being prepared"


def _closed_sheet(number: str, form: Form) -> str:
    with looking() as seen:
        waiting = [one for one in preparation.worklist(seen.uow) if one.participant.number == number]
        shown = seen.show(waiting[0].record) if waiting else {}
        count = seen.definition.period_count
    if not waiting:
        raise Refused(
            f"Nothing is to be prepared for participant {number}.",
            field="participant",
            next_step="Open the worklist to see what is booked.",
        )
    return render_template(
        "codebreak/sheet-closed.html",
        number=number,
        record=shown,
        asked=replacements.describe(waiting[0].record),
        period=f"{shown['period']} of {count}",
        form=form,
    )


def _sheet(found: Sheet, form: Form) -> str:
    with looking() as seen:
        shown = seen.show(found)
        period = f"{shown['period']} of {seen.definition.period_count}"
        asked = replacements.describe(periods.current(seen.uow, shown["participant"]))
    of_one_length()
    spares = ", ".join(group3(kit) for kit in shown["spares"])
    return render_template(
        "codebreak/sheet.html", sheet=shown, spares=spares, period=period, asked=asked, form=form
    )
