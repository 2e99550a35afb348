"""The door itself: who comes in, with what, and what every answer carries."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from randomizer.domain.housekeeping import Entry, Session
from randomizer.domain.participants import Participant
from randomizer.domain.people import Role
from randomizer.domain.records import Alarm
from randomizer.services import account_closing, accounts
from randomizer.services.care import products
from randomizer.store.engine import open_engine
from randomizer.store.schema import upgrade
from randomizer.web.door import DoorSettings
from randomizer.web.sessions import StoredSessions
from randomizer.web.site.app import create_app
from randomizer.web.throttle import TRIES
from tests import activated, desks
from tests.activated import PASSWORD, username
from tests.web.site.visitors import CSRF

if TYPE_CHECKING:
    from flask import Flask

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.site.visitors import Visit

NAME = username(Role.INVESTIGATOR)


def test_a_stranger_is_led_to_sign_in_and_back(visit: Visit, instance: Instance) -> None:
    stranger = visit.stranger()
    answer = stranger.client.get("/participants?state=eligible")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/sign-in?then=/participants?state%3Deligible"
    page = stranger.post("/sign-in", {"username": NAME, "then": "/participants?state=eligible"}, sign=True)
    assert "No participant fits." in page


@pytest.mark.parametrize("then", ["https://evil.example/", "//evil.example", "/\\evil.example", "x"])
def test_sign_in_leads_nowhere_else(visit: Visit, then: str) -> None:
    stranger = visit.stranger()
    stranger.post("/sign-in", {"username": NAME, "then": then}, sign=True)
    assert stranger.last is not None
    assert stranger.last.request.path == "/"


def test_a_wrong_code_says_so_without_saying_which_and_keeps_the_name(visit: Visit) -> None:
    page = visit.stranger().post("/sign-in", {"username": NAME, "password": PASSWORD, "code": "000000"}, 401)
    assert "Name, password and code do not fit together." in page
    assert f'value="{NAME}"' in page
    assert PASSWORD not in page


def test_guessing_is_slowed_down_from_one_address_only(visit: Visit, instance: Instance) -> None:
    stranger = visit.stranger()
    wrong = {"username": NAME, "password": "not the password", "code": "000000"}
    for _ in range(TRIES):
        stranger.post("/sign-in", wrong, 401)
    page = stranger.post("/sign-in", {"username": NAME}, 429, sign=True)
    assert "Wait" in page
    instance.clock.advance(seconds=30)
    elsewhere = visit.stranger()
    token = CSRF.search(elsewhere.get("/sign-in"))
    assert token is not None
    form = {"username": NAME, "csrf_token": token[1], **elsewhere.factor()}
    answer = elsewhere.client.post("/sign-in", data=form, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert answer.status_code == 303
    instance.clock.advance(seconds=400)
    stranger.post("/sign-in", {"username": NAME}, sign=True)


@pytest.mark.promise(20)
def test_a_revoked_role_fails_on_the_next_request(visit: Visit, instance: Instance) -> None:
    investigator = visit(Role.INVESTIGATOR)
    investigator.get("/participants")
    number, administrator = instance.number(Role.INVESTIGATOR), instance.person(Role.ADMINISTRATOR)
    with instance.store.writing() as uow:
        accounts.revoke(uow, administrator, account=number, role=Role.INVESTIGATOR, site="TLS")
    assert "Your role cannot see participant records. Who can: " in investigator.get("/participants", 403)


@pytest.mark.promise(20)
def test_a_closed_account_is_out_at_once(visit: Visit, instance: Instance) -> None:
    investigator = visit(Role.INVESTIGATOR)
    number, administrator = instance.number(Role.INVESTIGATOR), instance.person(Role.ADMINISTRATOR)
    with instance.store.writing() as uow:
        account_closing.close(uow, administrator, number, "left")
    assert investigator.client.get("/participants").status_code == 302


def test_a_session_of_the_other_door_counts_for_nothing(app: Flask, visit: Visit, instance: Instance) -> None:
    stranger = visit.stranger()
    instance.clock.advance(seconds=30)
    token = StoredSessions(instance.store, instance.gate, "codebreak").sign_in(
        username=NAME, password=PASSWORD, code=instance.code(Role.INVESTIGATOR)
    )
    with stranger.client.session_transaction() as cookie:
        cookie["token"] = token
    assert stranger.client.get("/participants").status_code == 302


def test_an_idle_session_ends_and_a_used_one_goes_on(visit: Visit, instance: Instance) -> None:
    investigator = visit(Role.INVESTIGATOR)
    for _ in range(3):
        instance.clock.advance(seconds=20 * 60)
        investigator.get("/participants")
    instance.clock.advance(seconds=31 * 60)
    assert investigator.client.get("/participants").status_code == 302


def test_signing_out_ends_the_session_in_the_store(visit: Visit, instance: Instance) -> None:
    investigator = visit(Role.INVESTIGATOR)
    cookie = investigator.client.get_cookie("site")
    assert cookie is not None
    token = CSRF.search(investigator.get("/"))
    assert token is not None
    investigator.client.post("/sign-out", data={"csrf_token": token[1]})
    with instance.store.reading() as uow:
        assert uow.count(Session) == 0
    investigator.client.set_cookie("site", cookie.value)
    assert investigator.client.get("/").status_code == 302


@pytest.mark.requirement("web security")
def test_a_form_without_its_csrf_token_does_nothing(visit: Visit, instance: Instance) -> None:
    coordinator = visit(Role.COORDINATOR)
    answer = coordinator.client.post("/participants/enrol", data={"site": "TLS"})
    assert answer.status_code == 400
    assert "does not belong to your session" in answer.text
    with instance.store.reading() as uow:
        assert uow.count(Participant) == 0


@pytest.mark.requirement("web security")
def test_a_csrf_token_of_somebody_else_does_nothing(visit: Visit, instance: Instance) -> None:
    token = CSRF.search(visit(Role.INVESTIGATOR).get("/participants/enrol"))
    assert token is not None
    coordinator = visit(Role.COORDINATOR)
    form = {"site": "TLS", "csrf_token": token[1]}
    assert coordinator.client.post("/participants/enrol", data=form).status_code == 400
    with instance.store.reading() as uow:
        assert uow.count(Participant) == 0


@pytest.mark.requirement("web security")
def test_every_answer_carries_the_headers(visit: Visit) -> None:
    investigator = visit(Role.INVESTIGATOR)
    for path in ("/", "/participants", "/nowhere", "/static/style.css", "/api/v1/me"):
        with investigator.client.get(path) as answer:
            headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert re.fullmatch("[0-9a-f]{16}", headers["X-Request-Id"])
        assert headers["Cache-Control"] == ("no-cache" if path.startswith("/static") else "no-store")


@pytest.mark.requirement("web security")
def test_over_https_cookies_are_bound_to_the_host(instance: Instance) -> None:
    settings = DoorSettings(session_secret="of the tests", https=True, hosts=("localhost",))
    client = create_app(instance.store, instance.gate, settings).test_client()
    answer = client.get("/sign-in")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-site=")
    for part in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert part in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=63072000")
    other = client.get("/sign-in", headers={"Host": "evil.example"})
    assert (other.status_code, other.mimetype) == (400, "text/plain")


@pytest.mark.requirement("web security")
def test_pages_hold_no_inline_style_or_script(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    investigator = visit(Role.INVESTIGATOR)
    for path in (
        "/",
        "/participants",
        f"/participants/{number}",
        f"/participants/{number}/book",
        "/enrolment",
    ):
        page = investigator.get(path)
        assert " style=" not in page
        assert "<style" not in page
        assert not re.search(r"<script(?![^>]* src=)", page)
        assert not re.search(r"\son[a-z]+=", page)


def test_every_page_of_a_rehearsal_says_so(visit: Visit) -> None:
    assert "REHEARSAL" in visit.stranger().get("/sign-in")
    assert "REHEARSAL" in visit(Role.INVESTIGATOR).get("/nowhere", 404)


@pytest.mark.promise(18)
def test_an_unknown_error_is_a_plain_page_and_a_log_line_without_its_message(
    app: Flask, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> str:
        raise ZeroDivisionError("what nobody may read")

    investigator = visit(Role.INVESTIGATOR)
    monkeypatch.setitem(app.view_functions, "site.participants", broken)
    with capture_logs() as logs:
        page = investigator.get("/participants", 500)
    assert "Something went wrong here" in page
    assert "nobody may read" not in page + str(logs)
    assert "Traceback" not in page
    assert logs[0]["error"] == "ZeroDivisionError"
    assert logs[0]["request"] in page


def test_the_access_log_holds_no_address_body_or_size(visit: Visit, instance: Instance) -> None:
    investigator = visit(Role.INVESTIGATOR)
    with capture_logs() as logs:
        investigator.client.get("/participants/10019")
    assert logs == [
        {
            "event": "request",
            "log_level": "info",
            "door": "site",
            "request": logs[0]["request"],
            "method": "GET",
            "page": "/participants/<key>",
            "status": 404,
            "account": instance.number(Role.INVESTIGATOR),
        }
    ]


@pytest.mark.promise(17)
def test_a_record_changed_behind_the_door_stops_the_act_and_raises_an_alarm(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = desks.harvested(instance)
    desks.clear(instance, desk, number)
    instance.sign(products.give_go, Role.SPONSOR, number)
    with instance.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE participant SET levels = 'course=progressive'")
    investigator = visit(Role.INVESTIGATOR)
    page = investigator.post(f"/participants/{number}/randomize", status=503, sign=True)
    assert f"Participant {number} differs from what was recorded" in page
    with instance.store.reading() as uow:
        assert [alarm.about for alarm in uow.all(Alarm)] == [f"Participant {number}"]
    again = investigator.post(f"/participants/{number}/randomize", status=503, sign=True)
    assert "Allocation is stopped" in again


def test_a_page_that_only_reads_leaves_no_entry(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    investigator = visit(Role.INVESTIGATOR)
    with instance.store.reading() as uow:
        before = uow.count(Entry)
    for path in ("/", f"/participants/{number}", f"/participants/{number}/randomize"):
        investigator.client.get(path)
    with instance.store.reading() as uow:
        assert uow.count(Entry) == before


def test_an_instance_without_a_trial_still_answers(tmp_path_factory: pytest.TempPathFactory) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('empty')}/trial.db"
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    with activated.opened(url, activated.small_definition()) as empty:
        app = create_app(empty.store, empty.gate, DoorSettings(session_secret="of the tests", https=False))
        assert app.test_client().get("/sign-in").status_code == 200


@pytest.mark.promise(5)
def test_the_running_door_has_not_loaded_what_opens_an_envelope() -> None:
    program = (
        "import sys, randomizer.web.site.app\n"
        "found = [name for name in ('keys.envelope', 'keys.wraps', 'randomizer.services.unblinded',"
        " 'randomizer.web.codebreak')"
        " if name in sys.modules]\n"
        "assert 'randomizer.services.care.allocation' in sys.modules\n"
        "sys.exit(' '.join(found) or 0)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
