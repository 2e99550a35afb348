"""Where an act cannot succeed there is no form: one sentence, and where the person goes on."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.people import Role
from randomizer.services import conduct
from randomizer.services.care import booking, dispensing, enrolment, infusions
from tests import desks
from tests.activated import SITE

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.site.visitors import Visit, Visitor

pytestmark = [pytest.mark.promise(18), pytest.mark.requirement("site door")]


def closed(visitor: Visitor, path: str, sentence: str, status: int = 422) -> None:
    page = unescape(visitor.get(path, status))
    assert sentence in page
    assert "Not possible now" in page
    assert 'class="form"' not in page
    assert f'href="{path.rsplit("/", 1)[0]}"' in page


STATIONS: dict[str, Callable[[Instance, Desk], str]] = {
    "consented": lambda instance, _desk: instance.act(enrolment.consent, Role.COORDINATOR, SITE).number,
    "harvested": lambda instance, _desk: desks.harvested(instance),
    "randomized": desks.randomized,
}
CLOSED = (
    ("harvested", Role.INVESTIGATOR, "eligibility", "is harvested"),
    ("harvested", Role.COORDINATOR, "harvest", "is harvested"),
    ("harvested", Role.INVESTIGATOR, "randomize", "is harvested"),
    ("harvested", Role.SPONSOR, "go", "the go follows the clearance"),
    ("consented", Role.COORDINATOR, "book", "is consented"),
    ("randomized", Role.INVESTIGATOR, "randomize", "nobody is randomized twice"),
    ("randomized", Role.COORDINATOR, "cancel-booking", "Period 1 is not booked."),
    ("randomized", Role.INVESTIGATOR, "deviation", "Period 1 is not booked."),
    ("randomized", Role.INVESTIGATOR, "fit", "Period 1 is not booked."),
    ("randomized", Role.CARE_PROVIDER, "infusion", "No kit was handed out for period 1."),
    ("randomized", Role.INVESTIGATOR, "complete", "has an open period"),
)


@pytest.mark.parametrize("case", CLOSED, ids=[f"{one[0]}-{one[2]}" for one in CLOSED])
def test_an_act_that_would_be_refused_asks_nothing(
    visit: Visit, instance: Instance, desk: Desk, case: tuple[str, Role, str, str]
) -> None:
    station, role, slug, sentence = case
    number = STATIONS[station](instance, desk)
    closed(visit(role), f"/participants/{number}/{slug}", sentence)


def test_after_handing_out_only_the_infusion_is_recorded(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = desks.randomized(instance, desk)
    desks.dispensed(instance, desk, number)
    path = f"/participants/{number}"
    for slug in ("book", "cancel-booking"):
        closed(visit(Role.COORDINATOR), f"{path}/{slug}", "was handed out on")
    investigator = visit(Role.INVESTIGATOR)
    closed(investigator, f"{path}/missed", "was handed out on")
    closed(investigator, f"{path}/fit", "before the preparation begins")
    closed(visit(Role.TRIAL_MANAGER), f"{path}/transfer", "is not recorded yet")
    page = investigator.get(path)
    assert not [slug for slug in ("book", "fit", "missed", "complete") if f'href="{path}/{slug}"' in page]
    assert f'href="{path}/infusion"' in page


def test_what_became_impossible_meanwhile_keeps_what_was_typed_and_loses_its_button(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = desks.randomized(instance, desk)
    desks.booked(instance, number)
    sheet = desks.prepared(instance, desk, number)
    coordinator, path = visit(Role.COORDINATOR), f"/participants/{number}/cancel-booking"
    opened = coordinator.get(path)
    instance.act(dispensing.dispense, Role.PHARMACIST, number, sheet.kit)
    token = opened.split('name="csrf_token" value="')[1].split('"')[0]
    answer = coordinator.client.post(path, data={"csrf_token": token, "why": "the ward is full"})
    assert answer.status_code == 422
    assert "was handed out on" in answer.text
    assert "the ward is full" in answer.text
    assert "<strong>Cancel the booking</strong> is not possible now." in answer.text


def test_sites_trial_and_alarms_have_no_form_for_what_is_done(visit: Visit, instance: Instance) -> None:
    sponsor = visit(Role.SPONSOR)
    assert "is open already" in sponsor.get(f"/sites/{SITE}/open", 422)
    assert "is planned" in sponsor.get("/sites/EX2/close", 422)
    instance.act(conduct.close_enrolment, Role.SPONSOR, "full")
    assert 'class="form"' not in sponsor.get("/trial/close-enrolment", 422)


def test_an_empty_form_names_all_that_is_missing(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    path = f"/participants/{number}"
    investigator = visit(Role.INVESTIGATOR)
    page = investigator.post(f"{path}/stop-treatment", {}, 422)
    assert "Say whether follow-up visits go on." in page
    assert "Reason is missing." in page
    page = visit(Role.TRIAL_MANAGER).post(f"{path}/transfer", {}, 422)
    assert "Choose the new site." in page
    assert "Reason is missing." in page
    instance.act(booking.book, Role.COORDINATOR, number, instance.clock() + timedelta(hours=80))
    page = investigator.post(f"{path}/fit", {}, 422)
    said = (
        "There must be no sign of an infection.",
        "A pregnancy test must be negative",
        "Consent must stand.",
        "Password is missing.",
        "Six-digit code is missing.",
        "Confirm what holds. Where something does not, cancel the booking",
    )
    places = [page.find(sentence) for sentence in said]
    assert -1 not in places
    assert places == sorted(places), "in the order of the page"


def test_an_infusion_partly_given_names_every_fault(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    desks.dispensed(instance, desk, number)
    nurse, path = visit(Role.CARE_PROVIDER), f"/participants/{number}/infusion"
    page = nurse.post(path, {"outcome": "partly given"}, 422)
    for field in ("given_at", "stopped_at", "volume_ml", "why"):
        assert f'href="#{field}"' in page
    typed = {"outcome": "partly given", "given_at": "2027-02-30 10:00", "stopped_at": "x", "volume_ml": "5,5"}
    page = nurse.post(path, typed, 422)
    for field in ("given_at", "stopped_at", "volume_ml"):
        assert f'href="#{field}"' in page


def test_a_terminated_trial_leaves_no_booking_to_wait_for(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = desks.randomized(instance, desk)
    instance.act(booking.book, Role.COORDINATOR, number, instance.clock() + timedelta(hours=80))
    waiting = instance.act(enrolment.consent, Role.COORDINATOR, SITE).number
    instance.sign(conduct.terminate, Role.SPONSOR, "funding")
    investigator = visit(Role.INVESTIGATOR)
    page = investigator.get("/")
    assert "Sign fit for infusion" not in page
    assert "Stop treatment" in page
    assert "Trial terminated" in page
    assert waiting not in page
    page = investigator.get(f"/participants/{number}")
    assert page.count("No longer planned") == 2
    assert "Booked for" not in page
    assert "Trial terminated" in investigator.get(f"/participants/{waiting}")
    page = investigator.post(
        f"/participants/{number}/stop-treatment", {"follow_up": "no", "why": "the trial was terminated"}
    )
    assert "Treatment is stopped." in page


def test_closed_enrolment_offers_no_eligibility(visit: Visit, instance: Instance) -> None:
    number = instance.act(enrolment.consent, Role.COORDINATOR, SITE).number
    instance.act(conduct.close_enrolment, Role.SPONSOR, "full")
    investigator = visit(Role.INVESTIGATOR)
    assert "Confirm eligibility" not in investigator.get("/")
    assert "Enrolment closed" in investigator.get(f"/participants/{number}")


def test_nobody_is_asked_for_a_participant_when_enrolment_is_closed(visit: Visit, instance: Instance) -> None:
    instance.act(conduct.close_enrolment, Role.SPONSOR, "full")
    page = visit(Role.COORDINATOR).get("/participants/enrol")
    assert 'class="form"' not in page
    assert "the trial has to be active" in page
    page = visit(Role.SPONSOR).get("/enrolment")
    assert "Enrolment is closed" in page
    assert "Terminate the trial early" in page
    instance.sign(conduct.terminate, Role.SPONSOR, "funding")
    assert "End enrolment or the trial" not in visit(Role.SPONSOR).get("/enrolment")


def test_states_stand_in_the_order_of_a_life(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    desks.infused(instance, desk, number)
    desks.harvested(instance)
    instance.act(enrolment.consent, Role.COORDINATOR, SITE)
    page = visit(Role.SPONSOR).get("/enrolment").split("Participants by state")[1]
    order = [page.index(state) for state in ("Consented", "Harvested", "Between period 1 and period 2")]
    assert order == sorted(order)


def test_a_booking_that_has_passed_is_made_again(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    instance.act(booking.book, Role.COORDINATOR, number, instance.clock() + timedelta(hours=80))
    instance.clock.advance(hours=93)
    page = visit(Role.COORDINATOR).get("/")
    assert "Book the infusion again" in page
    assert "Booking has passed" in page
    closed(visit(Role.INVESTIGATOR), f"/participants/{number}/fit", "that booking counted until")
    instance.act(infusions.miss, Role.INVESTIGATOR, number, "did not come")
