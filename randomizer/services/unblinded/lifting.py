"""Lifting a quarantine: a kit that was ready can be handed out again, by the unblinded side's signature.

Whether it may be lifted follows from what happened to the kit and from results, never from what it holds:
while a result of the product or of the kit stands at failed it is refused, whatever the treatment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import kit_moves, participants, reasons
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.numbers import group3
from randomizer.domain.supply import Kit, KitState
from randomizer.errors import Refused
from randomizer.services import trail
from randomizer.services.care import alerts, kits, periods, products
from randomizer.services.signatures import StepUp, sign
from randomizer.services.unblinded import quality
from randomizer.services.unblinded.opening import read_preparation
from randomizer.services.views import kit_views

if TYPE_CHECKING:
    from randomizer.domain.people import Person
    from randomizer.domain.supply import PeriodRecord
    from randomizer.masking import View
    from randomizer.services.unblinded.desk import Desk
    from randomizer.services.views.sight import Sight
    from randomizer.store.work import UnitOfWork

LIFTED_MEANING = "I lift the quarantine of this kit: it can be used, whatever it holds."
KIND = "Quarantine"


def listing(sight: Sight) -> list[View]:
    """Every kit in quarantine whose time has not passed; see `shown`."""
    now = sight.uow.clock()
    kept = sight.uow.all(Kit, state=KitState.QUARANTINED)
    found = (shown(sight, kit) for kit in kept if kit.expires_at is not None and kit.expires_at > now)
    return [view for view in found if view]


def shown(sight: Sight, kit: Kit) -> View:
    """A kit: site, participant, period, state, since, why and expires_at, as the person may see it."""
    entry = sight.uow.get(Entry, kit.entry, what="entry")
    told = {
        "kit": kit.number,
        "site": entry.site,
        "participant": kits.whose(sight.uow, kit).number,
        "period": kit.period,
        "state": kit.state,
        "since": entry.at,
        "why": _cause(sight.uow, kit),
        "expires_at": kit.expires_at,
    }
    return sight.show(told, kind=KIND)


def _cause(uow: UnitOfWork, kit: Kit) -> str:
    """Why a kit was put into quarantine: what the logger showed, and the reason that was given, if any."""
    found = uow.recorded(kit.entry)
    return "" if found is None else ". ".join(filter(None, (kit_views.remark(found[1]), found[1].why)))


def lift(uow: UnitOfWork, desk: Desk, person: Person, step_up: StepUp, typed: str, *, why: str) -> Kit:
    """Lift the quarantine of a kit that was ready before, so that it can be handed out again.

    Args:
        uow: The unit of work.
        desk: Keys; the results are sealed.
        person: A clearing person.
        step_up: Their re-authentication.
        typed: Kit number as typed or scanned.
        why: The reason; it stays on the unblinded side.

    Raises:
        NotFound: No such kit ever became ready.
        Refused: It is not in quarantine, was missing, damaged or handed out before, its time has passed, a
            result stands at failed, its period goes on without it, was booked anew or had another preparation
            since, or the reason is missing.
        StepUpRefused: The re-authentication does not count.
        Tampered: A record that this rests on differs from its entry.
    """
    kit, record = _demand_liftable(uow, desk, person, typed)
    reasons.demand(why, "To lift a quarantine, give the reason.")
    with kits.act_on(uow, Act.QUARANTINE_LIFTED, person, kit, why) as act:
        values = {"kit": kit.number, "participant": record.participant, "period": record.period}
        sign(act, step_up, meaning=LIFTED_MEANING, about=f"kit {kit.number}", values=values)
        alarm = alerts.standing(uow, kit.number)
        if alarm is not None:
            act.change(alarm, cleared_at=act.at)
        act.change(
            record,
            kit=kit.number,
            preparation_begun_at=kit.ready_at,
            preparation_ended_at=kit.ready_at,
            asked_at=None,
            answered_at=None,
            available_at=None,
        )
        return act.change(kit, state=KitState.READY)


def in_the_way(uow: UnitOfWork, desk: Desk, person: Person, typed: str) -> Refused | None:
    """Why a quarantine cannot be lifted now, whatever reason is given; None where it can be. See `lift`."""
    try:
        _demand_liftable(uow, desk, person, typed)
    except Refused as refused:
        return refused
    return None


def _demand_liftable(uow: UnitOfWork, desk: Desk, person: Person, typed: str) -> tuple[Kit, PeriodRecord]:
    kit = kits.demand(uow, person, Act.QUARANTINE_LIFTED, typed)
    kit_moves.demand_came_from(Act.QUARANTINE_LIFTED, kit, trail.state_before(uow, kit))
    if kit.expires_at is None or kit.expires_at <= uow.clock():
        raise _refused(kit, "has expired", "It is never handed out again.")
    record = _demand_wanted(uow, kit)
    _demand_last_prepared(uow, desk, kit, record.participant)
    _demand_no_failure(uow, desk, kit, record.participant)
    return kit, record


def _demand_wanted(uow: UnitOfWork, kit: Kit) -> PeriodRecord:
    participant = kits.whose(uow, kit)
    trail.check(uow, participant)
    participants.demand(participant, Act.PREPARATION_BEGUN)
    record = periods.current(uow, participant.number)
    trail.check(uow, record)
    if participant.site != kits.site_of(uow, kit):
        raise _refused(kit, "lies at a site that its participant has left", "Have it destroyed.")
    if record.period != kit.period or record.booked_for is None:
        raise _refused(kit, "belongs to a period that is over or not booked", "Have it destroyed.")
    if record.kit or record.preparing:
        raise _refused(kit, "has been replaced by another kit of its period", "Have it destroyed.")
    return record


def _demand_last_prepared(uow: UnitOfWork, desk: Desk, kit: Kit, number: str) -> None:
    """Refuse a kit that was prepared for another booking, or of which the sealed record tells no more.

    Fit for infusion was signed for the booking that it was prepared for; a code break is answered from the
    record.
    """
    if read_preparation(uow, desk, kit.slot, kit.period).kit != kit.number:
        raise _refused(kit, "was followed by another preparation of its period", "Have it destroyed.")
    acts = (Act.PREPARATION_ENDED.value, Act.INFUSION_BOOKED.value)
    [last] = uow.all(Entry, participant=number, act=acts, order="-number", limit=1)
    if last.act == Act.INFUSION_BOOKED:
        raise _refused(kit, "was prepared for an earlier booking", "Have it destroyed.")


def _demand_no_failure(uow: UnitOfWork, desk: Desk, kit: Kit, number: str) -> None:
    known = quality.read(desk, products.latest(uow, number))
    if known.out_of_limits or known.failed(kit.number):
        raise _refused(
            kit,
            "has a quality result out of limits",
            "Where the result was wrong, record the right one first. What the kit holds changes nothing.",
        )


def _refused(kit: Kit, how: str, next_step: str) -> Refused:
    return Refused(
        f"Kit {group3(kit.number)} {how}, so its quarantine is not lifted. Nothing was changed.",
        field="kit",
        next_step=next_step,
    )
