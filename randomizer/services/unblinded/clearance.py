"""The clearing person clears a product, or fails it; what they write down of it is sealed at one length."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from keys.errors import KeysError
from randomizer.domain.acts import Act
from randomizer.domain.participants import Participant, State
from randomizer.domain.sealed_texts import ProductDetails
from randomizer.domain.supply import Product, ProductState
from randomizer.errors import Refused, Tampered
from randomizer.services import acting, trail
from randomizer.services.care import products, strata
from randomizer.services.sealed.bindings import product_binding
from randomizer.services.signatures import StepUp, sign

if TYPE_CHECKING:
    from randomizer.domain.people import Person
    from randomizer.services.unblinded.desk import Desk
    from randomizer.store.work import UnitOfWork

CLEAR_MEANING = "I clear this product for use in this trial."
WAITING = (ProductState.HARVESTED, ProductState.CLEARED_BY_QP)


def worklist(uow: UnitOfWork) -> tuple[Product, ...]:
    """Every product that waits for the clearing person or for the sponsor's go, the oldest first."""
    kept = {one.number for one in uow.all(Participant, state=State.HARVESTED, ending=None)}
    waiting = uow.all(Product, state=WAITING, order="harvested_at")
    newest = {product.participant: product.donation for product in waiting}
    return tuple(
        one for one in waiting if one.participant in kept and one.donation == newest[one.participant]
    )


def clear(
    uow: UnitOfWork, desk: Desk, person: Person, step_up: StepUp, number: str, *, details: ProductDetails
) -> Product:
    """Clear the participant's product; the sponsor's go follows.

    Args:
        uow: The unit of work.
        desk: Keys; the details are sealed.
        person: A clearing person.
        step_up: Their re-authentication.
        number: Participant number.
        details: Lot, cell count, viability, form and note.

    Raises:
        Refused: The product is elsewhere in life, the lot is missing, or the texts are too long.
        StepUpRefused: The re-authentication does not count.
    """
    acting.in_trial(uow, Act.PRODUCT_CLEARED)
    participant = acting.on_participant(uow, person, Act.PRODUCT_CLEARED, number)
    if not details.lot.strip():
        raise Refused(
            "The lot is missing. Nothing was changed.", field="lot", next_step="Copy it from the lot's label."
        )
    with trail.act(uow, Act.PRODUCT_CLEARED, person, site=participant.site, participant=number) as act:
        product = _waiting(uow, number, ProductState.HARVESTED)
        sealed = _seal(uow, desk, product, details)
        values = {
            "participant": number,
            "donation": product.donation,
            "identifier": product.identifier,
            "details": hashlib.sha256(sealed).hexdigest(),
        }
        sign(act, step_up, meaning=CLEAR_MEANING, about=f"participant {number}", values=values)
        return act.change(product, state=ProductState.CLEARED_BY_QP, details=sealed)


def fail(uow: UnitOfWork, desk: Desk, person: Person, number: str, *, details: ProductDetails) -> Product:
    """Record that a product can't be used: it uses no slot, and the participant may be harvested again.

    Args:
        uow: The unit of work.
        desk: Keys; the details are sealed.
        person: A clearing person.
        number: Participant number, not randomized yet.
        details: Their `note` says why; it stays on the unblinded side.

    Raises:
        Refused: The participant is randomized or elsewhere in life, or the reason is missing.
    """
    acting.in_trial(uow, Act.PRODUCT_FAILED)
    participant = acting.on_participant(uow, person, Act.PRODUCT_FAILED, number)
    if not details.note.strip():
        raise Refused(
            "Say why the product can't be used. Nothing was changed.",
            field="note",
            next_step="Write the reason in a few words; it stays on this side.",
        )
    with trail.act(uow, Act.PRODUCT_FAILED, person, site=participant.site, participant=number) as act:
        product = _waiting(uow, number, *WAITING, ProductState.CLEARED)
        strata.give_back(act, participant)
        act.change(participant, state=State.ELIGIBLE)
        return act.change(
            product,
            state=ProductState.FAILED,
            failed_at=act.at,
            details=_seal(uow, desk, product, details),
        )


def read_details(desk: Desk, product: Product) -> ProductDetails:
    """What the clearing person wrote down of a product; empty before.

    Raises:
        Tampered: It does not open under the preparation key.
    """
    if not product.details:
        return ProductDetails()
    bound = product_binding(desk.pins.trial_id, product.participant, product.donation)
    try:
        filled = desk.keys.open_record(product.details, bound)
        return ProductDetails.from_bytes(filled)
    except (KeysError, ValueError):
        raise Tampered(trail.about(product)) from None


def _seal(uow: UnitOfWork, desk: Desk, product: Product, details: ProductDetails) -> bytes:
    bound = product_binding(desk.pins.trial_id, product.participant, product.donation)
    return desk.keys.seal_record(details.to_bytes(), bound, uow.entropy)


def _waiting(uow: UnitOfWork, number: str, *states: ProductState) -> Product:
    product = products.latest(uow, number)
    if product.state not in states:
        raise Refused(
            f"The product of participant {number} is {product.state}, and not "
            f"{' or '.join(states)}. Nothing was changed.",
            field="participant",
            next_step="Open the worklist to see what waits.",
        )
    return product
