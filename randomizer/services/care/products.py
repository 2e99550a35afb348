"""The product as blinded people see it: harvest, and the sponsor's go after clearance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import QualityWatch
from randomizer.domain.participants import Participant, State
from randomizer.domain.supply import Product, ProductState
from randomizer.errors import NotFound, Refused
from randomizer.services import acting, alarms, trail, trials
from randomizer.services.care import strata
from randomizer.services.signatures import StepUp, sign

if TYPE_CHECKING:
    from collections.abc import Collection

    from randomizer.domain.people import Person
    from randomizer.store.work import UnitOfWork

LONGEST_IDENTIFIER = 60  # characters; twice what the longest donation labels hold
WAITING = (ProductState.HARVESTED, ProductState.CLEARED_BY_QP)
GO_MEANING = "I give the go for this cleared product."


def waiting(uow: UnitOfWork) -> tuple[Product, ...]:
    """Every product that waits for the clearing person or for the sponsor's go, the oldest first."""
    kept = {one.number for one in uow.all(Participant, state=State.HARVESTED, ending=None)}
    listed = uow.all(Product, state=WAITING, order="harvested_at")
    newest = {product.participant: product.donation for product in listed}
    return tuple(one for one in listed if one.participant in kept and one.donation == newest[one.participant])


def harvest(uow: UnitOfWork, person: Person, number: str, *, identifier: str, again: str) -> Product:
    """Record a donation; a place in the stratum is kept from now on.

    Args:
        uow: The unit of work.
        person: Investigator or coordinator of the site.
        number: Participant number.
        identifier: Donation identifier as scanned or typed.
        again: The same, entered a second time.

    Raises:
        Exhausted: The stratum has no free place; nothing is harvested.
        Refused: The two identifiers differ or are on record already, the site is not open, or the participant
            is elsewhere in life.
    """
    acting.in_trial(uow, Act.HARVESTED)
    participant = acting.on_participant(uow, person, Act.HARVESTED, number)
    demand_harvestable(uow, participant)
    _demand_identifier(identifier.strip(), again.strip())
    if uow.count(Product, identifier=_as_scanned(identifier.strip())):
        raise Refused(  # whose it is stays untold: it may be of another site
            f"Donation {identifier.strip()} is on record already; a donation is of one participant and has "
            "an identifier of its own. Nothing was changed.",
            field="identifier",
            next_step="Compare the label with the participant. If it is right, call the trial office.",
        )
    with trail.act(uow, Act.HARVESTED, person, site=participant.site, participant=number) as act:
        strata.reserve(act, participant)
        act.change(participant, state=State.HARVESTED)
        if uow.find(QualityWatch, number) is not None:  # what is awaited of an earlier donation is no more
            uow.update(QualityWatch(participant=number))
        product = act.add(
            Product(
                participant=number,
                donation=uow.count(Product, participant=number) + 1,
                identifier=identifier.strip(),
                state=ProductState.HARVESTED,
                harvested_at=act.at,
            )
        )
    kind = strata.nearly_used_up(uow, participant.stratum)
    if kind is not None:
        alarms.raise_alarm(uow, kind, f"stratum {participant.stratum}")
    return product


def _as_scanned(identifier: str) -> list[str]:
    """An identifier as a scanner would type it, with caps lock off and on: it is of the same donation."""
    return sorted({identifier, identifier.upper(), identifier.lower(), identifier.swapcase()})


def give_go(uow: UnitOfWork, person: Person, step_up: StepUp, number: str) -> Product:
    """The sponsor's go for a product that the clearing person has cleared.

    Raises:
        Refused: The clearing person has not cleared it yet.
        StepUpRefused: The re-authentication does not count.
    """
    acting.in_trial(uow, Act.PRODUCT_GO)
    participant = acting.on_participant(uow, person, Act.PRODUCT_GO, number)
    product = demand_cleared_by_qp(uow, number)
    demand_within_limits(uow, number)
    with trail.act(uow, Act.PRODUCT_GO, person, site=participant.site, participant=number) as act:
        sign(act, step_up, meaning=GO_MEANING, about=f"participant {number}", values={"participant": number})
        act.change(participant, state=State.CLEARED)
        return act.change(product, state=ProductState.CLEARED, cleared_at=act.at)


def _demand_identifier(identifier: str, again: str) -> None:
    field, sentence = "identifier", ""
    if not identifier:
        sentence = "The donation identifier is missing."
    elif len(identifier) > LONGEST_IDENTIFIER or not identifier.isprintable():
        sentence = (
            f"A donation identifier has at most {LONGEST_IDENTIFIER} characters on one line; "
            f"got {len(identifier)}."
        )
    elif identifier != again:
        field = "again"
        sentence = (
            f"The donation identifier was entered as {identifier!r} and then as "
            f"{again[:LONGEST_IDENTIFIER]!r}; both must be the same."
        )
    if sentence:
        raise Refused(
            f"{sentence} Nothing was changed.",
            field=field,
            next_step="Scan or type the identifier twice from the donation's label.",
        )


def demand_harvestable(uow: UnitOfWork, participant: Participant) -> None:
    """Refuse a harvest for which there is no place.

    Raises:
        Exhausted: The stratum has no free place.
        Refused: The site is not open.
    """
    trials.demand_open_site(uow, participant.site)
    strata.demand_free(uow, participant.stratum)


def demand_cleared_by_qp(uow: UnitOfWork, number: str) -> Product:
    """The product that waits for the sponsor's go.

    Raises:
        NotFound: Nothing was harvested.
        Refused: The clearing person has not cleared it, or the go is given.
    """
    product = latest(uow, number)
    if product.state is not ProductState.CLEARED_BY_QP:
        raise Refused(
            f"The product of participant {number} is {product.state}; the go follows the clearance. "
            "Nothing was changed.",
            field="participant",
            next_step="Wait for the clearing person.",
        )
    return product


def latest(uow: UnitOfWork, number: str) -> Product:
    """The participant's last donation.

    Raises:
        NotFound: Nothing was harvested.
    """
    products = uow.all(Product, participant=number)
    if not products:
        raise NotFound(
            f"Nothing was harvested from participant {number} yet.",
            field="participant",
            next_step="The site records the harvest.",
        )
    return products[-1]


def demand_in(uow: UnitOfWork, number: str, *states: ProductState) -> Product:
    """The participant's last donation, if it is in one of these states.

    Raises:
        NotFound: Nothing was harvested.
        Refused: It is elsewhere in its life.
    """
    product = latest(uow, number)
    if product.state not in states:
        raise Refused(
            f"The product of participant {number} is {product.state}, and not "
            f"{' or '.join(states)}. Nothing was changed.",
            field="participant",
            next_step="Open the worklist to see what waits.",
        )
    return product


def demand_within_limits(uow: UnitOfWork, number: str) -> None:
    """Refuse to go on with a participant whose product has a result out of limits; the same for everybody.

    Raises:
        Refused: There is such a result.
    """
    if is_out_of_limits(uow, number):
        raise out_of_limits(number)


def is_out_of_limits(uow: UnitOfWork, number: str) -> bool:
    """Whether a lot in use has failed a test, as far as is known without a key."""
    known = uow.find(QualityWatch, number)
    return known is not None and known.out_of_limits


def out_of_limits_among(uow: UnitOfWork, numbers: Collection[str]) -> frozenset[str]:
    """Those of some participants of whose product a lot in use has failed a test; see `is_out_of_limits`."""
    known = uow.all(QualityWatch, participant=list(numbers), out_of_limits=True)
    return frozenset(one.participant for one in known)


def out_of_limits(number: str) -> Refused:
    """The refusal of everything that would use a product with a result out of limits."""
    return Refused(
        f"A quality result of the product of participant {number} is out of limits. Nothing was changed.",
        field="participant",
        next_step="Call the trial office. It goes on when the clearing person has corrected the result.",
    )
