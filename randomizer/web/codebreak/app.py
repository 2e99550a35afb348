"""The app of the code-break door.

`create_app(desk, gate, settings, public=...)` is what `randomizer serve` calls: the desk holds the store, the
keys, the pins and the second sink of this host. The result is a WSGI app for exactly one process: its
sessions and drafts live in memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from flask import redirect, render_template, url_for
from flask_openapi.models.info import Info
from flask_openapi.openapi import OpenAPI

from randomizer import web
from randomizer.domain.acts import MAY, Act
from randomizer.domain.people import BREAKERS
from randomizer.errors import RandomizerError
from randomizer.masking import STATISTICIANS
from randomizer.services.challenges import KEY_BYTES, Challenges
from randomizer.services.unblinded import attempts
from randomizer.services.unblinded.code_breaks import reconcile
from randomizer.services.unblinded.spent_codes import SpentCodes
from randomizer.services.unblinded.spoken import SpokenCodes
from randomizer.web import auth
from randomizer.web.codebreak import (  # noqa: F401 - each registers its pages
    breaking,
    calling,
    clearing,
    finishing,
    labelling,
    metering,
    padding,
    preparing,
    quarantining,
    recovering,
    taking,
    tasks,
    timing,
)
from randomizer.web.codebreak.api import breaking as _breaking  # noqa: F401 - registers its calls
from randomizer.web.codebreak.api import calling as _calling  # noqa: F401
from randomizer.web.codebreak.api import finishing as _finishing  # noqa: F401
from randomizer.web.codebreak.api import metering as _metering  # noqa: F401
from randomizer.web.codebreak.api import supplying as _supplying  # noqa: F401
from randomizer.web.codebreak.api.surface import api
from randomizer.web.codebreak.drafts import Drafts
from randomizer.web.codebreak.pages import codebreak
from randomizer.web.codebreak.recovering import Recovery
from randomizer.web.door import Door, DoorSettings, this
from randomizer.web.furniture import furnish
from randomizer.web.kept import KeptForms
from randomizer.web.sessions import MemorySessions
from randomizer.web.surface import ABOUT, BEARER, SPEC, Problem, refuse_body
from randomizer.web.throttle import Throttle

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as Answer

    from randomizer.domain.people import Person
    from randomizer.services.authentication import Gate
    from randomizer.services.unblinded.desk import Desk

NAME = "codebreak"
VERSION = "1"  # of the API
WEB = Path(web.__file__).parent
RECORDS = "codebreak.released_records"  # shown once there are any
LINKS = (
    ("Break a code", "codebreak.home", BREAKERS),
    ("My code breaks", "codebreak.mine", BREAKERS),
    ("Preparation", "codebreak.preparations", MAY[Act.SHEET_OPENED]),
    ("Clearance", "codebreak.clearances", MAY[Act.PRODUCT_CLEARED]),
    ("Quarantine", "codebreak.quarantines", MAY[Act.QUARANTINE_LIFTED]),
    ("Tasks", "codebreak.tasks", MAY[Act.IMPACT_SIGNED]),
    ("Lock", "codebreak.lock", finishing.READERS),
    ("Release", "codebreak.releasing", MAY[Act.RELEASE_EXPORTED]),
    ("Meter", "codebreak.meter", metering.READERS),
    ("Records", RECORDS, STATISTICIANS),
    ("Times", "codebreak.times", timing.READERS),
)
"""Label, endpoint, and whom the link is shown to; the page itself decides again."""


def create_app(desk: Desk, gate: Gate, settings: DoorSettings, *, public: Path) -> OpenAPI:
    """The code-break door.

    Args:
        desk: What this host holds.
        gate: What it takes to check a password and a code.
        settings: The deployment.
        public: ``public`` of the instance, which goes out with the records of a released trial.
    """
    app = OpenAPI(
        "randomizer.web.codebreak",
        security_schemes={BEARER: {"type": "http", "scheme": "bearer"}},
        validation_error_model=Problem,
        validation_error_callback=refuse_body,
        info=Info(title="Crossover randomizer, code-break door", version=VERSION, description=ABOUT),
        doc_ui=False,
        static_folder=str(WEB / "static"),
        static_url_path="/static",
        template_folder=str(WEB / "templates"),
    )
    store = desk.store
    codes = SpentCodes(desk.file)
    sessions = MemorySessions(store, gate, NAME, codes)
    # Which challenges were answered is known in memory alone: the key goes with it, and with the process.
    challenges = Challenges(key=store.entropy(KEY_BYTES), clock=store.clock, entropy=store.entropy)
    recovery = Recovery(store, sessions, codes, gate.step_up_seconds)
    door = Door(
        name=NAME,
        store=store,
        gate=gate,
        sessions=sessions,
        throttle=Throttle(store.clock, gate.tries, f"{NAME} sign-in"),
        step_ups=Throttle(store.clock, gate.tries, f"{NAME} step-up"),
        home="codebreak.home",
        nav=_nav,
        passkeys=settings.party(challenges),
        recover=recovery.step_up,
    )
    app.extensions["desk"] = desk
    app.extensions["public"] = public
    app.extensions[recovering.EXTENSION] = recovery
    app.extensions[calling.EXTENSION] = SpokenCodes(store.clock, store.entropy)
    drafts = Drafts(store.clock, store.entropy)
    app.extensions["drafts"] = drafts
    app.extensions["kept"] = KeptForms(store.clock)
    padding.fill_up(app)
    app.before_request(finishing.allow_a_whole_release)
    csrf = furnish(app, door, settings)
    app.openapi_version = SPEC
    app.register_blueprint(codebreak)
    app.register_blueprint(recovering.pages)
    app.register_blueprint(calling.pages)
    app.register_api(api)
    csrf.exempt(api)  # bearer tokens alone count there
    _catch_up_after_answers(app, desk, drafts)
    return app


@codebreak.get("/")
def home() -> str | Answer:
    """The first page of each role."""
    person = auth.person()
    if person.roles & BREAKERS:
        return breaking.start()
    links = this().nav(person)
    if links:
        return redirect(url_for(links[0][1]))
    return render_template("codebreak/nothing.html")


def _nav(person: Person) -> tuple[tuple[str, str], ...]:
    return tuple(
        (label, endpoint)
        for label, endpoint, roles in LINKS
        if person.roles & roles and (endpoint != RECORDS or taking.released())
    )


def _catch_up_after_answers(app: OpenAPI, desk: Desk, drafts: Drafts) -> None:
    """Bring what only the file or this process knows into the database once an answer is out.

    It delays nobody.
    """

    @app.after_request
    def _later(response: Response) -> Response:
        response.call_on_close(lambda: _catch_up(desk, drafts))
        return response


def _catch_up(desk: Desk, drafts: Drafts) -> None:
    try:
        reconcile(desk)
        for draft in drafts.abandoned():
            attempts.give_up(desk, draft.account, draft.participant)
    except (RandomizerError, OSError) as error:
        structlog.get_logger("code break").warning("not reconciled yet", error=type(error).__name__)
