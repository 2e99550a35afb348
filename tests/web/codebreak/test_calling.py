"""A doctor without an account telephones: by voice, by a one-time page, by a colleague."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues, Notice
from randomizer.domain.people import Role
from randomizer.domain.records import CodeBreak, Telling, Way
from randomizer.services import exposure
from randomizer.services.unblinded.spoken import TRIES
from randomizer.web.codebreak.padding import ANSWER_BYTES
from tests.desks import infused, randomized
from tests.services.unblinded.test_spoken import another_proof
from tests.web.codebreak.guests import SEE_OTHER, Guest
from tests.web.codebreak.test_breaking import TREATMENT, send_signed

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.codebreak.guests import Visit
    from tests.web.codebreak.walks import Walk

pytestmark = [pytest.mark.requirement("code-break door"), pytest.mark.promise(6), pytest.mark.promise(9)]

CALL = {
    "for": "caller",
    "caller_name": "Dr Zoé Lund",
    "caller_function": "physician, intensive care",
    "caller_telephone": "+33 1 99 00 77 88",
    "reason": "emergency",
    "text": "seizure",
}
DIGITS = re.compile(r'<p class="spoken">(.*?)</p>')


def write(guest: Guest, number: str, way: Way, **more: str) -> str:
    """Pages 2 and 3 for a caller; gives page 4."""
    guest.get(f"/code-break/{number}")
    page = f"/code-break/{number}/reason"
    guest.send(page, CALL | {"way": way.name} | more, page=f"{page}?for=caller")
    return guest.get(f"/code-break/{number}/sign")


def break_for(guest: Guest, number: str, way: Way, **more: str) -> TestResponse:
    return send_signed(guest, number, write(guest, number, way, **more), guest.factor())


def code_on(page: str) -> str:
    found = DIGITS.search(page)
    assert found is not None, page
    return re.sub(r"\D", "", re.sub(r"<[^>]*>", "", found[1]))


def caller(app: Flask, instance: Instance) -> Guest:
    """Somebody without an account, whose browser knows nothing of this door."""
    return Guest(instance, app.test_client(), Role.CARE_PROVIDER)


def unblinded(instance: Instance, role: Role, number: str) -> bool:
    with instance.store.reading() as uow:
        return exposure.unblinded_for(uow, instance.number(role), number)


def test_by_voice_the_answer_says_how_it_is_told(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    guest = visit(Role.ON_CALL)
    page = write(guest, number, Way.VOICE)
    assert "Dr Zoé Lund, physician, intensive care, +33 1 99 00 77 88" in page
    answer = send_signed(guest, number, page, guest.factor()).text
    assert "Tell it on the telephone" in answer
    assert TREATMENT.findall(answer) == [sheet.content]
    with instance.store.reading() as uow:
        [telling] = uow.all(Telling)
        [intent] = uow.all(Entry, act=Act.CODE_BREAK_INTENT.value)
        assert "Dr Zoé Lund" in uow.get(EntryValues, intent.number).why
    assert telling.page_opened_at is not None


def test_a_one_time_page_shows_the_answer_once_and_the_operator_stays_blind(
    app: Flask, visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    guest = visit(Role.ON_CALL)
    page = break_for(guest, number, Way.PAGE).text
    assert "localhost/answer" in page
    assert sheet.content not in page
    stranger = caller(app, instance)

    shown = stranger.send("/answer", {"spoken_code": code_on(page)}, 200)

    assert TREATMENT.findall(shown.text) == [sheet.content]
    assert len(shown.data) == ANSWER_BYTES
    assert shown.headers["Cache-Control"] == "no-store, no-transform"
    assert "Sign out" not in shown.text
    assert not unblinded(instance, Role.ON_CALL, number)
    again = stranger.send("/answer", {"spoken_code": code_on(page)}, 422).text
    assert "was used" in again
    assert sheet.content not in again
    with instance.store.reading() as uow:
        [broken] = uow.all(CodeBreak)
        notices = uow.all(Notice)
    later = guest.get(f"/code-break/asked/{broken.intent}")
    assert "You were shown nothing and stay blind" in later
    assert code_on(page)[:4] not in later
    assert not any(code_on(page) in one.body or sheet.content in one.body for one in notices)
    own = guest.client.get(f"/code-break/answer/{broken.intent}")
    assert own.headers["Location"].endswith(f"/asked/{broken.intent}")
    assert "For somebody else: opened" in guest.get("/code-breaks")


def test_whoever_is_signed_in_opens_no_one_time_page(
    app: Flask, visit: Visit, instance: Instance, desk: Desk
) -> None:
    """Who reads out a code stays blind on record, so it opens nothing where they are signed in."""
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    guest = visit(Role.ON_CALL)
    code = code_on(break_for(guest, number, Way.PAGE).text)
    refused = guest.send("/answer", {"spoken_code": code}, 422).text
    assert "Somebody is signed in here" in refused
    assert sheet.content not in refused
    assert TREATMENT.search(caller(app, instance).send("/answer", {"spoken_code": code}, 200).text)


def test_a_page_that_was_closed_by_guessing_is_made_anew(
    app: Flask, visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    guest = visit(Role.ON_CALL)
    page = break_for(guest, number, Way.PAGE).text
    code, stranger = code_on(page), caller(app, instance)
    for shift in range(1, TRIES + 1):
        stranger.send("/answer", {"spoken_code": another_proof(code, shift)}, 422)
    assert "does not fit" in stranger.send("/answer", {"spoken_code": code}, 422).text
    with instance.store.reading() as uow:
        [broken] = uow.all(CodeBreak)
    place = f"/code-break/asked/{broken.intent}"
    assert "The code was closed" in guest.get(place)
    new = guest.send(place, {}).text
    assert TREATMENT.search(stranger.send("/answer", {"spoken_code": code_on(new)}, 200).text)
    assert "Nothing was opened" in guest.send(place, {}, 422, page="/code-breaks").text


def test_a_colleague_is_led_to_what_waits_for_them_and_opens_it(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    operator = visit(Role.ON_CALL)
    whom = {"colleague": str(instance.number(Role.INVESTIGATOR))}
    assert "Waiting for Investigator Tls" in break_for(operator, number, Way.COLLEAGUE, **whom).text
    colleague = visit(Role.INVESTIGATOR)
    home = colleague.get("/")
    link = re.search(r'href="(/code-break/open/[0-9a-f]{32})"', home)
    assert link is not None
    wrong = {"password": "not it", "code": "000000"}
    assert "Nothing was opened" in colleague.send(link[1], wrong).text
    answer = colleague.send(link[1], {}, sign=True)
    assert TREATMENT.findall(answer.text) == [sheet.content]
    assert "A code break waits" not in colleague.get("/")
    assert (unblinded(instance, Role.ON_CALL, number), unblinded(instance, Role.INVESTIGATOR, number)) == (
        False,
        True,
    )
    other = visit(Role.SAFETY_PHYSICIAN)
    assert "another person" in other.get(link[1], 403)
    with instance.store.reading() as uow:
        [told] = uow.all(Notice, subject="A code break waits for you")
    assert number not in told.body


@pytest.mark.promise(18)
def test_what_a_call_lacks_is_named_and_nothing_is_lost(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.ON_CALL)
    page = f"/code-break/{number}/reason"
    lacking = CALL | {"caller_telephone": "", "way": Way.COLLEAGUE.name, "reason": ""}
    shown = guest.send(page, lacking, page=f"{page}?for=caller").text
    for said in ("call back is missing", "Choose the colleague", "Choose the reason", "Dr Zoé Lund"):
        assert said in shown
    assert guest.open(f"/code-break/{number}/sign", SEE_OTHER).headers["Location"].endswith("/reason")
    guest.send(page, {"for": "me", "reason": "emergency"}, page=page)
    assert "Dr Zoé Lund" not in guest.get(f"/code-break/{number}/sign")


def test_a_code_break_that_was_begun_and_left_is_on_record(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.ON_CALL)
    write(guest, number, Way.VOICE)
    guest.send(f"/code-break/{number}/give-up", page=f"/code-break/{number}/sign")
    assert guest.open(f"/code-break/{number}/sign", SEE_OTHER).headers["Location"].endswith("/reason")
    write(guest, number, Way.VOICE)
    instance.clock.advance(hours=1)
    for _ in range(2):
        visit(Role.ON_CALL).get("/")
    with instance.store.reading() as uow:
        aborted = uow.all(Entry, act=Act.CODE_BREAK_ABORTED.value)
    assert [one.participant for one in aborted] == [number, number]


def test_the_pages_in_a_browser(walk: Walk, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    walk.come(Role.ON_CALL)
    begin(walk, number)
    walk.check("call-reason")
    sign(walk)
    walk.check("call-answer")
    assert walk.taps <= 5  # by voice, which is chosen beforehand
    walk.come(Role.ON_CALL)
    begin(walk, number)
    walk.choose("label:has-text('They open a one-time page')")
    sign(walk, "call-sign")
    walk.check("call-code")
    code, waiting = walk.page.locator(".spoken").inner_text(), walk.page.url
    walk.leave()
    walk.go("/sign-in")
    walk.follow("a:has-text('one-time code')")
    walk.check("one-time")
    for typed, name in (("1234", "one-time-refused"), (code, "one-time-answer")):
        walk.page.fill("#spoken_code", typed)
        walk.follow("button:has-text('Show the answer')")
        walk.check(name)
    assert walk.page.locator(".answer .treatment").is_visible()
    walk.come(Role.ON_CALL, waiting.removeprefix(walk.address))
    walk.check("call-opened")


def begin(walk: Walk, number: str) -> None:
    """Pages 1 to 3, who telephones filled in and the reason chosen."""
    walk.page.fill("#participant", number)
    walk.follow("button:has-text('Continue')")
    walk.follow("a:has-text('Somebody telephones')")
    for name in ("caller_name", "caller_function", "caller_telephone"):
        walk.page.fill(f"#{name}", CALL[name])
    walk.choose("label:has-text('Medical emergency')")


def sign(walk: Walk, name: str = "") -> None:
    """On to page 4, and sign it."""
    walk.follow("button:has-text('Continue')")
    if name:
        walk.check(name)
    walk.factor()
    walk.follow("button:has-text('Break the code')")
