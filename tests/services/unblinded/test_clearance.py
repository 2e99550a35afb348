from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.housekeeping import EntryValues
from randomizer.domain.participants import Participant, State
from randomizer.domain.people import Role
from randomizer.domain.quality import PRODUCT_BYTES
from randomizer.domain.supply import Product, ProductState
from randomizer.domain.trial import StratumStatus
from randomizer.errors import NotAllowed, Refused
from randomizer.services.care import products
from randomizer.services.unblinded import clearance, quality
from tests.desks import LOT, clear, harvested, randomized

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance

WHY = "did not grow"


def fail(instance: Instance, desk: Desk, number: str, note: str = WHY) -> Product:
    with instance.store.writing() as uow:
        return clearance.fail(uow, desk, instance.person(Role.CLEARER), number, note=note)


def test_a_cleared_product_waits_for_the_go_with_its_details_sealed(instance: Instance, desk: Desk) -> None:
    number = harvested(instance)

    clear(instance, desk, number)

    with instance.store.reading() as uow:
        product = products.latest(uow, number)
        values = uow.get(EntryValues, product.entry)
        assert [one.participant for one in products.waiting(uow)] == [number]
    assert product.state is ProductState.CLEARED_BY_QP
    [lot] = quality.read(desk, product).lots
    assert lot == replace(LOT, recorded_at=instance.clock(), in_use=True)
    assert not any(word in values.content for word in (LOT.number, LOT.cell_count, LOT.form))


@pytest.mark.promise(3)
def test_details_have_one_length_whatever_they_say(instance: Instance, desk: Desk) -> None:
    cleared, failed = harvested(instance), harvested(instance)
    clear(instance, desk, cleared)
    fail(instance, desk, failed)
    with instance.store.reading() as uow:
        assert len({len(product.details) for product in uow.all(Product)}) == 1


@pytest.mark.parametrize("state", ["harvested", "cleared by the clearing person", "cleared"])
def test_a_failed_product_uses_no_slot_and_gives_its_place_back(
    instance: Instance, desk: Desk, state: str
) -> None:
    with instance.store.reading() as uow:
        before = uow.get(StratumStatus, "REL")
    number = harvested(instance)
    if state != "harvested":
        clear(instance, desk, number)
    if state == "cleared":
        instance.sign(products.give_go, Role.SPONSOR, number)

    fail(instance, desk, number)

    with instance.store.reading() as uow:
        after = uow.get(StratumStatus, "REL")
        participant = uow.get(Participant, number)
    assert (after.next_ordinal, after.reserved) == (before.next_ordinal, before.reserved)
    assert participant.state is State.ELIGIBLE
    second = instance.act(products.harvest, Role.COORDINATOR, number, identifier="again", again="again")
    assert second.donation == 2


def test_nothing_fails_after_randomization(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    with pytest.raises(Refused, match="randomized"):
        fail(instance, desk, number)


def test_a_reason_and_a_lot_are_needed_and_nothing_is_cleared_twice(instance: Instance, desk: Desk) -> None:
    number = harvested(instance)
    with pytest.raises(Refused, match="Say why"):
        fail(instance, desk, number, " ")
    step_up = instance.step_up(Role.CLEARER)
    with instance.store.writing() as uow, pytest.raises(Refused, match="No lot is recorded"):
        clearance.clear(uow, desk, instance.person(Role.CLEARER), step_up, number)
    clear(instance, desk, number)
    with instance.store.writing() as uow, pytest.raises(Refused, match="clearing person, and not harvested"):
        clearance.clear(uow, desk, instance.person(Role.CLEARER), step_up, number)


def test_texts_that_are_too_long_are_refused_without_repeating_them(instance: Instance, desk: Desk) -> None:
    number = harvested(instance)
    with pytest.raises(Refused, match="The note is too long") as refusal:
        fail(instance, desk, number, "x" * PRODUCT_BYTES)
    assert "xxx" not in str(refusal.value)


@pytest.mark.promise(20)
def test_only_the_clearing_person_clears_or_fails(instance: Instance, desk: Desk) -> None:
    number = harvested(instance)
    for role in set(Role) - {Role.CLEARER}:
        with instance.store.writing() as uow, pytest.raises(NotAllowed):
            clearance.fail(uow, desk, instance.person(role), number, note=WHY)
