"""Receiving a kit that travelled to the site: scanned, sound, damaged on the way, or too warm or too cold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import scans
from randomizer.domain.acts import Act
from randomizer.domain.numbers import group3
from randomizer.domain.supply import Arrival, Kit, KitState
from randomizer.errors import Faulty, HardStop, Refused
from randomizer.services import acting, trail
from randomizer.services.care import alerts, kits, periods

if TYPE_CHECKING:
    from collections.abc import Iterator

    from randomizer.domain.people import Person
    from randomizer.services.care.excursions import Excursion
    from randomizer.store.work import UnitOfWork

AFTER = {
    Arrival.SOUND: KitState.READY,
    Arrival.DAMAGED: KitState.DAMAGED,
    Arrival.EXCURSION: KitState.QUARANTINED,
}


def receive(
    uow: UnitOfWork,
    person: Person,
    number: str,
    scanned: str,
    *,
    arrival: Arrival,
    excursion: Excursion | None = None,
) -> Kit:
    """Record that the kit of the current period has come; only a sound one can be handed out.

    One that is damaged, was too warm or too cold, or had a quality alert on its way leaves its period:
    another one can be asked for.

    Args:
        uow: The unit of work.
        person: A dispensing pharmacist of the participant's site.
        number: Participant number.
        scanned: Kit number as scanned or typed.
        arrival: How it came.
        excursion: What the logger shows, for a kit that was too warm or too cold.

    Raises:
        Faulty: The temperatures are missing or impossible, or belong to no excursion.
        HardStop: Another kit than the one that is on its way.
        Refused: No kit is on its way, or what was scanned is no kit number.
    """
    acting.in_trial(uow, Act.KIT_RECEIVED)
    participant = acting.on_participant(uow, person, Act.KIT_RECEIVED, number)
    kit = demand_on_its_way(uow, number)
    if (other := scans.kit_number(scanned)) != kit.number:
        raise HardStop(
            "Wrong kit. It is not the one that is on its way for this participant. Nothing was recorded.",
            scanned=other,
            needed=kit.number,
            next_step="Put it aside, and scan the one for this participant.",
        )
    faults = tuple(_faults(arrival, excursion))
    if faults:
        raise Faulty(faults, next_step="Read the logger of the shipment. Nothing was recorded.")
    with trail.act(uow, Act.KIT_RECEIVED, person, site=participant.site, participant=number) as act:
        act.note(arrival=arrival)
        if excursion is not None:
            excursion.note(act)
        if arrival is Arrival.SOUND and alerts.ever(uow, kit.number):
            return kits.take_out(act, kit, KitState.QUARANTINED)
        if arrival is Arrival.SOUND:
            return act.change(kit, state=KitState.READY)
        return kits.take_out(act, kit, AFTER[arrival])


def demand_on_its_way(uow: UnitOfWork, number: str) -> Kit:
    """The kit that is on its way for the current period.

    Raises:
        Refused: There is none.
        Tampered: It differs from its entry.
    """
    record = periods.current(uow, number)
    kit = uow.find(Kit, record.kit) if record.kit else None
    if kit is None or kit.state is not KitState.SHIPPED:
        standing = f"is {kit.state}: {group3(kit.number)}" if kit is not None else "is not ready"
        raise Refused(
            f"The kit for period {record.period} of participant {number} {standing}. Nothing is on its way. "
            "Nothing was changed.",
            field="kit",
            next_step="Open the participant's page to see how the period stands.",
        )
    trail.check(uow, kit)
    return kit


def _faults(arrival: Arrival, excursion: Excursion | None) -> Iterator[tuple[str, str]]:
    if arrival is not Arrival.EXCURSION:
        if excursion is not None:
            yield "arrival", f"Temperatures belong to a kit that was {Arrival.EXCURSION}; got {arrival}."
        return
    if excursion is None:
        yield "lowest_c", "Lowest and highest temperature and the minutes outside the limits are missing."
        return
    yield from excursion.faults()
