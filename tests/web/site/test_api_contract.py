"""The API against its own description: whatever comes in, no crash, and every answer as described."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from itertools import cycle
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

from randomizer.domain.participants import Participant
from randomizer.domain.people import SEPARATE, SERVICE, SITE_BOUND, Role
from randomizer.domain.stock import StockTake
from randomizer.domain.supply import VISIBLE, Kit
from randomizer.services import accounts
from randomizer.services.care import stock_takes
from randomizer.web.door import DoorSettings
from randomizer.web.site.app import create_app
from tests import activated, desks
from tests.activated import SITE
from tests.web.site.programs import Program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from schemathesis import Case
    from schemathesis.schemas import APIOperation

    from tests.activated import Rehearsal

EXAMPLES = 24 if "CI" in os.environ else 8  # of each call
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def everybody(
    tmp_path_factory: pytest.TempPathFactory, active_file: tuple[Path, datetime], rehearsal: Rehearsal
) -> Iterator[Program]:
    """A program of somebody who holds every role that can be combined, in a trial with some participants."""
    path, now = active_file
    folder = tmp_path_factory.mktemp("contract")
    shutil.copy(path, folder / "trial.db")
    with activated.opened(f"sqlite:///{folder}/trial.db", rehearsal.definition, now) as instance:
        desk = desks.set_up_desk(instance, rehearsal, folder / "host")
        desks.harvested(instance)
        desks.booked(instance, desks.randomized(instance, desk))
        waiting = desks.randomized(instance, desk)
        desks.booked(instance, waiting)
        desks.prepared(instance, desk, waiting)
        instance.act(stock_takes.open_take, Role.PHARMACIST, SITE)
        number = instance.number(Role.INVESTIGATOR)
        with instance.store.writing() as uow:
            for role in set(Role) - SEPARATE - {Role.INVESTIGATOR}:
                place = SITE if role in SITE_BOUND else ""
                accounts.grant(uow, SERVICE, account=number, role=role, site=place)
        app = create_app(
            instance.store, instance.gate, DoorSettings(session_secret="of the tests", https=False)
        )
        yield Program(instance, app.test_client(), Role.INVESTIGATOR).sign_in()


@pytest.mark.requirement("api")
def test_every_answer_is_as_described(everybody: Program) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", everybody.client.application)
    # Signing out would end the session that every other call needs; test_api.py holds it.
    found = list(schema.exclude(path="/api/v1/tokens/current").get_all_operations())
    assert len(found) > 30
    statuses: Counter[int] = Counter()
    for one in found:
        assert isinstance(one, Ok)
        _try(one.ok(), everybody, statuses)
    assert {200, 401, 403, 404, 409, 422} <= set(statuses)  # the calls went deep enough to mean something


def _try(operation: APIOperation[Any, Any, Any, Any], everybody: Program, statuses: Counter[int]) -> None:
    with everybody.instance.store.reading() as uow:
        real: dict[str, cycle[Any]] = {
            "participants": cycle([one.number for one in uow.all(Participant)]),
            "sites": cycle(["TLS", "EX1"]),
            "alarms": cycle(["1"]),
            "assessments": cycle(["1"]),
            "tasks": cycle(["1"]),
            "entries": cycle([0, 12, 30]),
            "stock-takes": cycle([str(one.number) for one in uow.all(StockTake)]),
            "kits": cycle([one.number for one in uow.all(Kit) if one.state in VISIBLE] or ["222471255"]),
        }

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def every_answer(case: Case[Any]) -> None:
        if case.path_parameters and sum(statuses.values()) % 2:  # every second call is about something real
            name = next(iter(case.path_parameters))
            case.path_parameters[name] = next(real[case.path.split("/")[3]])
        headers = everybody.headers() if case.path != "/api/v1/tokens" else {}
        answer = case.call(headers=headers)
        statuses[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    every_answer()
