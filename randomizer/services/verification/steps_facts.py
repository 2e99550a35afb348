"""Preparations, lots and results: what the release tells is what was noted as they were written down."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keys.errors import KeysError
from randomizer.domain.acts import Act
from randomizer.domain.quality import Result
from randomizer.services.sealed import facts
from randomizer.services.verification import steps
from randomizer.services.verification.ledger import Prepared, ProductTold, rows_of
from randomizer.services.verification.reading import RELEASE, lines, refuse
from randomizer.services.verification.trail_lines import canonical, is_moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from randomizer.services.verification.ledger import Ledger
    from randomizer.services.verification.reading import Release
    from randomizer.services.verification.report import Findings
    from randomizer.services.verification.steps_schedule import Slots
    from randomizer.services.verification.trail_lines import Row, TrailEntry, Values

RECORD = f"{RELEASE}/{facts.NAME}"

TOLD_ONE_BY_ONE = frozenset({Act.QUALITY_RECORDED, Act.QUALITY_ADDED})
"""Acts each of which records a lot or a result, or strikes a lot out, at its own moment."""

Key = tuple[str, str, int, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The last entry before the lock, or after it, that wrote the record of a preparation or a product."""

    entry: TrailEntry
    row: Row
    noted: object
    locked: bool

    @property
    def place(self) -> str:
        """Where it is told, for a person."""
        return f"{RECORD} entry {self.entry.number}"


class FactSteps:
    """Follows the entries with their values, then opens what the release tells.

    Args:
        release: Its seed opens the facts.
        slots: What the schedule says.
        ledger: Knows the allocations; takes what is told.
        findings: Where failures go.
    """

    def __init__(self, release: Release, slots: Slots, ledger: Ledger, findings: Findings) -> None:
        self._release = release
        self._slots = slots
        self._ledger = ledger
        self._findings = findings
        self._locked = False
        self._last: dict[Key, Written] = {}
        self._products: defaultdict[tuple[str, int], dict[bool, dict[str, Any]]] = defaultdict(dict)
        self._recorded: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)  # by participant
        self._to_be_told: defaultdict[tuple[str, int], list[TrailEntry]] = defaultdict(list)

    def see(self, entry: TrailEntry, values: Values) -> None:
        """Take the next entry with its values."""
        self._locked = self._locked or entry.act == Act.TRIAL_LOCKED
        written = rows_of(values.rows, "PeriodRecord") if entry.act == Act.PREPARATION_ENDED else []
        changed = [row for row in rows_of(values.rows, "Product") if _has_other_details(row)]
        if len(written) + len(changed) > 1:
            self._fail(values.record, "It wrote several records of preparations or products.")
        for row in (*written, *changed)[:1]:
            which = row.whole("period" if row.kind == "PeriodRecord" else "donation")
            self._last[row.kind, row.text("participant"), which, self._locked] = Written(
                entry=entry, row=row, noted=values.details.get(facts.NOTED), locked=self._locked
            )
        if changed:
            self._recorded[entry.participant].add((entry.at, entry.actor))
        if changed and entry.act in TOLD_ONE_BY_ONE:
            product = changed[0].text("participant"), changed[0].whole("donation")
            self._to_be_told[product].append(entry)

    def end(self) -> None:
        """Compare what is told with what was noted, and say what came of it."""
        waiting = {written.entry.number: written for written in self._last.values()}
        for number, sealed in _lines(self._release):
            written = waiting.pop(number, None)
            if written is None:
                self._fail(
                    f"{RECORD} entry {number}", "This entry wrote no such record, or not the last one."
                )
            else:
                self._take(written, sealed)
        for written in waiting.values():
            self._fail(written.place, "Nothing is told of what this entry wrote.")
        for key, told in self._products.items():
            self._follow(key, told)
        self._ledger.preparations.sort(key=lambda one: one.entry)
        prepared, products = len(self._ledger.preparations), len(self._ledger.products_told)
        findings = self._findings
        findings.hold(steps.FACTS_NOTED, f"{prepared} preparations and {products} products.")
        findings.hold(steps.PREPARATIONS_RIGHT, f"{prepared} preparations.")
        findings.hold(steps.QUALITY_RECORDED, f"{products} products.")

    def _take(self, written: Written, sealed: bytes) -> None:
        entry, row = written.entry, written.row
        try:
            told = facts.unseal(self._release.content.seed, str(written.noted), sealed)
        except (KeysError, ValueError):
            self._fail(written.place, "It does not open to what the entry noted.")
            return
        preparation = row.kind == "PeriodRecord"
        if not (_is_preparation(told) if preparation else _is_product(told)):
            self._fail(written.place, "It is not what is written down of a preparation or a product.")
        elif preparation:
            self._check_preparation(written, told)
            self._ledger.preparations.append(
                Prepared(
                    entry=entry.number,
                    participant=row.text("participant"),
                    site=entry.site,
                    period=row.whole("period"),
                    account=entry.actor,
                    ended_at=entry.at,
                    facts=told,
                )
            )
        else:
            self._check_product(written, told)
            self._products[row.text("participant"), row.whole("donation")][written.locked] = told

    def _check_preparation(self, written: Written, told: dict[str, Any]) -> None:
        step, row = steps.PREPARATIONS_RIGHT, written.row
        mine, period = self._ledger.allocations.get(row.text("participant")), row.whole("period")
        slot = self._slots.find(mine.slot) if mine else None
        if mine is None or slot is None or not 1 <= period <= len(slot.kits):
            self._findings.fail(step, written.place, "Nobody was randomized to it.")
            return
        if told["kit"] != row.text("kit"):
            self._findings.fail(step, written.place, "Another kit was made ready.")
        named = {*told["spoiled"], *([told["kit"]] if told["kit"] else [])}
        if not named <= set(slot.kits[period - 1]):
            self._findings.fail(step, written.place, "It names a kit of another slot or period.")
        if told["kit"] and told["content"] != self._slots.treatment(mine.slot, period):
            self._findings.fail(step, written.place, "The kit held another treatment than the schedule says.")

    def _check_product(self, written: Written, told: dict[str, Any]) -> None:
        step, participant = steps.QUALITY_RECORDED, written.row.text("participant")
        recorded = self._recorded[participant]
        moments = {at for at, _ in recorded}
        mine = self._ledger.allocations.get(participant)
        slot = self._slots.find(mine.slot) if mine else None
        subjects = {lot["number"] for lot in told["lots"]}
        subjects |= {kit for period in slot.kits for kit in period} if slot else set()
        for lot in told["lots"]:
            if not {lot["recorded_at"], lot["struck_at"]} <= {*moments, None}:
                self._findings.fail(
                    step, written.place, "A lot was recorded or struck out at another moment."
                )
            if lot["in_use"] and lot["struck_at"] is not None:
                self._findings.fail(step, written.place, "A lot that was struck out is in use.")
        for result in told["results"]:
            if (result["at"], result["by"]) not in recorded:
                self._findings.fail(
                    step, written.place, "A result was recorded at another moment or by another."
                )
            if result["subject"] not in subjects:
                self._findings.fail(
                    step, written.place, "A result is of no lot and no kit of the participant."
                )

    def _follow(self, key: tuple[str, int], told: dict[bool, dict[str, Any]]) -> None:
        """Keep how a product is told of at last: all that was recorded, what came after the lock behind."""
        last = told.get(True, told.get(False, {}))
        stood = told.get(False, {"lots": [], "results": []})
        count = len(stood["results"])
        if (last["lots"], last["results"][:count]) != (stood["lots"], stood["results"]):
            self._findings.fail(
                steps.QUALITY_RECORDED,
                f"{RECORD} participant {key[0]}",
                "An addendum changed what stood at the lock.",
            )
        moments = {one["at"] for one in last["results"]}
        moments |= {lot[name] for lot in last["lots"] for name in ("recorded_at", "struck_at")}
        for entry in self._to_be_told[key]:
            if entry.at not in moments:
                self._findings.fail(
                    steps.QUALITY_RECORDED, f"{RECORD} entry {entry.number}", "What it recorded is not told."
                )
        self._ledger.products_told[key] = ProductTold(
            lots=last["lots"], results=last["results"], at_lock=count
        )

    def _fail(self, place: str, sentence: str) -> None:
        self._findings.fail(steps.FACTS_NOTED, place, sentence)


def _has_other_details(row: Row) -> bool:
    return row.before is not None and row.before.get("details") != row.new.get("details")


def _lines(release: Release) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(lines(release.directory / facts.NAME), start=1):
        try:
            found = json.loads(line)
            entry, sealed = found["entry"], b64decode(found["sealed"], validate=True)
            again = canonical({"entry": entry, "sealed": b64encode(sealed).decode()}) + b"\n"
            exact = type(entry) is int and again == line
        except (ValueError, KeyError, TypeError, RecursionError):
            exact = False
        if not exact:
            refuse(f"{RECORD} line {number}", "It does not hold sealed facts in canonical JSON.")
        yield entry, sealed


def _is_preparation(told: dict[str, Any]) -> bool:
    spoiled = told.get("spoiled")
    return (
        told.keys() == {"content", "kit", "lot", "form", "cell_count", "viability", "thaw", "spoiled"}
        and isinstance(spoiled, list)
        and all(isinstance(one, str) for name, one in told.items() if name != "spoiled")
        and all(isinstance(one, str) for one in spoiled)
    )


def _is_product(told: dict[str, Any]) -> bool:
    lots, results = told.get("lots"), told.get("results")
    return (
        told.keys() == {"lots", "results"}
        and isinstance(lots, list)
        and isinstance(results, list)
        and all(map(_is_lot, lots))
        and all(map(_is_result, results))
    )


def _is_lot(found: object) -> bool:
    texts = ("number", "form", "cell_count", "viability")
    return (
        isinstance(found, dict)
        and found.keys() == {*texts, "recorded_at", "in_use", "struck_at"}
        and all(isinstance(found[name], str) for name in texts)
        and all(found[name] is None or _is_moment(found[name]) for name in ("recorded_at", "struck_at"))
        and isinstance(found["in_use"], bool)
    )


def _is_result(found: object) -> bool:
    return (
        isinstance(found, dict)
        and found.keys() == {"subject", "test", "result", "at", "by"}
        and isinstance(found["subject"], str)
        and isinstance(found["test"], str)
        and isinstance(found["result"], str)
        and found["result"] in {str(Result.PASSED), str(Result.FAILED)}
        and _is_moment(found["at"])
        and type(found["by"]) is int
    )


def _is_moment(found: object) -> bool:
    return isinstance(found, str) and is_moment(found)
