"""One person with two tabs, and people who try what is not theirs: each act once, each attempt on record."""

from __future__ import annotations

import re
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.people import Role
from randomizer.domain.records import Way
from randomizer.services.unblinded import unblinding
from randomizer.web.throttle import TRIES
from tests.activated import PASSWORD, username
from tests.desks import randomized
from tests.web.codebreak.test_api import Program
from tests.web.codebreak.test_breaking import REASON, entries, send_signed, write
from tests.web.codebreak.test_calling import break_for

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.codebreak.guests import Visit

pytestmark = [pytest.mark.requirement("code-break door"), pytest.mark.promise(8)]

WRONG = {"password": PASSWORD, "code": "000000"}
OPENS = re.compile(r'href="(/code-break/open/[0-9a-f]{32})"')
PATIENCE_SECONDS = 0.2


def test_a_reason_that_is_changed_while_another_tab_signs_leads_that_tab_to_its_answer(
    visit: Visit, instance: Instance, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.INVESTIGATOR)
    page, factor, real = write(guest, number), guest.factor(), unblinding.intend
    other = guest.beside()

    def meanwhile(*given: Any, **named: Any) -> str:  # noqa: ANN401
        write(other, number, {"reason": "emergency", "text": "fever of 40 °C"})
        return real(*given, **named)

    monkeypatch.setattr(unblinding, "intend", meanwhile)
    assert "What to do" in send_signed(guest, number, page, factor).text
    assert entries(instance, Act.CODE_BREAK_INTENT) == 1
    assert "You broke this code" in other.get(f"/code-break/{number}/sign")


def test_what_is_signed_is_not_given_up_as_well(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.INVESTIGATOR)
    page = write(guest, number)
    other = guest.beside()
    assert "What to do" in send_signed(guest, number, page, guest.factor()).text
    write(other, number)
    other.send(f"/code-break/{number}/give-up", page=f"/code-break/{number}/sign")
    assert "changed" not in send_signed(guest, number, page, guest.factor()).text
    assert entries(instance, Act.CODE_BREAK_INTENT) == 1


def test_what_is_given_up_is_signed_by_no_other_tab(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.INVESTIGATOR)
    page = write(guest, number)
    guest.send(f"/code-break/{number}/give-up", page=f"/code-break/{number}/sign")
    assert "Why does the code have to be broken?" in send_signed(guest, number, page, guest.factor()).text
    assert (entries(instance, Act.CODE_BREAK_ABORTED), entries(instance, Act.CODE_BREAK_INTENT)) == (1, 0)


def test_nothing_is_given_up_while_another_tab_signs_it(
    visit: Visit, instance: Instance, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one who gives up waits for the one who signs, and is led to what came of it."""
    number = randomized(instance, desk)
    guest = visit(Role.INVESTIGATOR)
    page, factor, real = write(guest, number), guest.factor(), unblinding.intend
    other, answers = guest.beside(), []
    token = other.token()

    def give_up() -> None:
        answers.append(other.client.post(f"/code-break/{number}/give-up", data={"csrf_token": token}))

    second = Thread(target=give_up)

    def meanwhile(*given: Any, **named: Any) -> str:  # noqa: ANN401
        second.start()
        second.join(PATIENCE_SECONDS)
        return real(*given, **named)

    monkeypatch.setattr(unblinding, "intend", meanwhile)
    assert "What to do" in send_signed(guest, number, page, factor).text
    second.join()
    assert answers[0].headers["Location"].endswith(f"/code-break/{number}")
    assert (entries(instance, Act.CODE_BREAK_ABORTED), entries(instance, Act.CODE_BREAK_INTENT)) == (0, 1)


@pytest.mark.promise(20)
def test_whoever_may_break_no_code_is_on_record_with_whose_it_would_have_been(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.CARE_PROVIDER)
    for step in ("", "/reason", "/sign"):
        guest.get(f"/code-break/{number}{step}", 403)
    guest.client.post(f"/code-break/{number}/sign", data={"csrf_token": guest.token(), "draft": "0"})
    program = Program(instance, visit.app.test_client(), Role.MONITOR).sign_in()
    program.fetch("POST", f"/participants/{number}/code-break", 403, REASON | program.factor())
    with instance.store.reading() as uow:
        tried = uow.all(Entry, act=Act.CODE_BREAK_DENIED.value)
    assert [one.participant for one in tried] == [number] * 5


def test_a_colleague_who_signs_wrongly_is_on_record(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    whom = {"colleague": str(instance.number(Role.INVESTIGATOR))}
    break_for(visit(Role.ON_CALL), number, Way.COLLEAGUE, **whom)
    colleague = visit(Role.INVESTIGATOR)
    [link] = set(OPENS.findall(colleague.get("/")))
    assert "Nothing was opened" in colleague.send(link, WRONG).text
    with instance.store.reading() as uow:
        [tried] = uow.all(Entry, act=Act.CODE_BREAK_DENIED.value)
        assert tried.participant == number


@pytest.mark.promise(6)
def test_false_sign_ins_in_somebodys_name_keep_nobody_who_is_signed_in_from_signing(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    """One hospital has one address: whoever sits there could shut everybody's password and code."""
    number = randomized(instance, desk)
    guest, stranger = visit(Role.ON_CALL), visit.stranger(Role.ON_CALL)
    page, name = write(guest, number), {"username": username(Role.ON_CALL)}
    for _ in range(TRIES):
        stranger.send("/sign-in", name | WRONG, 401)
    stranger.send("/sign-in", name, 429, sign=True)
    assert "What to do" in send_signed(guest, number, page, guest.factor()).text


@pytest.mark.promise(6)
def test_guessing_beside_a_signature_is_braked_all_the_same(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.ON_CALL)
    page = write(guest, number)
    for _ in range(TRIES):
        send_signed(guest, number, page, WRONG)
    assert "Wait 5 minutes" in send_signed(guest, number, page, guest.factor()).text
    assert entries(instance, Act.CODE_BREAK_DENIED) == TRIES + 1
