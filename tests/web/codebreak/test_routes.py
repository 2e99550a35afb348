"""Every route of the code-break door and every role: who gets in stands in routes.csv, reviewed."""

from __future__ import annotations

import csv
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.people import Role
from tests import desks
from tests.activated import PASSWORD
from tests.web.site.programs import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from werkzeug.routing import Rule
    from werkzeug.test import TestResponse

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.codebreak.guests import Guest, Visit

MATRIX = Path(__file__).parent / "routes.csv"
REFUSED = b"Your role cannot "
OPEN = {
    "entrance.sign_in",
    "entrance.sign_out",
    "passkeys.sign_in",
    "recovery.sign_in",
    "telling.page",
    "static",
    "bootstrap.static",
    "api.specification",
    "api.create_token",
    "api.create_token_by_recovery_code",
    "api.end_token",
}
"""Routes without a role: they are tested one by one."""
SAMPLES: dict[str, Any] = {
    "available_at": None,
    "period": 1,
    "password": PASSWORD,
    "code": "000000",
    "ready": True,
    "result": "passed",
    "way": "voice",
    "copy_base64": "eA==",
}
KEYS = count()


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
@pytest.mark.requirement("code-break door")
def test_every_route_lets_in_whom_it_was_reviewed_for(
    app: Flask, instance: Instance, desk: Desk, visit: Visit
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False  # test_pages.py holds it
    number = desks.randomized(instance, desk)
    desks.booked(instance, number)
    people = {role: (visit(role), Program(instance, app.test_client(), role).sign_in()) for role in Role}
    bodies = bodies_of(app)
    found = {
        (rule.rule, method): {
            str(role) for role, who in people.items() if lets_in(ask(rule, method, number, who, bodies))
        }
        for rule, method in routes(app)
    }
    assert found == reviewed()


@pytest.mark.promise(20)
def test_a_route_that_is_added_was_not_reviewed(app: Flask) -> None:
    assert {(rule.rule, method) for rule, method in routes(app)} == set(reviewed())
    app.add_url_rule("/code-break/<key>/arm", "arm", lambda key: key, methods=["GET", "POST"])
    found = {(rule.rule, method) for rule, method in routes(app)} - set(reviewed())
    assert found == {("/code-break/<key>/arm", "GET"), ("/code-break/<key>/arm", "POST")}


def bodies_of(app: Flask) -> dict[str, dict[str, Any]]:
    """A body for each route that takes one, from the document that the door serves."""
    document = app.test_client().get("/api/v1/openapi.json").get_json()
    found = {}
    for path, methods in document["paths"].items():
        content = methods.get("post", {}).get("requestBody", {}).get("content", {})
        if content:
            name = content["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
            schema = document["components"]["schemas"][name]
            found[path] = {one: SAMPLES.get(one, "x") for one in schema.get("required", ())}
    return found


def ask(
    rule: Rule, method: str, number: str, who: tuple[Guest, Program], bodies: dict[str, dict[str, Any]]
) -> TestResponse:
    guest, program = who
    values = {"number": number, "intent": "0" * 32, "name": "release.sealed", "handle": "0" * 32}
    path, documented = rule.rule, rule.rule
    for name in rule.arguments:
        kind = "<int:" if f"<int:{name}>" in path else "<"
        documented = documented.replace(f"{kind}{name}>", f"{{{name}}}")
        path = path.replace(f"{kind}{name}>", "17" if kind == "<int:" else values[name])
    if not path.startswith("/api/"):
        return guest.client.open(path, method=method, data={})
    headers = program.headers() | {"Idempotency-Key": f"key-of-a-test-{next(KEYS)}"}
    body = bodies.get(documented) if method == "POST" else None
    return program.client.open(path, method=method, json=body, headers=headers)


def lets_in(answer: TestResponse) -> bool:
    assert answer.status_code < 500, answer.text
    said = b"" if answer.status_code < 400 else answer.data
    return REFUSED not in said and answer.status_code != 401
