"""A form that comes after thirty idle minutes: nothing is recorded, and what was typed is found again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.participants import Participant, State
from randomizer.domain.people import Role
from randomizer.services import typed
from randomizer.services.care import enrolment
from randomizer.services.sessions import IDLE_MINUTES
from randomizer.web import forms, idle, passkey_pages
from randomizer.web.codebreak import calling, recovering
from randomizer.web.site import second
from tests.activated import SITE

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from tests.activated import Instance
    from tests.web.site.visitors import Visit, Visitor

pytestmark = [pytest.mark.promise(18), pytest.mark.requirement("site door")]

WHY = "A relapse, seen on 3 Jan; é ü €"
NOISE = "".join(chr(0x4E00 + place * 7919 % 20_000) for place in range(5_000))
COOKIE = "site-typed"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@pytest.fixture
def number(instance: Instance) -> str:
    return instance.act(enrolment.consent, Role.COORDINATOR, SITE).number


def send_late(visitor: Visitor, path: str, form: dict[str, str]) -> TestResponse:
    """Open a page, be called away, and send its form when the session has run out."""
    token = TOKEN.search(visitor.client.get(path).text)
    assert token
    visitor.instance.clock.advance(seconds=60 * IDLE_MINUTES)
    return visitor.client.post(path, data={"csrf_token": token[1]} | form)


def test_what_was_typed_stands_in_the_form_after_signing_in_again(
    visit: Visit, instance: Instance, number: str
) -> None:
    path, coordinator = f"/participants/{number}/screen-failure", visit(Role.COORDINATOR)
    answer = send_late(coordinator, path, {"why": WHY, "password": "secret", "code": "123456"})
    assert answer.status_code == 303
    cookie = coordinator.client.get_cookie(COOKIE)
    assert cookie
    assert cookie.http_only
    assert cookie.same_site == "Strict"
    kept = typed.unseal(
        instance.gate, cookie.value, instance.number(Role.COORDINATOR), path, instance.clock()
    )
    assert kept == {"why": WHY}
    assert "What you typed is kept" in coordinator.get(answer.headers["Location"])

    coordinator.sign_in()
    page = coordinator.get(path)
    assert f">{WHY}</textarea>" in page
    assert "nothing was recorded. What you typed is still here" in page
    assert f">{WHY}</textarea>" in coordinator.get(path)  # reloaded
    with instance.store.reading() as uow:
        assert uow.get(Participant, number).state is State.CONSENTED
    coordinator.post(path, {"why": WHY})
    assert coordinator.client.get_cookie(COOKIE) is None
    with instance.store.reading() as uow:
        assert uow.get(Participant, number).state is State.SCREEN_FAILED


def test_somebody_else_and_another_page_find_nothing(visit: Visit, instance: Instance, number: str) -> None:
    path, coordinator = f"/participants/{number}/screen-failure", visit(Role.COORDINATOR)
    send_late(coordinator, path, {"why": WHY})
    coordinator.role = Role.INVESTIGATOR
    coordinator.sign_in()
    assert "A relapse" not in coordinator.get(path)
    coordinator.role = Role.COORDINATOR
    coordinator.sign_in()
    assert "A relapse" not in coordinator.get(f"/participants/{number}/harvest", 422)
    instance.clock.advance(hours=13)
    coordinator.sign_in()
    assert "A relapse" not in coordinator.get(path)


def test_what_is_too_long_to_be_kept_is_shown_once_more(
    visit: Visit, instance: Instance, number: str
) -> None:
    path, coordinator = f"/participants/{number}/screen-failure", visit(Role.COORDINATOR)
    answer = send_late(coordinator, path, {"why": NOISE, "site": WHY, "password": "secret"})
    assert answer.status_code == 401
    assert "Copy it before you sign in" in answer.text
    assert f">{NOISE}</textarea>" in answer.text
    assert WHY not in answer.text
    assert "secret" not in answer.text
    assert f'href="/sign-in?then={path}"' in answer.text
    cookie = coordinator.client.get_cookie(COOKIE)
    assert cookie
    account = instance.number(Role.COORDINATOR)
    assert typed.unseal(instance.gate, cookie.value, account, path, instance.clock()) == {"site": WHY}


def test_a_form_of_another_session_is_neither_kept_nor_shown(visit: Visit, number: str) -> None:
    path, coordinator = f"/participants/{number}/screen-failure", visit(Role.COORDINATOR)
    for text in (WHY, NOISE):
        answer = send_late(coordinator, path, {"why": text, "csrf_token": "forged"})
        assert answer.status_code == 401
        assert "You are signed out." in answer.text
        assert text not in answer.text
        assert coordinator.client.get_cookie(COOKIE) is None
        coordinator.sign_in()


def test_a_form_of_another_tab_counts_once_the_same_person_is_back(
    visit: Visit, instance: Instance, number: str
) -> None:
    path, coordinator = f"/participants/{number}/screen-failure", visit(Role.COORDINATOR)
    token = TOKEN.search(coordinator.client.get(path).text)
    assert token
    form = {"csrf_token": token[1], "why": WHY}
    instance.clock.advance(seconds=60 * IDLE_MINUTES)
    assert "/sign-in" in coordinator.client.get("/").headers["Location"]
    coordinator.role = Role.INVESTIGATOR
    coordinator.sign_in()
    assert coordinator.client.post(path, data=form).status_code == 400, "it is somebody else's"

    coordinator = visit(Role.COORDINATOR)
    token = TOKEN.search(coordinator.client.get(path).text)
    assert token
    form["csrf_token"] = token[1]
    instance.clock.advance(seconds=60 * IDLE_MINUTES)
    coordinator.client.get("/")
    coordinator.sign_in()
    assert coordinator.client.post(path, data=form).status_code == 303
    with instance.store.reading() as uow:
        assert uow.get(Participant, number).state is State.SCREEN_FAILED
    token = TOKEN.search(coordinator.get("/"))
    assert token
    coordinator.client.post("/sign-out", data={"csrf_token": token[1]})
    coordinator.sign_in()
    assert coordinator.client.post(path, data=form).status_code == 400, "they signed out themselves"


def test_no_secret_is_among_what_is_kept() -> None:
    modules = (forms, passkey_pages, calling, recovering)
    found = [one for module in modules for one in vars(module).values()]
    found += [second.fields("Second person", "")]
    fields = [one for part in found for one in (part if isinstance(part, tuple) else (part,))]
    secret = {one.name for one in fields if isinstance(one, forms.Field) and one.secret}
    assert {"password", "code", "recovery_code", "second_password", "second_code"} <= secret
    assert secret <= idle.SECRETS
