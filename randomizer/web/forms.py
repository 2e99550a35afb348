"""Forms without a framework: what was typed is kept, what is wrong stands beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from randomizer.errors import Faulty, RandomizerError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from werkzeug.datastructures import MultiDict

LONGEST_NUMBER = 9  # digits
LONGEST_TEMPERATURE = 3  # digits
MOMENT = "Date and time, such as 2026-11-27 14:30 or 27 Nov 2026, 14:30."
LOOKS_LIKE_A_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2}[T ]|\d{1,2} [A-Z][a-z]{2} \d{4},? )\d{2}:\d{2}( UTC)?$", re.ASCII
)
STILL_HERE = "Nothing was changed, and what was typed is still here."
SPOKEN = "%d %b %Y %H:%M"  # a moment as the pages show it, without its comma


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question; see `field` in components.html for what the parts mean.

    Args:
        name: Name of the input, and what a refusal's `field` says.
        label: The question.
        type: Kind of input.
        secret: Whether what was typed is never sent back.
        needed: What the form says where it is left empty; "" where it may be.
    """

    name: str
    label: str
    type: str = "text"
    hint: str | None = None
    unit: str | None = None
    width: str = "full"
    options: tuple[tuple[str, ...], ...] = ()
    autocomplete: str | None = None
    inputmode: str | None = None
    secret: bool = False
    needed: str = ""
    rows: int = 3


PASSWORD = Field(
    name="password", label="Password", type="password", secret=True, needed="Password is missing."
)
CODE = Field(name="code", label="Six-digit code", secret=True, needed="Six-digit code is missing.")
WHY = Field(
    name="why",
    label="Reason",
    type="textarea",
    hint="Goes on record with your name.",
    needed="Reason is missing.",
)


def together(*readers: Callable[[], object]) -> list[Any]:
    """Read several fields, so that all that is wrong with them is said at once.

    Args:
        *readers: Each reads one field, and may refuse what stands there.

    Raises:
        Faulty: At least one of them refused; what to do next is what the first of them says, if any does.
    """
    found: list[object] = []
    next_step: str | None = None
    faults: list[tuple[str, str]] = []
    for reader in readers:
        try:
            found.append(reader())
        except Refused as refused:
            one = (refused.field or "", refused.message)
            faults += refused.faults if isinstance(refused, Faulty) else (one,)
            next_step = next_step or refused.next_step
    if faults:
        raise Faulty(tuple(faults), next_step=next_step or STILL_HERE)
    return found


@dataclass(slots=True)
class Form:
    """Fields, what was typed into them, and what is wrong with it.

    Args:
        fields: The questions, in order.
        typed: What was typed, by field name.
        errors: Sentence by field name.
        general: Sentences about no single field.
    """

    fields: tuple[Field, ...]
    typed: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    general: list[str] = field(default_factory=list)

    @classmethod
    def blank(cls, fields: Iterable[Field], defaults: Mapping[str, str] | None = None) -> Form:
        """A form nobody has typed into."""
        return cls(tuple(fields), dict(defaults or {}))

    @classmethod
    def posted(cls, fields: Iterable[Field], data: MultiDict[str, str]) -> Form:
        """A form as it came in."""
        asked = tuple(fields)
        return cls(asked, {one.name: data.get(one.name, "") for one in asked})

    def text(self, name: str) -> str:
        """What was typed; spaces at both ends are left out, except in a password."""
        typed = self.typed.get(name, "")
        return typed if name == PASSWORD.name else typed.strip()

    def yes(self, name: str) -> bool:
        """Whether a box was ticked."""
        return self.typed.get(name, "") not in {"", "no"}

    def demand_filled(self, *signing: Field) -> None:
        """Refuse a form with empty fields, naming them all.

        Args:
            *signing: Fields that stand on the page beside those of the form.

        Raises:
            Faulty: What is needed was left empty.
        """
        empty = [one for one in (*self.fields, *signing) if one.needed and not self.text(one.name)]
        if empty:
            raise Faulty(
                tuple((one.name, one.needed) for one in empty),
                next_step=f"Fill in what is missing. {STILL_HERE}",
            )

    def moment(self, name: str) -> datetime | None:
        """A moment in UTC, or None where nothing was typed.

        Raises:
            Refused: It is no date and time.
        """
        typed = self.text(name)
        if not typed:
            return None
        parsed = _parsed(typed)
        if parsed is None and LOOKS_LIKE_A_MOMENT.match(typed):
            raise Refused(f"There is no such day or time as {typed[:40]}: check what was typed.", field=name)
        if parsed is None:
            raise Refused(
                f"{self._label(name)} must be a date and a time such as 2026-11-27 14:30, in UTC; "
                f"got {typed[:40]!r}.",
                field=name,
            )
        return parsed

    def needed_moment(self, name: str) -> datetime:
        """A moment in UTC.

        Raises:
            Refused: It is missing, or no date and time.
        """
        found = self.moment(name)
        if found is None:
            raise Refused(f"{self._label(name)} is missing: give a date and a time, in UTC.", field=name)
        return found

    def whole(self, name: str) -> int:
        """A whole number; 0 where nothing was typed.

        Raises:
            Refused: It is none.
        """
        typed = self.text(name)
        if not typed:
            return 0
        if not (typed.isascii() and typed.isdigit() and len(typed) <= LONGEST_NUMBER):
            raise Refused(
                f"{self._label(name)} must be a whole number such as 50; got {typed[:40]!r}.", field=name
            )
        return int(typed)

    def degrees(self, name: str) -> int:
        """A temperature in whole degrees, which may lie below zero.

        Raises:
            Refused: It is none.
        """
        typed = self.text(name)
        digits = typed.replace("\u2212", "-").removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_TEMPERATURE):
            raise Refused(
                f"{self._label(name)} must be whole degrees such as 4 or -20; got {typed[:40]!r}.", field=name
            )
        return int(digits) if digits == typed else -int(digits)

    def refuse(self, error: RandomizerError) -> None:
        """Put a refusal where it belongs: beside its fields, or on top.

        Args:
            error: Why the form was not accepted; what was typed stays.
        """
        faults = error.faults if isinstance(error, Faulty) else ((error.field or "", error.message),)
        known = {one.name for one in self.fields} | {PASSWORD.name, CODE.name}
        for name, sentence in faults:
            if name in known:
                self.errors.setdefault(name, sentence)
            else:
                self.general.append(sentence)
        if error.next_step:
            self.general.append(error.next_step)

    @property
    def summary(self) -> list[tuple[str | None, str]]:
        """Lines of the error summary, in the order of the page: id of the field or None, and the sentence."""
        places = [one.name for one in (*self.fields, PASSWORD, CODE)]
        errors = sorted(self.errors.items(), key=lambda pair: places.index(pair[0]))
        return [*errors, *((None, sentence) for sentence in self.general)]

    def shown(self, one: Field) -> str:
        """What goes back into a field: what was typed, unless it is a secret."""
        return "" if one.secret else self.typed.get(one.name, "")

    def _label(self, name: str) -> str:
        return next((one.label for one in self.fields if one.name == name), name)


def _parsed(typed: str) -> datetime | None:
    """A date with a time, as typed; a plain date is none, for midnight is rarely meant."""
    try:
        return _read(typed)
    except (ValueError, OverflowError):
        return None


def _read(typed: str) -> datetime | None:
    plain = " ".join(typed.removesuffix("UTC").replace(",", " ").split())
    if ":" not in plain:
        return None
    try:
        parsed = datetime.fromisoformat(plain)
    except ValueError:
        parsed = datetime.strptime(plain, SPOKEN)  # noqa: DTZ007 - a time without a zone is UTC here
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
