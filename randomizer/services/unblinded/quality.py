"""Lots of a product and the results of their tests; of kits too, made in the same steps whatever they hold.

All of it stands in the one sealed record of the participant's product. In plain stands only when a result is
due and whether one is out of limits, for the jobs and the acts that hold no key: both are about the product,
which everybody has.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from keys.errors import KeysError
from randomizer.domain import quality as lots
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import QualityWatch
from randomizer.domain.quality import FOR_FAILURES, ProductDetails, Recorded, Result, demand_lot
from randomizer.domain.supply import Kit, Product, ProductState
from randomizer.domain.trial import Allocation
from randomizer.errors import Refused, Tampered
from randomizer.services import acting, trail, trials
from randomizer.services.care import alerts, products
from randomizer.services.sealed import facts
from randomizer.services.sealed.bindings import product_binding

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.people import Person
    from randomizer.domain.quality import Awaited, Lot
    from randomizer.services.trail import OpenAct
    from randomizer.services.unblinded.desk import Desk
    from randomizer.store.work import UnitOfWork

LOT_TEXTS: Final = ("cell_count", "viability", "form")


def read(desk: Desk, product: Product) -> ProductDetails:
    """What the clearing person wrote down of a product; empty before.

    Raises:
        Tampered: It does not open under the preparation key.
    """
    if not product.details:
        return ProductDetails()
    bound = product_binding(desk.pins.trial_id, product.participant, product.donation)
    try:
        return ProductDetails.from_bytes(desk.keys.open_record(product.details, bound))
    except (KeysError, ValueError):
        raise Tampered(trail.about(product)) from None


def write(
    act: OpenAct,
    desk: Desk,
    product: Product,
    details: ProductDetails,
    *,
    kept_free: int = FOR_FAILURES,
    typed: Mapping[str, str] | None = None,
    **changes: object,
) -> Product:
    """Seal what is known of a product, and bring up to date what is known of it without a key.

    Args:
        act: The act that changes it.
        desk: Keys.
        product: As read from the store.
        details: All that is known now.
        kept_free: Bytes of the record that must be left over.
        typed: The texts that were written just now, by field.
        **changes: Further fields of the product.

    Raises:
        Refused: The texts are too long.
    """
    uow = act.uow
    bound = product_binding(desk.pins.trial_id, product.participant, product.donation)
    written = details.to_bytes(kept_free=kept_free, typed=typed)
    sealed = desk.keys.seal_record(written, bound, uow.entropy)
    changed = act.change(product, details=sealed, **changes)
    act.note(facts_digest=facts.noted(desk.keys.draws, act.number, facts.of_product(details)))
    _watch(uow, changed, details)
    return changed


def look_again(uow: UnitOfWork, desk: Desk, number: str) -> None:
    """Bring up to date what is known without a key, after a kit of the participant has become ready."""
    product = products.latest(uow, number)
    _watch(uow, product, read(desk, product))


def demand_usable(uow: UnitOfWork, desk: Desk, number: str, lot: str) -> None:
    """What `products.demand_within_limits` refuses, by the sealed record itself, and a lot that is left out.

    Args:
        uow: The unit of work.
        desk: Keys.
        number: Participant number.
        lot: Of what was filled, as the preparer notes it; whether it is of the product is not asked.

    Raises:
        Refused: A result of the participant's product is out of limits, or this lot of it is not cleared.
        Tampered: The record does not open.
    """
    known = read(desk, products.latest(uow, number))
    if known.out_of_limits:
        raise products.out_of_limits(number)
    if any(one.number == lot.strip() and not one.in_use for one in known.lots):
        raise Refused(
            f"Lot {lot.strip()} of this product is not cleared, so no kit of it can be ready. "
            "Nothing was declared ready.",
            field="lot",
            next_step="Compare the lot on the label of what was filled with the sheet. If it is this one, "
            "end the preparation without a kit.",
        )


def _watch(uow: UnitOfWork, product: Product, details: ProductDetails) -> None:
    failed = product.state is ProductState.FAILED
    waiting = () if failed else awaited(uow, product, details)
    now = QualityWatch(
        participant=product.participant,
        due_at=waiting[0].due_at if waiting else None,
        out_of_limits=details.out_of_limits and not failed,
    )
    if uow.find(QualityWatch, now.participant) is None:
        uow.insert(now)
    else:
        uow.update(now)


def awaited(uow: UnitOfWork, product: Product, details: ProductDetails) -> tuple[Awaited, ...]:
    """Every test of a product and of its participant's kits that has no result, the soonest due first."""
    return details.awaited(trials.current(uow)[1].quality_tests, ready_since(uow, product.participant))


def ready_since(uow: UnitOfWork, number: str) -> dict[str, datetime]:
    """The kits of a participant that are or were ready, and since when."""
    allocation = uow.find(Allocation, number)
    if allocation is None:
        return {}
    kits = uow.all(Kit, slot=allocation.slot)
    return {kit.number: kit.ready_at for kit in kits if kit.ready_at is not None}


def record_lot(
    uow: UnitOfWork,
    desk: Desk,
    person: Person,
    number: str,
    *,
    lot: Lot,
    results: Mapping[str, Result],
) -> Product:
    """Record a lot of a product that is not cleared yet, with the results that are known.

    Where the product gates nothing, kits can be ready by then: a lot that has failed opens their alerts.

    Args:
        uow: The unit of work.
        desk: Keys; all of it is sealed.
        person: A clearing person.
        number: Participant number.
        lot: The lot; samples count as taken now.
        results: What is known, by code of a test of the product; the others are pending.

    Raises:
        Refused: The product is cleared or failed, the lot's number is missing or taken, a test is unknown,
            or the texts are too long.
    """
    _, definition = acting.in_trial(uow, Act.QUALITY_RECORDED)
    participant = acting.on_participant(uow, person, Act.QUALITY_RECORDED, number)
    product = products.demand_in(uow, number, ProductState.HARVESTED)
    known = read(desk, product)
    demand_lot(lot, known)
    for test in results:
        if definition.quality_test(test).of_kit:
            raise _not_of(test)
    with trail.act(uow, Act.QUALITY_RECORDED, person, site=participant.site, participant=number) as act:
        added = replace(lot, recorded_at=act.at, in_use=not definition.product_gate)
        recorded = tuple(
            Recorded(subject=lot.number, test=test, result=result, at=act.at, by=person.account)
            for test, result in results.items()
            if result is not Result.PENDING
        )
        details = replace(known, lots=(*known.lots, added), results=(*known.results, *recorded))
        texts = {"lot": lot.number, **{name: getattr(lot, name) for name in LOT_TEXTS}}
        changed = write(act, desk, product, details, typed=texts)
    if details.failed(lot.number):
        alerts.open_for(uow, number, _concerned(uow, details, number, lot.number, of_kit=False))
    return changed


def strike_out(uow: UnitOfWork, desk: Desk, person: Person, number: str, *, lot: str, why: str) -> Product:
    """Strike out a lot that was recorded by mistake, before the product is cleared; its tests wait no more.

    Nothing is taken out of the sealed record; the entry says as much as that of a lot or a result.

    Args:
        uow: The unit of work.
        desk: Keys; it is sealed.
        person: A clearing person.
        number: Participant number.
        lot: Number of the lot.
        why: Why; it stays on this side.

    Raises:
        Refused: The product is cleared or failed, no such lot stands, kits may be made of it already, or the
            reason is missing or too long.
    """
    acting.in_trial(uow, Act.QUALITY_RECORDED)
    participant = acting.on_participant(uow, person, Act.QUALITY_RECORDED, number)
    product = products.demand_in(uow, number, ProductState.HARVESTED)
    with trail.act(uow, Act.QUALITY_RECORDED, person, site=participant.site, participant=number) as act:
        known = read(desk, product)
        details = lots.strike_out(known, lot.strip(), at=act.at, by=person.account, why=why)
        return write(act, desk, product, details, typed={"why": why})


def record_result(
    uow: UnitOfWork,
    desk: Desk,
    person: Person,
    number: str,
    *,
    subject: str,
    test: str,
    result: Result,
    corrects: bool = False,
) -> Product:
    """Record the result of a test of a lot or of a kit, or correct one.

    A failed result gives way to a statement that it was wrong, never to a request that was on its way before
    it: a retry must not undo an alarm.

    A lot in use that has failed opens a quality alert for every kit of the participant that is or was ready,
    a kit that has failed for itself alone.

    Args:
        uow: The unit of work.
        desk: Keys; it is sealed.
        person: A clearing person.
        number: Participant number.
        subject: Number of the lot or of the kit.
        test: Code of the test.
        result: Passed or failed.
        corrects: Whether it passed after all, and the failed result that stands was wrong.

    Raises:
        Refused: There is no such lot, kit or test, the product failed, the result stands already, or a failed
            one stands that is not said to be wrong, or is said to be and is not there.
    """
    _, definition = acting.in_trial(uow, Act.QUALITY_RECORDED)
    participant = acting.on_participant(uow, person, Act.QUALITY_RECORDED, number)
    product = demand_new(
        uow, desk, definition, number, subject=subject, test=test, result=result, corrects=corrects
    )
    with trail.act(uow, Act.QUALITY_RECORDED, person, site=participant.site, participant=number) as act:
        changed = add(act, desk, product, subject=subject, test=test, result=result)
    if result is Result.FAILED:
        alert(uow, desk, definition, changed, subject=subject, test=test)
    return changed


def demand_new(
    uow: UnitOfWork,
    desk: Desk,
    definition: Definition,
    number: str,
    *,
    subject: str,
    test: str,
    result: Result,
    corrects: bool,
) -> Product:
    """The product that a result can be recorded of; what it refuses is told at `record_result`."""
    product = products.demand_in(
        uow, number, ProductState.HARVESTED, ProductState.CLEARED_BY_QP, ProductState.CLEARED
    )
    known = read(desk, product)
    of_kit = definition.quality_test(test).of_kit
    subjects = ready_since(uow, number) if of_kit else {lot.number for lot in known.standing}
    if subject not in subjects:
        raise _not_of(test)
    _demand_news(known.result(subject, test), result, corrects=corrects)
    return product


def add(act: OpenAct, desk: Desk, product: Product, *, subject: str, test: str, result: Result) -> Product:
    """Write a result behind those that stand; see `demand_new`."""
    known = read(desk, product)
    added = Recorded(subject=subject, test=test, result=result, at=act.at, by=act.person.account)
    details = replace(known, results=(*known.results, added))
    # Whatever else is written down, a failed result must find room: nobody is alerted by one that is not.
    kept_free = 0 if result is Result.FAILED else FOR_FAILURES
    return write(act, desk, product, details, kept_free=kept_free)


def alert(
    uow: UnitOfWork, desk: Desk, definition: Definition, product: Product, *, subject: str, test: str
) -> None:
    """Open the alerts of a test that failed."""
    of_kit = definition.quality_test(test).of_kit
    number = product.participant
    alerts.open_for(uow, number, _concerned(uow, read(desk, product), number, subject, of_kit=of_kit))


def _demand_news(before: Recorded | None, result: Result, *, corrects: bool) -> None:
    standing = Result.PENDING if before is None else before.result
    if corrects and standing is not Result.FAILED:
        raise Refused(
            "No failed result is recorded of this test. Nothing was changed.",
            field="result",
            next_step="Look again which result it is. Where the test passed, say only that.",
        )
    if result in {Result.PENDING, standing}:
        raise Refused(
            "Say whether the test passed or failed; it may not be what is recorded already. "
            "Nothing was changed.",
            field="result",
            next_step="Read the report of the laboratory.",
        )
    if standing is Result.FAILED and not corrects:
        raise Refused(
            "A failed result is recorded of this test. Nothing was changed.",
            field="result",
            next_step="Where a failed result was wrong, say so: passed, and the failed result was wrong.",
        )


def _concerned(
    uow: UnitOfWork, details: ProductDetails, number: str, subject: str, *, of_kit: bool
) -> tuple[str, ...]:
    """The kits that a failed test is about: one, or whatever they hold all that are or were ready."""
    if of_kit:
        return (subject,)
    in_use = any(lot.number == subject and lot.in_use for lot in details.lots)
    return tuple(ready_since(uow, number)) if in_use else ()


def _not_of(test: str) -> Refused:
    return Refused(
        f"The test {test} is not made of this. Nothing was changed.",
        field="subject",
        next_step="Choose a lot for a test of the product, and a kit for a test of the kit.",
    )
