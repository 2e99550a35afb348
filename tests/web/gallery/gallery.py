"""An app that shows every component of the pages, under the content security policy that both doors send."""

from __future__ import annotations

import base64
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, render_template, request
from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect, FlaskForm
from jinja2 import ChoiceLoader, FileSystemLoader
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from randomizer import web
from randomizer.web.plots import Window, step_chart, window_chart

if TYPE_CHECKING:
    from markupsafe import Markup

HERE = Path(__file__).parent
WEB = Path(web.__file__).parent
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
PAGES = ("gallery", "home", "dispense", "wrong-kit", "right-kit", "sign", "answer", "nothing-given")
CODE_BREAK = ("/answer", "/nothing-given")
PEOPLE = {
    "site": ("Dr Anne Martin", "investigator", "Toulouse"),
    "codebreak": ("Dr Anne Martin", "investigator", "Toulouse"),
}


class PersonForm(FlaskForm):  # type: ignore[misc]
    """One field of each kind that the doors use."""

    name = StringField(
        "Name as printed", [Length(min=3, message="Name as printed has 1 letter. Enter 3 or more.")]
    )
    born = DateField("Date of birth", description="As on the consent form.")
    weight = DecimalField("Weight")
    site = SelectField("Site", choices=[SelectChoice("tls", "Toulouse"), SelectChoice("mil", "Milano")])
    course = RadioField(
        "Course of the disease",
        choices=[SelectChoice("rr", "Relapsing-remitting"), SelectChoice("sp", "Secondary progressive")],
    )
    consent = BooleanField("The consent form is signed and filed")
    notes = TextAreaField("What happened")
    secret = PasswordField("Password")


def matrix() -> str:
    """Return a square of black and white as a data: address, in the place of a DataMatrix."""
    squares = "".join(
        f'<rect x="{x}" y="{y}" width="1" height="1"/>'
        for y in range(14)
        for x in range(14)
        if x == 0
        or y == 13
        or (y == 0 and x % 2 == 0)
        or (x == 13 and y % 2)
        or (x * 7 + y * 5 + x * y) % 3 == 0
    )
    size = 'viewBox="-1 -1 16 16" width="160" height="160"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{squares}</svg>'
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def enrolment() -> Markup:
    """Draw some counts over time."""
    days = ((2026, 3, 2, 1), (2026, 4, 14, 3), (2026, 6, 1, 4), (2026, 8, 20, 9), (2026, 11, 27, 14))
    return step_chart(
        [(date(year, month, day), count) for year, month, day, count in days],
        title="Participants randomized",
        description="The count rises from 1 on 2 Mar 2026 to 14 on 27 Nov 2026.",
        x_label="Day",
        y_label="Participants",
    )


def windows() -> Markup:
    """Draw three windows: given, booked, open."""
    spans = (
        Window(
            label="1042 · period 2",
            opens=date(2026, 11, 13),
            closes=date(2026, 12, 11),
            given=date(2026, 11, 27),
        ),
        Window(
            label="1043 · period 2",
            opens=date(2026, 12, 4),
            closes=date(2027, 1, 1),
            booked=date(2026, 12, 15),
        ),
        Window(label="1047 · period 2", opens=date(2027, 1, 20), closes=date(2027, 2, 17)),
    )
    return window_chart(
        spans,
        title="Windows of period 2",
        description="1042 was given its infusion inside its window; 1043 is booked; 1047 is not booked yet.",
        today=date(2026, 11, 27),
    )


def make_app() -> Flask:
    """Build the gallery: `/<page>?door=codebreak&rehearsal=0` for each of PAGES."""
    app = Flask(
        "gallery", static_folder=str(WEB / "static"), static_url_path="/static", template_folder=str(HERE)
    )
    app.config.update(
        SECRET_KEY="for the gallery alone", BOOTSTRAP_SERVE_LOCAL=True, WTF_CSRF_TIME_LIMIT=None
    )
    app.jinja_loader = ChoiceLoader([FileSystemLoader(str(HERE)), FileSystemLoader(str(WEB / "templates"))])
    Bootstrap5(app)
    CSRFProtect(app)

    @app.context_processor
    def shell() -> dict[str, Any]:
        door = request.args.get("door", "site" if request.path not in CODE_BREAK else "codebreak")
        person, role, site = PEOPLE[door]
        return {
            "shell": {
                "door": door,
                "rehearsal": request.args.get("rehearsal", "1") == "1",
                "trial": "MESEMS",
                "site": site,
                "person": person,
                "role": role,
                "home_url": "/home",
                "sign_out_url": "/sign-out",
                "nav": [
                    ("Today", "/home", True),
                    ("Participants", "#p", False),
                    ("Enrolment", "#e", False),
                    ("Trail", "#t", False),
                ],
                "office_telephone": "+33 5 61 00 00 00",
                "emergency_telephone": "+33 5 61 00 00 99",
                "now": "27 Nov 2026, 14:32",
            }
        }

    @app.get("/<page>")
    def show(page: str) -> str:
        form = PersonForm(data={"name": "A", "born": date(1987, 5, 4), "course": "rr", "consent": True})
        form.name.errors = ["Name as printed has 1 letter. Enter 3 or more."]
        return render_template(
            f"{page}.html", form=form, matrix=matrix(), enrolment=enrolment(), windows=windows()
        )

    @app.after_request
    def policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return app
