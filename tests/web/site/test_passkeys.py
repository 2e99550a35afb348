"""Passkeys at the site door: signed acts, and several processes that know each other's challenges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.housekeeping import ChallengeUse
from randomizer.domain.people import Role
from randomizer.domain.supply import Product, ProductState
from randomizer.web.door import DoorSettings
from randomizer.web.site.app import create_app
from tests import desks
from tests.web.phones import ORIGIN, asked, enrol, hidden

if TYPE_CHECKING:
    from flask import Flask

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.site.visitors import Visit

pytestmark = [pytest.mark.requirement("site door"), pytest.mark.promise(6)]


@pytest.fixture
def second_process(instance: Instance) -> Flask:
    """Another process of the same door."""
    settings = DoorSettings(
        session_secret="of the tests", https=False, relying_party="localhost", origin=ORIGIN
    )
    return create_app(instance.store, instance.gate, settings)


@pytest.mark.promise(20)
def test_a_passkey_signs_one_act_about_one_participant_once(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number, other = desks.harvested(instance), desks.harvested(instance)
    desks.clear(instance, desk, number)
    desks.clear(instance, desk, other)
    visitor = visit(Role.SPONSOR)
    phone = enrol(visitor.client, visitor.factor())
    path, elsewhere = (f"/participants/{one}/go" for one in (number, other))
    page = visitor.get(path)
    for answer in (phone.get(asked(visitor.get(elsewhere))), phone.get(asked(page), verified=False), "x"):
        refused = visitor.client.post(path, data=hidden(page) | {"passkey": answer})
        assert refused.status_code == 403
    assert not given(instance)
    answer = phone.get(asked(page))
    assert visitor.client.post(path, data=hidden(page) | {"passkey": answer}).status_code == 303
    assert given(instance) == {number}
    assert visitor.client.post(elsewhere, data=hidden(page) | {"passkey": answer}).status_code == 403
    assert given(instance) == {number}


def test_an_account_is_closed_with_a_passkey(visit: Visit, instance: Instance) -> None:
    administrator, number = visit(Role.ADMINISTRATOR), instance.number(Role.MONITOR)
    phone, path = enrol(administrator.client, administrator.factor()), f"/accounts/{number}/close"
    page = administrator.get(path)
    form = hidden(page) | {"passkey": phone.get(asked(page))}
    refused = administrator.client.post(path, data=form)
    assert "Reason is missing." in refused.text
    assert "Password is missing." not in refused.text
    form |= {"why": "left", "passkey": phone.get(asked(refused.text))}
    assert administrator.client.post(path, data=form).status_code == 303


def test_processes_of_the_door_know_each_others_challenges_and_answers(
    visit: Visit, second_process: Flask, instance: Instance
) -> None:
    visitor = visit(Role.MONITOR)
    phone = enrol(visitor.client, visitor.factor())
    first, second = visit.stranger().client, second_process.test_client()
    page = first.get("/sign-in").text
    form = hidden(page) | {"passkey": phone.get(asked(page))}
    second.set_cookie("site", str(first.get_cookie("site").value))  # type: ignore[union-attr]
    assert second.post("/passkeys/sign-in", data=form).status_code == 303
    assert first.post("/passkeys/sign-in", data=form).status_code == 401
    with instance.store.reading() as uow:
        assert uow.count(ChallengeUse) == 1
    assert "Your passkeys" in second.get("/passkeys").text


def given(instance: Instance) -> set[str]:
    with instance.store.reading() as uow:
        return {one.participant for one in uow.all(Product, state=ProductState.CLEARED)}
