"""Keyboard layouts, and how a text typed on one by a scanner set to another is read back.

A wedge scanner presses keys. It is set to one layout and the computer to another: a scanner set to US types
482 on a French keyboard as '_é, and one set to French types it on a Swedish keyboard as ¤(".

Source: the layouts US, French (AZERTY), Italian, Swedish and Danish as Windows ships them.
"""

# ruff: noqa: RUF001 - the signs are what the keys write
from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Final


@dataclass(frozen=True, slots=True)
class Layout:
    """What each of the 47 keys writes, row by row from the top left.

    Args:
        plain: Without shift.
        shifted: With shift.
    """

    plain: str
    shifted: str

    @property
    def signs(self) -> str:
        """Every sign, those without shift first."""
        return self.plain + self.shifted


US = Layout(
    "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./",
    '~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?',
)
FRENCH = Layout(
    "²&é\"'(-è_çà)=azertyuiop^$*qsdfghjklmùwxcvbn,;:!",
    "~1234567890°+AZERTYUIOP¨£µQSDFGHJKLM%WXCVBN?./§",
)
ITALIAN = Layout(
    "\\1234567890'ìqwertyuiopè+ùasdfghjklòàzxcvbnm,.-",
    '|!"£$%&/()=?^QWERTYUIOPé*§ASDFGHJKLç°ZXCVBNM;:_',
)
SWEDISH = Layout(
    "§1234567890+´qwertyuiopå¨'asdfghjklöäzxcvbnm,.-",
    '½!"#¤%&/()=?`QWERTYUIOPÅ^*ASDFGHJKLÖÄZXCVBNM;:_',
)
DANISH = Layout(
    "½1234567890+´qwertyuiopå¨'asdfghjklæøzxcvbnm,.-",
    '§!"#¤%&/()=?`QWERTYUIOPÅ^*ASDFGHJKLÆØZXCVBNM;:_',
)
LAYOUTS: Final = {"US": US, "French": FRENCH, "Italian": ITALIAN, "Swedish": SWEDISH, "Danish": DANISH}

_ALL = frozenset("".join(layout.signs for layout in LAYOUTS.values()))
_UNREADABLE = "\ufffd"


def typed(text: str, scanner: Layout, computer: Layout) -> str:
    """What a computer writes when a scanner presses the keys of a text; other signs come as they are."""
    return text.translate(_table(scanner, computer))


def readings(text: str) -> tuple[str, ...]:
    """Every text that a scanner may have meant, the text as it stands first; without repetitions."""
    found = dict.fromkeys([text])
    for scanner, computer in product(LAYOUTS.values(), repeat=2):
        meant = text.translate(_backwards(scanner, computer))
        if _UNREADABLE not in meant:
            found[meant] = None
    return tuple(found)


@cache
def _table(scanner: Layout, computer: Layout) -> dict[int, str]:
    return {ord(sign): computer.signs[place] for place, sign in enumerate(scanner.signs)}


@cache
def _backwards(scanner: Layout, computer: Layout) -> dict[int, str]:
    # A sign that the computer's keyboard does not have was not typed on it.
    table = {ord(sign): _UNREADABLE for sign in _ALL}
    return table | {ord(sign): scanner.signs[place] for place, sign in enumerate(computer.signs)}
