"""Stock takes as a person may see them; the books are shown once a count is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from randomizer.domain.stock import CountedKit, StockTake
from randomizer.domain.supply import VISIBLE, Kit
from randomizer.errors import NotFound
from randomizer.services.care import kits
from randomizer.services.views import accountability

if TYPE_CHECKING:
    from randomizer.masking import View
    from randomizer.services.views.sight import Sight

KIND = "StockTake"
DIFFERENCES = "differences of a stock take"
NOT_OF_THIS_STOCK = "not on the books of this site"
MOST = 200  # stock takes on one list
LONGEST_NUMBER = 9  # digits


def listing(sight: Sight) -> list[View]:
    """Every stock take of the sites that the person sees, the newest first."""
    sight.demand(KIND, "number")
    found = sight.uow.all(StockTake, site=list(accountability.seen(sight)), order="-number", limit=MOST)
    return [shown(sight, one) for one in found]


def shown(sight: Sight, take: StockTake) -> View:
    """A stock take as the person may see it; the numbers of kits stand as lists."""
    return sight.show(
        take,
        site=take.site,
        missing=take.missing.split(),
        unexpected=take.unexpected.split(),
        unsettled=take.unsettled,
    )


def find(sight: Sight, typed: str) -> StockTake:
    """The stock take with a number.

    Raises:
        NotAllowed: The person's roles never see stock takes.
        NotFound: There is none that this person sees.
    """
    sight.demand(KIND, "number")
    readable = typed.isascii() and typed.isdigit() and len(typed) <= LONGEST_NUMBER
    take = sight.uow.find(StockTake, int(typed)) if readable else None
    if take is None or take.site not in accountability.seen(sight):
        raise NotFound(
            "There is no such stock take.", field="take", next_step="Open the list of stock takes."
        )
    return take


def whole(sight: Sight, take: StockTake) -> dict[str, Any]:
    """One stock take.

    Returns:
        take, counted (kits in the order of scanning) and unexpected (kit and what the books say of it).
    """
    counted = sight.uow.all(CountedKit, take=take.number, order="entry")
    return {
        "take": shown(sight, take),
        "counted": [sight.show(one, site=take.site) for one in counted],
        "unexpected": [(kit, _books(sight, take, kit)) for kit in take.unexpected.split()],
    }


def tasks(sight: Sight) -> list[dict[str, Any]]:
    """Differences that nobody has settled, as rows of a list of tasks."""
    sites = list(accountability.seen(sight))
    found = [one for one in sight.uow.all(StockTake, site=sites, settled_at=None) if one.unsettled]
    return [
        sight.show(
            {"number": one.number, "kind": DIFFERENCES, "site": one.site, "opened_at": one.closed_at},
            site=one.site,
            kind="Task",
        )
        for one in found
    ]


def _books(sight: Sight, take: StockTake, number: str) -> str:
    kit = sight.uow.find(Kit, number)
    if kit is None or kit.state not in VISIBLE or kits.site_of(sight.uow, kit) != take.site:
        return NOT_OF_THIS_STOCK
    return str(kit.state)
