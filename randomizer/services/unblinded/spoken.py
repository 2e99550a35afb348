"""Spoken codes: what opens a one-time page for a doctor who telephones. In the memory of this process alone.

A code is read out over the telephone, so it is sixteen digits and no more: seven name the page, eight prove
that somebody was told it, the last finds what was misheard. Wrong proofs are counted by page, and never by
address: nobody but who knows the first seven digits can spend the tries of a page, and nobody's failure keeps
anybody else waiting. Nothing of a code is ever stored; a door that starts again has forgotten them all.
See docs/decisions/0016-answers-by-telephone.md.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING

from randomizer.domain.numbers import damm, without_separators
from randomizer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

DIGITS = 16  # the check digit included
NAMING = 7  # digits that name the page
TRIES = 5  # wrong proofs; then the page is closed
MINUTES = 15
FIELD = "spoken_code"
_WORD = 4  # bytes of randomness behind one draw
_PROVING = DIGITS - NAMING - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A one-time page as who gave its code sees it.

    Args:
        intent: Identifier of the code break.
        code: The digits, to be read out.
        until: When it ends.
        wrong: How often the page was named with a wrong proof.
    """

    intent: str
    code: str = field(repr=False)
    until: datetime
    wrong: int = 0

    @property
    def closed(self) -> bool:
        """Whether too many wrong proofs came in."""
        return self.wrong >= TRIES


class SpokenCodes:
    """The one-time pages that stand.

    Args:
        clock: Gives the current moment, UTC.
        entropy: Gives random bytes.
    """

    def __init__(self, clock: Callable[[], datetime], entropy: Callable[[int], bytes]) -> None:
        self._clock = clock
        self._entropy = entropy
        self._pages: dict[str, Spoken] = {}  # by the digits that name them
        self._lock = Lock()

    def give(self, intent: str) -> Spoken:
        """Make the code of a code break; one that was given before counts no more."""
        with self._lock:
            self._sweep()
            self._drop(intent)
            name = self._draw(NAMING)
            while name in self._pages:
                name = self._draw(NAMING)
            digits = name + self._draw(_PROVING)
            until = self._clock() + timedelta(minutes=MINUTES)
            page = Spoken(intent=intent, code=f"{digits}{damm(digits)}", until=until)
            self._pages[name] = page
            return page

    def standing(self, intent: str) -> Spoken | None:
        """The page of a code break, closed or not; None where it was opened, has ended or was never made."""
        with self._lock:
            self._sweep()
            return next((page for page in self._pages.values() if page.intent == intent), None)

    def take(self, typed: str) -> str:
        """Give the code break that a code opens; it opens nothing ever again.

        Args:
            typed: The digits as typed, with spaces or without.

        Raises:
            Refused: It is no such code, or a wrong, used, closed or ended one; of these it never says which.
        """
        code = _read(typed)
        with self._lock:
            self._sweep()
            page = self._pages.get(code[:NAMING])
            fits = page is not None and hmac.compare_digest(page.code, code)
            if page is None or page.closed or not fits:
                if page is not None and not fits:
                    self._pages[code[:NAMING]] = replace(page, wrong=page.wrong + 1)
                raise Refused(
                    "This code does not fit, was used, or has ended. Nothing was opened.",
                    field=FIELD,
                    next_step="Telephone again to whoever gave it to you: they make another one.",
                )
            del self._pages[code[:NAMING]]
            return page.intent

    def _draw(self, count: int) -> str:
        """Uniform digits: words beyond the last whole multiple are thrown away."""
        below = int(10**count)
        limit = (1 << 8 * _WORD) // below * below
        while True:
            drawn = int.from_bytes(self._entropy(_WORD), "big")
            if drawn < limit:
                return f"{drawn % below:0{count}d}"

    def _drop(self, intent: str) -> None:
        self._pages = {name: page for name, page in self._pages.items() if page.intent != intent}

    def _sweep(self) -> None:
        now = self._clock()
        self._pages = {name: page for name, page in self._pages.items() if page.until > now}


def _read(typed: str) -> str:
    """The digits of a code; what was misheard or mistyped costs no try."""
    digits = without_separators(typed)
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        raise Refused(
            f"A one-time code has {DIGITS} digits; {len(digits)} signs were typed. Nothing was opened.",
            field=FIELD,
            next_step="Type all of them; spaces do not matter.",
        )
    if damm(digits) != 0:
        raise Refused(
            "One digit of this code is wrong, or two changed places. Nothing was opened.",
            field=FIELD,
            next_step="Have the code read out once more.",
        )
    return digits
