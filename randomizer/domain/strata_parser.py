"""The strata of a definition: every combination of levels exactly once, each with its capacity."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

from randomizer.domain.definition_values import Factor, StratumPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from randomizer.domain.toml_table import Faults, Table

LARGEST_CAPACITY = 1_000_000  # slots of one stratum, and of all: what eight-digit numbers can name
MOST_STRATA = 10_000


def strata(root: Table, factors: Sequence[Factor], faults: Faults) -> tuple[StratumPlan, ...]:
    """Read the strata, in the order in which their slots will be generated."""
    tables = root.tables("strata")
    found = tuple(_stratum(table, factors) for table in tables)
    faults.unique([one.code for one in found], [table.place("code") for table in tables], "strata")
    sound = bool(tables)
    for table in tables:
        table.done()
        sound = sound and table.sound("levels" if factors else "code")
    if sound:
        _refuse_gaps(root, found, factors)
    total = sum(one.capacity for one in found)
    if total > LARGEST_CAPACITY:
        root.fault("strata", f"must hold at most {LARGEST_CAPACITY} slots together", total)
    return found


def _stratum(table: Table, factors: Sequence[Factor]) -> StratumPlan:
    capacity = table.whole("capacity", 1, LARGEST_CAPACITY)
    low_water = table.whole("low_water", 0, LARGEST_CAPACITY)
    if table.sound("capacity", "low_water") and low_water > capacity:
        table.fault("low_water", f"must be at most the capacity, {capacity}", low_water)
    return StratumPlan(
        code=table.code("code"), levels=_levels(table, factors), capacity=capacity, low_water=low_water
    )


def _levels(table: Table, factors: Sequence[Factor]) -> tuple[tuple[str, str], ...]:
    if not factors and not table.has("levels"):
        return ()
    named = table.pairs("levels")
    if not table.sound("levels"):
        return ()
    known = {factor.code: [level.code for level in factor.levels] for factor in factors if factor.code}
    for code, level in named.items():
        if code not in known:
            table.fault(f"levels.{code}", "is not a factor of this definition")
        elif level not in known[code]:
            table.fault(f"levels.{code}", "must be one of: " + ", ".join(known[code]), level)
    for code in known:
        if code not in named:
            table.fault(f"levels.{code}", "is missing: a stratum names a level of each factor")
    return tuple((code, named.get(code, "")) for code in known)


def _refuse_gaps(root: Table, found: Sequence[StratumPlan], factors: Sequence[Factor]) -> None:
    seen: dict[tuple[tuple[str, str], ...], int] = {}
    for position, stratum in enumerate(found, start=1):
        if stratum.levels in seen:
            root.fault(f"strata[{position}].levels", f"must not repeat strata[{seen[stratum.levels]}].levels")
        seen.setdefault(stratum.levels, position)
    if math.prod(len(factor.levels) for factor in factors) > MOST_STRATA:
        root.fault("factors", f"must not have more than {MOST_STRATA} combinations of levels")
        return
    grid = product(*([(factor.code, level.code) for level in factor.levels] for factor in factors))
    for combination in grid:
        if combination not in seen:
            text = ", ".join(f"{factor} = {level}" for factor, level in combination)
            root.fault("strata", f"must have a stratum for {text}")
