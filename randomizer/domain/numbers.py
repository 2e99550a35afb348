"""Numbers that people read, type and scan: digits only, the last one a check digit that catches slips.

Every single wrong digit and every swap of neighbours is caught.

Source: H. M. Damm, Total anti-symmetrische Quasigruppen, Marburg 2004.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from randomizer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

KIT_DIGITS = 9  # check digit included
RANDOMIZATION_DIGITS = 8
PARTICIPANT_DIGITS = (5, 7)
FIRST_PARTICIPANT = 1000
LAST_PARTICIPANT = 999_999
GROUPED_FROM = 6  # digits
MOST_PAIRS = 2  # more, and the hint is none
FROM_THE_LABEL = "Read the number from the label once more, or scan it."

_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
_ROWS = {str(digit): tuple(row[digit] for row in _DAMM) for digit in range(10)}  # by digit, then by state
_SEPARATORS = str.maketrans("", "", " \t\u00a0\u202f\u2009-")


def damm(digits: str) -> int:
    """Return the check digit of a string of digits; 0 when the string ends in its own check digit."""
    state = 0
    for digit in digits:
        state = _ROWS[digit][state]
    return state


def with_check(payload: int) -> str:
    """Return the digits of a number followed by their check digit."""
    digits = str(payload)
    return f"{digits}{damm(digits)}"


@dataclass(frozen=True, slots=True)
class DrawnNumbers(Sequence[str]):
    """Numbers in the order of their drawing, four bytes each; the digits are written out when asked for.

    Args:
        payloads: The numbers without their check digits.
    """

    payloads: array[int]

    def __len__(self) -> int:
        """How many."""
        return len(self.payloads)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        """One number, or several."""
        if isinstance(at, slice):
            return [with_check(payload) for payload in self.payloads[at]]
        return with_check(self.payloads[at])


def draw_numbers(count: int, length: int, below: Callable[[int], int]) -> DrawnNumbers:
    """Draw different numbers, uniformly among those that do not begin with 0.

    A number that was drawn before is thrown away and drawn again.

    Args:
        count: How many.
        length: Digits of each, check digit included; at most 10.
        below: Gives a uniform whole number below its argument.

    Raises:
        ValueError: More than half of all such numbers are asked for.
    """
    lowest = int(10 ** (length - 2))
    span = 9 * lowest
    if count > span // 2:
        raise ValueError(f"at most {span // 2} numbers of {length} digits, got {count}")
    drawn = array("I")
    seen = bytearray(-(-span // 8))  # a bit for each number there is
    while len(drawn) < count:
        one = below(span)
        byte, bit = one >> 3, 1 << (one & 7)
        if not seen[byte] & bit:
            seen[byte] |= bit
            drawn.append(lowest + one)
    return DrawnNumbers(drawn)


def participant_number(n: int) -> str:
    """Return the number of the n-th participant (1-based): 1000 + n, then the check digit.

    Raises:
        Refused: The trial has no numbers left.
    """
    payload = FIRST_PARTICIPANT + n
    if n < 1 or payload > LAST_PARTICIPANT:
        most = LAST_PARTICIPANT - FIRST_PARTICIPANT
        raise Refused(f"A trial numbers its participants from 1 to {most}, got {n}.", field="participant")
    return with_check(payload)


def group3(digits: str) -> str:
    """Return the digits as they stand on a screen, from six on in groups of three: "482 119 037"."""
    if len(digits) < GROUPED_FROM:
        return digits
    return " ".join(digits[start : start + 3] for start in range(0, len(digits), 3))


def without_separators(text: str) -> str:
    """Return a text without the spaces and hyphens that people put between digits."""
    return text.translate(_SEPARATORS).strip()


def parse_number(text: str, length: int, *, noun: str = "kit number", field: str = "kit") -> str:
    """Return the digits of a number that was typed or scanned; spaces and hyphens are left out.

    Args:
        text: What came in.
        length: Digits that it must have, check digit included.
        noun: What the number is called in a refusal.
        field: The input field.

    Raises:
        Refused: Other characters than digits, another length, or a wrong check digit.
    """
    digits = _digits(text, noun, field)
    if len(digits) != length:
        raise Refused(
            f"A {noun} has {length} digits; got {len(digits)}: {group3(digits)}.",
            field=field,
            next_step=FROM_THE_LABEL,
        )
    return _checked(digits, noun, field)


def parse_participant_number(text: str, *, field: str = "participant") -> str:
    """Return the digits of a participant number that was typed or scanned.

    Raises:
        Refused: Other characters than digits, an impossible length, or a wrong check digit.
    """
    digits = _digits(text, "participant number", field)
    least, most = PARTICIPANT_DIGITS
    if not least <= len(digits) <= most:
        raise Refused(
            f"A participant number has {least} to {most} digits; got {len(digits)}: {group3(digits)}.",
            field=field,
            next_step=FROM_THE_LABEL,
        )
    return _checked(digits, "participant number", field)


def differences(scanned: str, needed: str) -> tuple[int, ...]:
    """Return the 1-based positions at which two numbers differ; a missing digit differs."""
    longest = max(len(scanned), len(needed))
    pairs = zip(scanned.ljust(longest), needed.ljust(longest), strict=True)
    return tuple(position for position, (a, b) in enumerate(pairs, start=1) if a != b)


def _digits(text: str, noun: str, field: str) -> str:
    digits = without_separators(text)
    if not digits:
        raise Refused(f"The {noun} is missing.", field=field, next_step="Scan it, or type it from the label.")
    if not (digits.isascii() and digits.isdigit()):
        shown = "".join(sign if sign.isprintable() else "?" for sign in digits[:20])
        raise Refused(f"A {noun} has digits only; got {shown!r}.", field=field, next_step=FROM_THE_LABEL)
    if len(digits) > 20:  # noqa: PLR2004 - a scan of something else entirely
        raise Refused(
            f"A {noun} is shorter; got {len(digits)} digits.", field=field, next_step=FROM_THE_LABEL
        )
    return digits


def _checked(digits: str, noun: str, field: str) -> str:
    if damm(digits) != 0:
        raise Refused(
            f"The check digit of {noun} {group3(digits)} does not fit: a digit is wrong or two are swapped."
            f"{_look_first(digits)}",
            field=field,
            next_step=FROM_THE_LABEL,
        )
    return digits


def _look_first(digits: str) -> str:
    """The neighbours that make the check digit fit when they change places, in words; "" where none do."""
    pairs = [
        f"{digits[at]} {digits[at + 1]} (digits {at + 1} and {at + 2})"
        for at in range(len(digits) - 1)
        if damm(digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]) == 0
    ]
    return f" Look first at {' and at '.join(pairs)}." if 0 < len(pairs) <= MOST_PAIRS else ""
