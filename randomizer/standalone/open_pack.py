"""Open one sealed answer of an emergency pack, offline: for the hour in which the service is down.

    python open_pack.py PACK [--certificate-digest HEX]

One file, for Python 3.11 or later with the library ``cryptography``. It shares no code with the service and
was written from docs/sealing.md. It asks for a randomization number and for the printed code of that number,
and answers with what was planned. It reads the pack, writes no file and needs no network.

Exit codes: 0, an answer was shown. 1, nothing was opened. 2, the pack cannot be used.
"""

from __future__ import annotations

import argparse
import base64
import getpass
import hashlib
import hmac
import io
import json
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Ask = Callable[[str], str]

# ==== What docs/sealing.md says

PROTOCOL = "crossover-randomizer/v1"
TYPE = f"{PROTOCOL}/emergency-pack"
MOST_BYTES = 1 << 27  # of a pack; ten thousand slots take a tenth of it
NONCE, TAG, KEY, SALT, HASH, CODE = 12, 16, 32, 32, 32, 16  # bytes
CONTENT_LABEL, LEAF_LABEL = f"{PROTOCOL}/slot".encode(), f"{PROTOCOL}/leaf".encode()
NUMBER_DIGITS = 8
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECK_SYMBOLS = f"{SYMBOLS}*~$=U"
CODE_SYMBOLS = 26  # and a check symbol
SPACES = str.maketrans("", "", " \t\r\n-\u00a0\u2009\u202f\u2010\u2011\u2013")
READ_AS = str.maketrans("OIL", "011")
DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)

# ==== What it says

DAMAGED = (
    "This file is damaged or is no emergency pack. Nothing was opened. "
    "Take the other copy of the pack, or telephone the trial office."
)
OTHER_CERTIFICATE = (
    "This pack belongs to another certificate than the one you named. Nothing was opened. "
    "Compare the digest with the cover of the pack."
)
NOT_OPENED = (
    "This code does not open this number. Nothing was opened. Compare the randomization number on the sheet "
    "of the code with the one on the participant card, and type both once more."
)
NOT_AS_SEALED = (
    "What this code opens is not what was sealed, so it is not shown: the pack was changed or is damaged. "
    "Take the other copy of the pack, or telephone the trial office."
)
THE_PLAN = (
    "This is the PLAN. What was given stands on the kits: compare these kit numbers with the labels that "
    "were kept and with the record of each infusion. A period that was not reached was not given."
)
AFTERWARDS = (
    "Now write down who opened this, when and why, and keep the opened sheet. The trial manager enters it as "
    "soon as the service is back. "
    "Tell the answer to nobody who does not need it for the care of this participant."
)
STOPPED = "Stopped. Nothing was opened."


class RefusedError(Exception):
    """Nothing is opened; the message is one plain sentence or two, and unblinds nothing."""


class PackError(RefusedError):
    """The file is no pack that could be used."""


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """One sealed answer."""

    slot: int  # 0-based over the whole schedule
    stratum: int  # 0-based place in the definition
    ordinal: int  # 1-based within the stratum
    number: str  # randomization number
    kits: tuple[tuple[str, ...], ...]  # for each period
    proof: bytes
    envelope: bytes = field(repr=False)
    wrap: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Pack:
    """A pack whose definition is that of its certificate."""

    trial: str
    version: int
    site: str
    digest: str  # of the certificate
    rehearsal: str  # what everybody must be told of a rehearsal
    leaf_root: bytes
    size: int  # slots under the root
    treatments: dict[str, str]  # name by code
    telephone: str
    sealed: dict[str, Sealed]  # by randomization number


# ==== The pack


def read_pack(content: bytes, pinned: str = "") -> Pack:
    """Read the bytes of a pack.

    Args:
        content: Of the file.
        pinned: Digest of the certificate from the trial master file or the cover, hex; "" for none.

    Raises:
        PackError: They are no pack, or of another certificate.
    """
    try:
        found = json.loads(content.decode())
        certificate, definition = found["certificate"].encode(), found["definition"].encode()
        digest = hashlib.sha256(certificate).hexdigest()
        if found["type"] != TYPE:
            raise PackError(DAMAGED)
        if pinned and not hmac.compare_digest(pinned.strip().lower().encode(), digest.encode()):
            raise PackError(OTHER_CERTIFICATE)
        fields = json.loads(certificate)
        if hashlib.sha256(definition).hexdigest() != fields["definition_digest"]:
            raise PackError(DAMAGED)
        return _pack(found, fields, json.loads(definition)["value"], digest)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError):
        raise PackError(DAMAGED) from None


def _pack(found: dict[str, Any], fields: dict[str, Any], definition: dict[str, Any], digest: str) -> Pack:
    strata = [stratum["code"] for stratum in definition["strata"]]
    sites = {site["code"]: site for site in definition["sites"]}
    rows = [_sealed(row, strata, len(definition["periods"])) for row in found["slots"]]
    sealed = {row.number: row for row in rows}
    if not rows or len(sealed) != len(rows):
        raise ValueError("there is no sealed answer, or two have one number")
    return Pack(
        trial=_text(fields["trial_id"]),
        version=_whole(fields["schedule_version"], 1, 0xFFFF),
        site=_text(sites[found["site"]]["name"]),
        digest=digest,
        rehearsal=_text(fields["rehearsal"]),
        leaf_root=bytes.fromhex(fields["leaf_root"]),
        size=_whole(fields["sizes"]["slots"], 1, 0xFFFFFFFF),
        treatments={_text(one["code"]): _text(one["name"]) for one in definition["treatments"]},
        telephone=_text(definition["code_break"]["telephone"]),
        sealed=sealed,
    )


def _sealed(row: dict[str, Any], strata: list[str], periods: int) -> Sealed:
    kits = tuple(tuple(_digits(kit, 9) for kit in period) for period in row["kits"])
    if len(kits) != periods or len({len(period) for period in kits}) != 1:
        raise ValueError("the kits do not fit the definition")
    made = Sealed(
        slot=_whole(row["index"], 0, 0xFFFFFFFF),
        stratum=_whole(strata.index(row["stratum"]), 0, 0xFFFF),
        ordinal=_whole(row["ordinal"], 1, 0xFFFFFFFF),
        number=_digits(row["randomization_number"], NUMBER_DIGITS),
        kits=kits,
        proof=_bytes(row["proof"]),
        envelope=_bytes(row["ciphertext"]),
        wrap=_bytes(row["wrap"]),
    )
    if len(made.wrap) != NONCE + KEY + TAG or len(made.envelope) <= NONCE + TAG or len(made.proof) % HASH:
        raise ValueError("a length of the format is not kept")
    return made


def _whole(value: object, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError("a whole number of the format is needed")
    return value


def _text(value: object) -> str:
    """A text that may go to a terminal: a control character in it does nothing there."""
    if not isinstance(value, str):
        raise TypeError("a text is needed")
    return " ".join("".join(sign if sign.isprintable() else " " for sign in value).split())


def _digits(value: object, length: int) -> str:
    if not isinstance(value, str) or len(value) != length or not (value.isascii() and value.isdigit()):
        raise ValueError("digits of the format are needed")
    return value


def _bytes(value: object) -> bytes:
    if not isinstance(value, str):
        raise TypeError("a text is needed")
    return base64.b64decode(value, validate=True)


# ==== What is typed


def typed_number(typed: str, pack: Pack) -> Sealed:
    """The sealed answer of a randomization number.

    Raises:
        RefusedError: It was misread, or the pack does not hold it.
    """
    digits = typed.translate(SPACES)
    if len(digits) != NUMBER_DIGITS or not (digits.isascii() and digits.isdigit()):
        raise RefusedError(
            f"A randomization number has {NUMBER_DIGITS} digits. Read it from the participant card once more."
        )
    state = 0
    for digit in digits:
        state = int(DAMM[state][int(digit)])
    if state:
        raise RefusedError(
            "A digit of the randomization number is wrong, or two are swapped. "
            "Read it from the participant card once more."
        )
    if digits not in pack.sealed:
        raise RefusedError(
            "This pack does not hold this randomization number. Compare it with the participant card; "
            "if it is right, take the pack of the site where the participant was randomized."
        )
    return pack.sealed[digits]


def typed_code(typed: str) -> bytes:
    """The 16 bytes of a printed code, forgiving of case, spaces, dashes, O for 0, and I or L for 1.

    Raises:
        RefusedError: It was misread; the message does not repeat it.
    """
    symbols = typed.upper().translate(SPACES).translate(READ_AS)
    if len(symbols) != CODE_SYMBOLS + 1:
        raise RefusedError(
            f"A code has {CODE_SYMBOLS + 1} symbols in groups of three; {len(symbols)} were typed. "
            "Type it once more."
        )
    value = 0
    for place, symbol in enumerate(symbols[:-1]):
        if symbol not in SYMBOLS:
            group = place // 3 + 1
            raise RefusedError(f"A symbol in group {group} of the code is never printed. Type it once more.")
        value = value * 32 + SYMBOLS.index(symbol)
    if value >> 8 * CODE or CHECK_SYMBOLS.find(symbols[-1]) != value % 37:
        raise RefusedError(
            "The code was mistyped: its last symbol does not fit the others. Type it once more."
        )
    return value.to_bytes(CODE, "big")


# ==== Opening


def encode(label: str, *parts: bytes) -> bytes:
    """Label and parts, each with its length before it."""
    return b"".join(struct.pack(">I", len(part)) + part for part in (label.encode(), *parts))


def open_sealed(pack: Pack, sealed: Sealed, code: bytes) -> tuple[str, ...]:
    """The treatment code of each period, once the opened slot proved to be the one that was sealed.

    Raises:
        RefusedError: The code does not open it, or what opened is not what was sealed.
    """
    name = encode(
        f"{PROTOCOL}/bound/slot",
        pack.trial.encode(),
        pack.version.to_bytes(2, "big"),
        sealed.slot.to_bytes(4, "big"),
    )
    info = encode(f"{PROTOCOL}/emergency-code", name)
    wrapping = HKDF(algorithm=SHA256(), length=KEY, salt=None, info=info).derive(code)
    try:
        slot_key = _decrypt(wrapping, sealed.wrap, encode(f"{PROTOCOL}/wrap", _bound(name, b"emergency")))
    except InvalidTag:
        raise RefusedError(NOT_OPENED) from None
    try:
        content = _decrypt(slot_key, sealed.envelope, _bound(name, b"envelope"))
        return _checked(pack, sealed, content)
    except (InvalidTag, ValueError):  # what went wrong could tell something of the content
        raise RefusedError(NOT_AS_SEALED) from None


def _bound(name: bytes, purpose: bytes) -> bytes:
    return encode(f"{PROTOCOL}/bound/slot-part", name, purpose)


def _decrypt(key: bytes, envelope: bytes, associated: bytes) -> bytes:
    return AESGCM(key).decrypt(envelope[:NONCE], envelope[NONCE:], associated)


def _checked(pack: Pack, sealed: Sealed, content: bytes) -> tuple[str, ...]:
    start = len(CONTENT_LABEL) + CODE
    periods = len(sealed.kits)
    end = start + 1 + periods * CODE
    if not content.startswith(CONTENT_LABEL) or len(content) != end + SALT or content[start] != periods:
        raise ValueError("no content of this version")
    sequence, salt = content[len(CONTENT_LABEL) : start], content[end:]
    head = (pack.version, sealed.slot, sealed.stratum, sealed.ordinal, sealed.number.encode(), sequence)
    leaf = LEAF_LABEL + struct.pack(f">HIHI{NUMBER_DIGITS}s{CODE}s", *head)
    leaf += bytes([periods, len(sealed.kits[0])])
    leaf += "".join(kit for period in sealed.kits for kit in period).encode() + salt
    if not hmac.compare_digest(_root(leaf, pack.size, sealed), pack.leaf_root):
        raise ValueError("the leaf is not under the root")
    codes = [content[at : at + CODE].rstrip(b"\0").decode("ascii") for at in range(start + 1, end, CODE)]
    if not set(codes) <= pack.treatments.keys():
        raise ValueError("no treatment of the definition")
    return tuple(codes)


def _root(leaf: bytes, size: int, sealed: Sealed) -> bytes:
    """The root that a leaf and its inclusion proof lead to (RFC 9162, section 2.1.3.2)."""
    node, last = sealed.slot, size - 1
    computed = hashlib.sha256(b"\x00" + leaf).digest()
    for at in range(0, len(sealed.proof), HASH):
        sibling = sealed.proof[at : at + HASH]
        if not last:
            return b""
        if node % 2 or node == last:
            computed = hashlib.sha256(b"\x01" + sibling + computed).digest()
            while not node % 2 and node:
                node, last = node >> 1, last >> 1
        else:
            computed = hashlib.sha256(b"\x01" + computed + sibling).digest()
        node, last = node >> 1, last >> 1
    return b"" if last else computed


# ==== The conversation


def answer(pack: Pack, sealed: Sealed, codes: Sequence[str]) -> Iterator[str]:
    """The lines of an answer."""
    yield f"Trial {pack.trial}, randomization number {groups(sealed.number)}: what was PLANNED"
    yield ""
    for period, (code, kits) in enumerate(zip(codes, sealed.kits, strict=True), start=1):
        yield f"  Period {period}: {pack.treatments[code]} ({code})"
        yield f"            kit {' or '.join(groups(kit) for kit in kits)}"
    yield ""
    yield THE_PLAN
    yield AFTERWARDS
    yield f"Questions, day and night: {pack.telephone}"


def groups(digits: str) -> str:
    """Digits in groups of three."""
    return " ".join(digits[at : at + 3] for at in range(0, len(digits), 3))


def converse(pack: Pack, ask: Ask, ask_secretly: Ask) -> None:
    """Ask until one sealed answer is open, and show it."""
    while True:
        try:
            sealed = typed_number(ask("Randomization number, from the participant card: "), pack)
            code = typed_code(ask_secretly("Code, from the sealed sheet of this number (it does not show): "))
            lines = list(answer(pack, sealed, open_sealed(pack, sealed, code)))
        except RefusedError as error:
            _say(str(error), "")
        except UnicodeError:
            _say("What was typed cannot be read. Type it once more.", "")
        else:
            _say("", *lines)
            return


def greeting(pack: Pack) -> Iterator[str]:
    """What the pack is."""
    if pack.rehearsal:
        yield pack.rehearsal
    yield f"Emergency pack of trial {pack.trial}, site {pack.site}: {len(pack.sealed)} sealed answers."
    yield f"Certificate {pack.digest[:16]}...: the cover of the pack says the same."
    yield "Treat the participant first. This opens the answer of one participant and writes no file."
    yield ""


def main(
    arguments: Sequence[str] | None = None, ask: Ask = input, ask_secretly: Ask = getpass.getpass
) -> int:
    """Open one sealed answer; gives the exit code."""
    parser = argparse.ArgumentParser(description="Open one sealed answer of an emergency pack, offline.")
    parser.add_argument("pack", type=Path, metavar="PACK", help="the file of the pack")
    parser.add_argument("--certificate-digest", default="", help="from the trial master file, 64 hex digits")
    given = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that lacks a letter still shows the rest
    try:
        pack = read_pack(_content(given.pack), given.certificate_digest)
        _say(*greeting(pack))
        converse(pack, ask, ask_secretly)
    except PackError as error:
        _say(str(error))
        return 2
    except (EOFError, KeyboardInterrupt):
        _say("", STOPPED)
        return 1
    return 0


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError):
        raise PackError(
            "The file of the pack cannot be read. Check its name, or take the other copy."
        ) from None
    if len(content) > MOST_BYTES:
        raise PackError(DAMAGED)
    return content


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
