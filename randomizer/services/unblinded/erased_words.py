"""Words of a reason that were erased from the trail go from this host's file of intents too.

Whoever erases a reason need not reach the code-break host, so its door looks for itself. The words go once
the trail says so under an entry that agrees: an edit of the database erases nothing here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from keys.errors import KeysError
from randomizer.domain.housekeeping import Entry, EntryValues
from randomizer.domain.records import Telling
from randomizer.errors import RandomizerError
from randomizer.services import trail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from randomizer.services.unblinded.desk import Desk
    from randomizer.store.work import UnitOfWork


def look(desk: Desk) -> int:
    """Erase from the file what was erased from the trail; safe to repeat, and stops nothing.

    Args:
        desk: The code-break host's own.

    Returns:
        The words of how many intents went.
    """
    try:
        worded = desk.file.worded()
        if not worded:
            return 0
        with desk.store.reading() as uow:
            erased = frozenset(_erased(uow, worded))
        return desk.file.erase_words(erased) if erased else 0
    except (RandomizerError, KeysError, OSError) as error:
        structlog.get_logger("code break").error("erased words not looked for", error=type(error).__name__)
        return 0


def _erased(uow: UnitOfWork, intents: frozenset[str]) -> Iterator[str]:
    """Those of the intents whose reason an act of erasing took away.

    Raises:
        Tampered: The values of one say so, and its entry or the act does not.
    """
    begun = {telling.entry: telling.intent for telling in uow.all(Telling, intent=intents)}
    for values in uow.all(EntryValues, number=tuple(begun)):
        if values.erased_by:
            trail.check_entry(uow, uow.get(Entry, values.number), values)
            yield begun[values.number]
