"""The lines of the trail: entries, and the salted values beside them; streamed, one in memory at a time."""

from __future__ import annotations

import json
import re
from datetime import datetime
from sys import intern
from typing import TYPE_CHECKING, Any, NamedTuple

import rfc8785

from keys.merkle import leaf_hash
from randomizer.services.verification.reading import ENTRIES, PUBLIC, RELEASE, VALUES, lines, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_HEX32 = re.compile(r"[0-9a-f]{64}")
_INTEGER_MAX = 1 << 53
_ASTRAL = 0xF0
"""First byte, in UTF-8, of what RFC 8785 sorts otherwise than Python does."""
_ENTRY_KINDS: dict[str, type] = {
    "act": str,
    "actor": int,
    "at": str,
    "digest": str,
    "number": int,
    "participant": str,
    "role": str,
    "site": str,
}


class TrailEntry(NamedTuple):
    """One entry, as published."""

    number: int
    at: str
    act: str
    actor: int
    role: str
    site: str
    participant: str
    digest: str
    hash: bytes  # of the leaf, 32 bytes

    @property
    def record(self) -> str:
        """Where it stands, for a person."""
        return f"{PUBLIC}/{ENTRIES} entry {self.number}"


class Row(NamedTuple):
    """One record that an act made or changed."""

    entry: int
    kind: str
    key: tuple[str | int, ...]
    new: dict[str, Any]
    old: dict[str, Any] | None

    def text(self, name: str) -> str:
        """A text of the new record; "" where there is none, which `values.records` tells."""
        value = self.new.get(name)
        return value if isinstance(value, str) else ""

    def whole(self, name: str) -> int:
        """A whole number of the new record; -1 where there is none, which `values.records` tells."""
        value = self.new.get(name)
        return value if type(value) is int else -1

    @property
    def before(self) -> dict[str, Any] | None:
        """The record as it was before the act, or None where the act made it."""
        return None if self.old is None else self.new | self.old


class Values(NamedTuple):
    """Salt and values of one entry."""

    number: int
    salt: bytes
    content: bytes
    details: dict[str, Any]
    rows: tuple[Row, ...]

    @property
    def record(self) -> str:
        """Where they stand, for a person."""
        return _values_record(self.number)


def entries(directory: Path) -> Iterator[TrailEntry]:
    """The entries of the public record.

    Raises:
        Unreadable: A line is not an entry in canonical JSON.
    """
    for number, line in enumerate(lines(directory / ENTRIES)):
        found = _object(line)
        if found is None or not _is_entry(found):
            refuse(f"{PUBLIC}/{ENTRIES} line {number + 1}", "It is not an entry in canonical JSON.")
        yield TrailEntry(
            number=found["number"],
            at=found["at"],
            act=intern(found["act"]),
            actor=found["actor"],
            role=intern(found["role"]),
            site=intern(found["site"]),
            participant=intern(found["participant"]),
            digest=found["digest"],
            hash=leaf_hash(line[:-1]),
        )


def values(directory: Path) -> Iterator[Values]:
    """The salted values of a release.

    Raises:
        Unreadable: A line does not hold values in canonical JSON.
    """
    for number, line in enumerate(lines(directory / VALUES), start=1):
        found = _object(line)
        if found is None or not _is_salted(found):
            refuse(f"{RELEASE}/{VALUES} line {number}", "It does not hold salted values in canonical JSON.")
        content = found["content"].encode()
        parts = _object(content + b"\n")
        if parts is None or not _is_content(parts):
            refuse(_values_record(found["number"]), "Its content is not what an act leaves.")
        yield Values(
            number=found["number"],
            salt=bytes.fromhex(found["salt"]),
            content=content,
            details=parts["details"],
            rows=tuple(_row(found["number"], row) for row in parts["rows"]),
        )


def together(
    found: Iterator[TrailEntry], salted: Iterator[Values] | None
) -> Iterator[tuple[TrailEntry | None, Values | None]]:
    """Entries with the values that stand at their place: by order, so that nothing is held in memory.

    Args:
        found: Entries.
        salted: Values, or None without a release.

    Yields:
        Each entry with its values, if there are any; values that fit no entry at their place come with None.
    """
    rest = iter(()) if salted is None else salted
    waiting = next(rest, None)
    for entry in found:
        while waiting is not None and waiting.number < entry.number:
            yield None, waiting
            waiting = next(rest, None)
        if waiting is not None and waiting.number == entry.number:
            yield entry, waiting
            waiting = next(rest, None)
        else:
            yield entry, None
    while waiting is not None:
        yield None, waiting
        waiting = next(rest, None)


def is_moment(text: str) -> bool:
    """Whether a text is a moment as entries write it, and there is such a one."""
    try:
        return _AT.fullmatch(text) is not None and datetime.fromisoformat(text) is not None
    except ValueError:
        return False


def acting(entry: TrailEntry, values: Values) -> object:
    """The account that acted: where the service entered it from the file of intents, whose it was."""
    if entry.actor or values.details.get("from_file") is not True:
        return entry.actor
    return values.details.get("account")


def canonical(value: object) -> bytes:
    """RFC 8785 for what the trail holds: no floating point, names without astral characters."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _object(line: bytes) -> dict[str, Any] | None:
    """The JSON object of a canonical line, or None where it is none."""
    try:
        found = json.loads(line, parse_float=_no_number, parse_int=_integer, parse_constant=_no_number)
        # The library for all of RFC 8785 takes ten times as long, and names beyond the BMP do not occur.
        write = rfc8785.dumps if line and max(line) >= _ASTRAL else canonical
        return found if isinstance(found, dict) and write(found) + b"\n" == line else None
    except (ValueError, RecursionError):
        return None


def _no_number(text: str) -> int:
    raise ValueError(f"the trail holds whole numbers within 2^53, not {text[:20]}")


def _integer(text: str) -> int:
    value = int(text)
    return value if abs(value) <= _INTEGER_MAX else _no_number(text)


def _is_entry(found: dict[str, Any]) -> bool:
    return (
        found.keys() == _ENTRY_KINDS.keys()
        and all(type(found[name]) is kind for name, kind in _ENTRY_KINDS.items())
        and is_moment(found["at"])
        and _HEX32.fullmatch(found["digest"]) is not None
    )


def _is_salted(found: dict[str, Any]) -> bool:
    return (
        found.keys() == {"content", "number", "salt"}
        and type(found["number"]) is int
        and isinstance(found["content"], str)
        and isinstance(found["salt"], str)
        and _HEX32.fullmatch(found["salt"]) is not None
    )


def _is_content(parts: dict[str, Any]) -> bool:
    return (
        parts.keys() == {"details", "rows", "why_digest"}
        and isinstance(parts["why_digest"], str)
        and _HEX32.fullmatch(parts["why_digest"]) is not None
        and isinstance(parts["details"], dict)
        and isinstance(parts["rows"], list)
    )


def _row(number: int, row: object) -> Row:
    if (
        not isinstance(row, dict)
        or not {"kind", "key", "new"} <= row.keys() <= {"kind", "key", "new", "old"}
        or not isinstance(row["kind"], str)
        or not isinstance(row["key"], list)
        or not all(type(part) in {str, int} for part in row["key"])
        or not isinstance(row["new"], dict)
        or not isinstance(row.get("old", {}), dict)
    ):
        refuse(_values_record(number), "One of its rows is not what an act leaves.")
    return Row(number, intern(row["kind"]), tuple(row["key"]), row["new"], row.get("old"))


def _values_record(number: int) -> str:
    return f"{RELEASE}/{VALUES} entry {number}"
