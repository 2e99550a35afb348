"""One entry of the trail: who, when, why, old and new values; and what is kept behind the other door."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.people import Role
from randomizer.domain.supply import Product, ProductState
from randomizer.services import erasure, trail
from randomizer.services.care import endings, enrolment
from randomizer.services.unblinded import unblinding
from tests import desks
from tests.web.site.programs import Program

if TYPE_CHECKING:
    from flask import Flask

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.site.visitors import Visit

pytestmark = pytest.mark.requirement("trail")

WHY = "The family moved away, as they told us."


def entry_of(instance: Instance, act: Act) -> int:
    """Number of the newest entry of an act."""
    with instance.store.reading() as uow:
        return uow.all(Entry, act=act.value, order="-number", limit=1)[0].number


def words(page: str) -> str:
    """What a page says."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_an_entry_says_who_when_why_and_what_changed(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    instance.act(endings.end, Role.INVESTIGATOR, Act.CONSENT_WITHDRAWN, number, why=WHY, follow_up=False)
    monitor = visit(Role.MONITOR)
    found = entry_of(instance, Act.CONSENT_WITHDRAWN)
    assert f'href="/trail/{found}"' in monitor.get("/trail")
    told = words(monitor.get(f"/trail/{found}"))
    assert f"Entry {found} Consent withdrawn" in told
    assert "Who Investigator Tls, investigator" in told
    assert f"Why {WHY}" in told
    assert f"Participant {number} ending \u2013 consent withdrawn" in told
    assert f"Participant {number} follow up yes no" in told
    assert "Agrees" in told


def test_what_was_signed_stands_beside_it(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.harvested(instance)
    told = words(visit(Role.MONITOR).get(f"/trail/{entry_of(instance, Act.ELIGIBILITY_SIGNED)}"))
    assert "What was signed" in told
    assert f"participant {number}" in told
    assert "levels, course relapsing" in told
    assert "I confirm" in told


def test_an_erased_reason_says_what_erased_it(visit: Visit, instance: Instance) -> None:
    number = instance.act(enrolment.consent, Role.INVESTIGATOR, "TLS").number
    instance.act(enrolment.screen_fail, Role.INVESTIGATOR, number, WHY)
    found = entry_of(instance, Act.SCREEN_FAILED)
    instance.sign(erasure.erase_reason, Role.TRIAL_MANAGER, found, "It told where somebody lives.")
    page = visit(Role.MONITOR).get(f"/trail/{found}")
    assert WHY not in page
    assert f"Erased by entry {entry_of(instance, Act.REASON_ERASED)}" in words(page)
    assert "Agrees" in page


@pytest.mark.promise(1)
def test_what_an_unblinded_person_wrote_is_kept_behind_the_other_door(
    visit: Visit, instance: Instance
) -> None:
    number = desks.harvested(instance)
    clearer = instance.person(Role.CLEARER)
    with (
        instance.store.writing() as uow,
        trail.act(
            uow, Act.PRODUCT_FAILED, clearer, site="TLS", participant=number, why="SECRET-WORDS"
        ) as act,
    ):
        act.change(uow.get(Product, number, 1), state=ProductState.FAILED, failed_at=act.at)
    page = visit(Role.MONITOR).get(f"/trail/{entry_of(instance, Act.PRODUCT_FAILED)}")
    assert "SECRET-WORDS" not in page
    assert "Kept behind the code-break door" in page
    assert f"Participant {number}, donation 1 state harvested failed" in words(page)


@pytest.mark.promise(9)
def test_a_code_break_shows_neither_person_nor_reason_nor_record(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = desks.randomized(instance, desk)
    desks.infused(instance, desk, number)
    step_up, doctor = instance.step_up(Role.ON_CALL), instance.person(Role.ON_CALL)
    intent = unblinding.intend(
        desk, doctor, step_up, participant=number, reason="emergency", text="SECRET-WORDS"
    )
    unblinding.disclose(desk, doctor, intent)
    for act in (Act.CODE_BREAK_INTENT, Act.CODE_BREAK_DISCLOSED):
        page = visit(Role.MONITOR).get(f"/trail/{entry_of(instance, act)}")
        assert "SECRET-WORDS" not in page
        assert doctor.printed_name not in page
        assert "What it changed" not in page
        assert "Kept behind the code-break door" in page


@pytest.mark.promise(4)
def test_a_kit_shows_from_ready_on_and_a_slot_never(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    monitor = visit(Role.MONITOR)
    randomized = words(monitor.get(f"/trail/{entry_of(instance, Act.RANDOMIZED)}"))
    assert f"Participant {number}, allocation randomization number" in randomized
    assert "slot" not in randomized
    assert "Kit " not in randomized
    desks.booked(instance, number)
    sheet = desks.prepared(instance, desk, number)
    ready = words(visit(Role.MONITOR).get(f"/trail/{entry_of(instance, Act.PREPARATION_ENDED)}"))
    assert f"Kit {sheet.kit} state reserved ready" in ready


def test_values_that_differ_from_the_digest_are_said_to(visit: Visit, instance: Instance) -> None:
    with (
        instance.store.writing() as uow,
        trail.act(uow, Act.ALARM_CLEARED, instance.person(Role.TRIAL_MANAGER)),
    ):
        pass
    found = entry_of(instance, Act.ALARM_CLEARED)
    assert "Agrees" in visit(Role.MONITOR).get(f"/trail/{found}")
    with instance.store.engine.begin() as sql:
        sql.exec_driver_sql("DROP TRIGGER IF EXISTS entry_values_erase")
        sql.execute(
            text("UPDATE entry_values SET content = replace(content, '[]', '[ ]') WHERE number = :number"),
            {"number": found},
        )
    assert "Differs" in visit(Role.MONITOR).get(f"/trail/{found}")


def test_an_entry_that_is_not_there(visit: Visit) -> None:
    assert "There is no entry 99999." in visit(Role.MONITOR).get("/trail/99999", 404)
    assert "Your role cannot see" in visit(Role.INVESTIGATOR).get("/trail/1", 403)


@pytest.mark.requirement("api")
def test_programs_read_an_entry_too(app: Flask, instance: Instance) -> None:
    number = instance.act(enrolment.consent, Role.INVESTIGATOR, "TLS").number
    instance.act(enrolment.screen_fail, Role.INVESTIGATOR, number, WHY)
    program = Program(instance, app.test_client(), Role.MONITOR).sign_in()
    found = entry_of(instance, Act.SCREEN_FAILED)
    whole = program.get(f"/entries/{found}")
    assert (whole["number"], whole["why"], whole["elsewhere"]) == (found, WHY, False)
    assert {
        "record": f"Participant {number}",
        "field": "state",
        "old": "consented",
        "new": "screen failed",
    } in whole["changes"]
