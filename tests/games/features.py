"""Whatever a copy tells of each participant, taken out by no more knowledge than where names stand.

A *name* of a participant is their number, the numbers of their slot and kits, and the moments at which
something was done for them alone. Every row, line and file that holds one is about them; its contents, its
length, its place and how many there are is what is observed.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.games.dumping import Copy

    Traits = dict[str, dict[str, float | str]]

PAGE = 4096
RUN = re.compile(r"\d{5,9}")
NUMBER = re.compile(r"\d+")
RAW_RUN = re.compile(rb"\d{5,9}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?")
HEX = re.compile(r"(?:sha256:)?((?:[0-9a-f]{2}){16,})")
HIDDEN_TABLES = ("sqlite_", "alembic_")
KINDS = ("act", "meaning", "kind", "period", "state")
"""Columns by which rows of one table are told apart before they are counted."""
OWN_MOMENTS = ("preparation_begun_at", "preparation_ended_at", "dispensed_at")
ENDS = 2  # bytes at either end of a digest or ciphertext that are looked at bit by bit


def traits(copy: Copy) -> Traits:
    """Everything that is observed: name of the observation, participant, number or word."""
    found = _Observed(copy)
    found.read_tables()
    found.read_files()
    found.read_text("log", copy.log)
    for number, shown in copy.shown.items():
        found.tell(number, "shown", shown)
    for number, done in copy.done.items():
        for act, one in enumerate(done):
            found.tell(number, f"frames of commit {act}", one.frames)
            found.tell(number, f"log of commit {act}", one.log)
    return found.as_traits()


class _Observed:
    def __init__(self, copy: Copy) -> None:
        self.copy = copy
        self.found: Traits = defaultdict(dict)
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        self.owners: dict[str, str] = {number: number for number in copy.numbers}
        self.slots: dict[int, str] = {}
        self.sets: dict[str, list[str]] = {}
        self.entries: dict[int, tuple[str, str]] = {}
        self.since: dict[str, datetime] = {}
        self.tables = dict(_tables(copy.directory / "trial.db"))
        self._learn_names()

    def _learn_names(self) -> None:
        for row in self.tables["allocation"]:
            self.slots[row["slot"]] = row["participant"]
            self.owners[row["randomization_number"]] = row["participant"]
        for row in self.tables["kit"]:
            if row["slot"] in self.slots:
                self.owners[row["number"]] = self.slots[row["slot"]]
        for row in self.tables["slot"]:
            self.sets |= {kit: kits for kits in json.loads(row["kits"]) for kit in kits}
        for row in self.tables["entry"]:
            self.entries[row["number"]] = (row["participant"], row["act"])
        moments: dict[str, set[str]] = defaultdict(set)
        for row in self.tables["period"]:
            if row["dispensed_at"]:
                self.since[row["participant"]] = datetime.fromisoformat(row["dispensed_at"])
            for column in OWN_MOMENTS:
                moments[row[column] or ""].add(row["participant"])
        for row in self.tables["entry"]:
            moments[row["at"]].add(row["participant"])
        self.moments = {at: whose.pop() for at, whose in moments.items() if len(whose) == 1}

    def read_tables(self) -> None:
        """Row by row, as they lie."""
        for table, rows in self.tables.items():
            for row in rows:
                kind = ".".join(str(row[name]) for name in KINDS if name in row)
                if table == "entry_values":
                    kind = self.entries[row["number"]][1]
                for number in self._about(table, row):
                    self._count(number, f"rows of {table} {kind}")
                    place = f"{table} {kind} {self.counts[number][f'rows of {table} {kind}']}"
                    for column, value in row.items():
                        self.tell(number, f"{place} {column}", value)
                    self._kits(number, place, row)

    def _about(self, table: str, row: dict[str, Any]) -> set[str]:
        slot = row["number"] if table == "slot" else row.get("slot")
        if slot in self.slots:
            return {self.slots[slot]}
        if table == "entry_values":
            return {self.entries[row["number"]][0]} & self.owners.keys()
        texts = [str(value) for value in row.values() if isinstance(value, (str, int))]
        named = {self.owners[run] for text in texts for run in RUN.findall(text) if run in self.owners}
        return named or {self.moments[text] for text in texts if self.moments.get(text)}

    def _kits(self, number: str, place: str, row: dict[str, Any]) -> None:
        """Which of its set a kit is, by number and by the order in which the slot names them."""
        for kit in (row.get("kit"), row.get("number")):
            if isinstance(kit, str) and kit in self.sets:
                named = self.sets[kit]
                self.tell(number, f"{place} ordinal of kit", sorted(named).index(kit))
                self.tell(number, f"{place} place of kit", named.index(kit))

    def read_files(self) -> None:
        """Where names stand in the bytes of each file, whatever these are; texts line by line as well."""
        for path in sorted(self.copy.directory.rglob("*")):
            name = str(path.relative_to(self.copy.directory))
            if not path.is_file() or (name.startswith("host/") and not name.endswith(".log")):
                continue
            for run in RUN.findall(path.name):
                if run in self.owners:
                    self._count(self.owners[run], f"files of {path.parent.name}")
                    self.tell(self.owners[run], f"file of {path.parent.name}", path.name.replace(run, "#"))
            content = path.read_bytes()
            if b"\0" in content:
                self._read_pages(name, content)
            else:
                self.read_text(name, content.decode(errors="replace"))

    def _read_pages(self, name: str, content: bytes) -> None:
        kinds: dict[tuple[str, str], list[int]] = defaultdict(list)
        for run in RAW_RUN.finditer(content):
            word = run[0].decode()
            if word in self.owners:
                kinds[self.owners[word], f"{len(word)} digits in {name}"].append(run.start())
        for (number, what), places in kinds.items():
            self.tell(number, f"{what}: how often", len(places))
            for which, place in (("first", places[0]), ("last", places[-1])):
                self.tell(number, f"{what}: {which} page", place // PAGE)
                self.tell(number, f"{what}: {which} offset", place % PAGE)

    def read_text(self, name: str, text: str) -> None:
        """Line by line."""
        for line in text.splitlines():
            for number in {self.owners[run] for run in RUN.findall(line) if run in self.owners}:
                self._count(number, f"lines of {name}")
                place = f"{name} line {self.counts[number][f'lines of {name}']}"
                self.tell(number, place, line)

    def _count(self, number: str, what: str) -> None:
        self.counts[number][what] += 1

    def tell(self, number: str, place: str, value: object) -> None:
        """Keep what is observed of a value."""
        for how, told in self._told(number, value):
            self.found[f"{place}{how}"][number] = told

    def _told(self, number: str, value: object) -> Iterator[tuple[str, float | str]]:
        if isinstance(value, dict):
            for key, part in value.items():
                for how, told in self._told(number, part):
                    yield f".{key}{how}", told
        elif isinstance(value, datetime):
            yield from self._moment(number, value)
        elif isinstance(value, str):
            yield from self._text(number, value)
        elif isinstance(value, bytes):
            yield from _bits(value)
        elif isinstance(value, (int, float)):
            yield "", float(value)
            yield " parity", float(int(value) % 2)
        else:
            yield "", str(value)

    def _moment(self, number: str, at: datetime) -> Iterator[tuple[str, float | str]]:
        if number in self.since:
            yield " since", (at - self.since[number]).total_seconds()
        yield " second", float(at.second % 10)

    def _text(self, number: str, text: str) -> Iterator[tuple[str, float | str]]:
        moments, told = _read(text)
        for at, moment in enumerate(moments):
            for how, when in self._moment(number, moment):
                yield f" moment {at}{how}", when
        yield from told

    def as_traits(self) -> Traits:
        """With the counts, which say something of everybody: none is a number as well."""
        for what in sorted({what for counts in self.counts.values() for what in counts}):
            self.found[what] = {number: float(self.counts[number][what]) for number in self.copy.numbers}
        return dict(self.found)


@cache
def _read(text: str) -> tuple[tuple[datetime, ...], tuple[tuple[str, float | str], ...]]:
    """The moments that stand in a text, and the text without what differs between any two participants."""
    if digest := HEX.fullmatch(text):
        return (), tuple(_bits(bytes.fromhex(digest[1])))
    moments = tuple(datetime.fromisoformat(one).astimezone(UTC) for one in MOMENT.findall(text))
    words = NUMBER.sub("#", HEX.sub("%", MOMENT.sub("@", text)))
    told: list[tuple[str, float | str]] = [(" length", float(len(text))), (" words", words)]
    if text.isdecimal():
        told += [("", float(text)), (" parity", float(int(text) % 2))]
    return moments, tuple(told)


def _bits(content: bytes) -> Iterator[tuple[str, float | str]]:
    yield " length", float(len(content))
    yield " whole", content.hex()
    for end, part in (("first", content[:ENDS]), ("last", content[-ENDS:])):
        for at, byte in enumerate(part):
            for bit in range(8):
                yield f" {end} {at} bit {bit}", float(byte >> bit & 1)


def _tables(database: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Name and rows of each table, as they lie, with the number of the row."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        for (name,) in named.fetchall():
            if not name.startswith(HIDDEN_TABLES):
                rows = connection.execute(f'SELECT rowid AS "row", * FROM "{name}" ORDER BY rowid')  # noqa: S608
                yield name, [dict(row) for row in rows]


def groups(values: Iterable[dict[str, float | str]]) -> Iterator[tuple[str, list[dict[str, bool]]]]:
    """Ways to split the participants of each trial in two by what was observed of them.

    Args:
        values: For each trial, participant to number or word.

    Yields:
        Name of the way, and for each trial participant to group.
    """
    trials = list(values)
    words = Counter(value for trial in trials for value in trial.values())
    if len(words) <= FEW:
        for word in sorted(words, key=str)[: max(1, len(words) - 1)]:
            yield f"is {word}", [{number: value == word for number, value in one.items()} for one in trials]
    if len(words) > 2 and all(isinstance(word, float) for word in words):
        for name, cut in (("above the middle", _middle), ("above the widest gap", _gap)):
            yield name, [_above(trial, cut) for trial in trials]
    elif len(words) > FEW:
        commonest = [Counter(trial.values()).most_common(1) for trial in trials]
        yield (
            "is the commonest",
            [
                {number: value == common[0][0] for number, value in trial.items()} if common else {}
                for trial, common in zip(trials, commonest, strict=True)
            ],
        )


FEW = 4


def _above(trial: dict[str, Any], cut: Any) -> dict[str, bool]:  # noqa: ANN401 - a function
    numbers = {number: value for number, value in trial.items() if isinstance(value, float)}
    if not numbers:
        return {}
    level = cut(sorted(numbers.values()))
    return {number: value > level for number, value in numbers.items()}


def _middle(ordered: list[float]) -> float:
    return ordered[(len(ordered) - 1) // 2]


def _gap(ordered: list[float]) -> float:
    wide = [(above - below, -below) for below, above in pairwise(ordered)]
    return -max(wide)[1] if wide else ordered[0]
