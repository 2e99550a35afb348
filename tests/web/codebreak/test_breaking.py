from __future__ import annotations

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.people import SERVICE, Role
from randomizer.domain.records import Alarm, CodeBreak
from randomizer.domain.supply import Outcome
from randomizer.domain.trial import Slot
from randomizer.services import accounts
from randomizer.services.care import infusions
from randomizer.services.unblinded import unblinding
from randomizer.web.codebreak.padding import ANSWER_BYTES
from tests.activated import PASSWORD, SECOND_SITE
from tests.desks import dispensed, infused, plan_of, randomized
from tests.web.codebreak.guests import SEE_OTHER

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal
    from tests.web.codebreak.guests import Guest, Visit

pytestmark = pytest.mark.requirement("code-break door")


REASON = {"reason": "emergency", "text": "found unconscious"}
TREATMENT = re.compile(r'<p class="treatment">([^<]+)')


def break_code(guest: Guest, number: str) -> str:
    """From the first page to the answer."""
    guest.get("/")
    guest.get(f"/code-break?participant={number}", 303)
    assert "There is something to learn" in guest.get(f"/code-break/{number}")
    return sign(guest, number).text


def write(guest: Guest, number: str, reason: dict[str, str] = REASON) -> str:
    """Page 3, by whoever breaks the code for the first time or again; gives page 4."""
    page = f"/code-break/{number}/reason"
    guest.send(page, reason, page=f"{page}?again=yes")
    return guest.get(f"/code-break/{number}/sign")


def sign(guest: Guest, number: str) -> TestResponse:
    """Pages 3 and 4 with password and code; gives what comes then."""
    return send_signed(guest, number, write(guest, number), guest.factor())


def send_signed(guest: Guest, number: str, page: str, factor: dict[str, str]) -> TestResponse:
    """Page 4 as it was shown, sent; gives what comes then."""
    draft = re.search(r'name="draft" value="([0-9a-f]+)"', page)
    assert draft is not None
    answer = guest.send(f"/code-break/{number}/sign", {"draft": draft[1], **factor}, page="/code-breaks")
    while answer.status_code == SEE_OTHER:
        answer = guest.client.get(answer.headers["Location"])
    return answer


def entries(instance: Instance, act: Act) -> int:
    with instance.store.reading() as uow:
        return uow.count(Entry, act=act.value)


@pytest.mark.promise(6)
@pytest.mark.promise(7)
def test_from_sign_in_to_the_answer(
    visit: Visit, instance: Instance, desk: Desk, rehearsal: Rehearsal
) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)

    page = break_code(visit(Role.INVESTIGATOR), number)

    plan = plan_of(instance, rehearsal, number)
    assert page.index(plan[0]) < page.index("What to do") < page.index("Show the planned sequence")
    assert f'data-number="{sheet.kit}"' in page
    assert instance.definition.code_break.emergency_text.split(".")[0] in page
    assert "investigator, trial manager" in page.lower()
    assert "Period 1 of 2 · kit" in page
    assert entries(instance, Act.CODE_BREAK_DISCLOSED) == 1


@pytest.mark.promise(18)
def test_nothing_is_lost_on_the_way_back_to_the_reason(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.INVESTIGATOR)
    assert "Change the reason" in write(guest, number)
    page = guest.get(f"/code-break/{number}/reason")
    assert "Why does the code have to be broken?" in page
    assert "found unconscious" in page
    assert re.search(r'value="emergency"[^>]* checked', page)
    assert "found unconscious" not in visit(Role.ON_CALL).get(f"/code-break/{number}/reason")


@pytest.mark.promise(18)
def test_what_was_written_outlives_a_session(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.INVESTIGATOR)
    write(guest, number)
    guest.send("/sign-out", page="/")
    assert "found unconscious" in visit(Role.INVESTIGATOR).get(f"/code-break/{number}/sign")


def test_the_page_to_sign_without_a_reason_leads_to_the_reason(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.ON_CALL)
    path = f"/code-break/{number}/sign"
    assert guest.open(path, SEE_OTHER).headers["Location"].endswith("/reason")
    guest.send(f"/code-break/{number}/reason", {"text": "seizure"})
    assert guest.open(path, SEE_OTHER).headers["Location"].endswith("/reason")
    assert visit(Role.PREPARER).open(path, 403)


@pytest.mark.promise(8)
def test_a_form_that_is_sent_again_leads_to_the_answer_it_had(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.INVESTIGATOR)
    page = write(guest, number)
    assert "What to do" in send_signed(guest, number, page, guest.factor()).text
    assert "What to do" in send_signed(guest, number, page, guest.factor()).text
    assert entries(instance, Act.CODE_BREAK_INTENT) == 1


@pytest.mark.promise(8)
def test_two_taps_at_once_break_the_code_once(
    app: Flask, visit: Visit, instance: Instance, desk: Desk
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    number = randomized(instance, desk)
    guest = visit(Role.INVESTIGATOR)
    draft = re.search(r'name="draft" value="([0-9a-f]+)"', write(guest, number))
    assert draft is not None
    form = {"draft": draft[1], **guest.factor()}
    with guest.client.session_transaction() as kept:
        token = kept["token"]

    def tap(_: int) -> str:
        client = app.test_client()
        with client.session_transaction() as own:
            own["token"] = token
        return client.post(f"/code-break/{number}/sign", data=form).headers["Location"]

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(tap, range(2))

    assert first == second
    assert "/code-break/answer/" in first
    assert entries(instance, Act.CODE_BREAK_INTENT) == 1


@pytest.mark.promise(8)
def test_nothing_is_signed_but_what_was_shown(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.INVESTIGATOR)
    page = write(guest, number)
    write(guest, number, {"reason": "emergency", "text": "fever of 40 °C"})
    page = send_signed(guest, number, page, guest.factor()).text
    assert "changed in another window" in page
    assert "fever of 40 °C" in page
    assert entries(instance, Act.CODE_BREAK_INTENT) == 0
    assert "What to do" in send_signed(guest, number, page, guest.factor()).text


@pytest.mark.promise(7)
def test_who_broke_a_code_before_is_led_to_the_answer_first(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    guest = visit(Role.INVESTIGATOR)
    first = break_code(guest, number)
    instance.clock.advance(hours=3)
    guest = visit(Role.INVESTIGATOR)

    page = guest.get(f"/code-break/{number}")
    assert "You broke this code" in page
    link = re.search(r'href="(/code-break/answer/[0-9a-f]{32})">See that answer', page)
    assert link is not None
    assert TREATMENT.findall(guest.get(link[1])) == TREATMENT.findall(first)
    for step in ("reason", "sign"):
        assert guest.client.get(f"/code-break/{number}/{step}", follow_redirects=True).request.path == (
            f"/code-break/{number}"
        )
    again = re.search(r'href="([^"]+)">Break the code again', page)
    assert again is not None
    assert "Why does the code have to be broken?" in guest.get(again[1])
    page = write(guest, number)
    assert "You broke this code" in page
    assert "What to do" in send_signed(guest, number, page, guest.factor()).text
    assert entries(instance, Act.CODE_BREAK_DISCLOSED) == 2

    assert "You broke this code" not in visit(Role.ON_CALL).get(f"/code-break/{number}")


@pytest.mark.promise(7)
def test_an_answer_that_is_seen_again_says_what_was_recorded_since(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    sheet = dispensed(instance, desk, number)
    first = break_code(visit(Role.INVESTIGATOR), number)
    assert "Recorded since" not in first
    instance.clock.advance(seconds=60)
    instance.act(
        infusions.record,
        Role.CARE_PROVIDER,
        number,
        outcome=Outcome.NOT_GIVEN,
        why="The bag was dropped.",
    )

    guest = visit(Role.INVESTIGATOR)
    link = re.search(r'href="(/code-break/answer/[0-9a-f]{32})"', guest.get("/code-breaks"))
    assert link is not None
    answer = guest.open(link[1])

    assert "Recorded since this answer was shown" in answer.text
    assert "<li>Period 1 of 2: Not given.</li>" in answer.text
    assert f'data-number="{sheet.kit}"' in answer.text
    assert len(answer.data) == ANSWER_BYTES


@pytest.mark.promise(8)
def test_an_intent_that_gave_no_answer_is_offered_while_it_is_open(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    doctor = instance.person(Role.INVESTIGATOR)
    step_up = instance.step_up(Role.INVESTIGATOR)
    intent = unblinding.intend(desk, doctor, step_up, participant=number, reason="emergency")
    assert intent in visit(Role.INVESTIGATOR).get(f"/code-break/{number}")
    instance.clock.advance(hours=2)
    assert intent not in visit(Role.INVESTIGATOR).get(f"/code-break/{number}")


@pytest.mark.promise(7)
def test_what_is_handed_out_may_have_been_given(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    dispensed(instance, desk, number)
    assert "may have been given" in break_code(visit(Role.ON_CALL), number)


@pytest.mark.promise(7)
def test_before_the_answer_it_says_that_nothing_was_given(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    page = visit(Role.INVESTIGATOR).get(f"/code-break/{number}")
    assert "There is nothing to learn" in page
    assert "Continue all the same" in page


@pytest.mark.promise(7)
def test_answers_have_one_length_and_are_neither_kept_nor_compressed(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    given, nothing = randomized(instance, desk), randomized(instance, desk)
    infused(instance, desk, given)
    guest = visit(Role.INVESTIGATOR)
    lengths = set()
    for number in (given, nothing):
        answer = sign(guest, number)
        lengths.add(len(answer.data))
        assert answer.headers["Content-Length"] == str(ANSWER_BYTES)
        assert answer.headers["Cache-Control"] == "no-store, no-transform"
        assert "Content-Encoding" not in answer.headers
    assert lengths == {ANSWER_BYTES}


def test_the_same_answer_comes_again_from_ones_own_list(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    guest = visit(Role.INVESTIGATOR)
    break_code(guest, number)

    page = guest.get("/code-breaks")
    link = re.search(r'href="(/code-break/answer/[0-9a-f]{32})"', page)
    assert link is not None
    guest.get(link[1])

    assert entries(instance, Act.CODE_BREAK_DISCLOSED) == 1
    other = visit(Role.ON_CALL)
    assert link[1] not in other.get("/code-breaks")
    assert "another person" in other.get(link[1], 403)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "missing"),
        ("12", "5 to 7 digits"),
        ("10010", "check digit"),
        ("<b>", "digit"),
        ("10017", "check digit"),
    ],
)
def test_a_number_that_cannot_be_comes_back_with_the_reason(visit: Visit, typed: str, said: str) -> None:
    guest = visit(Role.INVESTIGATOR)
    answer = guest.client.get("/code-break", query_string={"participant": typed})
    assert answer.status_code == 422
    assert said in answer.text
    assert "<b>" not in answer.text


def test_a_reason_is_chosen_and_what_was_written_stays(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.INVESTIGATOR)
    page = guest.send(f"/code-break/{number}/reason", {"text": "seizure"}).text
    assert "Choose the reason" in page
    assert "seizure" in page
    long = {"reason": "emergency", "text": "x" * 2001}
    assert "At most 2000" in guest.send(f"/code-break/{number}/reason", long).text


@pytest.mark.promise(8)
def test_a_wrong_code_opens_nothing_and_is_on_record(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.INVESTIGATOR)
    wrong = {"password": PASSWORD, "code": "000000"}

    page = send_signed(guest, number, write(guest, number), wrong).text

    assert "The code was not broken" in page
    assert "found unconscious" in page
    assert PASSWORD not in page
    with instance.store.reading() as uow:
        assert uow.count(CodeBreak) == 0
    assert entries(instance, Act.CODE_BREAK_DENIED) == 1
    guest.get(f"/code-break/{number}")  # begun anew, the old refusal is gone and the words are not
    assert "The code was not broken" not in guest.get(f"/code-break/{number}/sign")
    assert "found unconscious" in guest.get(f"/code-break/{number}/sign")


def test_a_code_that_was_used_does_not_work_again(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.INVESTIGATOR)
    used = {"password": PASSWORD, "code": instance.code(Role.INVESTIGATOR)}
    assert "The code was not broken" in send_signed(guest, number, write(guest, number), used).text
    with instance.store.reading() as uow:
        assert uow.count(CodeBreak) == 0


@pytest.mark.promise(20)
def test_an_investigator_of_another_site_is_refused_on_record(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    visit(Role.INVESTIGATOR, SECOND_SITE).get(f"/code-break/{number}", 403)
    assert entries(instance, Act.CODE_BREAK_DENIED) == 1


@pytest.mark.promise(13)
def test_a_bent_slot_opens_nothing_raises_the_alarm_and_shows_the_offline_way(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    guards = "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'"
    with instance.store.engine.begin() as connection:
        for drop in connection.exec_driver_sql(guards).scalars().all():
            connection.exec_driver_sql(drop)
        connection.exec_driver_sql(
            "UPDATE slot SET kits = (SELECT b.kits FROM slot b WHERE b.number = 1) WHERE number = 0"
        )

    sent = sign(visit(Role.INVESTIGATOR), number)

    assert sent.status_code == 503
    assert "sealed emergency pack" in sent.text
    with instance.store.reading() as uow:
        assert [alarm.about for alarm in uow.all(Alarm)] == ["Slot 0"]
        assert uow.get(Slot, 0).ordinal == 1


@pytest.mark.promise(6)
@pytest.mark.promise(8)
def test_sign_in_and_answer_while_the_database_can_only_be_read(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    frozen = True

    def check_out(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA query_only = {'ON' if frozen else 'OFF'}")

    event.listen(instance.store.engine, "checkout", check_out)
    guest = visit(Role.INVESTIGATOR)
    page = break_code(guest, number)
    assert "What to do" in page
    assert entries(instance, Act.CODE_BREAK_INTENT) == 0

    frozen = False
    guest.get("/")  # reconciled once this answer is out
    assert entries(instance, Act.CODE_BREAK_INTENT) == 1
    assert entries(instance, Act.CODE_BREAK_DISCLOSED) == 1
    assert not desk.file.waiting


def test_without_a_database_it_names_the_emergency_pack(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.INVESTIGATOR)

    def gone(*_: object) -> None:
        raise sqlite3.OperationalError("unable to open database file")

    event.listen(instance.store.engine, "before_cursor_execute", gone)
    page = guest.get(f"/code-break/{number}", 503)
    assert "sealed emergency pack" in page
    assert "sqlite" not in page.lower()


@pytest.mark.promise(20)
def test_a_role_that_was_taken_back_ends_with_the_next_request(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.ON_CALL)
    guest.get(f"/code-break/{number}")
    with instance.store.writing() as uow:
        accounts.revoke(uow, SERVICE, account=instance.number(Role.ON_CALL), role=Role.ON_CALL)
    guest.get(f"/code-break/{number}", 403)
