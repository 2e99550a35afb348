from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues
from randomizer.domain.numbers import parse_participant_number
from randomizer.domain.participants import Participant, State
from randomizer.domain.people import Role
from randomizer.domain.records import Signature
from randomizer.domain.supply import PeriodRecord, Product, ProductState
from randomizer.domain.trial import Allocation, StratumStatus
from randomizer.errors import Refused
from randomizer.services import conduct
from randomizer.services.care import allocation, enrolment, products
from tests.activated import SITE
from tests.stages import PROGRESSIVE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stages import Stage

pytestmark = pytest.mark.requirement("life")


def test_participants_are_numbered_in_order_with_a_check_digit(stage: Stage) -> None:
    before = len(stage.people)
    numbers = [stage.act(enrolment.consent, Role.COORDINATOR, SITE).number for _ in range(3)]
    assert [parse_participant_number(number)[:-1] for number in numbers] == [
        str(1000 + before + ordinal) for ordinal in (1, 2, 3)
    ]


@pytest.mark.requirement("eligibility")
def test_eligibility_is_signed_with_name_meaning_and_the_values_shown(stage: Stage) -> None:
    number = stage["consented"]
    stage.eligible(number)
    participant = stage.get(Participant, number)
    entry = stage.get(Entry, participant.entry)
    signature = stage.get(Signature, entry.number)
    content = json.loads(stage.get(EntryValues, entry.number).content)
    assert (participant.state, participant.stratum, participant.levels) == (
        State.ELIGIBLE,
        "REL",
        "course=relapsing",
    )
    assert (entry.act, entry.role, entry.site) == (Act.ELIGIBILITY_SIGNED, Role.INVESTIGATOR, SITE)
    assert (signature.printed_name, signature.meaning) == ("Investigator Tls", enrolment.ELIGIBLE_MEANING)
    assert content["details"]["signed"]["participant"] == number
    assert set(content["details"]["signed"]["items"]) == {
        item.code for item in stage.instance.definition.items_for(SITE)
    }


def test_screening_again_is_a_new_attempt_under_the_same_number_with_eligibility_anew(stage: Stage) -> None:
    number = stage["screen failed"]
    stage.act(enrolment.rescreen, Role.COORDINATOR, number)
    again = stage.get(Participant, number)
    assert (again.state, again.attempt, again.levels, again.stratum) == (State.CONSENTED, 2, "", "")
    with pytest.raises(Refused, match=r"is consented\. To record a harvest, they have to be eligible"):
        stage.harvest(number)
    stage.eligible(number, PROGRESSIVE)
    assert stage.get(Participant, number).stratum == "PRO"


def test_a_screen_failure_after_harvest_gives_the_place_back_and_nobody_waits_for_that_product(
    stage: Stage,
) -> None:
    number = stage["harvested"]
    before = stage.get(StratumStatus, "REL")

    stage.act(enrolment.screen_fail, Role.COORDINATOR, number, "an infection")

    after = stage.get(StratumStatus, "REL")
    assert (after.reserved, after.next_ordinal) == (before.reserved - 1, before.next_ordinal)
    with stage.store.reading() as uow:
        assert number not in [product.participant for product in products.waiting(uow)]
    stage.act(enrolment.rescreen, Role.COORDINATOR, number)
    stage.eligible(number)
    stage.harvest(number)
    assert stage.get(StratumStatus, "REL").reserved == before.reserved
    with stage.store.reading() as uow:
        waiting = [product for product in products.waiting(uow) if product.participant == number]
    assert [(product.donation, product.state) for product in waiting] == [(2, ProductState.HARVESTED)]


def test_the_product_of_an_earlier_attempt_does_not_open_the_gate(stage: Stage) -> None:
    number = stage["cleared"]
    stage.act(enrolment.screen_fail, Role.COORDINATOR, number, "an infection")
    stage.act(enrolment.rescreen, Role.COORDINATOR, number)
    stage.eligible(number)
    with pytest.raises(Refused, match="they have to be harvested and cleared"):
        stage.sign(allocation.randomize, Role.INVESTIGATOR, number)
    stage.harvest(number)
    with pytest.raises(Refused, match="the go follows the clearance"):
        stage.sign(products.give_go, Role.SPONSOR, number)
    assert [product.state for product in stage.all(Product, participant=number)] == [
        ProductState.CLEARED,
        ProductState.HARVESTED,
    ]


def test_a_replacement_takes_the_next_slot_like_everybody(stage: Stage) -> None:
    replaced = stage["died"]
    before = stage.get(StratumStatus, "REL")
    number = stage.act(enrolment.consent, Role.INVESTIGATOR, SITE, replaces=replaced).number
    stage.eligible(number)
    stage.harvest(number)
    assert stage.get(Participant, number).replaces == replaced
    assert stage.get(StratumStatus, "REL").reserved == before.reserved + 1
    again = stage["cleared"]
    stage.sign(allocation.randomize, Role.INVESTIGATOR, again)
    assert stage.get(Allocation, again).ordinal == before.next_ordinal


def test_at_a_closed_site_nobody_is_enrolled_screened_harvested_or_randomized(stage: Stage) -> None:
    stage.act(conduct.close_site, Role.SPONSOR, SITE, "audit")
    before = stage.dump()
    tries: list[Callable[[], object]] = [
        lambda: stage.act(enrolment.consent, Role.INVESTIGATOR, SITE),
        lambda: stage.eligible(stage["consented"]),
        lambda: stage.act(enrolment.rescreen, Role.INVESTIGATOR, stage["screen failed"]),
        lambda: stage.harvest(stage["eligible"]),
        lambda: stage.sign(allocation.randomize, Role.INVESTIGATOR, stage["cleared"]),
    ]
    for attempt in tries:
        with pytest.raises(Refused, match=f"Site {SITE} is closed. Nothing was changed") as refusal:
            attempt()
        assert (refusal.value.field, bool(refusal.value.next_step)) == ("site", True)
    assert stage.dump() == before
    # Whoever is there is treated to the end.
    stage.dispense(stage["ready"], stage.get(PeriodRecord, stage["ready"], 1).kit)
