"""Reading a TOML file into typed values; every fault is collected with its place, none stops the reading."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from randomizer.errors import DefinitionFaulty

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,15}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_LARGEST = Decimal(10**9)
_FINEST = -4  # decimal places that a limit may have

T = TypeVar("T")


class Faults:
    """What is wrong with one file.

    Args:
        source: Name of the file, as a person knows it.
        quote: Whether sentences may repeat what the file says; never for an unblinded definition.
    """

    def __init__(self, source: str, *, quote: bool = True) -> None:
        self._source = source
        self._quote = quote
        self._found: list[tuple[str, str]] = []

    def add(self, place: str, sentence: str, got: object = None) -> None:
        """Note a fault: where (key path, lists counted from 1), which rule, and what stood there."""
        tail = f", got {_shown(got)}" if self._quote and got is not None else ""
        self._found.append((f"{self._source}: {place}" if place else self._source, sentence + tail))

    def raise_any(self) -> None:
        """Raise all faults at once.

        Raises:
            DefinitionFaulty: There is at least one.
        """
        if self._found:
            raise self.error()

    def error(self) -> DefinitionFaulty:
        """Return all faults as one error."""
        return DefinitionFaulty(tuple(self._found))

    def quotable(self, name: str) -> str:
        """Return a name that the file chose, or a dash where nothing may be repeated."""
        return name if self._quote else "-"

    def unique(self, values: Iterable[str], places: Iterable[str], noun: str) -> None:
        """Note every value that stands twice; empty values were faults already."""
        seen: set[str] = set()
        for value, place in zip(values, places, strict=True):
            if value and value in seen:
                self.add(place, f"must be unique among the {noun}", value)
            seen.add(value)


class Table:
    """One table of the file. Each reading notes its own fault and returns a harmless stand-in."""

    def __init__(self, values: Mapping[str, object], path: str, faults: Faults) -> None:
        self._values = values
        self._path = path
        self._faults = faults
        self._known: list[str] = []
        self._faulty: set[str] = set()

    def place(self, key: str) -> str:
        """Return the path of a key of this table."""
        return f"{self._path}.{key}" if self._path else key

    def fault(self, key: str, sentence: str, got: object = None) -> None:
        """Note a fault at a key of this table."""
        self._faulty.add(re.split(r"[.\[]", key, maxsplit=1)[0])
        self._faults.add(self.place(key), sentence, got)

    def sound(self, *keys: str) -> bool:
        """Say whether these keys, or all that were read, are given and without fault."""
        asked = keys or tuple(self._known)
        return self._faulty.isdisjoint(asked) and all(key in self._values for key in keys)

    def has(self, key: str) -> bool:
        """Say whether the file gives this key."""
        return key in self._values

    def _take(self, key: str, kind: type[T], noun: str, *, optional: bool = False) -> T | None:
        self._known.append(key)
        if key not in self._values:
            if not optional:
                self.fault(key, f"is missing; it must be {noun}")
            return None
        value = self._values[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.fault(key, f"must be {noun}", value)
            return None
        return value

    def says(self, key: str, word: str) -> bool:
        """Say whether the key holds exactly this word, and take it if so."""
        if self._values.get(key) != word:
            return False
        self._known.append(key)
        return True

    def text(self, key: str, *, most: int = 400, optional: bool = False) -> str:
        """Read a text without control characters, trimmed; an optional one may be absent."""
        found = self._take(key, str, "a text", optional=optional)
        return "" if found is None else self._checked(key, found, most, optional=optional)

    def _checked(self, key: str, found: str, most: int, *, optional: bool = False) -> str:
        text = found.strip()
        if not text and not optional:
            self.fault(key, "must not be empty")
        elif len(text) > most:
            self.fault(key, f"must have at most {most} characters", len(text))
        elif _CONTROL.search(text):
            self.fault(key, "must not contain control characters")
        else:
            return text
        return ""

    def code(self, key: str, *, most: int = 16) -> str:
        """Read a code: ASCII letters, digits and hyphens, a letter or digit first."""
        text = self.text(key)
        if text and (len(text) > most or not CODE.fullmatch(text)):
            self.fault(key, f"must be 1 to {most} ASCII letters, digits or hyphens", text)
            return ""
        return text

    def whole(self, key: str, low: int, high: int, *, optional: bool = False) -> int:
        """Read a whole number within limits; an optional one is 0 when absent."""
        if optional and not self.has(key):
            self._known.append(key)
            return 0
        found = self._take(key, int, f"a whole number between {low} and {high}")
        if found is not None and not low <= found <= high:
            self.fault(key, f"must be between {low} and {high}", found)
            return low
        return low if found is None else found

    def number(self, key: str) -> Decimal | None:
        """Read a number that may be absent."""
        if not self.has(key):
            self._known.append(key)
            return None
        if isinstance(self._values[key], Decimal):
            found: Decimal | int | None = self._take(key, Decimal, "a number")
        else:
            found = self._take(key, int, "a number")
        if found is None:
            return None
        value = Decimal(found)
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int) or abs(value) >= _LARGEST or exponent < _FINEST:
            self.fault(key, "must be a number below 1000000000 with at most 4 decimal places")
            return None
        return value

    def flag(self, key: str, *, optional: bool = False) -> bool:
        """Read true or false; an optional one is false when absent."""
        return bool(self._take(key, bool, "true or false", optional=optional))

    def absent(self, key: str, noun: str) -> None:
        """Note that a key is missing and what it should hold."""
        self._known.append(key)
        self.fault(key, f"is missing; it must be {noun}")

    def choice(self, key: str, options: Sequence[str]) -> str:
        """Read one of a list of words."""
        noun = "one of: " + ", ".join(options)
        found = self._take(key, str, noun)
        if found is not None and found not in options:
            self.fault(key, f"must be {noun}", found)
            return ""
        return found or ""

    def _list(
        self, key: str, kind: type[T], noun: str, *, optional: bool, least: int = 1
    ) -> list[tuple[str, T]]:
        found = self._take(key, list, f"a list of {noun}", optional=optional)
        if found is None:
            return []
        if len(found) < least and not optional:
            self.fault(key, f"must have at least {least} entr{'y' if least == 1 else 'ies'}", len(found))
        items: list[tuple[str, T]] = []
        for position, item in enumerate(found, start=1):
            if isinstance(item, kind) and not (isinstance(item, bool) and kind is not bool):
                items.append((f"{key}[{position}]", item))
            else:
                self.fault(f"{key}[{position}]", f"must be one of the {noun}", item)
        return items

    def texts(self, key: str, *, optional: bool = False, most: int = 400) -> tuple[str, ...]:
        """Read a list of texts."""
        found = self._list(key, str, "texts", optional=optional)
        return tuple(text for place, item in found if (text := self._checked(place, item, most)))

    def choices(self, key: str, options: Sequence[str], *, optional: bool = False) -> tuple[str, ...]:
        """Read a list of words from a list of words, none of them twice."""
        found = self._list(key, str, "words", optional=optional)
        for place, item in found:
            if item not in options:
                self.fault(place, "must be one of: " + ", ".join(options), item)
        self._faults.unique([item for _, item in found], [self.place(place) for place, _ in found], "words")
        return tuple(item for _, item in found)

    def wholes(self, key: str, low: int, high: int, *, optional: bool = False) -> tuple[int, ...]:
        """Read a list of whole numbers within limits."""
        found = self._list(key, int, "whole numbers", optional=optional)
        for place, item in found:
            if not low <= item <= high:
                self.fault(place, f"must be between {low} and {high}", item)
        return tuple(item for _, item in found if low <= item <= high)

    def table(self, key: str) -> Table:
        """Read a table; a missing one is a single fault and reads as silent."""
        found = self._take(key, dict, "a table")
        if found is None:
            return Table({}, self.place(key), Faults(""))
        return Table(found, self.place(key), self._faults)

    def tables(self, key: str, *, optional: bool = False, least: int = 1) -> tuple[Table, ...]:
        """Read a list of tables."""
        found = self._list(key, dict, "tables", optional=optional, least=least)
        return tuple(Table(item, self.place(place), self._faults) for place, item in found)

    def pairs(self, key: str) -> dict[str, str]:
        """Read a table of texts whose keys the file chooses."""
        found = self._take(key, dict, "a table") or {}
        pairs: dict[str, str] = {}
        for name, value in found.items():
            if isinstance(value, str):
                pairs[str(name)] = value
            else:
                self.fault(f"{key}.{name}", "must be a text", value)
        return pairs

    def done(self) -> None:
        """Note every key that no reading asked for."""
        for key in self._values:
            if key not in self._known:
                self._faults.add(
                    self.place(self._faults.quotable(key)),
                    f"is not known here; known are: {', '.join(self._known)}",
                )


def load(text: str, faults: Faults) -> Table:
    """Open the text of a TOML file.

    Raises:
        DefinitionFaulty: The text is not TOML.
    """
    try:
        values = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        where = re.search(r"\(at (.*)\)$", str(error))
        faults.add("", f"is not TOML ({where.group(1) if where else 'it cannot be read'})")
        raise faults.error() from None
    return Table(values, "", faults)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and value.bit_length() > 64:  # noqa: PLR2004 - str() refuses very long ones
        return "a number of more than 64 bits"
    text = f"{value!r}" if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - one line on a terminal
