"""Erasing a reason that names somebody: the words go, and an act says that they went.

Only reasons are free text; all other values are codes, numbers and moments, which verification rests on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from randomizer.domain.acts import Act
from randomizer.errors import NotFound, Refused
from randomizer.services import trail, trials
from randomizer.services.signatures import StepUp, sign
from randomizer.store.engine import forget_overwritten

if TYPE_CHECKING:
    from randomizer.domain.housekeeping import Entry
    from randomizer.domain.people import Person
    from randomizer.store.store import Store
    from randomizer.store.work import UnitOfWork

ERASE_MEANING = "I had the words of this reason erased; what was done stays on record."


def erase_reason(uow: UnitOfWork, person: Person, step_up: StepUp, number: int, why: str) -> Entry:
    """Erase the words of one reason for good.

    Backups made before still hold them.

    Args:
        uow: The unit of work.
        person: A trial manager.
        step_up: Their re-authentication.
        number: Number of the entry whose reason goes.
        why: Why it has to go, without repeating it.

    Returns:
        The entry whose reason went.

    Raises:
        NotFound: There is no such entry.
        Refused: It has no reason, or none any more; or this act itself lacks one.
        StepUpRefused: The re-authentication does not count.
        Tampered: The reason is not the one that the entry was made with.
    """
    trials.current(uow)
    if not why.strip():
        raise Refused("Erasing needs a reason of its own. Nothing was erased.", field="why")
    recorded = uow.recorded(number)
    if recorded is None:
        raise NotFound(f"There is no entry {number}.", field="entry", next_step="Look at the trail.")
    entry, values = recorded
    if values.erased_by:
        raise Refused(
            f"The reason of entry {number} was erased before, by entry {values.erased_by}.", field="entry"
        )
    if not values.why:
        raise Refused(f"Entry {number} has no reason that could be erased.", field="entry")
    trail.check_entry(uow, entry, values)
    with trail.act(
        uow, Act.REASON_ERASED, person, site=entry.site, participant=entry.participant, why=why.strip()
    ) as act:
        sign(act, step_up, meaning=ERASE_MEANING, about=f"entry {number}", values={"entry": number})
        act.note(**{trail.ERASED: number})
        uow.update(replace(values, why="", erased_by=act.number))
    return entry


def settle(store: Store) -> bool:
    """Have the database let go of what its write-ahead log still holds, after the commit.

    Args:
        store: The store.

    Returns:
        Whether it did: not while somebody reads, and PostgreSQL does it in its own time.
    """
    return forget_overwritten(store.engine)
