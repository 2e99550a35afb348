"""A number out of whatever a scanner or a person sends: digits, GS1 element strings, symbols for digits.

What can be read in one way only is read; what can be read as two numbers is refused, as everything else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from biip import ParseError
from biip.gs1_messages import GS1Message

from randomizer.domain import layouts, numbers
from randomizer.domain.numbers import KIT_DIGITS
from randomizer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 400  # characters; a label scanned twice has fewer than 200
SERIAL = "21"  # application identifier of a serial number: on a label it is the kit number

_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9]")
_ENDINGS = re.compile(r"[\r\n\t]+")
_HOLDS_A_SERIAL = re.compile(rf"{SERIAL}\)?[0-9]{{{KIT_DIGITS}}}")
_SEPARATOR = "\x1d"
_SEPARATORS = re.compile("\u241d|<GS>|\\{GS\\}|\\^\\]", re.IGNORECASE)
_WITHOUT_SEPARATOR = re.compile(rf"(?:01[0-9]{{14}})?10.{{1,20}}?17[0-9]{{6}}{SERIAL}([0-9]{{{KIT_DIGITS}}})")
"""A label whose separator the keyboard swallowed: from the end, every element has its own length."""


def kit_number(text: str, *, field: str = "kit") -> str:
    """Return the digits of a kit number as scanned from a label or typed.

    Args:
        text: What came in.
        field: The input field.

    Raises:
        Refused: It is no kit number, or can be read as more than one; the sentence shows what came in.
    """
    return _read(
        text, lambda meant: numbers.parse_number(meant, KIT_DIGITS, field=field), "kit number", field
    )


def participant_number(text: str, *, field: str = "participant") -> str:
    """Return the digits of a participant number as scanned from a card or typed.

    Args:
        text: What came in.
        field: The input field.

    Raises:
        Refused: It is no participant number, or can be read as more than one; the sentence shows what came
            in.
    """
    return _read(
        text,
        lambda meant: numbers.parse_participant_number(meant, field=field),
        "participant number",
        field,
    )


def means(text: str, kit: str) -> bool:
    """Whether a scan is of this kit."""
    try:
        return kit_number(text) == kit
    except Refused:
        return False


def is_kit(text: str) -> bool:
    """Whether it holds as many digits as a kit number and nothing else; the check digit may be wrong."""
    meant = [one for one in layouts.readings(text.strip()) for one in _candidates(one)]
    return len(text) <= LONGEST and any(len(digits) == KIT_DIGITS for digits in meant)


def _read(text: str, parse: Callable[[str], str], noun: str, field: str) -> str:
    if len(text) > LONGEST:
        raise Refused(
            f"A {noun} is shorter; got {len(text)} characters.", field=field, next_step=numbers.FROM_THE_LABEL
        )
    parts = dict.fromkeys(part.strip() for part in _ENDINGS.split(text) if part.strip())
    if len(parts) > 1:
        raise Refused(
            f"More than one scan came in at once; got {_shown(' and '.join(parts))}.",
            field=field,
            next_step="Scan them one after the other.",
        )
    text = next(iter(parts), "")
    as_it_stands, *others = (_candidates(meant) for meant in layouts.readings(text))
    found = dict.fromkeys(digits for candidates in (as_it_stands, *others) for digits in candidates)
    fitting = [digits for digits in found if _fits(parse, digits)]
    if len(fitting) > 1:
        raise Refused(
            f"What was scanned can be read as more than one {noun}; got {_shown(text)}.",
            field=field,
            next_step="Type the digits from the label.",
        )
    if fitting:
        return fitting[0]
    # What is wrong is said of the digits that came in, or of the text where it holds none.
    return parse(next(iter(as_it_stands or (found if len(found) == 1 else ())), text))


def _fits(parse: Callable[[str], str], digits: str) -> bool:
    try:
        parse(digits)
    except Refused:
        return False
    return True


def _candidates(meant: str) -> tuple[str, ...]:
    """The digits that a text may stand for; a half is one where both are the same, for scanners stutter."""
    half, odd = divmod(len(meant), 2)
    twice = meant[:half] if not odd and meant[:half] == meant[half:] else ""
    return tuple(dict.fromkeys(digits for one in (meant, twice) for digits in [_digits(one)] if digits))


def _digits(scan: str) -> str:
    """The digits of one scan, or ""."""
    bare = _SYMBOLOGY.sub("", scan, count=1) if scan.startswith("]") else scan
    plain = numbers.without_separators(bare)
    if not (plain.isascii() and plain.isdigit()):
        return _serial(bare)
    return plain if len(plain) <= KIT_DIGITS else _serial(bare) or plain


def _serial(text: str) -> str:
    """The serial number of GS1 element strings, or ""."""
    if not _HOLDS_A_SERIAL.search(text):
        return ""  # most readings are none, and parsing takes its time
    message = _SEPARATORS.sub(_SEPARATOR, text).strip(_SEPARATOR + " ")
    try:
        parsed = GS1Message.parse_hri(message) if message.startswith("(") else GS1Message.parse(message)
    except ParseError:
        parsed = None
    serials = parsed.element_strings.filter(ai=SERIAL) if parsed else []
    values = {one.value for one in serials}
    if len(values) == 1 and len(value := values.pop()) == KIT_DIGITS:
        return value
    without = _WITHOUT_SEPARATOR.fullmatch(message.replace(_SEPARATOR, ""))
    return without[1] if without else ""


def _shown(text: str) -> str:
    return repr("".join(sign if sign.isprintable() else "?" for sign in text.strip()[:40]))
