"""Recovery codes at the code-break door: never throttled, and good where nothing can be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from randomizer.domain.housekeeping import Notice
from randomizer.domain.people import SERVICE, Role
from randomizer.errors import SignInRefused
from randomizer.services import recovery_codes
from randomizer.services.unblinded.spent_codes import SpentCodes
from randomizer.web.codebreak.recovering import Recovery
from randomizer.web.sessions import MemorySessions
from randomizer.web.throttle import TRIES
from tests.activated import username
from tests.desks import infused, randomized
from tests.web.codebreak.test_breaking import TREATMENT, send_signed, write

if TYPE_CHECKING:
    import sqlite3

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.codebreak.guests import Guest, Visit
    from tests.web.codebreak.walks import Walk

pytestmark = [pytest.mark.requirement("code-break door"), pytest.mark.promise(6)]

NAME = username(Role.ON_CALL)
WRONG = {"username": NAME, "password": "not the password", "code": "000000"}


@pytest.fixture
def codes(instance: Instance) -> list[str]:
    """The sheet of the on-call clinician, the first code on top."""
    with instance.store.writing() as uow:
        return list(recovery_codes.issue(uow, SERVICE, account=instance.number(Role.ON_CALL), second=None))


@pytest.fixture
def locked_out(visit: Visit) -> Guest:
    """Somebody whose name was guessed at from their own address until it was shut."""
    guest = visit.stranger(Role.ON_CALL)
    for _ in range(TRIES):
        guest.send("/sign-in", WRONG, 401)
    refused = guest.send("/sign-in", {"username": NAME}, 429, sign=True)
    assert int(refused.headers["Retry-After"]) > 200
    return guest


def told(instance: Instance) -> int:
    """How often somebody was told that a code of theirs was used."""
    with instance.store.reading() as uow:
        return uow.count(Notice, subject="A recovery code of yours was used")


def sign_in(guest: Guest, code: str, status: int = 303) -> str:
    form = {"recovery_username": NAME, "recovery_code": code}
    return guest.send("/recovery", form, status, page="/sign-in").text


def test_whoever_is_locked_out_breaks_a_code_with_recovery_codes(
    instance: Instance, desk: Desk, locked_out: Guest, codes: list[str]
) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    assert "Who is it for?" in sign_in(locked_out, codes.pop())
    page = write(locked_out, number)
    for _ in range(TRIES + 1):
        page = send_signed(locked_out, number, page, {"password": "wrong", "code": "000000"}).text
    assert "Wait" in page
    spent = send_signed(locked_out, number, page, {"recovery_code": codes[0][::-1]}).text
    assert "recovery code" in spent
    answer = send_signed(locked_out, number, page, {"recovery_code": codes.pop()}).text
    shown = TREATMENT.search(answer)
    assert shown is not None
    assert shown[1] == sheet.content
    with instance.store.reading() as uow:
        told = uow.all(Notice, subject="A recovery code of yours was used")
    assert len(told) == 2
    assert all(sheet.content not in one.body and number not in one.body for one in told)


def test_a_code_opens_the_door_once(visit: Visit, codes: list[str]) -> None:
    sign_in(visit.stranger(Role.ON_CALL), codes[0])
    for _ in range(TRIES + 2):
        page = sign_in(visit.stranger(Role.ON_CALL), codes[0], 401)
    assert "was used before" in page
    assert codes[0] not in page
    sign_in(visit.stranger(Role.ON_CALL), codes[1])


def test_a_code_works_once_while_nothing_can_be_written(
    visit: Visit, instance: Instance, desk: Desk, codes: list[str]
) -> None:
    frozen = True

    def check_out(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA query_only = {'ON' if frozen else 'OFF'}")

    event.listen(instance.store.engine, "checkout", check_out)
    guest = visit.stranger(Role.ON_CALL)
    sign_in(guest, codes[0])
    assert "Sign out" in guest.get("/")
    sign_in(visit.stranger(Role.ON_CALL), codes[0], 401)
    kept = SpentCodes(desk.file)
    restarted = Recovery(
        instance.store, MemorySessions(instance.store, instance.gate, "codebreak", kept), kept, 120
    )
    with pytest.raises(SignInRefused):
        restarted.sign_in(username=NAME, typed=codes[0])
    assert told(instance) == 0

    frozen = False
    guest.get("/")  # reconciled once this answer is out
    assert told(instance) == 1
    guest.get("/")
    assert told(instance) == 1


def test_the_pages_in_a_browser(walk: Walk, instance: Instance, desk: Desk, codes: list[str]) -> None:
    number = randomized(instance, desk)
    page = walk.page
    walk.go("/sign-in")
    walk.choose("summary")
    walk.check("recovery-sign-in")
    page.fill("#recovery_username", NAME)
    page.fill("#recovery_code", "ABC")
    walk.follow("button:has-text('Use this code')")
    assert page.locator("text=3 were typed").count()
    walk.check("recovery-refused")
    page.fill("#recovery_code", codes[0])
    walk.follow("button:has-text('Use this code')")
    walk.go(f"/code-break/{number}/reason")
    walk.choose("label:has-text('Medical emergency')")
    walk.follow("button:has-text('Continue')")
    walk.choose("summary")
    page.fill("#recovery_code", codes[0])
    walk.follow("button:has-text('Break the code')")
    assert page.locator("#recovery_code").is_visible()
    walk.check("recovery-refused-signing")
    page.fill("#recovery_code", codes[1])
    walk.follow("button:has-text('Break the code')")
    assert "Answer" in page.title()
