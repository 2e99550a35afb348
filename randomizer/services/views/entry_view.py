"""One entry of the trail, whole: who, when, why, and every record with its old and new values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from randomizer import masking
from randomizer.domain.acts import CODE_BREAKS
from randomizer.domain.housekeeping import Entry, EntryValues
from randomizer.domain.people import UNBLINDED
from randomizer.domain.supply import VISIBLE, Kit, KitState
from randomizer.errors import NotFound
from randomizer.services.views import trail_views
from randomizer.store.tables import COVERED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from randomizer.masking import View
    from randomizer.services.views.sight import Sight

REASON = "EntryReason"
KEYS = {kind.__name__: kind.KEY for kind in COVERED}  # type: ignore[attr-defined]
NAMES = {
    "PeriodRecord": "Participant {}, period {}",
    "Product": "Participant {}, donation {}",
    "Allocation": "Participant {}, allocation",
    "SiteStatus": "Site {}",
    "StratumStatus": "Stratum {}",
    "Trial": "Trial",
    "Signature": "Signature",
    "StockTake": "Stock take {}",
    "CountedKit": "Stock take {}, kit {}",
    "Grant": "Account {}, {} {}",
}
"""What a record is called, from its key; others by their kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field of one record, before and after.

    Args:
        record: What it is called: "Participant 10019, period 2".
        field: Name of the field.
        old: Value before, None where there was no record or the field was empty.
        new: Value after.
    """

    record: str
    field: str
    old: Any
    new: Any


def entry(sight: Sight, number: int) -> dict[str, Any]:
    """One entry as the person may see it.

    What an unblinded role wrote or signed, and all about a code break, is kept behind the code-break door.

    Args:
        sight: The person looking.
        number: Number of the entry, from 0.

    Returns:
        row (as in `trail_views.entries`), why ("" for none), erased_by (entry that erased it, or 0), signed
        (name and value of what was signed), changes, elsewhere (whether some is kept behind the other door).

    Raises:
        NotAllowed: The person does not read the trail.
        NotFound: There is no such entry.
    """
    sight.demand("Entry", "digest")
    found = sight.uow.find(Entry, number)
    values = sight.uow.find(EntryValues, number)
    row = trail_views.row(sight, found, values) if found else {}
    if found is None or values is None or not row:
        raise NotFound(
            f"There is no entry {number}.", field="entry", next_step="Look for it in the list of entries."
        )
    content = json.loads(values.content)
    broken = found.act in CODE_BREAKS
    elsewhere = broken or found.role in UNBLINDED
    reason: View = {}
    if not elsewhere:
        told = {"why": values.why, "signed": content["details"].get("signed", {})}
        reason = sight.show(told, site=found.site, kind=REASON)
    beside = {
        "erased_by": values.erased_by,
        "changes": tuple(_changes(sight, content["rows"], found.site)),
        "elsewhere": elsewhere,
    }
    shown = sight.show(beside, site=found.site, kind="CodeBreakEntry" if broken else "Entry")
    return {
        "row": row,
        "why": reason.get("why", ""),
        "signed": tuple(_named(reason.get("signed", {}))),
        "changes": (),
        **shown,
    }


def _changes(sight: Sight, rows: list[dict[str, Any]], site: str) -> Iterator[Change]:
    for row in rows:
        kind, new, old = row["kind"], row["new"], row.get("old")
        if kind == Kit.__name__ and KitState(new["state"]) not in VISIBLE:
            continue  # the number of a kit shows from "ready" on
        shown = masking.show(sight.roles(site), sight.trial.phase, new, kind)
        record = NAMES.get(kind, f"{kind} {{}}").format(*row["key"])
        named = KEYS.get(kind, ())
        for field in [name for name in shown if name not in named and (old is None or name in old)]:
            yield Change(
                record=record, field=field, old=None if old is None else old[field], new=shown[field]
            )


def _named(signed: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Every value that was signed, nested ones by their path."""
    for name, value in sorted(signed.items()):
        path = f"{before}{name}"
        if isinstance(value, dict):
            yield from _named(value, f"{path}, ") if value else [(path, "confirmed")]
        else:
            yield path, str(value)
