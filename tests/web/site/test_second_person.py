"""A trial whose definition has a second person check each kit: on the same page, somebody else, on record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.people import SERVICE, Account, Role
from randomizer.domain.supply import Kit, KitState, PeriodRecord
from randomizer.errors import Refused
from randomizer.services import trail
from randomizer.services.care import dispensing
from tests import activated, desks
from tests.activated import PASSWORD, SITE, TOTP_STEP_SECONDS, username
from tests.web.site.programs import Program

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from flask import Flask

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal
    from tests.web.site.visitors import Visit

pytestmark = [pytest.mark.promise(19), pytest.mark.requirement("life")]


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    made = activated.small_definition()
    definition = replace(made, kits=replace(made.kits, second_person=True))
    return activated.seal_rehearsal(tmp_path_factory.mktemp("sealed") / "bundle", definition=definition)


@pytest.fixture(scope="module")
def active_file(tmp_path_factory: pytest.TempPathFactory, rehearsal: Rehearsal) -> tuple[Path, datetime]:
    return activated.file_of(tmp_path_factory.mktemp("active"), rehearsal)


def beside(instance: Instance, role: Role, site: str = SITE) -> dict[str, str]:
    """The fields of a second person."""
    instance.clock.advance(seconds=TOTP_STEP_SECONDS)
    return {
        "second_username": username(role, site),
        "second_password": PASSWORD,
        "second_code": instance.code(role, site),
    }


def test_a_kit_goes_out_only_when_somebody_else_has_checked_it(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    ((number, kit),) = desks.ready_together(instance, desk, 1).items()
    pharmacist, address = visit(Role.PHARMACIST), f"/participants/{number}/dispense"
    page = pharmacist.post(address, {"kit": kit}, 200)
    assert "The kit is right. A second person checks it." in page
    assert f'name="kit" value="{kit}"' in page
    assert "error-summary" not in page

    wrong = {"second_username": username(Role.CARE_PROVIDER), "second_password": "x", "second_code": "1"}
    page = pharmacist.post(address, {"kit": kit} | wrong, 403)
    assert "of the second person do not fit together" in page
    for role, sentence in (
        (Role.PHARMACIST, "must be somebody else than you"),
        (Role.COORDINATOR, "Whoever checks a kit is one of"),
        (Role.TRIAL_MANAGER, "Whoever checks a kit is one of"),
    ):
        site = SITE if role is not Role.TRIAL_MANAGER else ""
        page = pharmacist.post(address, {"kit": kit} | beside(instance, role, site or SITE), 200)
        assert sentence in page
        assert PASSWORD not in page
    with instance.store.reading() as uow:
        assert uow.get(Kit, kit).state is KitState.READY

    page = pharmacist.post(address, {"kit": kit} | beside(instance, Role.CARE_PROVIDER))
    assert f"Right kit · handed to {number}" in page
    assert "<dt>Checked by</dt><dd>Care Provider Tls</dd>" in page
    with instance.store.reading() as uow:
        record = uow.get(PeriodRecord, number, 1)
    assert record.checked_by == instance.number(Role.CARE_PROVIDER)


def test_the_pharmacist_by_another_account_is_no_second_person(instance: Instance, desk: Desk) -> None:
    ((number, kit),) = desks.ready_together(instance, desk, 1).items()
    pharmacist, checks = instance.person(Role.PHARMACIST), instance.step_up(Role.CARE_PROVIDER)
    with instance.store.writing() as uow:
        mine = uow.get(Account, pharmacist.account)
        other = uow.get(Account, checks.account)
        with trail.act(uow, Act.ACCOUNT_CREATED, SERVICE) as act:
            act.change(other, email=mine.email.upper())
    with instance.store.writing() as uow, pytest.raises(Refused, match="somebody else than you"):
        dispensing.dispense(uow, pharmacist, number, kit, second=checks)


def test_a_wrong_kit_stops_before_anybody_is_asked(visit: Visit, instance: Instance, desk: Desk) -> None:
    (number, _), (_, other) = desks.ready_together(instance, desk, 2).items()
    page = visit(Role.PHARMACIST).post(f"/participants/{number}/dispense", {"kit": other}, 409)
    assert "Stop. Wrong kit." in page


def test_a_destruction_is_recorded_only_when_somebody_else_has_seen_it(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    ((_, kit),) = desks.ready_together(instance, desk, 1).items()
    pharmacist, address = visit(Role.PHARMACIST), f"/kits/{kit}/destroy"
    pharmacist.post(f"/kits/{kit}/quarantine", {"why": "Left in the sun"})
    told = {"method": "incinerated", "why": "Left in the sun"}
    page = pharmacist.post(address, told, 422, sign=True)
    assert "A second person checks the destruction of this kit. Nothing was recorded." in page
    seen = beside(instance, Role.CARE_PROVIDER)
    pharmacist.post(address, told | seen, sign=True)
    record = pharmacist.get(f"/kits/{kit}/destruction")
    assert "<dt>Seen by a second person</dt><dd>Care Provider Tls</dd>" in record


def test_a_program_names_the_second_person(app: Flask, instance: Instance, desk: Desk) -> None:
    ((number, kit),) = desks.ready_together(instance, desk, 1).items()
    program = Program(instance, app.test_client(), Role.PHARMACIST).sign_in()
    path = f"/participants/{number}/dispense"
    assert "second person checks" in program.post(path, {"kit": kit}, 422)["detail"]
    body = {"kit": kit} | beside(instance, Role.INVESTIGATOR)
    first = program.post(path, body, key="one-and-the-same")
    again = program.post(path, body | {"second_code": "000000"}, key="one-and-the-same")
    assert first == again
    assert first["periods"][0]["checked_by"] == instance.number(Role.INVESTIGATOR)
