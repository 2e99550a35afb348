"""The accountability log: every movement of every kit from when it became ready, with the balance it left.

It is read off the trail, so nothing is counted that no act moved, and no act moves a kit past it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from randomizer import masking
from randomizer.domain import stock
from randomizer.domain.acts import Act
from randomizer.domain.stock import COLUMN, Column
from randomizer.domain.supply import KitState
from randomizer.services.views import kit_views, participant_views

if TYPE_CHECKING:
    from collections.abc import Iterable

    from randomizer.masking import View
    from randomizer.services.views.sight import Sight

RECEIVED = "received"
"""What *ready* is in a log: the kit is there from now on."""

ON_ITS_WAY = "not received yet"
"""Beside what happened to a kit on its way: the site does not hold it."""

_DECIDED_AFAR = frozenset({KitState.TO_DESTROY, KitState.EXPIRED})
"""What becomes of a kit without anybody at hand: one on its way stays on its way."""


def log(sight: Sight, *, site: str = "", participant: str = "", kit: str = "") -> dict[str, Any]:
    """The log of the sites that the person sees.

    Args:
        sight: The person looking.
        site: Site code to keep, or "".
        participant: Participant number as typed or scanned, to keep, or "".
        kit: Kit number as typed or scanned, to keep, or "".

    Returns:
        rows (a movement, what happened, and the balance: how many of the listed kits the site held after it)
        and totals (per site: received, and where those kits are now).

    Raises:
        NotAllowed: The person's roles never see kits.
        NotFound: The person sees no such participant or kit.
        Refused: A number cannot be read.
    """
    sight.demand(kit_views.MOVEMENT, "kit")
    wanted = participant_views.find(sight, participant).number if participant.strip() else ""
    number = kit_views.find(sight, kit).number if kit.strip() else ""
    sites = [code for code in seen(sight) if site in {"", code}]
    moved = [
        one for one in kit_views.movements(sight, sites, kit=number) if wanted in {"", one.get("participant")}
    ]
    rows = [sight.show(one, site=one["site"], kind=kit_views.MOVEMENT) for one in _balanced(moved)]
    totals = [sight.show(one, site=one["site"], kind="KitStock") for one in _totals(sites, moved)]
    return {"rows": rows, "totals": totals}


def seen(sight: Sight) -> tuple[str, ...]:
    """Codes of the sites whose kits the person may see, in the order of the definition."""
    phase = sight.trial.phase
    return tuple(
        one.code
        for one in sight.definition.sites
        if masking.allows(sight.roles(one.code), phase, kit_views.MOVEMENT, "kit")
    )


def _balanced(moved: Iterable[View]) -> Iterable[View]:
    held: Counter[str] = Counter()
    states: dict[str, KitState] = {}
    for one in moved:
        kit, state = one["kit"], KitState(one["state"])
        before = states.get(kit)
        states[kit] = _counted_as(before, one)
        held[one["site"]] += _holds(states[kit]) - (_holds(before) if before else 0)
        yield one | {"what": _what(one["act"], before, state), "balance": held[one["site"]]}


def _counted_as(before: KitState | None, moved: View) -> KitState:
    """The state that a kit counts by: on its way until somebody at the site has had it in hand."""
    state = KitState(moved["state"])
    afar = before is KitState.SHIPPED and state in _DECIDED_AFAR and moved["act"] != Act.KIT_RECEIVED
    return KitState.SHIPPED if afar else state


def _what(act: str, before: KitState | None, state: KitState) -> str:
    """What happened to a kit; one that travelled is received however it came."""
    if before is KitState.SHIPPED and state in _DECIDED_AFAR and act != Act.KIT_RECEIVED:
        return f"{state}, {ON_ITS_WAY}"
    if state is KitState.READY and before in {None, KitState.SHIPPED}:
        return RECEIVED
    return f"{RECEIVED}, {state}" if act == Act.KIT_RECEIVED else str(state)


def _holds(state: KitState) -> int:
    return int(COLUMN.get(state) is Column.HELD)


def _totals(sites: Iterable[str], moved: Iterable[View]) -> list[dict[str, Any]]:
    last: dict[str, tuple[str, KitState]] = {}
    for one in moved:
        _, before = last.get(one["kit"], ("", None))
        last[one["kit"]] = (one["site"], _counted_as(before, one))
    return [
        {"site": site} | stock.totals(state for where, state in last.values() if where == site)
        for site in sites
    ]
