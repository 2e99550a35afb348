"""Accounts at the site door: secrets once, breakers only with a second administrator."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyotp
import pytest

from randomizer.domain.housekeeping import Notice
from randomizer.domain.people import SERVICE, Account, Grant, Role
from randomizer.errors import SignInRefused
from randomizer.services import accounts, recovery_codes
from randomizer.services.recovery_codes import CODES
from tests.activated import PASSWORD, SITE, TOTP_STEP_SECONDS, totp_secret

if TYPE_CHECKING:
    from tests.activated import Instance
    from tests.web.site.visitors import Visit

SECRET = re.compile(r'<code class="secret">([^<]+)</code>')


@pytest.fixture
def second(instance: Instance) -> dict[str, str]:
    """The fields of a second administrator who stands beside the first."""
    with instance.store.writing() as uow:
        account = accounts.create(
            uow,
            instance.gate,
            SERVICE,
            username="second",
            printed_name="Second Administrator",
            email="second@example.org",
            password=PASSWORD,
            totp_secret=totp_secret("second"),
        )
        accounts.grant(uow, SERVICE, account=account.number, role=Role.ADMINISTRATOR)
    instance.clock.advance(seconds=TOTP_STEP_SECONDS)
    return {"second_username": "second", "second_password": PASSWORD}


def code(instance: Instance) -> dict[str, str]:
    return {"second_code": pyotp.TOTP(totp_secret("second")).at(instance.clock())}


def test_a_new_person_signs_in_with_what_is_shown_once(visit: Visit, instance: Instance) -> None:
    administrator = visit(Role.ADMINISTRATOR)
    form = {"username": "New.Person", "printed_name": "New Person", "email": "new@example.org"}
    page = administrator.post("/accounts/new", form, 200)
    password, secret, uri = SECRET.findall(page)
    assert f"secret={secret}" in uri
    with instance.store.reading() as uow:
        number = uow.all(Account, username="new.person")[0].number
    assert password not in administrator.get(f"/accounts/{number}")
    administrator.post(f"/accounts/{number}/grant", {"role": Role.MONITOR, "site": ""})
    newcomer = visit.stranger()
    newcomer.post(
        "/sign-in",
        {"username": "new.person", "password": password, "code": pyotp.TOTP(secret).at(instance.clock())},
    )
    assert "Every act, in one append-only record." in newcomer.get("/trail")


def test_an_empty_form_names_all_that_is_missing(visit: Visit) -> None:
    page = visit(Role.ADMINISTRATOR).post("/accounts/new", {"username": " "}, 422)
    assert all(f"{name} is missing." in page for name in ("User name", "Printed name", "E-mail"))


def test_names_that_nobody_reads_and_an_address_that_is_none(visit: Visit) -> None:
    form = {"username": "a" * 6000, "printed_name": "b" * 6000, "email": "nope"}
    page = visit(Role.ADMINISTRATOR).post("/accounts/new", form, 422)
    assert "A user name has 1 to 60" in page
    assert "A printed name has 1 to 100" in page
    assert "An e-mail address looks like name@example.org" in page


def test_a_name_that_is_taken_keeps_the_form(visit: Visit, instance: Instance) -> None:
    form = {"username": "monitor", "printed_name": "New Person", "email": "new@example.org"}
    page = visit(Role.ADMINISTRATOR).post("/accounts/new", form, 409)
    assert "There is already such" in page
    assert 'value="New Person"' in page


def test_a_role_that_breaks_codes_needs_a_second_administrator(
    visit: Visit, instance: Instance, second: dict[str, str]
) -> None:
    administrator = visit(Role.ADMINISTRATOR)
    number = instance.number(Role.COORDINATOR)
    form = {"role": Role.INVESTIGATOR, "site": SITE}
    path = f"/accounts/{number}/grant"
    page = administrator.post(path, form, 403)
    assert "needs a second administrator" in page
    assert '<option value="investigator" selected>' in page
    page = administrator.post(path, form | second | {"second_code": "000000"}, 403)
    assert "second administrator do not fit together" in page
    assert PASSWORD not in page
    page = administrator.post(path, form | second | code(instance), 200)
    assert len(SECRET.findall(page)) == CODES
    assert Role.INVESTIGATOR in instance.person(Role.COORDINATOR).roles
    with instance.store.reading() as uow:
        told = {(one.recipient, one.subject) for one in uow.all(Notice)}
    assert told == {
        ("coordinator-tls@example.org", "You were given a role that can break a code"),
        ("coordinator-tls@example.org", "You have new recovery codes"),
    }


@pytest.mark.promise(6)
def test_recovery_codes_are_drawn_by_two_and_shown_once(
    visit: Visit, instance: Instance, second: dict[str, str]
) -> None:
    administrator = visit(Role.ADMINISTRATOR)
    account = f"/accounts/{instance.number(Role.ON_CALL)}"
    assert "Draw new recovery codes" in administrator.get(account)
    page = administrator.post(f"{account}/recovery-codes", {}, 403)
    assert "needs a second administrator" in page
    page = administrator.post(f"{account}/recovery-codes", second | code(instance), 200)
    first, *others = SECRET.findall(page)
    assert len({first, *others}) == CODES
    assert first not in administrator.get(account)
    instance.clock.advance(seconds=TOTP_STEP_SECONDS)
    page = administrator.post(f"{account}/sign-in", second | code(instance), 200)
    assert len(SECRET.findall(page)) == 3 + CODES
    with instance.store.reading() as uow, pytest.raises(SignInRefused):
        recovery_codes.fit(uow, username="on-call-clinician", typed=first)
    nobody = f"/accounts/{instance.number(Role.MONITOR)}"
    assert "recovery codes" not in administrator.get(nobody)
    instance.clock.advance(seconds=TOTP_STEP_SECONDS)
    page = administrator.post(f"{nobody}/recovery-codes", second | code(instance), 422)
    assert "are for whoever can break a code" in page


def test_a_combination_that_would_unblind_is_refused(visit: Visit, instance: Instance) -> None:
    number = instance.number(Role.COORDINATOR)
    form = {"role": Role.PREPARER, "site": ""}
    page = visit(Role.ADMINISTRATOR).post(f"/accounts/{number}/grant", form, 422)
    assert "see allocations" in page


def test_revoking_and_closing(visit: Visit, instance: Instance) -> None:
    administrator, coordinator = visit(Role.ADMINISTRATOR), visit(Role.COORDINATOR)
    number = instance.number(Role.COORDINATOR)
    administrator.post(f"/accounts/{number}/revoke", {"role": f"coordinator@{SITE}"})
    coordinator.get("/participants", 403)
    with instance.store.reading() as uow:
        assert uow.get(Grant, number, Role.COORDINATOR, SITE).revoked_at is not None
    path = f"/accounts/{number}/close"
    page = administrator.post(path, {}, 422)
    assert all(f"{name} is missing." in page for name in ("Reason", "Password", "Six-digit code"))
    page = administrator.post(path, {"why": "left the hospital", "password": PASSWORD, "code": "000000"}, 403)
    assert "do not fit together" in page
    assert "left the hospital" in page
    page = administrator.post(path, {"why": "left the hospital"}, sign=True)
    assert "is not opened again" in page
    for what in ("close", "grant", "revoke", "sign-in", "recovery-codes"):
        assert "is closed." in administrator.get(f"/accounts/{number}/{what}", 422)
    own = f"/accounts/{instance.number(Role.ADMINISTRATOR)}/close"
    assert "This is your own account" in administrator.get(own, 422)
    assert coordinator.client.get("/participants").status_code == 302


def test_a_new_sign_in_for_a_breaker_tells_its_holder(
    visit: Visit, instance: Instance, second: dict[str, str]
) -> None:
    administrator = visit(Role.ADMINISTRATOR)
    number = instance.number(Role.INVESTIGATOR)
    path = f"/accounts/{number}/sign-in"
    assert "needs a second administrator" in administrator.post(path, {}, 403)
    page = administrator.post(path, second | code(instance), 200)
    assert len(SECRET.findall(page)) == 3 + CODES
    with instance.store.reading() as uow:
        told = {one.subject for one in uow.all(Notice)}
    assert told == {"Your sign-in was changed", "You have new recovery codes"}
