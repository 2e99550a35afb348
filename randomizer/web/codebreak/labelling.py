"""Printing the labels of a kit that is ready: each print is on record before the labels are shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import make_response, redirect, render_template, request, url_for

from randomizer.domain.acts import Act
from randomizer.domain.label_texts import TEXTS
from randomizer.errors import Refused
from randomizer.services import labels
from randomizer.services.care import periods
from randomizer.web import auth
from randomizer.web import labels as drawing
from randomizer.web.codebreak.pages import SHOWN_AGAIN, codebreak, looking, refused
from randomizer.web.door import this
from randomizer.web.forms import WHY, Form

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

WHY_AGAIN = replace(WHY, label="Why they are printed again")


@codebreak.route("/preparation/<number>/prepared/<int:period>/labels", methods=["GET", "POST"])
def kit_labels(number: str, period: int) -> str | Response | tuple[str, int]:
    """Both labels of a kit; a print is recorded first."""
    auth.demand_act(Act.LABELS_PRINTED)
    if request.method == "GET":
        return render_template("codebreak/labels.html", **_printed(number, period), form=_form(number))
    form = Form.posted(_form(number).fields, request.form)
    try:
        form.demand_filled()
        with this().store.writing() as uow:
            labels.print_labels(uow, auth.person(), number, period, form.text("why"))
    except SHOWN_AGAIN as error:
        status = refused(form, error)
        return render_template("codebreak/labels.html", **_printed(number, period), form=form), status
    return redirect(url_for("codebreak.kit_labels", number=number, period=period), code=303)


@codebreak.get("/preparation/<number>/prepared/<int:period>/labels.pdf")
def kit_labels_pdf(number: str, period: int) -> Response:
    """The labels that were just printed, as PDF."""
    auth.demand_act(Act.LABELS_PRINTED)
    shown = _printed(number, period)
    if shown["label"] is None:
        raise Refused(
            f"You have not printed the labels for period {period} of participant {number}.",
            field="participant",
            next_step="Print them on the page of the kit; that is put on record.",
        )
    response = make_response(drawing.pdf(shown["label"]))
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="labels-{shown["label"]["kit"]}.pdf"'
    return response


def _form(number: str) -> Form:
    """Asks for a reason from the second print on."""
    with looking() as seen:
        again = bool(labels.printed_by(seen.uow, number))
    return Form.blank((WHY_AGAIN,) if again else ())


def _printed(number: str, period: int) -> dict[str, Any]:
    """The labels, if the last to print them was this person; else there is something to be recorded first."""
    with looking() as seen:
        kit = periods.ready_kit(seen.uow, number, period)
        last = labels.printed_by(seen.uow, number)[:1]
        label = seen.show(labels.of_kit(seen.uow, kit)) if last == (auth.person().account,) else None
    return {
        "number": number,
        "period": period,
        "again": bool(last),
        "label": drawing.shown(label) if label else None,
        "texts": TEXTS[label["language"]] if label else None,
    }
