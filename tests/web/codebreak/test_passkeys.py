"""Passkeys at the code-break door: from sign-in to the answer, for one act, whatever is down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from randomizer.domain.acts import Act
from randomizer.domain.people import SERVICE, Passkey, Role
from randomizer.services import recovery_codes
from randomizer.services.challenges import MINUTES
from randomizer.web.codebreak.app import create_app
from randomizer.web.door import DoorSettings
from randomizer.web.throttle import TRIES
from tests.activated import PASSWORD, username
from tests.authenticator import Authenticator
from tests.desks import infused, randomized
from tests.web.codebreak.guests import Visit
from tests.web.codebreak.test_breaking import TREATMENT, entries, send_signed, write
from tests.web.codebreak.walks import Walk
from tests.web.phones import ORIGIN, asked, enrol, hidden, sign_in

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask import Flask
    from playwright.sync_api import Page

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.codebreak.guests import Guest
    from tests.web.lens import Lens

pytestmark = [pytest.mark.requirement("code-break door"), pytest.mark.promise(6)]

ROLE = Role.ON_CALL
NAME = username(ROLE)


@pytest.fixture
def guest(visit: Visit) -> Guest:
    """The on-call clinician, signed in."""
    return visit(ROLE)


@pytest.fixture
def phone(guest: Guest) -> Authenticator:
    """Their passkey."""
    return enrol(guest.client, guest.factor())


def test_a_passkey_breaks_a_code_where_everything_else_is_shut(
    visit: Visit, instance: Instance, desk: Desk, phone: Authenticator
) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    guest = visit.stranger(ROLE)
    wrong = {"username": NAME, "password": "not the password", "code": "000000"}
    for _ in range(TRIES):
        guest.send("/sign-in", wrong, 401)
    guest.send("/sign-in", {"username": NAME}, 429, sign=True)

    def freeze(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    event.listen(instance.store.engine, "checkout", freeze)
    assert "Who is it for?" in sign_in(guest.client, phone)
    page = write(guest, number)
    answer = send_signed(guest, number, page, {"passkey": phone.get(asked(page))}).text
    shown = TREATMENT.search(answer)
    assert shown is not None
    assert shown[1] == sheet.content


@pytest.mark.promise(20)
def test_a_step_up_counts_for_one_participant_one_draft_and_one_person_once(
    visit: Visit, instance: Instance, desk: Desk, guest: Guest, phone: Authenticator
) -> None:
    number, other = randomized(instance, desk), randomized(instance, desk)
    colleague = visit(Role.SAFETY_PHYSICIAN)
    theirs = enrol(colleague.client, colleague.factor())
    again = visit.stranger(ROLE)
    sign_in(again.client, phone)
    page, elsewhere = write(guest, number), write(guest, other)
    forged = Authenticator(ORIGIN, credential=phone.credential, handle=phone.handle)
    at_sign_in = again.client.get("/sign-in").text
    late = phone.get(asked(page))
    refused = {
        "other participant": phone.get(asked(elsewhere)),
        "other person": theirs.get(asked(write(colleague, number))),
        "other person's key": theirs.get(asked(page)),
        "other session": phone.get(asked(write(again, number))),
        "sign-in": phone.get(asked(at_sign_in)),
        "forged": forged.get(asked(page)),
        "no challenge of this door": phone.get(asked(page), challenge="AAAA"),
        "other address": phone.get(asked(page), origin="http://evil.example"),
        "not verified": phone.get(asked(page), verified=False),
        "nonsense": "x",
    }
    page = write(guest, number)
    for count, (what, answer) in enumerate(refused.items(), start=1):
        shown = send_signed(guest, number, page, {"passkey": answer}).text
        assert "The code was not broken" in shown, what
        assert entries(instance, Act.CODE_BREAK_DENIED) == count, what
    instance.clock.advance(seconds=60 * MINUTES)
    assert "more than 5 minutes" in send_signed(guest, number, page, {"passkey": late}).text
    assert not entries(instance, Act.CODE_BREAK_INTENT)
    page = write(guest, number)
    answer = phone.get(asked(page))
    assert "What to do" in send_signed(guest, number, page, {"passkey": answer}).text
    assert "not broken" in send_signed(guest, number, write(guest, number), {"passkey": answer}).text
    assert entries(instance, Act.CODE_BREAK_INTENT) == 1


def test_an_answer_signs_in_once(visit: Visit, phone: Authenticator) -> None:
    guest = visit.stranger(ROLE)
    page = guest.get("/sign-in")
    form = hidden(page) | {"passkey": phone.get(asked(page))}
    stolen = visit.stranger(ROLE).client.post("/passkeys/sign-in", data=form)
    assert stolen.status_code == 400  # another browser's form
    copied = visit.app.test_client()
    copied.set_cookie("codebreak", str(guest.client.get_cookie("codebreak").value))  # type: ignore[union-attr]
    assert guest.client.post("/passkeys/sign-in", data=form).status_code == 303
    again = copied.post("/passkeys/sign-in", data=form)
    assert again.status_code == 401
    assert "used already" in again.text


def test_a_flood_of_false_answers_keeps_nobody_out(visit: Visit, phone: Authenticator) -> None:
    flood = visit.stranger(ROLE)
    page = flood.get("/sign-in")
    stranger = Authenticator(ORIGIN, credential=phone.credential, handle=phone.handle)
    for answer in ("x", stranger.get(asked(page)), phone.get(asked(page), verified=False)) * 10:
        refused = flood.client.post("/passkeys/sign-in", data=hidden(page) | {"passkey": answer})
        assert refused.status_code == 401
        assert "Retry-After" not in refused.headers
    assert visit.app.extensions["door"].sessions._answered == {}  # noqa: SLF001 - nothing is kept of them
    sign_in(flood.client, phone)


def test_a_passkey_is_added_by_who_re_authenticates_and_by_nobody_else(
    visit: Visit, instance: Instance, guest: Guest
) -> None:
    phone = enrol(guest.client, guest.factor())
    with instance.store.writing() as uow:
        codes = recovery_codes.issue(uow, SERVICE, account=instance.number(ROLE), second=None)
    page = guest.get("/passkeys/add")
    assert "data-passkey" not in page  # a passkey adds none
    for wrong in (
        {"password": PASSWORD, "code": "000000"},
        {"recovery_code": "ABC"},
        {"passkey": phone.get(asked(visit.stranger(ROLE).get("/sign-in")))},
        {},
    ):
        refused = guest.client.post("/passkeys/add", data=hidden(page) | {"name": "Key"} | wrong)
        assert refused.status_code in {403, 422}
        assert "No passkey was added" in refused.text
    made = guest.client.post("/passkeys/add", data=hidden(page) | {"name": "Key", **guest.factor()}).text
    new = Authenticator(ORIGIN)
    answer = {"passkey": new.create(asked(made))}
    colleague = visit(Role.SAFETY_PHYSICIAN)
    theirs = hidden(colleague.get("/passkeys/add")) | {"handle": hidden(made)["handle"], "name": "Key"}
    assert colleague.client.post("/passkeys/make", data=theirs | answer).status_code == 422
    assert (
        guest.client.post("/passkeys/make", data=hidden(made) | {"name": "Other"} | answer).status_code == 422
    )
    assert guest.client.post("/passkeys/make", data=hidden(made) | answer).status_code == 303
    enrol(guest.client, {"recovery_code": codes[0]}, name="From the sheet")
    listed = guest.get("/passkeys")
    assert all(name in listed for name in ("Phone", "Key", "From the sheet"))
    with instance.store.reading() as uow:
        assert {one.account for one in uow.all(Passkey)} == {instance.number(ROLE)}


def test_removing_one_signs_its_holder_out(
    visit: Visit, instance: Instance, guest: Guest, phone: Authenticator
) -> None:
    with instance.store.reading() as uow:
        (passkey,) = uow.all(Passkey)
    path = f"/passkeys/{passkey.handle}/remove"
    assert "You have no such passkey" in visit(Role.SAFETY_PHYSICIAN).get(path, 404)
    elsewhere = visit.stranger(ROLE)
    sign_in(elsewhere.client, phone)
    assert "Nothing was removed" in guest.send(path, {"password": PASSWORD, "code": "000000"}, 403).text
    page = guest.get(path)
    answer = guest.client.post(path, data=hidden(page) | {"passkey": phone.get(asked(page))})
    assert answer.status_code == 303
    guest.get("/passkeys", 302)
    elsewhere.get("/passkeys", 302)
    assert "counts no more" in sign_in(visit.stranger(ROLE).client, phone, 401)
    assert "data-passkey" not in visit(ROLE).get("/passkeys/add")


def test_a_door_without_a_name_has_no_passkeys(
    instance: Instance, desk: Desk, visit: Visit, tmp_path: Path
) -> None:
    settings = DoorSettings(session_secret="of the tests", https=False)
    visit.app = create_app(desk, instance.gate, settings, public=tmp_path)
    assert "passkey" not in visit.stranger(ROLE).get("/sign-in")
    guest = visit(ROLE)
    assert "No passkeys at this door" in guest.get("/passkeys")
    guest.send("/passkeys/add", {"name": "Phone"}, 401, sign=True, page="/passkeys")


@pytest.fixture
def named(instance: Instance, desk: Desk, tmp_path: Path, serve: Callable[[Flask], str]) -> tuple[Flask, str]:
    """A door that is served under a name, as passkeys need it, and its address."""
    doors: list[Flask] = []

    def later(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        return doors[0].wsgi_app(environ, start)

    address = serve(later).replace("127.0.0.1", "localhost")  # type: ignore[arg-type]
    settings = DoorSettings(
        session_secret="of the tests", https=False, relying_party="localhost", origin=address
    )
    doors.append(create_app(desk, instance.gate, settings, public=tmp_path))
    return doors[0], address


@pytest.fixture
def named_walk(page: Page, instance: Instance, lens: Lens, named: tuple[Flask, str]) -> Walk:
    """Somebody with a browser at that door."""
    app, address = named
    return Walk(page, Visit(app, instance), address, lens)


@pytest.fixture
def authenticator(page: Page) -> Iterator[None]:
    """The browser's own stand-in for a phone that knows its holder, as long as the test runs."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "automaticPresenceSimulation": True}
    person = {"hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options | person})
    yield
    session.send("WebAuthn.disable")
    session.detach()


@pytest.mark.promise(7)
@pytest.mark.usefixtures("authenticator")
def test_in_a_browser_from_the_first_passkey_to_the_answer(
    named_walk: Walk, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    walk, page = named_walk, named_walk.page
    walk.come(ROLE)
    walk.follow("text=Your passkeys")
    walk.check("passkeys-none")
    walk.follow("text=Add a passkey")
    page.fill("#name", "Phone")
    walk.check("passkeys-add")
    walk.factor()
    walk.follow("button:has-text('Continue')")
    walk.check("passkeys-make")
    assert not page.locator("text=This browser can't make one here").is_visible()
    walk.follow("button:has-text('Make the passkey')")
    walk.check("passkeys-added")
    walk.follow("button:has-text('Sign out')")
    walk.check("passkeys-sign-in")
    walk.follow("button:has-text('Sign in with a passkey')")
    walk.taps = 0
    page.fill("#participant", number)
    walk.follow("button:has-text('Continue')")
    walk.follow("a:has-text('Continue')")
    walk.choose("label:has-text('Medical emergency')")
    walk.follow("button:has-text('Continue')")
    walk.check("passkeys-sign")
    walk.follow("button:has-text('Sign with your passkey')")
    assert walk.taps <= 5
    assert page.locator(".answer .treatment").inner_text() == sheet.content
    walk.follow("text=Your passkeys")
    walk.follow("text=Remove Phone")
    walk.check("passkeys-remove")
