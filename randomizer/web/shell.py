"""The frame around every page: trial, door, who is signed in, where one can go, whom to call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import g, request, url_for

from randomizer.services.views import shells
from randomizer.web import words

if TYPE_CHECKING:
    from flask import Flask

    from randomizer.domain.people import Person
    from randomizer.web.door import Door


def put_up(app: Flask, door: Door) -> None:
    """Give every page its `shell`; see layout.html for what is in it."""

    @app.context_processor
    def _shell() -> dict[str, Any]:
        person = g.get("person")
        around = _around(door)
        return {"shell": around | _signed_in(door, person, around) | {"door": door.name}}


def telephones(door: Door) -> tuple[str, str]:
    """The trial office, and the number that is answered day and night; "" where no trial is loaded."""
    around = _around(door)
    return around["office_telephone"], around["emergency_telephone"]


def _around(door: Door) -> dict[str, Any]:
    if "around" not in g:
        g.around = _read(door)
    around: dict[str, Any] = g.around
    return around


def _read(door: Door) -> dict[str, Any]:
    try:
        with door.store.reading() as uow:
            found = shells.of(uow)
    except Exception:  # noqa: BLE001 - the page that says what went wrong needs a frame too
        found = {"trial": None, "rehearsal": False, "sites": {}, "office": "", "emergency": ""}
    return {
        "trial": found["trial"],
        "rehearsal": found["rehearsal"],
        "sites": found["sites"],
        "office_telephone": found["office"],
        "emergency_telephone": found["emergency"],
        "now": words.moment(door.store.clock()).removesuffix(" UTC"),
    }


def _signed_in(door: Door, person: Person | None, around: dict[str, Any]) -> dict[str, Any]:
    if person is None:
        return {"person": None, "nav": (), "sign_out_url": None, "home_url": url_for("entrance.sign_in")}
    sites = sorted({around["sites"].get(site, site) for _, site in person.grants if site})
    return {
        "person": person.printed_name,
        "role": ", ".join(sorted(person.roles)) or "no role yet",
        "site": ", ".join(sites) or None,
        "home_url": url_for(door.home),
        "sign_out_url": url_for("entrance.sign_out"),
        "passkeys_url": url_for("passkeys.listing"),
        "nav": [
            (label, url_for(endpoint), request.endpoint == endpoint) for label, endpoint in door.nav(person)
        ],
    }
