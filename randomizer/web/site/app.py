"""The app of the site door.

`create_app(store, gate, settings)` is what `randomizer serve` calls: a store opened on the database of the
instance with the real clock and randomness, the gate made of the site door's `totp_key`, and `DoorSettings`
made of its `session_secret` and of the addresses of the instance. The result is a WSGI app.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flask_openapi.models.info import Info
from flask_openapi.openapi import OpenAPI

from randomizer import web
from randomizer.domain.acts import MAY, Act
from randomizer.domain.people import Role
from randomizer.masking import ALLOWED
from randomizer.services.challenges import Challenges, key_of
from randomizer.web.door import Door, DoorSettings
from randomizer.web.furniture import furnish
from randomizer.web.sessions import StoredSessions
from randomizer.web.site import (  # noqa: F401 - each registers its pages
    account_pages,
    act_pages,
    dispensing,
    eligibility,
    home,
    kit_pages,
    participant_pages,
    receiving,
    stock_pages,
    trial_pages,
)
from randomizer.web.site.api import doing, reading  # noqa: F401 - each registers its calls
from randomizer.web.site.api.surface import api
from randomizer.web.site.pages import site
from randomizer.web.surface import ABOUT, BEARER, SPEC, Problem, refuse_body
from randomizer.web.throttle import Throttle

if TYPE_CHECKING:
    from randomizer.domain.people import Person
    from randomizer.services.authentication import Gate
    from randomizer.services.transactions import Store

NAME = "site"
VERSION = "1"  # of the API
WEB = Path(web.__file__).parent
COUNTS_KITS = ALLOWED["KitMovement"]["kit"].roles - {Role.CARE_PROVIDER, Role.ON_CALL}
LINKS = (
    ("Today", "site.home", ALLOWED["Participant"]["number"].roles),
    ("Participants", "site.participants", ALLOWED["Participant"]["number"].roles),
    ("Accountability", "site.stock", COUNTS_KITS),
    ("Enrolment", "site.progress", ALLOWED["Participant"]["number"].roles),
    ("Sites", "site.sites", ALLOWED["SiteStatus"]["state"].roles),
    ("Tasks", "site.tasks", ALLOWED["Task"]["kind"].roles - {Role.CARE_PROVIDER, Role.PHARMACIST}),
    ("Alarms", "site.alarms", MAY[Act.ALARM_CLEARED] | ALLOWED["Entry"]["digest"].roles),
    ("Trail", "site.trail", ALLOWED["Entry"]["digest"].roles),
    ("Accounts", "site.accounts", frozenset({Role.ADMINISTRATOR})),
)
"""Label, endpoint, and whom the link is shown to; the page itself decides again."""


def create_app(store: Store, gate: Gate, settings: DoorSettings) -> OpenAPI:
    """The site door.

    Args:
        store: The instance's store, with its clock and randomness.
        gate: What it takes to check a password and a code.
        settings: The deployment.
    """
    app = OpenAPI(
        "randomizer.web.site",
        security_schemes={BEARER: {"type": "http", "scheme": "bearer"}},
        validation_error_model=Problem,
        validation_error_callback=refuse_body,
        info=Info(title="Crossover randomizer, site door", version=VERSION, description=ABOUT),
        doc_ui=False,
        static_folder=str(WEB / "static"),
        static_url_path="/static",
        template_folder=str(WEB / "templates"),
    )
    # Every process of the door knows the challenges of the others; the store remembers which were answered.
    challenges = Challenges(key=key_of(settings.session_secret), clock=store.clock, entropy=store.entropy)
    door = Door(
        name=NAME,
        store=store,
        gate=gate,
        sessions=StoredSessions(store, gate, NAME),
        throttle=Throttle(store.clock, gate.tries, f"{NAME} sign-in"),
        step_ups=Throttle(store.clock, gate.tries, f"{NAME} step-up"),
        home="site.home",
        nav=_nav,
        passkeys=settings.party(challenges),
    )
    csrf = furnish(app, door, settings)
    app.openapi_version = SPEC
    app.register_blueprint(site)
    app.register_api(api)
    csrf.exempt(api)  # bearer tokens alone count there
    return app


def _nav(person: Person) -> tuple[tuple[str, str], ...]:
    return tuple((label, endpoint) for label, endpoint, roles in LINKS if person.roles & roles)
