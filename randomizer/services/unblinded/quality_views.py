"""A product with its lots and results, as the clearing person sees it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from randomizer.domain.housekeeping import QualityWatch
from randomizer.domain.participants import Participant
from randomizer.domain.people import Account
from randomizer.domain.quality import Lot, Result
from randomizer.services import trail
from randomizer.services.care import products
from randomizer.services.unblinded import quality

if TYPE_CHECKING:
    from collections.abc import Iterator

    from randomizer.domain.quality import ProductDetails
    from randomizer.domain.supply import Product
    from randomizer.masking import View
    from randomizer.services.unblinded.desk import Desk
    from randomizer.services.views.sight import Sight

DETAILS = "ProductDetails"
RESULT = "QualityResult"


def whole(sight: Sight, desk: Desk, number: str) -> dict[str, Any]:
    """All that is known of a participant's product.

    Args:
        sight: The person looking.
        desk: Keys.
        number: Participant number.

    Returns:
        product, note, blocks (why it can't be cleared), lots and results (one for each lot or kit and test:
        subject, of, test, label, result, at, by, due_at and before_clearance; nothing that is pending of a
        lot that was struck out).

    Raises:
        NotFound: There is no such participant, or nothing was harvested.
        Tampered: The product differs from its entry, or its record does not open.
    """
    sight.uow.get(Participant, number, what="participant")
    product = products.latest(sight.uow, number)
    trail.check(sight.uow, product)
    details = quality.read(desk, product)
    blocks = details.standing_in_the_way(sight.definition.quality_tests)
    return {
        "product": sight.show(product),
        **sight.show({"note": details.note, "blocks": blocks}, kind=DETAILS),
        "lots": [sight.show(_lot(sight, lot), kind=Lot.__name__) for lot in details.lots],
        "results": [sight.show(one, kind=RESULT) for one in _results(sight, product, details)],
    }


def waiting(sight: Sight) -> list[View]:
    """The participants of whom a quality result is awaited, the soonest due first."""
    known = (one for one in sight.uow.all(QualityWatch, order="due_at") if one.due_at is not None)
    return [view for view in (sight.show(one) for one in known) if view]


def _lot(sight: Sight, lot: Lot) -> dict[str, Any]:
    """A lot, with the name of whoever struck it out."""
    name = "" if lot.struck_by is None else sight.uow.get(Account, lot.struck_by, what="account").printed_name
    return asdict(lot) | {"struck_by": name}


def _results(sight: Sight, product: Product, details: ProductDetails) -> Iterator[dict[str, Any]]:
    lots = [lot.number for lot in details.lots]
    struck = {lot.number for lot in details.lots if not lot.stands}
    kits = list(quality.ready_since(sight.uow, product.participant))
    due = {(one.subject, one.test.code): one.due_at for one in quality.awaited(sight.uow, product, details)}
    for test in sight.definition.quality_tests:
        for subject in kits if test.of_kit else lots:
            known = details.result(subject, test.code)
            if known is None and subject in struck:
                continue
            yield {
                "subject": subject,
                "of": "kit" if test.of_kit else "lot",
                "test": test.code,
                "label": test.label,
                "result": known.result if known else Result.PENDING,
                "at": known.at if known else None,
                "by": sight.uow.get(Account, known.by, what="account").printed_name if known else "",
                "due_at": due.get((subject, test.code)),
                "before_clearance": test.before_clearance,
            }
