"""Taking stock: open a count of a site's shelf, scan its kits, close it, settle what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import acts, reasons, scans
from randomizer.domain.acts import Act
from randomizer.domain.kit_moves import ON_THE_SHELF
from randomizer.domain.numbers import group3
from randomizer.domain.stock import CountedKit, StockTake
from randomizer.domain.supply import Kit, KitState
from randomizer.domain.trial import SiteStatus
from randomizer.errors import Refused
from randomizer.services import acting, trail
from randomizer.services.care import kits

if TYPE_CHECKING:
    from collections.abc import Collection

    from randomizer.domain.people import Person
    from randomizer.store.work import UnitOfWork


def open_take(uow: UnitOfWork, person: Person, site: str) -> StockTake:
    """Begin a count; what is expected is shown to nobody before it is closed.

    Args:
        uow: The unit of work.
        person: A dispensing pharmacist of the site.
        site: Site code.

    Raises:
        NotFound: There is no such site.
        Refused: A count of this site is open already.
    """
    acting.in_trial(uow, Act.STOCK_TAKE_OPENED)
    uow.get(SiteStatus, site, what="site")
    acts.demand(person, Act.STOCK_TAKE_OPENED, site)
    standing = uow.all(StockTake, site=site, closed_at=None)
    if standing:
        raise Refused(
            f"Stock take {standing[0].number} of this site is open. Nothing was changed.",
            field="site",
            next_step="Go on with it, or close it first.",
        )
    with trail.act(uow, Act.STOCK_TAKE_OPENED, person, site=site) as act:
        return act.add(StockTake(number=act.number, site=site, opened_at=act.at))


def count(uow: UnitOfWork, person: Person, number: int, scanned: str) -> CountedKit:
    """Count one kit.

    Args:
        uow: The unit of work.
        person: A dispensing pharmacist of the site.
        number: Of the stock take.
        scanned: Kit number as scanned or typed; one that is not on the books is counted as unexpected.

    Raises:
        NotFound: There is no such stock take.
        Refused: It is closed, the kit was counted before, or what was scanned is no kit number.
    """
    take = _open(uow, person, Act.KIT_COUNTED, number)
    kit = scans.kit_number(scanned)
    if uow.find(CountedKit, number, kit) is not None:
        raise Refused(
            f"Kit {group3(kit)} is counted already. Nothing was changed.",
            field="kit",
            next_step="Scan the next one.",
        )
    with trail.act(uow, Act.KIT_COUNTED, person, site=take.site) as act:
        return act.add(CountedKit(take=number, kit=kit, counted_at=act.at))


def close(uow: UnitOfWork, person: Person, number: int) -> StockTake:
    """Close a count and compare it with the books; differences stay open until somebody settles them.

    Raises:
        NotFound: There is no such stock take.
        Refused: It is closed already.
        Tampered: A kit differs from its entry.
    """
    take = _open(uow, person, Act.STOCK_TAKE_CLOSED, number)
    counted = {one.kit for one in uow.all(CountedKit, take=number)}
    expected = expected_at(uow, take.site, counted)
    with trail.act(uow, Act.STOCK_TAKE_CLOSED, person, site=take.site) as act:
        return act.change(
            take,
            closed_at=act.at,
            matched=len(counted & expected),
            missing=" ".join(sorted(expected - counted)),
            unexpected=" ".join(sorted(counted - expected)),
        )


def settle(uow: UnitOfWork, person: Person, number: int, why: str) -> StockTake:
    """State how the differences of a count came about and what was done about them.

    Raises:
        NotFound: There is no such stock take.
        Refused: Nothing is to be settled, or the explanation is missing.
    """
    acting.in_trial(uow, Act.STOCK_TAKE_SETTLED)
    take = uow.get(StockTake, number, what="stock take")
    acts.demand(person, Act.STOCK_TAKE_SETTLED, take.site)
    trail.check(uow, take)
    demand_possible(take, Act.STOCK_TAKE_SETTLED)
    reasons.demand(why, "Say how the differences came about and what was done.")
    with trail.act(uow, Act.STOCK_TAKE_SETTLED, person, site=take.site, why=why) as act:
        return act.change(take, settled_at=act.at)


def expected_at(uow: UnitOfWork, site: str, counted: Collection[str]) -> set[str]:
    """Numbers of the kits that lie on the shelf of a site by the books.

    A kit that was to be destroyed, or expired, while it was on its way may have come since: it is neither
    missing nor unexpected.

    Args:
        uow: The unit of work.
        site: Site code.
        counted: Numbers of the kits that were counted.

    Raises:
        Tampered: A kit differs from its entry.
    """
    held = uow.all(Kit, state=list(ON_THE_SHELF))
    trail.check(uow, *held)
    return {
        kit.number
        for kit in held
        if kits.site_of(uow, kit) == site and (kit.number in counted or not _on_its_way(uow, kit))
    }


def _on_its_way(uow: UnitOfWork, kit: Kit) -> bool:
    afar = kit.state in {KitState.TO_DESTROY, KitState.EXPIRED}
    return afar and trail.state_before(uow, kit) is KitState.SHIPPED


def demand_possible(take: StockTake, act: Act) -> None:
    """Refuse an act on a stock take that cannot succeed now.

    Raises:
        Refused: It is closed, or nothing of it is to be settled.
    """
    if act is Act.STOCK_TAKE_SETTLED:
        if not take.unsettled:
            raise Refused(
                f"Stock take {take.number} has nothing to settle. Nothing was changed.",
                field="take",
                next_step="Open the stock take to see how it stands.",
            )
    elif take.closed_at is not None:
        raise Refused(
            f"Stock take {take.number} is closed. Nothing was changed.",
            field="take",
            next_step="Open a new one to count again.",
        )


def _open(uow: UnitOfWork, person: Person, act: Act, number: int) -> StockTake:
    acting.in_trial(uow, act)
    take = uow.get(StockTake, number, what="stock take")
    acts.demand(person, act, take.site)
    trail.check(uow, take)
    demand_possible(take, act)
    return take
