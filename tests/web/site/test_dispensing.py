"""The counter: green, or a hard stop in plain words, and no way around it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.layouts import LAYOUTS, US, typed
from randomizer.domain.numbers import group3, with_check
from randomizer.domain.people import Role
from randomizer.domain.supply import Kit, KitState, PeriodRecord
from randomizer.domain.trial import Allocation, Slot
from randomizer.services.care import replacements
from randomizer.web import words
from tests import desks

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.site.visitors import Visit, Visitor

pytestmark = pytest.mark.promise(19)


def ready(instance: Instance, desk: Desk) -> tuple[str, str]:
    """A participant, and the number of the kit that is ready."""
    number = desks.randomized(instance, desk)
    desks.booked(instance, number)
    return number, desks.prepared(instance, desk, number).kit


def stopped(pharmacist: Visitor, number: str, kit: str) -> str:
    """Scan a kit that is refused; nothing is handed out."""
    with pharmacist.instance.store.reading() as uow:
        before = uow.all(Kit, state=KitState.DISPENSED)
    page = post_scan(pharmacist, number, kit, 409)
    with pharmacist.instance.store.reading() as uow:
        assert uow.all(Kit, state=KitState.DISPENSED) == before
    assert 'class="band hard-stop"' in page
    assert "Call the trial office" in page
    return page


def post_scan(pharmacist: Visitor, number: str, kit: str, status: int) -> str:
    token = re.search(r'name="csrf_token" value="([^"]+)"', pharmacist.get("/"))
    assert token is not None
    form = {"csrf_token": token[1], "kit": kit}
    answer = pharmacist.client.post(f"/participants/{number}/dispense", data=form)
    assert answer.status_code == status, answer.text
    return answer.text


def test_two_scans_hand_the_kit_out(visit: Visit, instance: Instance, desk: Desk) -> None:
    number, kit = ready(instance, desk)
    pharmacist = visit(Role.PHARMACIST)
    page = pharmacist.get(f"/scan?scan={number[:2]}%20{number[2:]}")
    assert page.count('class="number number-big"') == 1
    assert f'data-number="{kit}"' in page
    assert "in 3 hours 59 minutes" in page
    assert "Shelf of the infusion room" in page
    page = pharmacist.post(f"/participants/{number}/dispense", {"kit": group3(kit)})
    assert f"Right kit · handed to {number} · " in page
    assert "Dispensing Pharmacist Tls, dispensing pharmacist" in page


def test_the_green_page_leads_to_a_slip_that_prints(visit: Visit, instance: Instance, desk: Desk) -> None:
    number, kit = ready(instance, desk)
    pharmacist = visit(Role.PHARMACIST)
    address = f"/participants/{number}/dispensed/1/slip.pdf"
    pharmacist.get(address, 404)
    page = pharmacist.post(f"/participants/{number}/dispense", {"kit": kit})
    assert f'href="{address}" data-print autofocus>Print</a>' in page
    first = pharmacist.client.get(address)
    assert (first.mimetype, first.data[:5]) == ("application/pdf", b"%PDF-")
    assert first.data == pharmacist.client.get(address).data
    assert f'href="{address}"' in pharmacist.get(f"/participants/{number}")
    assert address not in visit(Role.OUTCOMES_ASSESSOR).get(f"/participants/{number}")


def test_another_participants_kit(visit: Visit, instance: Instance, desk: Desk) -> None:
    _, other = ready(instance, desk)
    number, kit = ready(instance, desk)
    page = stopped(visit(Role.PHARMACIST), number, other)
    assert "Stop. Wrong kit." in page
    assert "It belongs to another participant." in page
    assert f"Take kit {group3(kit)}." in page
    assert 'class="digit differs"' in page


def test_the_spare_and_the_other_period(visit: Visit, instance: Instance, desk: Desk) -> None:
    number, kit = ready(instance, desk)
    with instance.store.reading() as uow:
        slot = uow.get(Slot, uow.get(Allocation, number).slot)
    pharmacist = visit(Role.PHARMACIST)
    spare = next(one for one in slot.kits[0] if one != kit)
    assert "It was not declared ready." in stopped(pharmacist, number, spare)
    assert "It is for period 2, not period 1." in stopped(pharmacist, number, slot.kits[1][0])


def test_a_kit_that_does_not_exist_and_one_that_cannot_be_read(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number, kit = ready(instance, desk)
    pharmacist = visit(Role.PHARMACIST)
    assert "It is not a kit of this trial." in stopped(pharmacist, number, with_check(10_000_000))
    page = post_scan(pharmacist, number, kit[:8], 422)
    assert "A kit number has 9 digits; got 8" in page
    assert f'value="{kit[:8]}"' in page
    assert f'data-number="{kit}"' in page


def test_expired_handed_out_already_or_not_ready(visit: Visit, instance: Instance, desk: Desk) -> None:
    number, kit = ready(instance, desk)
    instance.clock.advance(hours=5)
    assert "is expired since" in stopped(visit(Role.PHARMACIST), number, kit)
    second = desks.randomized(instance, desk)
    assert "is not ready" in stopped(visit(Role.PHARMACIST), second, kit)
    desks.dispensed(instance, desk, second)
    with instance.store.reading() as uow:
        handed_out = uow.get(PeriodRecord, second, 1).kit
    assert "was handed out at" in stopped(visit(Role.PHARMACIST), second, handed_out)


def test_who_has_ended_gets_nothing(visit: Visit, instance: Instance, desk: Desk) -> None:
    number, kit = ready(instance, desk)
    visit(Role.INVESTIGATOR).post(f"/participants/{number}/death", {"why": "unrelated"})
    assert "died" in stopped(visit(Role.PHARMACIST), number, kit)


def test_only_a_pharmacist_of_the_site_stands_at_the_counter(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number, _ = ready(instance, desk)
    refused = visit(Role.COORDINATOR).get(f"/participants/{number}/dispense", 403)
    assert "Your role cannot dispense a kit" in refused
    assert visit(Role.COORDINATOR).client.get(f"/scan?scan={number}").headers["Location"].endswith(number)


@pytest.mark.promise(1)
def test_a_damaged_kit_is_asked_for_again_and_the_answer_stands_on_both_pages(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number, kit = ready(instance, desk)
    pharmacist = visit(Role.PHARMACIST)
    pharmacist.post(f"/kits/{kit}/damage", {"why": "The bag leaks"})
    home = pharmacist.get("/")
    assert f'href="/participants/{number}/replacement"' in home
    assert "Not ready" in home
    page = pharmacist.post(f"/participants/{number}/replacement", {"why": "The bag leaks"})
    assert "Another kit was asked for" in page
    available_at = instance.clock() + timedelta(minutes=40)
    instance.act(replacements.answer, Role.PREPARER, number, available_at)
    assert f"Another kit at {words.moment(available_at)}" in pharmacist.get(f"/participants/{number}")
    assert "Another kit is to be available at" in stopped(pharmacist, number, kit)
    instance.act(replacements.answer, Role.PREPARER, number, None)
    assert "There is no product for this period." in stopped(pharmacist, number, kit)
    assert "Record the missed period" in visit(Role.INVESTIGATOR).get("/")


@pytest.mark.requirement("scan")
def test_a_form_that_a_scanner_sends_twice_hands_out_once(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number, kit = ready(instance, desk)
    pharmacist = visit(Role.PHARMACIST)
    page = pharmacist.post(f"/participants/{number}/dispense", {"kit": f"]d210MESEMS-1\x1d1727033121{kit}"})
    token = pharmacist.client.get("/").text.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": token, "kit": typed(kit, US, LAYOUTS["French"])}
    twice = pharmacist.client.post(f"/participants/{number}/dispense", data=form, follow_redirects=True)
    assert "Right kit" in page
    assert f"Right kit · handed to {number}" in twice.text
    with instance.store.reading() as uow:
        assert [one.number for one in uow.all(Kit, state=KitState.DISPENSED)] == [kit]
    instance.clock.advance(seconds=10)
    late = pharmacist.client.post(f"/participants/{number}/dispense", data=form | {"kit": kit})
    assert late.status_code == 409
    assert "was handed out at" in late.text
