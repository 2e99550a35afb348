"""The clearing person clears a product, or fails it; what they write down of it is sealed at one length."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from randomizer.domain.acts import Act
from randomizer.domain.participants import State
from randomizer.domain.supply import Product, ProductState
from randomizer.errors import Refused
from randomizer.services import acting, trail
from randomizer.services.care import products, strata
from randomizer.services.signatures import StepUp, sign
from randomizer.services.unblinded import quality

if TYPE_CHECKING:
    from randomizer.domain.people import Person
    from randomizer.services.unblinded.desk import Desk
    from randomizer.store.work import UnitOfWork

CLEAR_MEANING = "I clear this product for use in this trial."


def clear(
    uow: UnitOfWork, desk: Desk, person: Person, step_up: StepUp, number: str, *, note: str = ""
) -> Product:
    """Clear the participant's product; the sponsor's go follows.

    Every lot that has not failed a test is in use from then on. A test that may come later can be pending.

    Args:
        uow: The unit of work.
        desk: Keys; what is known of the lots is sealed.
        person: A clearing person.
        step_up: Their re-authentication.
        number: Participant number.
        note: Free text; it stays on this side.

    Raises:
        Refused: The product is elsewhere in life, no lot is recorded, every lot has failed, a result that is
            needed before is pending, or the note is too long.
        StepUpRefused: The re-authentication does not count.
    """
    _, definition = acting.in_trial(uow, Act.PRODUCT_CLEARED)
    participant = acting.on_participant(uow, person, Act.PRODUCT_CLEARED, number)
    with trail.act(uow, Act.PRODUCT_CLEARED, person, site=participant.site, participant=number) as act:
        product = products.demand_in(uow, number, ProductState.HARVESTED)
        known = quality.read(desk, product)
        standing = known.standing_in_the_way(definition.quality_tests)
        if standing:
            raise Refused(
                f"The product can't be cleared. {' '.join(standing)} Nothing was changed.",
                field="lot",
                next_step="Record the lot and its results first, or record that the product can't be used.",
            )
        details = replace(known.cleared(), note=note.strip() or known.note)
        cleared = quality.write(
            act, desk, product, details, typed={"note": note}, state=ProductState.CLEARED_BY_QP
        )
        values = {
            "participant": number,
            "donation": product.donation,
            "identifier": product.identifier,
            "details": hashlib.sha256(cleared.details).hexdigest(),
        }
        sign(act, step_up, meaning=CLEAR_MEANING, about=f"participant {number}", values=values)
        return cleared


def fail(uow: UnitOfWork, desk: Desk, person: Person, number: str, *, note: str) -> Product:
    """Record that a product can't be used: it uses no slot, and the participant may be harvested again.

    Args:
        uow: The unit of work.
        desk: Keys; the reason is sealed.
        person: A clearing person.
        number: Participant number, not randomized yet.
        note: Why; it stays on the unblinded side.

    Raises:
        Refused: The participant is randomized or elsewhere in life, or the reason is missing.
    """
    acting.in_trial(uow, Act.PRODUCT_FAILED)
    participant = acting.on_participant(uow, person, Act.PRODUCT_FAILED, number)
    if not note.strip():
        raise Refused(
            "Say why the product can't be used. Nothing was changed.",
            field="note",
            next_step="Write the reason in a few words; it stays on this side.",
        )
    with trail.act(uow, Act.PRODUCT_FAILED, person, site=participant.site, participant=number) as act:
        product = products.demand_in(uow, number, *products.WAITING, ProductState.CLEARED)
        strata.give_back(act, participant)
        act.change(participant, state=State.ELIGIBLE)
        details = replace(quality.read(desk, product), note=note.strip())
        return quality.write(
            act,
            desk,
            product,
            details,
            typed={"note": note},
            state=ProductState.FAILED,
            failed_at=act.at,
        )
