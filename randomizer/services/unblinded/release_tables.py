"""The tables of a release, in the order of their entries, one row at a time; free text stays behind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues
from randomizer.domain.participants import Participant, levels_of
from randomizer.domain.records import CodeBreak, Deviation
from randomizer.domain.supply import PeriodRecord, Product
from randomizer.domain.trial import Allocation
from randomizer.services.trail import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.schedule import SlotPlan
    from randomizer.services.unblinded.release import Released
    from randomizer.store.work import UnitOfWork

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Table:
    """One table.

    Args:
        name: Name of the file without its ending.
        columns: Names of the columns.
        rows: As many texts each.
    """

    name: str
    columns: tuple[str, ...]
    rows: Iterable[Row]

    def __repr__(self) -> str:
        return f"Table({self.name}, masked)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Source:
    uow: UnitOfWork
    plans: tuple[SlotPlan, ...]
    definition: Definition
    size: int

    def __repr__(self) -> str:
        return "_Source(masked)"


def tables(uow: UnitOfWork, released: Released, definition: Definition, size: int) -> Iterator[Table]:
    """Every table of a release.

    Args:
        uow: The unit of work.
        released: The opened schedule.
        definition: Names the factors.
        size: Entries that the newest checkpoint covers; what is newer is left out.
    """
    source = _Source(uow=uow, plans=released.schedule.slots, definition=definition, size=size)
    for name, make in MAKERS.items():
        named = tuple(column for column, _ in columns(name, definition))
        yield Table(name=name, columns=named, rows=make(source))


def columns(name: str, definition: Definition) -> tuple[tuple[str, str], ...]:
    """The columns of a table, each with what it holds."""
    more: list[tuple[str, str]] = []
    if name == "allocation":
        more = [
            (f"treatment_{one.number}", f"treatment code of period {one.number}")
            for one in definition.periods
        ]
    if name == "participants":
        more = [(f"level_{one.code}", f"{one.name}, as randomized") for one in definition.factors]
        more += [(f"true_{one.code}", f"{one.name}, its true level") for one in definition.factors]
    return (*COLUMNS[name], *more)


def codebook(definition: Definition) -> str:
    """What every table and column of a release holds, as Markdown."""
    parts = [
        f"# Codebook of the release of {definition.trial_id}\n",
        "Comma-separated, UTF-8, one heading line, quotes only where needed. Times are UTC.\n",
        "An empty cell means: there is none. Free text is left out of every table.\n",
        f"Treatments: {', '.join(f'{one.code} = {one.name}' for one in definition.treatments)}.\n",
    ]
    for name, order in ORDER.items():
        lines = [f"| {column} | {meaning} |" for column, meaning in columns(name, definition)]
        parts += [f"## {name}.csv\n", f"{order}\n", "| column | holds |\n| --- | --- |", *lines, ""]
    return "\n".join(parts)


def _allocation(source: _Source) -> Iterator[Row]:
    for entry in _entries(source, Act.RANDOMIZED):
        one = source.uow.get(Allocation, entry.participant, what="allocation")
        plan = source.plans[one.slot]
        yield _row(
            entry.number,
            one.participant,
            entry.site,
            *_values(one, "stratum slot ordinal randomization_number allocated_at"),
            plan.sequence_code,
            *plan.treatments,
        )


def _dispensation(source: _Source) -> Iterator[Row]:
    for entry in _entries(source, Act.KIT_DISPENSED):
        then = _touched(source.uow, entry, PeriodRecord)
        slot = source.uow.get(Allocation, entry.participant, what="allocation").slot
        last = source.uow.get(PeriodRecord, entry.participant, int(then["period"]), what="period")
        yield _row(
            entry.number,
            entry.participant,
            entry.site,
            then["period"],
            then["kit"],
            _bound(source.plans[slot], then["kit"]),
            then["dispensed_at"],
            *_values(last, "outcome given_at stopped_at volume_ml"),
        )


def _deviations(source: _Source) -> Iterator[Row]:
    for one in source.uow.all(Deviation):
        if one.entry < source.size:
            yield _row(one.entry, *_values(one, "participant period what recorded_at"))


def _code_breaks(source: _Source) -> Iterator[Row]:
    for entry in _entries(source, Act.CODE_BREAK_INTENT):
        intent = _touched(source.uow, entry, CodeBreak)["intent"]
        one = source.uow.get(CodeBreak, intent, what="code break")
        shown = one.disclosed_at is not None and one.entry < source.size
        yield _row(
            entry.number,
            entry.participant,
            entry.site,
            *_values(one, "account reason intended_at"),
            plain(one)["disclosed_at"] if shown else None,
            one.entry if shown else None,
        )


def _participants(source: _Source) -> Iterator[Row]:
    factors = [factor.code for factor in source.definition.factors]
    for one in source.uow.all(Participant):
        levels = levels_of(one.levels)
        true = levels | levels_of(one.corrected_levels)
        yield _row(
            *_values(one, "number site state period ending"),
            one.follow_up,
            one.attempt,
            one.replaces,
            one.randomized_in_error,
            *_values(one, "consented_at ended_at stratum"),
            *(levels.get(code, "") for code in factors),
            *(true.get(code, "") for code in factors),
        )


def _products(source: _Source) -> Iterator[Row]:
    for one in source.uow.all(Product):
        yield _row(*_values(one, "participant donation state harvested_at cleared_at failed_at"))


def _entries(source: _Source, act: Act) -> Iterator[Entry]:
    return (
        entry for entry in source.uow.all(Entry, act=act.value, order="number") if entry.number < source.size
    )


def _touched(uow: UnitOfWork, entry: Entry, kind: type) -> dict[str, Any]:
    """The record of a kind as an act left it."""
    content = json.loads(uow.get(EntryValues, entry.number, what="entry").content)
    found: dict[str, Any] = next(row["new"] for row in content["rows"] if row["kind"] == kind.__name__)
    return found


def _bound(plan: SlotPlan, kit: str) -> str:
    """The treatment that the schedule binds to a kit."""
    pairs = zip(plan.treatments, plan.kits, strict=True)
    return next((treatment for treatment, kits in pairs if kit in kits), "")


def _values(value: object, names: str) -> list[Any]:
    """Fields of a record as they stand in an entry."""
    written = plain(value)
    return [written[name] for name in names.split()]


def _row(*cells: Any) -> Row:  # noqa: ANN401
    return tuple(_cell(cell) for cell in cells)


def _cell(cell: Any) -> str:  # noqa: ANN401
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return "" if cell is None else str(cell)


MAKERS: dict[str, Callable[[_Source], Iterable[Row]]] = {
    "allocation": _allocation,
    "dispensation": _dispensation,
    "deviations": _deviations,
    "code_breaks": _code_breaks,
    "participants": _participants,
    "products": _products,
}
ORDER = {
    "allocation": "One row per randomization, in the order of the entries.",
    "dispensation": "One row per kit that was handed out, in the order of the entries.",
    "deviations": "One row per deviation, in the order of the entries.",
    "code_breaks": "One row per code break, in the order of the entries of intent.",
    "participants": "One row per participant, by number: everybody who consented.",
    "products": "One row per donation, by participant and donation.",
}
COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "allocation": (
        ("entry", "number of the entry that the row comes from"),
        ("participant", "participant number"),
        ("site", "site code at that time"),
        ("stratum", "stratum as randomized"),
        ("slot", "0-based position in the schedule"),
        ("ordinal", "1-based position within the stratum"),
        ("randomization_number", "eight digits"),
        ("allocated_at", "when the participant was randomized"),
        ("sequence", "sequence code"),
    ),
    "dispensation": (
        ("entry", "number of the entry that the row comes from"),
        ("participant", "participant number"),
        ("site", "site code at that time"),
        ("period", "1-based"),
        ("kit", "kit number"),
        ("treatment", "treatment code that the schedule binds to this kit"),
        ("dispensed_at", "when the kit was handed out"),
        ("outcome", "given, partly given or not given; empty while nothing is recorded"),
        ("given_at", "start of the infusion"),
        ("stopped_at", "when an infusion given in part was stopped"),
        ("volume_ml", "volume given where it was given in part, else 0"),
    ),
    "deviations": (
        ("entry", "number of the entry that the row comes from"),
        ("participant", "participant number"),
        ("period", "1-based; 0 where it is about no period"),
        ("what", "kind of deviation"),
        ("recorded_at", "when"),
    ),
    "code_breaks": (
        ("entry", "number of the entry of the intent"),
        ("participant", "participant number"),
        ("site", "site code at that time"),
        ("account", "number of the account of whoever broke the code"),
        ("reason", "code of the reason"),
        ("intended_at", "when the intent was on record"),
        ("disclosed_at", "when the answer was shown; empty where none was"),
        ("disclosure_entry", "number of the entry of the disclosure"),
    ),
    "participants": (
        ("participant", "participant number"),
        ("site", "site code at the end"),
        ("state", "where the participant is"),
        ("period", "the current or last period, 0 before randomization"),
        ("ending", "why treatment ended early"),
        ("follow_up", "whether follow-up goes on after an early end: yes or no"),
        ("attempts", "screening attempts"),
        ("replaces", "number of the participant who is replaced"),
        ("randomized_in_error", "yes or no"),
        ("consented_at", "when consent was given"),
        ("ended_at", "when treatment ended early or the participant completed"),
        ("stratum", "stratum as randomized"),
    ),
    "products": (
        ("participant", "participant number"),
        ("donation", "1-based"),
        ("state", "harvested, cleared by the clearing person, cleared, failed"),
        ("harvested_at", "when the donation was taken"),
        ("cleared_at", "when the sponsor gave the go"),
        ("failed_at", "when the product was found unusable"),
    ),
}
