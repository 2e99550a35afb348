"""The API: the same acts as the pages, once per key, problems in plain words."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.housekeeping import Answered
from randomizer.domain.numbers import participant_number
from randomizer.domain.participants import Participant
from randomizer.domain.people import Role
from randomizer.domain.trial import Allocation
from randomizer.services import accounts
from randomizer.services.care import products
from randomizer.web.sessions import StoredSessions
from tests import activated, desks
from tests.activated import FIT
from tests.web.site.programs import PROBLEM, Program

if TYPE_CHECKING:
    from flask import Flask

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance

NO_OBJECT = "Send a JSON object with the fields of this call, as application/json."


@pytest.fixture
def investigator(app: Flask, instance: Instance) -> Program:
    return Program(instance, app.test_client(), Role.INVESTIGATOR).sign_in()


def program(app: Flask, instance: Instance, role: Role) -> Program:
    return Program(instance, app.test_client(), role).sign_in()


def eligibility(instance: Instance) -> dict[str, object]:
    items = {
        code: {"confirmed": answer.confirmed, "values": dict(answer.values)}
        for code, answer in activated.answers(instance.definition).items()
    }
    return {"items": items, "levels": {"course": "relapsing"}}


@pytest.mark.requirement("api")
def test_a_participant_goes_from_consent_to_an_infusion(app: Flask, instance: Instance, desk: Desk) -> None:
    investigator, coordinator = (
        program(app, instance, Role.INVESTIGATOR),
        program(app, instance, Role.COORDINATOR),
    )
    number = coordinator.post("/participants", {"site": "TLS"}, 201)["participant"]["number"]
    path = f"/participants/{number}"
    signed = eligibility(instance) | investigator.factor()
    assert investigator.post(f"{path}/eligibility", signed)["participant"]["state"] == "eligible"
    coordinator.post(f"{path}/harvest", {"identifier": "D-1", "again": "D-1"})
    desks.clear(instance, desk, number)
    sponsor = program(app, instance, Role.SPONSOR)
    sponsor.post(f"{path}/go", sponsor.factor())
    answer = investigator.post(f"{path}/randomize", investigator.factor())
    assert len(answer["allocation"]["randomization_number"]) == 8
    booked_for = (instance.clock() + timedelta(hours=73)).isoformat()
    assert coordinator.post(f"{path}/book", {"booked_for": booked_for})["periods"][0]["booked_for"]
    instance.clock.advance(hours=72)
    investigator = program(app, instance, Role.INVESTIGATOR)
    investigator.post(f"{path}/fit", FIT.values() | investigator.factor())
    kit = desks.prepared(instance, desk, number).kit
    pharmacist = program(app, instance, Role.PHARMACIST)
    assert pharmacist.get("/worklist")["rows"][0]["what"] == "Dispense the kit"
    pharmacist.post(f"{path}/dispense", {"kit": kit})
    nurse = program(app, instance, Role.CARE_PROVIDER)
    given = {"outcome": "given", "given_at": instance.clock().isoformat()}
    assert nurse.post(f"{path}/infusion", given)["participant"]["state"] == "between"


@pytest.mark.promise(16)
def test_the_same_key_randomizes_once_and_gives_the_same_answer(
    instance: Instance, desk: Desk, investigator: Program
) -> None:
    number = desks.harvested(instance)
    desks.clear(instance, desk, number)
    instance.sign(products.give_go, Role.SPONSOR, number)
    path, key = f"/participants/{number}/randomize", "one-key-for-one-act"
    first = investigator.post(path, investigator.factor(), key=key)
    again = investigator.post(path, investigator.factor(), key=key)
    assert again == first
    with instance.store.reading() as uow:
        assert uow.count(Allocation) == 1
    other = investigator.post(
        f"/participants/{number}/fit", FIT.values() | investigator.factor(), 409, key=key
    )
    assert other["errors"][0]["field"] == "Idempotency-Key"


def test_a_refused_request_keeps_no_answer(instance: Instance, investigator: Program) -> None:
    number = investigator.post("/participants", {"site": "TLS"}, 201)["participant"]["number"]
    path = f"/participants/{number}/screen-failure"
    problem = investigator.post(path, {"why": " "}, 422, key="some-key-1")
    assert problem["errors"][0]["field"] == "why"
    assert problem["telephone"]
    with instance.store.reading() as uow:
        assert uow.find(Answered, instance.number(Role.INVESTIGATOR), "some-key-1") is None


def test_an_answer_never_holds_what_was_signed_with(instance: Instance, investigator: Program) -> None:
    number = investigator.post("/participants", {"site": "TLS"}, 201)["participant"]["number"]
    factor = investigator.factor()
    investigator.post(f"/participants/{number}/eligibility", eligibility(instance) | factor)
    with instance.store.reading() as uow:
        kept = uow.all(Answered)
    assert kept
    assert all(factor["password"] not in one.body + one.request_digest for one in kept)


@pytest.mark.promise(18)
def test_a_wrong_body_names_its_fields_and_changes_nothing(instance: Instance, investigator: Program) -> None:
    problem = investigator.post("/participants", {"place": "TLS"}, 422)
    assert {fault["field"] for fault in problem["errors"]} == {"site", "place"}
    assert "site is missing." in problem["detail"]
    assert problem["type"].endswith(":faulty")
    with instance.store.reading() as uow:
        assert uow.count(Participant) == 0


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("path", "field", "wrong"),
    [
        ("book", "booked_for", 1830000000),
        ("book", "booked_for", "1830000000"),
        ("book", "booked_for", "2027-03-04T09:00"),
        ("fit", "consent_stands", "yes"),
        ("fit", "no_infection", 1),
        ("receive", "lowest_c", True),
        ("receive", "minutes", "12"),
        ("infusion", "volume_ml", 50.0),
        ("screen-failure", "why", "\x00"),
        ("screen-failure", "why", "a\x08b"),
        ("eligibility", "items", {"IN01": {"confirmed": "true"}}),
    ],
)
def test_what_could_be_read_in_another_way_is_refused(
    investigator: Program, path: str, field: str, wrong: object
) -> None:
    problem = investigator.post(f"/participants/10019/{path}", {field: wrong}, 422)
    (said,) = [one["detail"] for one in problem["errors"] if one["field"].startswith(field)]
    assert said.startswith(field)
    assert "missing" not in said


@pytest.mark.promise(18)
def test_what_is_no_object_or_nested_too_deep_is_refused(investigator: Program) -> None:
    headers = investigator.headers() | {"Idempotency-Key": "one-key-for-rubbish"}
    for rubbish in ('{"a":' * 9000, "[]", "{", "null", '"{}"', ""):
        answer = investigator.client.post(
            "/api/v1/participants", data=rubbish, content_type="application/json", headers=headers
        )
        assert answer.status_code == 422
        assert answer.mimetype == PROBLEM
        if rubbish != '"{}"':
            (fault,) = answer.get_json()["errors"]
            assert fault == {"field": "body", "detail": NO_OBJECT}


@pytest.mark.requirement("api")
def test_a_program_reads_which_codes_its_requests_can_name(
    instance: Instance, desk: Desk, investigator: Program
) -> None:
    found = investigator.get("/trial")
    assert found["trial"]["phase"] == "active"
    codes = [one["code"] for one in found["definition"]["eligibility"]]
    assert codes == [one.code for one in instance.definition.eligibility]
    number = desks.harvested(instance)
    (product,) = investigator.get(f"/participants/{number}")["products"]
    assert (product["identifier"], product["state"]) == (f"D{number}", "harvested")


def test_a_request_without_a_key_is_refused(investigator: Program) -> None:
    answer = investigator.client.post(
        "/api/v1/participants", json={"site": "TLS"}, headers=investigator.headers()
    )
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == "Idempotency-Key"


def test_a_call_that_does_not_exist_leads_to_the_description(investigator: Program) -> None:
    for method, path in (("GET", "nothing"), ("PATCH", "participants")):
        answer = investigator.client.open(f"/api/v1/{path}", method=method, headers=investigator.headers())
        assert answer.mimetype == PROBLEM
        assert "/api/v1/openapi.json" in answer.get_json()["next_step"]


def test_without_a_token_nothing_is_answered(app: Flask, instance: Instance) -> None:
    client = app.test_client()
    answer = client.get("/api/v1/participants")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    stolen = client.get("/api/v1/participants", headers={"Authorization": "Bearer 00ff"})
    assert stolen.status_code == 401


def test_a_token_of_the_other_door_counts_for_nothing(app: Flask, instance: Instance) -> None:
    instance.clock.advance(seconds=30)
    token = StoredSessions(instance.store, instance.gate, "codebreak").sign_in(
        username=activated.username(Role.INVESTIGATOR),
        password=activated.PASSWORD,
        code=instance.code(Role.INVESTIGATOR),
    )
    headers = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get("/api/v1/me", headers=headers).status_code == 401


@pytest.mark.promise(20)
def test_a_revoked_role_fails_on_the_next_request(instance: Instance, investigator: Program) -> None:
    investigator.get("/participants")
    number, administrator = instance.number(Role.INVESTIGATOR), instance.person(Role.ADMINISTRATOR)
    with instance.store.writing() as uow:
        accounts.revoke(uow, administrator, account=number, role=Role.INVESTIGATOR, site="TLS")
    investigator.get("/participants", 403)


def test_a_token_ends_when_it_is_given_back(investigator: Program) -> None:
    headers = investigator.headers()
    assert investigator.client.delete("/api/v1/tokens/current", headers=headers).status_code == 204
    investigator.get("/me", 401)


def test_lists_come_as_csv(app: Flask, instance: Instance, desk: Desk, investigator: Program) -> None:
    number = desks.randomized(instance, desk)
    rows = list(csv.DictReader(io.StringIO(investigator.fetch("/participants?format=csv").text)))
    assert [row["number"] for row in rows] == [number]
    assert rows[0]["levels"] == "course=relapsing"
    monitor = program(app, instance, Role.MONITOR)
    entries = list(csv.DictReader(io.StringIO(monitor.fetch("/entries?format=csv").text)))
    assert entries[0]["agrees"] == "yes"
    for path in ("/sites", "/tasks", "/alarms", "/strata", "/worklist"):
        assert monitor.fetch(f"{path}?format=csv").mimetype == "text/csv"


def test_a_wrong_number_asked_of_the_wrong_role_tells_nothing(
    app: Flask, instance: Instance, desk: Desk
) -> None:
    number, missing_number = desks.harvested(instance), participant_number(9)
    elsewhere = Program(instance, app.test_client(), Role.INVESTIGATOR, "EX1").sign_in()
    hidden = elsewhere.get(f"/participants/{number}", 404)
    missing = elsewhere.get(f"/participants/{missing_number}", 404)
    assert hidden["detail"].replace(number, "") == missing["detail"].replace(missing_number, "")


def test_a_hard_stop_is_a_problem(app: Flask, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    pharmacist = program(app, instance, Role.PHARMACIST)
    problem = pharmacist.post(f"/participants/{number}/dispense", {"kit": "100000002"}, 409)
    assert problem["type"].endswith(":hard-stop")
