"""The trail as readers see it: entries by page, each compared with its values, and how far it is signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keys.merkle import Frontier
from randomizer import masking
from randomizer.domain.acts import CODE_BREAKS
from randomizer.domain.housekeeping import Entry, EntryValues, SignedCheckpoint, TrailHead
from randomizer.domain.people import SERVICE, Account
from randomizer.domain.records import Alarm
from randomizer.errors import Stopped
from randomizer.services import outside, trail
from randomizer.services.views.sight import PAGE

if TYPE_CHECKING:
    from randomizer.masking import View
    from randomizer.services.views.sight import Sight

CHECKPOINTS = 10


def entries(sight: Sight, *, page: int = 1, participant: str = "", size: int = PAGE) -> dict[str, Any]:
    """One page of entries, newest first.

    Args:
        sight: The person looking.
        page: 1-based.
        participant: Participant number to keep, or "".
        size: Rows on a page.

    Returns:
        rows (the entry as the person may see it, `by` and `agrees`), page, pages, count.

    Raises:
        NotAllowed: The person does not read the trail.
    """
    sight.demand("Entry", "digest")
    where: dict[str, Any] = {"participant": participant} if participant else {}
    count = sight.uow.count(Entry, **where)
    pages = max(1, -(-count // size))
    page = min(max(1, page), pages)
    found = sight.uow.all(Entry, order="-number", limit=size, skip=(page - 1) * size, **where)
    told = sight.uow.all(EntryValues, number=[entry.number for entry in found])
    values = {one.number: one for one in told}
    sight.uow.all(Account, number=sorted({entry.actor for entry in found}))  # in one look
    rows = [shown for shown in (row(sight, entry, values.get(entry.number)) for entry in found) if shown]
    return {"rows": rows, "page": page, "pages": pages, "count": count}


def summary(sight: Sight) -> dict[str, Any]:
    """How long the trail is, how far it is signed, and what stands against it.

    Returns:
        size, root (hex), signed (size of the newest checkpoint), signed_at, overdue (entries not yet signed),
        witnessed (how far each witness has co-signed; nothing where it is self-witnessed), unread (why that
        cannot be said here, or ""), alarms (that stand), checkpoints (size and moment, newest first).
    """
    sight.demand("Entry", "digest")
    head = sight.uow.find(TrailHead, 1)
    size = head.size if head else 0
    found = sight.uow.all(SignedCheckpoint, order="-size", limit=CHECKPOINTS)
    newest = found[0] if found else None
    return {
        "size": size,
        "root": Frontier.from_bytes(head.frontier).root().hex() if head else "",
        "signed": newest.size if newest else 0,
        "signed_at": newest.signed_at if newest else None,
        "overdue": size - (newest.size if newest else 0),
        **_witnessed(sight),
        "alarms": sight.uow.count(Alarm, cleared_at=None),
        "checkpoints": [(one.size, one.signed_at) for one in found],
    }


def alarms(sight: Sight) -> list[View]:
    """Every alarm, standing ones first, then the newest."""
    found = sight.uow.all(Alarm, order="-number")
    ordered = sorted(found, key=lambda alarm: alarm.cleared_at is not None)
    return [view for view in (sight.show(alarm) for alarm in ordered) if view]


def may_read(sight: Sight) -> bool:
    """Whether the person reads the trail."""
    return masking.allows(sight.roles(""), sight.trial.phase, "Entry", "digest")


def row(sight: Sight, entry: Entry, values: EntryValues | None) -> dict[str, Any]:
    """An entry as the person may see it, with `by` (a name) and `agrees`; empty where they see none of it."""
    broken = entry.act in CODE_BREAKS
    actor = sight.uow.find(Account, entry.actor) if entry.actor and not broken else None
    agrees = values is not None and (
        trail.values_digest(values.salt, values.content.encode()) == entry.digest
    )
    by = "See the code-break door" if broken else actor.printed_name if actor else SERVICE.printed_name
    kind = "CodeBreakEntry" if broken else ""
    return sight.show(entry, site=entry.site, kind=kind, by=by, agrees=agrees)


def _witnessed(sight: Sight) -> dict[str, Any]:
    try:
        found = [outside.said(one) for one in outside.witnessed(sight.uow)]
    except Stopped as error:  # the trail is shown all the same: this is where people look
        return {"witnessed": [], "unread": error.message}
    return {"witnessed": found, "unread": ""}
