"""One participant from consent to the second infusion, through the pages alone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.numbers import participant_number
from randomizer.domain.people import Role
from tests import desks
from tests.activated import FIT_FORM
from tests.web.site.visitors import eligibility_form

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.site.visitors import Visit

SOON = {"hours": 73}


def entered(instance: Instance, **later: float) -> str:
    return f"{instance.clock() + timedelta(**later):%Y-%m-%dT%H:%M}"


@pytest.mark.requirement("site door")
def test_a_participant_goes_from_consent_to_both_infusions(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    investigator, coordinator = visit(Role.INVESTIGATOR), visit(Role.COORDINATOR)
    page = coordinator.post("/participants/enrol", {"site": "TLS"})
    assert "The participant is enrolled." in page
    number = participant_number(1)
    assert f"Participant {number}" in page

    form = eligibility_form(instance)
    page = investigator.post(f"/participants/{number}/eligibility", form | {"step": "check"}, 200)
    assert "Check the answers and sign" in page
    page = investigator.post(f"/participants/{number}/eligibility", form | {"step": "sign"}, sign=True)
    assert "Eligibility is signed." in page
    assert "Relapsing-remitting" in page

    page = coordinator.post(f"/participants/{number}/harvest", {"identifier": "D-1", "again": "D-1"})
    assert "a place is kept" in page
    desks.clear(instance, desk, number)
    visit(Role.SPONSOR).post(f"/participants/{number}/go", sign=True)
    page = investigator.post(f"/participants/{number}/randomize", sign=True)
    assert "Print the participant card" in page
    assert "DataMatrix of participant number" in investigator.get(f"/participants/{number}/card")
    assert investigator.client.get(f"/participants/{number}/card.pdf").data.startswith(b"%PDF-")

    for period in (1, 2):
        coordinator.post(f"/participants/{number}/book", {"booked_for": entered(instance, **SOON)})
        investigator.post(f"/participants/{number}/fit", FIT_FORM, sign=True)
        instance.clock.advance(hours=72)
        visit(Role.PHARMACIST)  # sessions of before have ended by now
        kit = desks.prepared(instance, desk, number).kit
        pharmacist = visit(Role.PHARMACIST)
        assert pharmacist.client.get(f"/scan?scan={number}").headers["Location"].endswith("/dispense")
        assert f'data-number="{kit}"' in pharmacist.get(f"/participants/{number}/dispense")
        page = pharmacist.post(f"/participants/{number}/dispense", {"kit": kit})
        assert "Right kit" in page
        instance.clock.advance(seconds=60)
        page = visit(Role.CARE_PROVIDER).post(
            f"/participants/{number}/infusion", {"outcome": "given", "given_at": entered(instance)}
        )
        assert "the period is closed" in page
        if period == 1:
            desks.wait_for_the_next_period(instance)
        investigator, coordinator = visit(Role.INVESTIGATOR), visit(Role.COORDINATOR)
    page = investigator.post(f"/participants/{number}/complete")
    assert "Completed" in page
