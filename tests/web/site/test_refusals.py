"""What bad input gets: the form again with all that was typed, a sentence at its field, and nothing done."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.housekeeping import Entry
from randomizer.domain.people import Role
from randomizer.services import conduct
from randomizer.services.care import enrolment, products
from tests import desks
from tests.activated import answers
from tests.web.site.visitors import eligibility_form

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.site.visitors import Visit, Visitor

pytestmark = pytest.mark.promise(18)


def entries(instance: Instance) -> int:
    with instance.store.reading() as uow:
        return uow.count(Entry)


def refused(
    visitor: Visitor, path: str, form: dict[str, str], *said: str, status: int = 422, sign: bool = False
) -> str:
    """Send a form that is refused: nothing is entered, what was typed is there, secrets are not."""
    before = entries(visitor.instance)
    page = unescape(visitor.post(path, form, status, sign=sign))
    assert entries(visitor.instance) == before
    for sentence in said:
        assert sentence in page
    for name, typed in form.items():
        assert (typed in page) is (name not in {"password", "code"} or not typed)
    assert 'class="error-summary"' in page
    return page


def cleared(instance: Instance, desk: Desk) -> str:
    number = desks.harvested(instance)
    desks.clear(instance, desk, number)
    instance.sign(products.give_go, Role.SPONSOR, number)
    return number


def test_eligibility_lists_every_finding_and_keeps_every_answer(visit: Visit, instance: Instance) -> None:
    number = instance.act(enrolment.consent, Role.INVESTIGATOR, "TLS").number
    form = eligibility_form(instance) | {"age_years": "51", "edss": "nine", "step": "check"}
    del form["IN03"]
    page = refused(
        visit(Role.INVESTIGATOR),
        f"/participants/{number}/eligibility",
        form,
        "Age must be between 18 and 50 years; got 51.",
        "EDSS must be a number with a decimal point",
        "Inclusion criterion IN03 is not confirmed as met",
    )
    for link in ('href="#age_years"', 'href="#edss"', 'href="#IN03"'):
        assert link in page
    assert 'id="IN04" name="IN04" value="yes" checked' in page


def test_a_wrong_code_keeps_the_answers_of_eligibility(visit: Visit, instance: Instance) -> None:
    number = instance.act(enrolment.consent, Role.INVESTIGATOR, "TLS").number
    form = eligibility_form(instance) | {"edss": "4.5", "step": "sign"}
    page = visit(Role.INVESTIGATOR).post(
        f"/participants/{number}/eligibility",
        form | {"password": "not the password", "code": "123456"},
        403,
    )
    assert "Password and code do not fit together. Nothing was signed." in page
    assert 'name="edss" value="4.5"' in page
    assert "123456" not in page
    assert "not the password" not in page


def test_answers_that_changed_on_the_way_are_not_signed(visit: Visit, instance: Instance) -> None:
    number = instance.act(enrolment.consent, Role.INVESTIGATOR, "TLS").number
    before = entries(instance)
    form = eligibility_form(instance) | {"age_years": "17", "step": "sign"}
    page = visit(Role.INVESTIGATOR).post(f"/participants/{number}/eligibility", form, 422, sign=True)
    assert "Age must be between 18 and 50 years; got 17." in page
    assert entries(instance) == before


def test_screening_forms_say_what_is_missing(visit: Visit, instance: Instance) -> None:
    number = instance.act(enrolment.consent, Role.INVESTIGATOR, "TLS").number
    investigator = visit(Role.INVESTIGATOR)
    path = f"/participants/{number}"
    refused(investigator, f"{path}/screen-failure", {"why": " "}, "Reason is missing.")
    answer = investigator.client.get(f"{path}/harvest")
    assert answer.status_code == 422
    assert "they have to be eligible" in answer.text
    refused(
        investigator,
        f"{path}/death",
        {"why": ""},
        "Reason is missing.",
    )
    refused(
        investigator,
        "/participants/enrol",
        {"site": "TLS", "replaces": number},
        "has not ended treatment; only one who has can be replaced",
    )
    refused(
        investigator,
        "/participants/enrol",
        {"site": "TLS", "replaces": "10996"},
        "There is no participant 10996 whose place this one could take. Nothing was changed.",
    )
    refused(investigator, "/participants/enrol", {"site": "TLS", "replaces": "<b>"}, "digits only")


def test_harvest_and_randomization(visit: Visit, instance: Instance, desk: Desk) -> None:
    coordinator, investigator = visit(Role.COORDINATOR), visit(Role.INVESTIGATOR)
    number = desks.harvested(instance)
    with instance.store.reading() as uow:
        assert uow.count(Entry) > 0
    page = investigator.get(f"/participants/{number}")
    assert "The clearing person clears the product." in page
    refused(
        investigator, f"/participants/{number}/randomize", {}, "have to be harvested and cleared", sign=True
    )
    second = cleared(instance, desk)
    form = {"password": "not the password", "code": "123456"}
    refused(investigator, f"/participants/{second}/randomize", form, "Nothing was signed.", status=403)
    investigator = visit(Role.INVESTIGATOR)
    investigator.post(f"/participants/{second}/randomize", sign=True)
    refused(investigator, f"/participants/{second}/randomize", {}, "is randomized already", sign=True)
    third = instance.act(enrolment.consent, Role.COORDINATOR, "TLS").number
    given = enrolment.Answers(
        items=answers(instance.definition),
        levels={"course": "relapsing"},
    )
    instance.sign(enrolment.sign_eligibility, Role.INVESTIGATOR, third, given)
    refused(
        coordinator,
        f"/participants/{third}/harvest",
        {"identifier": "D-17", "again": "D-71"},
        "entered as 'D-17' and then as 'D-71'",
    )


def test_booking_names_the_first_possible_time(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    coordinator = visit(Role.COORDINATOR)
    path = f"/participants/{number}/book"
    refused(coordinator, path, {"booked_for": ""}, "Start of the infusion is missing")
    refused(coordinator, path, {"booked_for": "next week"}, "must be a date and a time such as")
    soon = f"{instance.clock() + timedelta(hours=1):%Y-%m-%dT%H:%M}"
    refused(coordinator, path, {"booked_for": soon}, "An infusion is booked at least 72 hours ahead")


@pytest.mark.promise(19)
def test_period_two_below_the_minimum_interval(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    desks.infused(instance, desk, number)
    early = f"{instance.clock() + timedelta(days=30):%Y-%m-%dT%H:%M}"
    refused(
        visit(Role.COORDINATOR),
        f"/participants/{number}/book",
        {"booked_for": early},
        "Period 2 can be given from",
        "161 days after the infusion on",
    )


def test_the_infusion_form(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    desks.dispensed(instance, desk, number)
    nurse = visit(Role.CARE_PROVIDER)
    path = f"/participants/{number}/infusion"
    refused(nurse, path, {"outcome": "", "why": "a note"}, "Say what became of the kit.")
    refused(nurse, path, {"outcome": "given", "given_at": ""}, "The infusion must begin between")
    now = f"{instance.clock():%Y-%m-%dT%H:%M}"
    part = {"outcome": "partly given", "given_at": now, "why": "fever", "volume_ml": "many"}
    refused(nurse, path, part, "Volume given must be a whole number such as 50; got 'many'.")
    refused(nurse, path, {"outcome": "not given", "why": ""}, "needs its reason")


def test_transfer_and_factor_forms(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    manager, investigator = visit(Role.TRIAL_MANAGER), visit(Role.INVESTIGATOR)
    refused(manager, f"/participants/{number}/transfer", {"site": "EX1", "why": ""}, "Reason is missing.")
    refused(
        investigator,
        f"/participants/{number}/correct-factor",
        {"level_course": "relapsing", "why": "typed wrongly"},
        "These are the levels on record already.",
    )
    refused(investigator, f"/participants/{number}/randomized-in-error", {"why": ""}, "Reason is missing")


def test_trial_and_site_forms(visit: Visit, instance: Instance) -> None:
    sponsor = visit(Role.SPONSOR)
    refused(sponsor, "/trial/close-enrolment", {"why": ""}, "Reason is missing.")
    refused(sponsor, "/trial/terminate", {"why": ""}, "Reason is missing.", sign=True)
    refused(sponsor, "/sites/TLS/close", {"why": ""}, "Reason is missing.")
    refused(sponsor, "/sites/TLS/open", {}, "Site TLS is open already.", sign=True)
    assert "There is no site XXX" in sponsor.get("/sites/XXX/open", 404)
    manager = visit(Role.TRIAL_MANAGER)
    assert "There is no such alarm" in manager.get("/alarms/x/clear", 404)


def test_an_exhausted_stratum_is_refused_before_anything_is_harvested(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    for _ in range(8):
        desks.harvested(instance, "progressive")
    last = instance.act(enrolment.consent, Role.COORDINATOR, "TLS").number
    given = enrolment.Answers(
        items=answers(instance.definition),
        levels={"course": "progressive"},
    )
    instance.sign(enrolment.sign_eligibility, Role.INVESTIGATOR, last, given)
    refused(
        visit(Role.COORDINATOR),
        f"/participants/{last}/harvest",
        {"identifier": "D-9", "again": "D-9"},
        "Stratum PRO has no free place",
        "Call the trial manager before anything is harvested.",
        status=409,
    )


def test_two_people_at_once_one_reads_that_the_other_was_first(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = cleared(instance, desk)
    investigator = visit(Role.INVESTIGATOR)
    investigator.get(f"/participants/{number}/randomize")
    instance.act(conduct.close_site, Role.SPONSOR, "TLS", "audit")
    refused(investigator, f"/participants/{number}/randomize", {}, "Site TLS is closed.", sign=True)


def test_a_number_that_is_none(visit: Visit, instance: Instance) -> None:
    pharmacist = visit(Role.PHARMACIST)
    assert "digits only" in pharmacist.get("/scan?scan=abc", 422)
    assert "The participant number is missing." in pharmacist.get("/scan?scan=", 422)
    told = pharmacist.get("/scan?scan=100%20000%20002", 422)
    assert "The check digit of kit number 100 000 002 does not fit" in told
    assert "There is no participant" in pharmacist.get("/scan?scan=10019", 404)
    assert "There is no state" in visit(Role.COORDINATOR).get("/participants?state=lost", 422)
