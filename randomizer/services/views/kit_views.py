"""One kit as a person may see it: where it is in its life, for whom it was made ready, what became of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from randomizer.domain import packaging
from randomizer.domain.acts import DURING, MAY, Act
from randomizer.domain.housekeeping import Entry, EntryValues
from randomizer.domain.kit_moves import MOVES, moves_from
from randomizer.domain.numbers import group3
from randomizer.domain.people import SERVICE, UNBLINDED, Account
from randomizer.domain.supply import VISIBLE, Kit, KitState, PeriodRecord
from randomizer.domain.trial import Allocation
from randomizer.errors import NotAllowed, NotFound, Refused
from randomizer.services import trail
from randomizer.services.care import alerts, dispensing, kits, periods, readiness

if TYPE_CHECKING:
    from collections.abc import Mapping

    from randomizer.domain.records import Alarm
    from randomizer.masking import View
    from randomizer.services.views.sight import Sight

MOVEMENT = "KitMovement"
BESIDE = "KitBeside"
DESTRUCTION = "Destruction"
ALERTED = "Quality alert"
"""Beside the quarantine of a kit that a quality alert put there; one that came while it travelled, too."""
DESTRUCTION_TASK = "destruction of a kit"
SET_ASIDE = frozenset({KitState.EXPIRED, KitState.QUARANTINED, KitState.DAMAGED, KitState.MISSING})
"""States of a kit in the place of which another one may be needed."""
NEXT: Mapping[KitState, Act] = {
    KitState.SHIPPED: Act.KIT_RECEIVED,
    KitState.READY: Act.KIT_DISPENSED,
    KitState.RETURNED: Act.KIT_DESTROYED,
    KitState.TO_DESTROY: Act.KIT_DESTROYED,
}
"""What is to be done with a kit in the pharmacy."""
ON_A_KIT = frozenset(
    {
        Act.KIT_RETURNED,
        Act.KIT_QUARANTINED,
        Act.KIT_DAMAGED,
        Act.KIT_MISSING,
        Act.KIT_FOUND,
        Act.KIT_DESTROYED,
    }
)
"""Acts that are done on a kit's own page."""


def find(sight: Sight, typed: str) -> Kit:
    """The kit with a number as typed or scanned.

    Raises:
        NotAllowed: The person's roles never see kits.
        NotFound: There is none that this person sees.
        Refused: It is no kit number.
    """
    sight.demand("Kit", "number")
    kit = kits.find(sight.uow, typed)
    if not sight.show(kit, site=kits.site_of(sight.uow, kit)):
        raise kits.unknown(kit.number)
    return kit


def comes_next(sight: Sight, kit: Kit) -> Act | None:
    """What a person does with a kit that they scan before anything else; None where nothing waits for it.

    Args:
        sight: The person looking.
        kit: From `find`.

    Returns:
        The receipt of a kit that has come, the dispensation of one that can be handed out now, or the
        destruction of one that nobody gets any more.

    Raises:
        Tampered: A record that this rests on differs from its entry.
    """
    site = kits.site_of(sight.uow, kit)
    act = NEXT.get(kit.state)
    if act is None or sight.person.role_for(MAY[act], site) is None or sight.trial.phase not in DURING[act]:
        return None
    if act is Act.KIT_DISPENSED and not _goes_out(sight, kit):
        return None
    return act


def _goes_out(sight: Sight, kit: Kit) -> bool:
    try:
        todo = dispensing.look_up(sight.uow, sight.person, kits.whose(sight.uow, kit).number)
    except (Refused, NotAllowed):
        return False
    return todo.kit.number == kit.number


def askable(sight: Sight, kit: Kit) -> bool:
    """Whether this person can ask for another kit in the place of one that serves nobody any more.

    Raises:
        Tampered: A record that this rests on differs from its entry.
    """
    participant = kits.whose(sight.uow, kit)
    may = MAY[Act.REPLACEMENT_REQUESTED]
    if kit.state not in SET_ASIDE or sight.person.role_for(may, participant.site) is None:
        return False
    possible = readiness.possible(sight.uow, participant)
    return (
        Act.REPLACEMENT_REQUESTED in possible
        and periods.current(sight.uow, participant.number).period == kit.period
    )


def to_destroy(sight: Sight) -> list[View]:
    """The destructions that wait, of kits whose booking became void, as rows of a list of tasks."""
    found = []
    for kit in sight.uow.all(Kit, state=KitState.TO_DESTROY):
        entry = sight.uow.get(Entry, kit.entry, what="entry")
        told = {
            "kind": DESTRUCTION_TASK,
            "kit": kit.number,
            "participant": kits.whose(sight.uow, kit).number,
            "site": entry.site,
            "opened_at": entry.at,
        }
        found.append(sight.show(told, site=entry.site, kind="Task"))
    return [one for one in found if "kit" in one]


def on_their_way(sight: Sight) -> list[dict[str, Any]]:
    """The kits that this person receives once they have come, the soonest booking first.

    Returns:
        kit, participant (number) and booked_for of each.
    """
    act = Act.KIT_RECEIVED
    found = []
    for kit in sight.uow.all(Kit, state=KitState.SHIPPED):
        participant = kits.whose(sight.uow, kit)
        if sight.person.role_for(MAY[act], participant.site) is None or sight.trial.phase not in DURING[act]:
            continue
        record = sight.uow.get(PeriodRecord, participant.number, kit.period, what="period")
        found.append(
            {
                "kit": sight.show(kit, site=participant.site),
                "participant": participant.number,
                "booked_for": sight.show(record, site=participant.site)["booked_for"],
            }
        )
    return sorted(found, key=lambda one: (one["booked_for"], one["participant"]))


def whole(sight: Sight, kit: Kit) -> dict[str, Any]:
    """All that a person may see of one kit.

    Args:
        sight: The person looking.
        kit: From `find`.

    Returns:
        kit, site (code), participant (number), alert (that stands, or empty), movements (in order) and
        acts (that this person could do now).
    """
    site = kits.site_of(sight.uow, kit)
    beside = {"site": site, "participant": kits.whose(sight.uow, kit).number}
    return {
        "kit": sight.show(kit, site=site),
        **sight.show(beside, site=site, kind=BESIDE),
        "alert": alert(sight, kit.number, site),
        "movements": movements(sight, [site], kit=kit.number),
        "acts": possible(sight, kit, site),
    }


def alert(sight: Sight, kit: str, site: str) -> View:
    """The quality alert of a kit that stands, as the person may see it; empty where there is none.

    Args:
        sight: The person looking.
        kit: Kit number.
        site: Code of its participant's site.
    """
    found = alerts.standing(sight.uow, kit)
    return shown_alert(sight, kit, found, site) if found else {}


def shown_alert(sight: Sight, kit: str, standing: Alarm, site: str) -> View:
    """A quality alert of a kit, as the person may see it; see `alert`."""
    told = {"kit": kit, "raised_at": standing.raised_at}
    return sight.show(told, site=site, kind=alerts.KIND)


def destruction(sight: Sight, kit: Kit) -> View:
    """The record of a kit's destruction, to print.

    Args:
        sight: The person looking.
        kit: From `find`.

    Raises:
        NotAllowed: The person's roles never see such records.
        NotFound: Its destruction was never recorded.
        Tampered: What its entry noted is not what it was made of.
    """
    sight.demand(DESTRUCTION, "kit")
    uow = sight.uow
    found = uow.recorded(kit.entry)
    if found is None or found[0].act != Act.KIT_DESTROYED:
        raise NotFound(
            f"No destruction of kit {group3(kit.number)} is recorded.",
            field="kit",
            next_step="Open the kit's page to see what became of it.",
        )
    entry, values = found
    noted = trail.noted(uow, entry.number)
    saw = noted["checked_by"]
    told = {
        "at": entry.at,
        "site": entry.site,
        "kit": kit.number,
        "code": packaging.code_of(sight.definition.trial_id, kit.number),
        "participant": kits.whose(uow, kit).number,
        "period": kit.period,
        "method": noted["method"],
        "why": values.why,
        "by": uow.get(Account, entry.actor, what="account").printed_name,
        "role": entry.role,
        "checked_by": uow.get(Account, saw, what="account").printed_name if saw else "",
        "meaning": kits.DESTROYED_MEANING,
    }
    return sight.show(told, site=entry.site, kind=DESTRUCTION)


def possible(sight: Sight, kit: Kit, site: str) -> frozenset[Act]:
    """Acts on a kit that would not be refused now and that this person may do."""
    return frozenset(
        act
        for act in moves_from(kit.state) & ON_A_KIT
        if sight.person.role_for(MAY[act], site) is not None and sight.trial.phase in DURING[act]
    )


def movements(sight: Sight, sites: list[str], *, kit: str = "") -> list[View]:
    """What became of the kits of some sites, from the trail, in the order of its entries.

    Args:
        sight: The person looking.
        sites: Site codes.
        kit: Kit number to keep, or "".

    Returns:
        For each change of a kit's state: number (of its entry), at, act, site, kit, code (of its packaging),
        period, participant, state, by, role and remark, as the person may see them.
    """
    uow = sight.uow
    entries = {one.number: one for one in uow.all(Entry, site=sites, act=[str(act) for act in MOVES])}
    names = {one.number: one.printed_name for one in uow.all(Account)} | {
        SERVICE.account: SERVICE.printed_name
    }
    whose = {one.slot: one.participant for one in uow.all(Allocation)}
    found = []
    for values in uow.all(EntryValues, number=list(entries)):
        entry = entries[values.number]
        for row in _kits(values, kit):
            new = row["new"]
            told = {
                "number": entry.number,
                "at": entry.at,
                "act": entry.act,
                "site": entry.site,
                "kit": new["number"],
                "code": packaging.code_of(sight.definition.trial_id, new["number"]),
                "period": new["period"],
                "participant": whose.get(new["slot"], ""),
                "state": new["state"],
                "by": names[entry.actor],
                "role": entry.role,
                "remark": _told_beside(entry, values, KitState(new["state"])),
            }
            found.append(sight.show(told, site=entry.site, kind=MOVEMENT))
    return [one for one in found if one]


def _kits(values: EntryValues, wanted: str) -> list[dict[str, Any]]:
    """The kits that an entry moved, and that blinded roles see."""
    if '"Kit"' not in values.content:
        return []
    return [
        row
        for row in json.loads(values.content)["rows"]
        if row["kind"] == Kit.__name__
        and "state" in row.get("old", {})
        and KitState(row["new"]["state"]) in VISIBLE
        and wanted in {"", row["new"]["number"]}
    ]


def _told_beside(entry: Entry, values: EntryValues, state: KitState) -> str:
    """What blinded roles read beside a movement: temperatures, and why a kit went into quarantine.

    A quality alert is named as such, in the same words whatever the kit holds; a reason is told where a
    blinded role wrote it.
    """
    shown = remark(values)
    if state is not KitState.QUARANTINED:
        return shown
    if entry.act == Act.QUALITY_ALERT or (entry.act == Act.KIT_RECEIVED and not shown):
        return ALERTED
    return ". ".join(filter(None, (shown, "" if entry.role in UNBLINDED else values.why)))


def remark(values: EntryValues) -> str:
    """How far the temperature left its limits, where an entry tells of an excursion, or ""."""
    if '"lowest_c"' not in values.content:
        return ""
    noted = json.loads(values.content)["details"]
    return f"{noted['lowest_c']} to {noted['highest_c']} °C, {noted['minutes']} minutes outside the limits"
