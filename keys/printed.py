"""128 bits as people print, read out and type them: groups of three symbols, the last a check."""

from __future__ import annotations

from typing import Final

from keys.errors import CodeRefused

LENGTH: Final = 16  # bytes: 128 bits
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECK_ALPHABET: Final = _ALPHABET + "*~$=U"
_SYMBOLS: Final = 26  # 130 bits, of which the first two are 0
_GROUP: Final = 3  # 27 symbols with the check: nine groups of three
_READ_AS: Final = str.maketrans("OIL", "011", " -\u2010\u2011\u2013\t\r\n")


def to_symbols(secret: bytes) -> str:
    """Give 16 bytes as 26 symbols and a check symbol, in groups of three."""
    value = int.from_bytes(secret, "big")
    symbols = "".join(_ALPHABET[value >> shift & 31] for shift in range(5 * (_SYMBOLS - 1), -1, -5))
    symbols += _CHECK_ALPHABET[value % 37]
    return "-".join(symbols[at : at + _GROUP] for at in range(0, len(symbols), _GROUP))


def from_symbols(typed: str, name: str) -> bytes:
    """Read a typed code, forgiving of case, spaces, dashes, O for 0, and I or L for 1.

    Args:
        typed: As typed.
        name: What the code is called in a refusal, such as "emergency code".

    Returns:
        16 bytes.

    Raises:
        CodeRefused: A symbol is missing, not of the alphabet, or mistyped.

    Source:
        Crockford's base32 with its modulo 37 check symbol.
    """
    symbols = typed.upper().translate(_READ_AS)
    if len(symbols) != _SYMBOLS + 1:
        raise CodeRefused(f"The {name} has {_SYMBOLS + 1} symbols; {len(symbols)} were typed.")
    value = 0
    for position, symbol in enumerate(symbols[:-1], start=1):
        digit = _ALPHABET.find(symbol)
        if digit < 0:
            raise CodeRefused(f"Symbol {position} of the {name} is not one that is printed.")
        value = value * 32 + digit
    if value >> 128 or _CHECK_ALPHABET.find(symbols[-1]) != value % 37:
        raise CodeRefused(f"The {name} was mistyped: its last symbol does not fit the others.")
    return value.to_bytes(LENGTH, "big")
