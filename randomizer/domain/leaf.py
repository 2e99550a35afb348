"""The bytes of a slot: its leaf, the content of its envelope, and its sealed row; all big-endian.

Within one trial every leaf, and every content, has the same length, so that a length tells nothing.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

LEAF_LABEL = b"crossover-randomizer/v1/leaf"
CONTENT_LABEL = b"crossover-randomizer/v1/slot"
ROW_LABEL = b"crossover-randomizer/v1/row"
CODE_BYTES = 16  # a sequence or treatment code, padded with zero bytes
SALT_BYTES = 32
RANDOMIZATION_BYTES = 8
KIT_BYTES = 9
_HEAD = struct.Struct(f">HIHI{RANDOMIZATION_BYTES}s{CODE_BYTES}sBB")
_COUNT = struct.Struct(">I")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Leaf:
    """What the commitment fixes of one slot."""

    version: int  # of the schedule, 1-based
    slot: int  # 0-based over the whole schedule
    stratum: int  # 0-based position in the definition
    ordinal: int  # 1-based within the stratum
    randomization_number: str
    sequence_code: str
    kits: tuple[tuple[str, ...], ...]  # for each period its kit numbers, sorted
    salt: bytes  # 32 random bytes

    def __repr__(self) -> str:
        return "Leaf(masked)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Content:
    """What an envelope holds: enough to answer without any other file."""

    sequence_code: str
    treatments: tuple[str, ...]  # treatment code of each period
    salt: bytes  # that of the leaf

    def __repr__(self) -> str:
        return "Content(masked)"


def encode_leaf(leaf: Leaf) -> bytes:
    """Return the leaf bytes, to be hashed as RFC 6962 says.

    Raises:
        ValueError: A value does not fit its place. The message does not repeat it.
    """
    sizes = {len(period) for period in leaf.kits}
    if len(sizes) != 1:
        raise ValueError("every period of a leaf must have the same number of kits")
    head = _HEAD.pack(
        _within(leaf.version, 0xFFFF),
        _within(leaf.slot, 0xFFFFFFFF),
        _within(leaf.stratum, 0xFFFF),
        _within(leaf.ordinal, 0xFFFFFFFF),
        _digits(leaf.randomization_number, RANDOMIZATION_BYTES),
        _code(leaf.sequence_code),
        _within(len(leaf.kits), 0xFF),
        _within(sizes.pop(), 0xFF),
    )
    kits = b"".join(_digits(kit, KIT_BYTES) for period in leaf.kits for kit in period)
    return LEAF_LABEL + head + kits + _salt(leaf.salt)


def decode_leaf(data: bytes) -> Leaf:
    """Return the leaf of leaf bytes; the round trip is exact.

    Raises:
        ValueError: The bytes are no leaf.
    """
    start = len(LEAF_LABEL) + _HEAD.size
    if len(data) < start or not data.startswith(LEAF_LABEL):
        raise ValueError("these bytes are not a leaf of this version")
    version, slot, stratum, ordinal, number, code, periods, per_period = _HEAD.unpack(
        data[len(LEAF_LABEL) : start]
    )
    end = start + periods * per_period * KIT_BYTES
    kits = [data[at : at + KIT_BYTES].decode("ascii", "replace") for at in range(start, end, KIT_BYTES)]
    leaf = Leaf(
        version=version,
        slot=slot,
        stratum=stratum,
        ordinal=ordinal,
        randomization_number=number.decode("ascii", "replace"),
        sequence_code=_text(code),
        kits=tuple(tuple(kits[n * per_period : (n + 1) * per_period]) for n in range(periods)),
        salt=data[end:],
    )
    if encode_leaf(leaf) != data:
        raise ValueError("these bytes are not a leaf of this version")
    return leaf


def encode_content(content: Content) -> bytes:
    """Return the plaintext of an envelope.

    Raises:
        ValueError: A value does not fit its place. The message does not repeat it.
    """
    codes = b"".join(_code(code) for code in content.treatments)
    count = bytes([_within(len(content.treatments), 0xFF)])
    return CONTENT_LABEL + _code(content.sequence_code) + count + codes + _salt(content.salt)


def decode_content(data: bytes) -> Content:
    """Return the content of an opened envelope; the round trip is exact.

    Raises:
        ValueError: The bytes are no content. The message does not repeat them.
    """
    start = len(CONTENT_LABEL) + CODE_BYTES
    if len(data) <= start or not data.startswith(CONTENT_LABEL):
        raise ValueError("these bytes are not the content of an envelope of this version")
    end = start + 1 + data[start] * CODE_BYTES
    content = Content(
        sequence_code=_text(data[len(CONTENT_LABEL) : start]),
        treatments=tuple(_text(data[at : at + CODE_BYTES]) for at in range(start + 1, end, CODE_BYTES)),
        salt=data[end:],
    )
    if encode_content(content) != data:
        raise ValueError("these bytes are not the content of an envelope of this version")
    return content


def encode_row(
    *,
    slot: int,
    stratum: str,
    ordinal: int,
    randomization_number: str,
    kits: tuple[tuple[str, ...], ...],
    ciphertext: bytes,
    wraps: tuple[tuple[str, bytes], ...],
) -> bytes:
    """Return the bytes of a sealed row, for the root over ciphertexts and wraps; nothing in them needs a key.

    Every field is preceded by its length, so that no two rows have the same bytes.

    Args:
        slot: 0-based over the whole schedule.
        stratum: Stratum code.
        ordinal: 1-based within the stratum.
        randomization_number: 8 digits.
        kits: For each period its kit numbers, sorted.
        ciphertext: The envelope.
        wraps: Purpose and wrapped slot key, in the order of the format.
    """
    fields = [str(slot).encode(), stratum.encode(), str(ordinal).encode(), randomization_number.encode()]
    fields.append(str(len(kits)).encode())
    for period in kits:
        fields.append(str(len(period)).encode())
        fields += [kit.encode() for kit in period]
    fields.append(ciphertext)
    for purpose, wrap in wraps:
        fields += [purpose.encode(), wrap]
    return ROW_LABEL + b"".join(_COUNT.pack(len(field)) + field for field in fields)


def _within(number: int, most: int) -> int:
    if not 0 <= number <= most:
        raise ValueError(f"a number of a leaf must be between 0 and {most}")
    return number


def _digits(text: str, length: int) -> bytes:
    if len(text) != length or not (text.isascii() and text.isdigit()):
        raise ValueError(f"a number of a leaf must have {length} digits")
    return text.encode("ascii")


def _code(text: str) -> bytes:
    if not 1 <= len(text) <= CODE_BYTES or not text.isascii() or "\0" in text:
        raise ValueError(f"a code must be 1 to {CODE_BYTES} ASCII characters")
    return text.encode("ascii").ljust(CODE_BYTES, b"\0")


def _text(padded: bytes) -> str:
    return padded.rstrip(b"\0").decode("ascii", "replace")


def _salt(salt: bytes) -> bytes:
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt must have {SALT_BYTES} bytes, got {len(salt)}")
    return salt
