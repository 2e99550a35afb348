"""The tables of a release, in order, one row at a time; free text stays behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from randomizer.domain.participants import Participant, levels_of
from randomizer.domain.records import CodeBreak, Deviation
from randomizer.domain.supply import Kit, PeriodRecord, Product
from randomizer.domain.trial import Allocation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.schedule import SlotPlan
    from randomizer.services.release import Released
    from randomizer.store.work import UnitOfWork

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Table:
    """One table.

    Args:
        name: Name of the file without its ending.
        columns: Names of the columns.
        rows: As many texts each, in the order that the codebook says.
    """

    name: str
    columns: tuple[str, ...]
    rows: Iterable[Row]

    def __repr__(self) -> str:
        return f"Table({self.name}, masked)"


def tables(uow: UnitOfWork, released: Released, definition: Definition) -> Iterator[Table]:
    """Every table of a release.

    Args:
        uow: The unit of work.
        released: The opened schedule.
        definition: Names the factors.
    """
    plans = released.schedule.slots
    makers: dict[str, Callable[[], Iterable[Row]]] = {
        "participants": lambda: _participants(uow, definition),
        "products": lambda: _products(uow),
        "allocation": lambda: _allocation(uow, plans, definition),
        "dispensation": lambda: _dispensation(uow, plans),
        "deviations": lambda: _deviations(uow),
        "code_breaks": lambda: _code_breaks(uow),
    }
    for name, make in makers.items():
        yield Table(name=name, columns=tuple(column for column, _ in columns(name, definition)), rows=make())


def columns(name: str, definition: Definition) -> tuple[tuple[str, str], ...]:
    """The columns of a table, each with what it holds."""
    if name != "allocation":
        return COLUMNS[name]
    levels = [(f"level_{one.code}", f"{one.name}, as randomized") for one in definition.factors]
    true = [
        (f"true_{one.code}", f"{one.name}, the true level where a wrong one was corrected")
        for one in definition.factors
    ]
    return (*COLUMNS[name], *levels, *true)


def codebook(definition: Definition) -> str:
    """What every table and column of a release holds, as Markdown."""
    parts = [
        f"# Codebook of the release of {definition.trial_id}\n",
        "Comma-separated, UTF-8, one line of column names, quoted as RFC 4180 says. Times are UTC.\n",
        "An empty cell means: there is none. Free text is left out of every table.\n",
        f"Treatments: {', '.join(f'{one.code} = {one.name}' for one in definition.treatments)}.\n",
    ]
    for name, order in ORDER.items():
        lines = [f"| {column} | {meaning} |" for column, meaning in columns(name, definition)]
        parts += [f"## {name}.csv\n", f"{order}\n", "| column | holds |\n| --- | --- |", *lines, ""]
    return "\n".join(parts)


ORDER = {
    "participants": "One row per participant, by number: everybody who consented.",
    "products": "One row per donation, by participant and donation.",
    "allocation": "One row per randomized participant, by slot.",
    "dispensation": "One row per randomized participant and period, by participant number and period.",
    "deviations": "One row per deviation, in the order in which they were recorded.",
    "code_breaks": "One row per code break, in the order in which they were intended.",
}
COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "participants": (
        ("participant", "participant number"),
        ("site", "site code at the end"),
        ("state", "where the participant is"),
        ("ending", "why treatment ended early"),
        ("follow_up", "whether follow-up goes on after an early end: yes or no"),
        ("attempts", "screening attempts"),
        ("replaces", "number of the participant who is replaced"),
        ("randomized", "yes or no"),
        ("randomized_in_error", "yes or no"),
        ("consented_at", "when consent was given"),
        ("ended_at", "when treatment ended early or the participant completed"),
    ),
    "products": (
        ("participant", "participant number"),
        ("donation", "1-based"),
        ("state", "harvested, cleared, failed"),
        ("harvested_at", "when the donation was taken"),
        ("cleared_at", "when the sponsor gave the go"),
        ("failed_at", "when the product was found unusable"),
    ),
    "allocation": (
        ("participant", "participant number"),
        ("site", "site code at the end"),
        ("slot", "0-based position in the schedule"),
        ("stratum", "stratum as randomized"),
        ("ordinal", "1-based position within the stratum"),
        ("randomization_number", "eight digits"),
        ("allocated_at", "when the participant was randomized"),
        ("sequence", "sequence code"),
    ),
    "dispensation": (
        ("participant", "participant number"),
        ("period", "1-based"),
        ("planned", "treatment code of the plan"),
        ("treatment", "treatment code of the kit that was handed out; empty where none was"),
        ("kit", "kit number"),
        ("kit_state", "last state of the kit"),
        ("booked_for", "planned start of the infusion"),
        ("ready_at", "when the kit was declared ready"),
        ("dispensed_at", "when the kit was handed out"),
        ("given_at", "start of the infusion"),
        ("stopped_at", "when an infusion given in part was stopped"),
        ("volume_ml", "volume given where it was given in part"),
        ("outcome", "given, partly given, not given; empty while the period was never closed"),
        ("closed_at", "when the outcome was recorded"),
    ),
    "deviations": (
        ("number", "number of its entry in the trail"),
        ("participant", "participant number"),
        ("period", "1-based; 0 where it is about no period"),
        ("what", "kind of deviation"),
        ("recorded_at", "when"),
    ),
    "code_breaks": (
        ("participant", "participant number"),
        ("reason", "code of the reason"),
        ("intended_at", "when the intent was on record"),
        ("disclosed_at", "when the answer was shown; empty where none was"),
        ("account", "number of the account of whoever broke the code"),
    ),
}


def _participants(uow: UnitOfWork, definition: Definition) -> Iterator[Row]:  # noqa: ARG001
    randomized = {one.participant for one in uow.all(Allocation)}
    for one in uow.all(Participant):
        yield _row(
            one.number,
            one.site,
            one.state,
            one.ending,
            one.follow_up,
            one.attempt,
            one.replaces,
            one.number in randomized,
            one.randomized_in_error,
            one.consented_at,
            one.ended_at,
        )


def _products(uow: UnitOfWork) -> Iterator[Row]:
    for one in uow.all(Product):
        yield _row(one.participant, one.donation, one.state, one.harvested_at, one.cleared_at, one.failed_at)


def _allocation(uow: UnitOfWork, plans: tuple[SlotPlan, ...], definition: Definition) -> Iterator[Row]:
    factors = [factor.code for factor in definition.factors]
    for one in uow.all(Allocation, order="slot"):
        who = uow.get(Participant, one.participant, what="participant")
        levels, corrected = levels_of(who.levels), levels_of(who.corrected_levels)
        yield _row(
            one.participant,
            who.site,
            one.slot,
            one.stratum,
            one.ordinal,
            one.randomization_number,
            one.allocated_at,
            plans[one.slot].sequence_code,
            *(levels.get(code, "") for code in factors),
            *(corrected.get(code, levels.get(code, "")) for code in factors),
        )


def _dispensation(uow: UnitOfWork, plans: tuple[SlotPlan, ...]) -> Iterator[Row]:
    for allocation in uow.all(Allocation):
        plan = plans[allocation.slot]
        bound = {
            kit: treatment for treatment, kits in zip(plan.treatments, plan.kits, strict=True) for kit in kits
        }
        for record in uow.all(PeriodRecord, participant=allocation.participant):
            kit = uow.find(Kit, record.kit) if record.kit else None
            yield _row(
                record.participant,
                record.period,
                plan.treatments[record.period - 1],
                bound.get(record.kit, "") if record.dispensed_at else "",
                record.kit,
                kit.state if kit else "",
                record.booked_for,
                kit.ready_at if kit else None,
                record.dispensed_at,
                record.given_at,
                record.stopped_at,
                record.volume_ml or "",
                record.outcome,
                record.closed_at,
            )


def _deviations(uow: UnitOfWork) -> Iterator[Row]:
    for one in uow.all(Deviation):
        yield _row(one.number, one.participant, one.period, one.what, one.recorded_at)


def _code_breaks(uow: UnitOfWork) -> Iterator[Row]:
    for one in uow.all(CodeBreak, order="intended_at"):
        yield _row(one.participant, one.reason, one.intended_at, one.disclosed_at, one.account)


def _row(*cells: Any) -> Row:  # noqa: ANN401
    return tuple(_cell(cell) for cell in cells)


def _cell(cell: Any) -> str:  # noqa: ANN401
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%dT%H:%M:%SZ")
    return "" if cell is None else str(cell)
