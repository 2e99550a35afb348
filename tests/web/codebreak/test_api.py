from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Answered, Entry
from randomizer.domain.people import BREAKERS, SERVICE, Role
from randomizer.domain.trial import Phase, Trial
from randomizer.services import conduct, recovery_codes
from randomizer.services.care import products
from randomizer.web.codebreak.padding import ANSWER_BYTES
from tests.activated import PASSWORD, TOTP_STEP_SECONDS, username
from tests.desks import booked, copy_for, harvested, infused, plan_of, randomized

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal

PROBLEM = "application/problem+json"
KEY = "one-key-for-every-request"


@dataclass
class Program:
    """A program with a bearer token."""

    instance: Instance
    client: FlaskClient
    role: Role
    token: str = field(default="", repr=False)

    def sign_in(self) -> Program:
        answer = self.client.post("/api/v1/tokens", json={"username": username(self.role), **self.factor()})
        assert answer.status_code == 201, answer.text
        self.token = answer.get_json()["token"]
        return self

    def fetch(self, method: str, path: str, status: int, body: dict[str, Any] | None = None) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": KEY}
        answer = self.client.open(f"/api/v1{path}", method=method, headers=headers, json=body, buffered=True)
        assert answer.status_code == status, (path, answer.text[:2000])
        if status >= 400:
            assert answer.mimetype == PROBLEM
        return answer

    def get(self, path: str, status: int = 200) -> Any:  # noqa: ANN401 - JSON
        return self.fetch("GET", path, status).get_json()

    def post(self, path: str, body: dict[str, Any] | None = None, status: int = 200) -> Any:  # noqa: ANN401
        return self.fetch("POST", path, status, {} if body is None else body).get_json()

    def factor(self) -> dict[str, str]:
        self.instance.clock.advance(seconds=TOTP_STEP_SECONDS)
        return {"password": PASSWORD, "code": self.instance.code(self.role)}


@dataclass
class Programs:
    """Lets programs in."""

    app: Flask
    instance: Instance

    def __call__(self, role: Role) -> Program:
        return Program(self.instance, self.app.test_client(), role).sign_in()


@pytest.fixture
def programs(app: Flask, instance: Instance) -> Programs:
    return Programs(app, instance)


@pytest.mark.requirement("api")
@pytest.mark.promise(7)
def test_a_code_break_with_its_task(
    programs: Programs, instance: Instance, desk: Desk, rehearsal: Rehearsal
) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    doctor = programs(Role.INVESTIGATOR)
    before = doctor.get(f"/participants/{number}/code-break")
    assert (before["worth_it"], before["earlier"]) == (True, None)

    body = {"reason": "emergency", "text": "unconscious", **doctor.factor()}
    answer = doctor.fetch("POST", f"/participants/{number}/code-break", 201, body)

    found = answer.get_json()
    assert (found["given"][0]["kit"], found["given"][0]["treatment"]) == (sheet.kit, sheet.content)
    assert tuple(found["planned"]) == plan_of(instance, rehearsal, number)
    assert len(answer.data) == ANSWER_BYTES
    assert doctor.get(f"/code-breaks/{found['intent']}") == found
    assert doctor.get(f"/participants/{number}/code-break")["earlier"]["intent"] == found["intent"]
    assert [row["participant"] for row in doctor.get("/code-breaks")["rows"]] == [number]
    for task in doctor.get("/tasks")["rows"]:
        told = doctor.get(f"/tasks/{task['number']}")
        assert told["task"] == task
        if told["impact"]:
            assert told["impact"]["assessments"] == []
            assert told["impact"]["known_by"] == instance.person(Role.INVESTIGATOR).printed_name
        done = {"why": "None came after.", "assessments": [], **doctor.factor()}
        if "decision" in task["kind"]:
            done["treatment"] = "goes on"
        assert doctor.post(f"/tasks/{task['number']}/sign", done)["done_at"]
    assert doctor.get("/tasks") == {"rows": []}


@pytest.mark.promise(6)
def test_a_program_breaks_a_code_with_recovery_codes_alone(
    app: Flask, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    with instance.store.writing() as uow:
        codes = recovery_codes.issue(uow, SERVICE, account=instance.number(Role.ON_CALL), second=None)
    sign_in = {"username": username(Role.ON_CALL), "recovery_code": codes[0]}
    client = app.test_client()
    token = client.post("/api/v1/tokens/recovery", json=sign_in).get_json()["token"]
    path = f"/api/v1/participants/{number}/code-break/recovery"
    headers = {"Authorization": f"Bearer {token}"}
    for wrong in (codes[0], "ABC", ""):
        body = {"reason": "emergency", "recovery_code": wrong}
        assert client.post(path, json=body, headers=headers).status_code == 403
    body = {"reason": "emergency", "recovery_code": codes[1]}
    assert client.post(path, json=body, headers=headers).status_code == 201
    assert client.post("/api/v1/tokens/recovery", json=sign_in).status_code == 401


@pytest.mark.requirement("api")
def test_who_has_printed_codes_alone_signs_for_the_tasks_of_a_code_break(
    programs: Programs, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    doctor = programs(Role.INVESTIGATOR)
    doctor.post(f"/participants/{number}/code-break", {"reason": "emergency", **doctor.factor()}, 201)
    with instance.store.writing() as uow:
        codes = recovery_codes.issue(uow, SERVICE, account=instance.number(Role.INVESTIGATOR), second=None)
    task = next(one for one in doctor.get("/tasks")["rows"] if "impact" in one["kind"])
    path, why = f"/tasks/{task['number']}/sign/recovery", {"why": "None came after."}
    doctor.post("/tasks/999/sign/recovery", {**why, "recovery_code": codes[0]}, 404)
    assert doctor.post(path, {**why, "recovery_code": codes[0]})["done_at"]
    other = next(one for one in doctor.get("/tasks")["rows"])
    refused = doctor.post(f"/tasks/{other['number']}/sign/recovery", {**why, "recovery_code": codes[0]}, 403)
    assert refused["errors"][0]["field"] == "recovery_code"


@pytest.mark.requirement("api")
def test_a_program_that_looks_at_the_participant_first_has_its_answer_timed(
    programs: Programs, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    doctor, physician = programs(Role.ON_CALL), programs(Role.SAFETY_PHYSICIAN)
    path = f"/participants/{number}/code-break"
    doctor.get(path)
    for _ in range(2):  # the second one without looking
        doctor.post(path, {"reason": "emergency", **doctor.factor()}, 201)
    assert [one["seconds"] for one in physician.get("/code-breaks/times")["rows"]] == [TOTP_STEP_SECONDS]


@pytest.mark.promise(8)
def test_no_answer_is_ever_kept_for_a_repeat(programs: Programs, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    doctor = programs(Role.ON_CALL)
    for _ in range(2):
        body = {"reason": "emergency", **doctor.factor()}
        doctor.post(f"/participants/{number}/code-break", body, 201)
    with instance.store.reading() as uow:
        assert uow.count(Answered) == 0
        assert uow.count(Entry, act=Act.CODE_BREAK_DISCLOSED.value) == 2


@pytest.mark.promise(18)
def test_refusals_are_problems_with_field_and_next_step(
    programs: Programs, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    doctor = programs(Role.ON_CALL)
    path = f"/participants/{number}/code-break"
    problem = doctor.post(path, {"reason": "curiosity", **doctor.factor()}, 422)
    assert problem["errors"][0]["field"] == "reason"
    problem = doctor.post(path, {"reason": "emergency", "password": "x", "code": "1"}, 403)
    assert "Nothing was signed" in problem["detail"]
    assert problem["next_step"]
    problem = doctor.post(path, {"reason": "emergency", "extra": 1}, 422)
    assert {fault["field"] for fault in problem["errors"]} == {"password", "code", "extra"}
    assert doctor.get("/participants/10011/code-break", 404)["telephone"]
    with instance.store.reading() as uow:
        assert uow.count(Entry, act=Act.CODE_BREAK_DENIED.value) == 2


@pytest.mark.requirement("api")
def test_preparation_and_clearance(programs: Programs, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    preparer = programs(Role.PREPARER)
    assert preparer.get("/preparations")["rows"][0]["participant"] == number
    assert preparer.fetch("GET", "/preparations?format=csv", 200).text.startswith("participant,period,")
    answer = preparer.fetch("POST", f"/preparations/{number}/sheet", 200, {})
    assert len(answer.data) == ANSWER_BYTES
    sheet = answer.get_json()
    preparer.post(f"/preparations/{number}/begin")
    wrong = {"ready": True, "kit": "12", "content": sheet["treatment"]}
    preparer.post(f"/preparations/{number}/end", wrong, 422)
    done = {"ready": True, "kit": sheet["kit"], "content": sheet["treatment"], "lot": "L-1"}
    preparer.post(f"/preparations/{number}/end", done)
    assert preparer.get("/preparations") == {"rows": []}

    first, second = harvested(instance), harvested(instance)
    clearer = programs(Role.CLEARER)
    assert len(clearer.get("/clearances")["rows"]) == 2
    lot = {"lot": "L-2", "results": {"identity": "passed", "viability": "passed"}}
    found = clearer.post(f"/clearances/{first}/lots", lot)
    assert found["blocks"] == ["Lot L-2: Endotoxin is pending."]
    clearer.post(f"/clearances/{first}/lots", {"lot": "L-9"})
    struck = {"lot": "L-9", "why": "of somebody else"}
    assert clearer.post(f"/clearances/{first}/strike-out", struck)["blocks"] == found["blocks"]
    clearer.post(f"/clearances/{first}/results", {"subject": "L-2", "test": "endotoxin", "result": "passed"})
    cleared = clearer.post(f"/clearances/{first}/clear", clearer.factor())
    assert cleared["state"] == "cleared by the clearing person"
    clearer.post(f"/clearances/{second}/fail", {"note": "no growth"})

    kit, failed = sheet["kit"], {"subject": sheet["kit"], "test": "bag-sterility", "result": "failed"}
    assert clearer.get("/quality-results")["rows"][0]["participant"] == number
    clearer.post(f"/clearances/{number}/results", failed)
    assert [one["kit"] for one in clearer.get("/quarantines")["rows"]] == [kit]
    why = {"why": "The plate was read wrongly."}
    clearer.post(f"/quarantines/{kit}/lift", {**why, **clearer.factor()}, 422)
    clearer.post(f"/clearances/{number}/results", failed | {"result": "passed"}, 422)
    clearer.post(f"/clearances/{number}/results", failed | {"result": "passed", "corrects": True})
    assert clearer.post(f"/quarantines/{kit}/lift", {**why, **clearer.factor()})["state"] == "ready"
    with instance.store.reading() as uow:
        assert products.latest(uow, second).state == "failed"


@pytest.mark.requirement("api")
def test_lock_and_release(programs: Programs, instance: Instance, rehearsal: Rehearsal) -> None:
    instance.sign(conduct.terminate, Role.SPONSOR, "no funds")
    sponsor = programs(Role.SPONSOR)
    assert sponsor.get("/lock")["blocks"] == []
    assert sponsor.post("/lock", {"why": "done", **sponsor.factor()})["trial"]["phase"] == "locked"
    statistician = programs(Role.UNBLINDED_STATISTICIAN)
    exported = statistician.post("/release/export")
    assert b64decode(exported["release_sealed"]) == rehearsal.bundle.read("release.sealed")
    statistician.post("/release/import", {"copy_base64": "%"}, 422)
    copy = b64encode(copy_for(rehearsal, "code-break-host")).decode()
    assert statistician.post("/release/import", {"copy_base64": copy})["phase"] == "released"
    with instance.store.reading() as uow:
        assert uow.get(Trial, 1).phase is Phase.RELEASED
    instance.checkpoint()
    records = programs(Role.STATISTICIAN).fetch("GET", "/release/records", 200)
    assert records.mimetype == "application/zip"
    assert records.data.startswith(b"PK")


@pytest.mark.promise(20)
def test_every_call_but_those_that_sign_in_needs_a_token_and_its_role(
    app: Flask, programs: Programs, instance: Instance, desk: Desk
) -> None:
    document = app.test_client().get("/api/v1/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    stranger = app.test_client()
    outsider = programs(Role.CARE_PROVIDER)
    for path, calls in document["paths"].items():
        real = path.removeprefix("/api/v1").replace("{number}", "10011").replace("{task}", "1")
        real = real.replace("{intent}", "0" * 32)
        for method in calls:
            if real in {"/tokens", "/tokens/recovery"}:
                continue
            assert stranger.open(f"/api/v1{real}", method=method.upper(), json={}).status_code == 401, path
            if real == "/trial":  # what is published
                assert outsider.get(real)["definition"]["trial_id"] == "mesems"
            elif real != "/tokens/current":
                answer = outsider.client.open(
                    f"/api/v1{real}",
                    method=method.upper(),
                    json=BODIES.get(real),
                    headers={"Authorization": f"Bearer {outsider.token}"},
                )
                assert answer.status_code == 403, (method, path, answer.text)


FACTOR = {"password": "x", "code": "1"}
CALL = {
    "reason": "emergency",
    "caller_name": "x",
    "caller_function": "x",
    "caller_telephone": "x",
    "way": "voice",
}
BODIES: dict[str, dict[str, Any]] = {
    "/participants/10011/code-break": {"reason": "emergency", **FACTOR},
    "/participants/10011/code-break/recovery": {"reason": "emergency", "recovery_code": "x"},
    "/participants/10011/code-break/call": {**CALL, **FACTOR},
    "/participants/10011/code-break/call/recovery": {**CALL, "recovery_code": "x"},
    f"/code-breaks/{'0' * 32}/open": FACTOR,
    f"/code-breaks/{'0' * 32}/open/recovery": {"recovery_code": "x"},
    "/tasks/1/sign": {"why": "x", **FACTOR},
    "/tasks/1/sign/recovery": {"why": "x", "recovery_code": "x"},
    "/preparations/10011/end": {"ready": True},
    "/preparations/10011/labels": {"period": 1},
    "/preparations/10011/replacement": {"available_at": None},
    "/clearances/10011/clear": FACTOR,
    "/clearances/10011/lots": {"lot": "x"},
    "/clearances/10011/addenda": {"subject": "x", "test": "sterility", "result": "passed", **FACTOR},
    "/clearances/10011/results": {"subject": "x", "test": "sterility", "result": "passed"},
    "/clearances/10011/strike-out": {"lot": "x", "why": "x"},
    "/clearances/10011/fail": {"note": "x"},
    "/quarantines/10011/lift": {"why": "x", **FACTOR},
    "/lock": {"why": "x", **FACTOR},
    "/release/import": {"copy_base64": ""},
}


def test_a_token_of_a_signed_out_program_counts_for_nothing(programs: Programs) -> None:
    for role in sorted(BREAKERS):
        program = programs(role)
        program.fetch("DELETE", "/tokens/current", 204)
        program.get("/code-breaks", 401)
