"""A bundle on disk: what a ceremony leaves and what an activation reads. Nothing here needs or holds a key.

certificate.note      signed; names the digest of every other file that activation reads
ceremony.vkey         verifier key of the certificate; believed only where it equals the pinned one
definition.json       canonical
slots.jsonl           one sealed row a line
preparation.jsonl     one empty sealed preparation record a line
keyring.sealed        to the code-break host
unblinded.sealed      under the code-break key
release.sealed        to the release key
staged.sealed         to the staged release key
commitments/<n>.note  and <n>.vkey, the machine's first
ceremony.pub          the one-time key that contributions were revealed to
terms.json            what contributors committed to
emergency-codes.txt   0600: printed, taken away and deleted
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keys import files
from keys.merkle import HASH_LENGTH
from randomizer.domain.housekeeping import PreparationRecord
from randomizer.domain.trial import Slot
from randomizer.errors import BundleRefused
from randomizer.services.sealed.bindings import WRAPS
from randomizer.services.sealed.release_content import INTEGER_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

CERTIFICATE = "certificate.note"
CEREMONY_KEY = "ceremony.vkey"
CEREMONY_PUBLIC = "ceremony.pub"
TERMS = "terms.json"
DEFINITION = "definition.json"
SLOTS = "slots.jsonl"
PREPARATION = "preparation.jsonl"
KEY_RING = "keyring.sealed"
UNBLINDED = "unblinded.sealed"
RSA_TRANSPORT = "token.pub"
RELEASE = "release.sealed"
STAGED = "staged.sealed"
COMMITMENTS = "commitments"
CODES = "emergency-codes.txt"
DIGESTED = (DEFINITION, SLOTS, PREPARATION, KEY_RING, UNBLINDED, RELEASE, STAGED)
"""Files whose digests stand in the certificate."""

"""HPKE info of the sealed key ring."""

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle directory; each read refuses in a sentence what is not there or not well formed.

    Args:
        directory: Where it lies.
    """

    directory: Path

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            BundleRefused: It cannot be read.
        """
        try:
            return (self.directory / name).read_bytes()
        except OSError as error:
            raise BundleRefused(
                f"{name} of the bundle cannot be read: {error.strerror}.",
                field=name,
                next_step="Copy the whole bundle again.",
            ) from None

    def digest(self, name: str) -> str:
        """SHA-256 of a file in hex, read in pieces.

        Raises:
            BundleRefused: It cannot be read.
        """
        hashed = hashlib.sha256()
        try:
            with (self.directory / name).open("rb") as file:
                while piece := file.read(_CHUNK_BYTES):
                    hashed.update(piece)
        except OSError as error:
            raise BundleRefused(
                f"{name} of the bundle cannot be read: {error.strerror}.", field=name
            ) from None
        return hashed.hexdigest()

    def slots(self) -> Iterator[Slot]:
        """The sealed rows, their inclusion proofs still empty.

        Raises:
            BundleRefused: A line is not a row.
        """
        for number, line in self._lines(SLOTS):
            try:
                yield decode_slot(line)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                raise _refused_line(SLOTS, number) from None

    def preparation(self) -> Iterator[PreparationRecord]:
        """The sealed, empty preparation records.

        Raises:
            BundleRefused: A line is not a record.
        """
        for number, line in self._lines(PREPARATION):
            try:
                yield decode_preparation(line)
            except (ValueError, KeyError, TypeError, RecursionError):
                raise _refused_line(PREPARATION, number) from None

    def commitments(self) -> tuple[bytes, ...]:
        """The commitment notes in their order, the machine's first.

        Raises:
            BundleRefused: One is missing in between.
        """
        return self._numbered("note")

    def commitment_keys(self) -> tuple[bytes, ...]:
        """The verifier key of each commitment, in the same order.

        Raises:
            BundleRefused: One is missing in between.
        """
        return self._numbered("vkey")

    def _numbered(self, ending: str) -> tuple[bytes, ...]:
        count = len(list((self.directory / COMMITMENTS).glob(f"*.{ending}")))
        return tuple(self.read(f"{COMMITMENTS}/{number}.{ending}") for number in range(1, count + 1))

    def _lines(self, name: str) -> Iterator[tuple[int, str]]:
        try:
            with (self.directory / name).open(encoding="utf-8", newline="\n") as file:
                yield from enumerate(file, start=1)
        except OSError as error:
            raise BundleRefused(
                f"{name} of the bundle cannot be read: {error.strerror}.", field=name
            ) from None
        except UnicodeDecodeError:
            raise BundleRefused(f"{name} of the bundle is not text.", field=name) from None


def encode_slot(slot: Slot) -> str:
    """The line of a sealed row in ``slots.jsonl``, without its newline."""
    return _line(
        {
            "index": slot.number,
            "stratum": slot.stratum,
            "ordinal": slot.ordinal,
            "randomization_number": slot.randomization_number,
            "kits": slot.kits,
            "leaf_hash": slot.leaf_hash.hex(),
            "ciphertext": b64encode(slot.ciphertext).decode(),
            "wraps": {purpose: b64encode(wrap).decode() for purpose, wrap in slot.wraps},
        }
    )


def decode_slot(line: str) -> Slot:
    """The sealed row of a line; its inclusion proof is empty.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: The line is not a row.
    """
    found = json.loads(line)
    if set(found["wraps"]) != set(WRAPS):
        raise ValueError("the wraps of a row are those of the format")
    leaf_hash = bytes.fromhex(found["leaf_hash"])
    if len(leaf_hash) != HASH_LENGTH:
        raise ValueError("a hash has 32 bytes")
    return Slot(
        number=_whole(found["index"]),
        stratum=_text(found["stratum"]),
        ordinal=_whole(found["ordinal"]),
        randomization_number=_text(found["randomization_number"]),
        kits=tuple(tuple(_text(kit) for kit in period) for period in found["kits"]),
        leaf_hash=leaf_hash,
        proof=b"",
        ciphertext=b64decode(found["ciphertext"], validate=True),
        wraps=tuple((purpose, b64decode(found["wraps"][purpose], validate=True)) for purpose in WRAPS),
    )


def encode_preparation(record: PreparationRecord) -> str:
    """The line of a preparation record in ``preparation.jsonl``, without its newline."""
    return _line(
        {
            "slot": record.slot,
            "period": record.period,
            "ciphertext": b64encode(record.ciphertext).decode(),
        }
    )


def decode_preparation(line: str) -> PreparationRecord:
    """The preparation record of a line.

    Raises:
        ValueError, KeyError, TypeError: The line is not a record.
    """
    found = json.loads(line)
    return PreparationRecord(
        slot=_whole(found["slot"]),
        period=_whole(found["period"]),
        ciphertext=b64decode(found["ciphertext"], validate=True),
    )


def write_public(directory: Path, name: str, content: bytes) -> None:
    """Write one file of a bundle, whole or not at all, never over another.

    Raises:
        KeyFileRefused: It is there already.
    """
    files.write_public(directory / name, content)


def _line(mapping: Mapping[str, Any]) -> str:
    return json.dumps(mapping, sort_keys=True, separators=(",", ":"))


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > INTEGER_MAX:
        raise TypeError("a whole number within 2^53 is needed")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is needed")
    return value


def _refused_line(name: str, number: int) -> BundleRefused:
    return BundleRefused(f"Line {number} of {name} is not what a bundle holds.", field=name)
