"""Programs break a code for somebody who telephones: voice, one-time page, colleague; as it is described."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from randomizer.domain.housekeeping import Entry, EntryValues
from randomizer.domain.people import SERVICE, Role
from randomizer.domain.records import CodeBreak
from randomizer.services import exposure, recovery_codes
from randomizer.web.codebreak.padding import ANSWER_BYTES
from tests.desks import infused, randomized
from tests.web.codebreak.guests import Guest
from tests.web.codebreak.test_api import Programs
from tests.web.codebreak.test_breaking import TREATMENT

if TYPE_CHECKING:
    from flask import Flask
    from schemathesis import Case

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance

pytestmark = [pytest.mark.requirement("api"), pytest.mark.promise(6)]

CALL = {
    "caller_name": "Dr Zoé Lund",
    "caller_function": "physician, intensive care",
    "caller_telephone": "+33 1 99 00 77 88",
    "reason": "emergency",
    "text": "seizure",
}
EXAMPLES = 6  # of each call
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def programs(app: Flask, instance: Instance) -> Programs:
    return Programs(app, instance)


def knows(instance: Instance, role: Role, number: str) -> bool:
    with instance.store.reading() as uow:
        return exposure.unblinded_for(uow, instance.number(role), number)


@pytest.mark.promise(9)
def test_each_way_of_telling_somebody_who_telephones(
    app: Flask, programs: Programs, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    operator, colleague = programs(Role.ON_CALL), programs(Role.INVESTIGATOR)
    path = f"/participants/{number}/code-break/call"

    made = operator.post(path, {**CALL, "way": "page", **operator.factor()}, 201)
    asked = made["asked"]
    assert made["answer"] is None
    assert (asked["way"], asked["shown"], asked["opens"], len(asked["code"])) == ("page", False, True, 16)
    again = operator.post(f"/code-breaks/{asked['intent']}/code")
    assert again["code"] != asked["code"]
    guest = Guest(instance, app.test_client(), Role.MONITOR)  # who telephones has no account
    page = guest.send("/answer", {"spoken_code": again["code"]}, 200)
    assert TREATMENT.findall(page.text) == [sheet.content]
    after = operator.get(f"/code-breaks/{asked['intent']}/asked")
    assert (after["shown"], after.get("code")) == (True, None)
    operator.post(f"/code-breaks/{asked['intent']}/code", status=422)
    assert not knows(instance, Role.ON_CALL, number)

    named = {row["printed_name"]: row["number"] for row in operator.get(path[:-4] + "colleagues")["rows"]}
    whom = named[instance.person(Role.INVESTIGATOR).printed_name]
    body = {**CALL, "way": "colleague", "colleague": whom, **operator.factor()}
    intent = operator.post(path, body, 201)["asked"]["intent"]
    operator.post(f"/code-breaks/{intent}/open", operator.factor(), 403)
    [waits] = colleague.get("/code-breaks/waiting")["rows"]
    assert (waits["intent"], waits["participant"]) == (intent, number)
    assert waits["printed_name"] == instance.person(Role.ON_CALL).printed_name
    colleague.post(f"/code-breaks/{intent}/open", {"password": "not it", "code": "000000"}, 403)
    opened = colleague.post(f"/code-breaks/{intent}/open", colleague.factor())
    assert opened["given"][0]["treatment"] == sheet.content
    assert colleague.get("/code-breaks/waiting") == {"rows": []}
    assert (knows(instance, Role.ON_CALL, number), knows(instance, Role.INVESTIGATOR, number)) == (
        False,
        True,
    )

    told = operator.fetch("POST", path, 201, {**CALL, "way": "voice", **operator.factor()})
    assert told.get_json()["answer"]["given"][0]["treatment"] == sheet.content
    assert len(told.data) == ANSWER_BYTES
    assert knows(instance, Role.ON_CALL, number)
    with instance.store.reading() as uow:
        intents = uow.all(Entry, act="code break intent", participant=number)
        whys = [uow.get(EntryValues, one.number).why for one in intents]
    assert [why.startswith("Asked by: Dr Zoé Lund, physician, intensive care") for why in whys] == [True] * 3


@pytest.mark.promise(18)
def test_what_a_call_lacks_is_named_and_nothing_is_opened(
    programs: Programs, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    operator = programs(Role.ON_CALL)
    path = f"/participants/{number}/code-break/call"
    lacking = {**CALL, "caller_telephone": " ", "way": "voice"}
    problem = operator.post(path, {**lacking, **operator.factor()}, 422)
    assert [one["field"] for one in problem["errors"]] == ["caller_telephone"]
    myself = {**CALL, "way": "colleague", "colleague": instance.number(Role.ON_CALL)}
    assert "Choose the colleague" in operator.post(path, {**myself, **operator.factor()}, 422)["detail"]
    with instance.store.reading() as uow:
        assert uow.all(CodeBreak) == ()


def test_recovery_codes_sign_for_a_call_and_for_a_colleague(
    programs: Programs, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    operator, colleague = programs(Role.ON_CALL), programs(Role.INVESTIGATOR)
    with instance.store.writing() as uow:
        mine, theirs = (
            recovery_codes.issue(uow, SERVICE, account=instance.number(role), second=None)[0]
            for role in (Role.ON_CALL, Role.INVESTIGATOR)
        )
    whom = instance.number(Role.INVESTIGATOR)
    body = {**CALL, "way": "colleague", "colleague": whom, "recovery_code": mine}
    path = f"/participants/{number}/code-break/call/recovery"
    intent = operator.post(path, body, 201)["asked"]["intent"]
    operator.post(path, body, 403)  # each works once
    open_path = f"/code-breaks/{intent}/open/recovery"
    assert colleague.post(open_path, {"recovery_code": theirs})["participant"] == number


def test_every_answer_is_as_described(programs: Programs, instance: Instance, desk: Desk) -> None:
    numbers = [randomized(instance, desk)]
    operator = programs(Role.ON_CALL)
    path = f"/participants/{numbers[0]}/code-break/call"
    made = operator.post(path, {**CALL, "way": "page", **operator.factor()}, 201)
    real = {"number": numbers[0], "intent": made["asked"]["intent"]}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", programs.app)
    statuses: Counter[int] = Counter()
    found = list(schema.include(path_regex="code-break").get_all_operations())
    assert len(found) > 10
    for one in found:
        assert isinstance(one, Ok)

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=one.ok().as_strategy())
        def every_answer(case: Case[Any]) -> None:
            if sum(statuses.values()) % 2:  # every second call is about something real
                case.path_parameters |= {name: real[name] for name in case.path_parameters if name in real}
            answer = case.call(headers={"Authorization": f"Bearer {operator.token}"})
            statuses[answer.status_code] += 1
            case.validate_response(answer, checks=CHECKS)

        every_answer()
    assert {200, 403, 404, 422} <= set(statuses)  # the calls went deep enough to mean something
