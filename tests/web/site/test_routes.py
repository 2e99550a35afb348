"""Every route and every role: who gets in stands in routes.csv, reviewed; the door must do exactly that."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.people import Role
from randomizer.services.care import stock_takes
from randomizer.web import exchange
from randomizer.web.site import bodies
from randomizer.web.site.act_pages import TABLES
from tests import desks
from tests.activated import SITE
from tests.web.site.programs import Program
from tests.web.site.visitors import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from pydantic import BaseModel
    from werkzeug.routing import Rule
    from werkzeug.test import TestResponse

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance

MATRIX = Path(__file__).parent / "routes.csv"
REFUSED = b"Your role cannot "
OPEN = {
    "entrance.sign_in",
    "entrance.sign_out",
    "passkeys.sign_in",
    "static",
    "bootstrap.static",
    "api.specification",
    "api.create_token",
    "api.end_token",
}
"""Routes without a role: they are tested one by one."""
BODIES: dict[str, type[BaseModel]] = {
    "/api/v1/participants": bodies.Consent,
    "/api/v1/participants/<key>/eligibility": bodies.Eligibility,
    "/api/v1/participants/<key>/dispense": bodies.Scan,
    "/api/v1/stock-takes": bodies.OfSite,
    "/api/v1/stock-takes/<key>/count": bodies.Scan,
    "/api/v1/tokens": exchange.Credentials,
}
BODIES |= {f"/api/v1{subject.rule}/{page.slug}": page.body for subject, pages, _ in TABLES for page in pages}
SAMPLES: dict[str, Any] = {
    "outcome": "given",
    "method": "incinerated",
    "booked_for": "2027-03-01T10:00:00Z",
    "done_at": "2027-03-01T10:00:00Z",
    "items": {},
    "levels": {"course": "relapsing"},
    "no_infection": True,
    "pregnancy_test": "negative",
    "consent_stands": True,
    "arrival": "sound",
    "kits": ["x"],
    "lowest_c": 2,
    "highest_c": 9,
    "minutes": 5,
}


def reviewed() -> dict[tuple[str, str], set[str]]:
    with MATRIX.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {(row["rule"], row["method"]): set(filter(None, row["roles"].split("; "))) for row in rows}


def routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every route that a role is needed for, with each of its methods."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: one.rule):
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if rule.endpoint not in OPEN:
                yield rule, method


@pytest.mark.promise(20)
@pytest.mark.requirement("site door")
def test_every_route_lets_in_whom_it_was_reviewed_for(app: Flask, instance: Instance, desk: Desk) -> None:
    app.config["WTF_CSRF_ENABLED"] = False  # test_door.py holds it
    number = desks.randomized(instance, desk)
    keys = {"/sites": "EX2", "/alarm": "1", "/kits/": desks.dispensed(instance, desk, number).kit}
    keys |= {"": number, "/stock": str(instance.act(stock_takes.open_take, Role.PHARMACIST, SITE).number)}
    people = {
        role: (
            Visitor(instance, app.test_client(), role).sign_in(),
            Program(instance, app.test_client(), role).sign_in(),
        )
        for role in Role
    }
    found = {
        (rule.rule, method): {
            str(role)
            for role, (visitor, program) in people.items()
            if lets_in(ask(rule, method, keys, visitor, program))
        }
        for rule, method in routes(app)
    }
    assert found == reviewed()


@pytest.mark.promise(20)
def test_a_route_that_is_added_was_not_reviewed(app: Flask) -> None:
    assert {(rule.rule, method) for rule, method in routes(app)} == set(reviewed())
    app.add_url_rule("/participants/<key>/arm", "arm", lambda key: key, methods=["GET", "POST"])
    found = {(rule.rule, method) for rule, method in routes(app)} - set(reviewed())
    assert found == {("/participants/<key>/arm", "GET"), ("/participants/<key>/arm", "POST")}


def ask(rule: Rule, method: str, keys: dict[str, str], visitor: Visitor, program: Program) -> TestResponse:
    key = keys.get(rule.rule.removeprefix("/api/v1")[:6], keys[""])
    path = rule.rule.replace("<key>", key).replace("<int:number>", "17").replace("<int:period>", "1")
    if not path.startswith("/api/"):
        return visitor.client.open(path, method=method, data={})
    headers = program.headers() | {"Idempotency-Key": f"{program.role}{path}"[-64:].replace(" ", "-")}
    body = sample(BODIES[rule.rule]) if method == "POST" else None
    return program.client.open(path, method=method, json=body, headers=headers)


def sample(body: type[BaseModel]) -> dict[str, Any]:
    return {name: SAMPLES.get(name, "x") for name, one in body.model_fields.items() if one.is_required()}


def lets_in(answer: TestResponse) -> bool:
    assert answer.status_code < 500, answer.text
    said = b"" if answer.status_code < 400 else answer.data
    hidden = answer.status_code == 404 and b"There is no participant" in said
    return not hidden and REFUSED not in said and answer.status_code != 401
