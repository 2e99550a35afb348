"""Reading the two folders: bytes in, checked values out. Every malformed file ends in one sentence.

What is read here has the form that docs/verification.md gives and nothing more; whether it is true is for
the steps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from keys import certificate, contribution, notes
from keys.checkpoint import Checkpoint
from keys.errors import KeysError
from keys.notes import VerifierKey
from randomizer.domain import definition as definitions
from randomizer.domain import unblinded as unblinded_definition
from randomizer.domain.strata_parser import LARGEST_CAPACITY
from randomizer.errors import BundleRefused, DefinitionFaulty, RandomizerError
from randomizer.services.sealed import bundle, certificate_fields, public_keys, release_content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from keys.contribution import Commitment
    from randomizer.domain.definition_values import Definition
    from randomizer.domain.trial import Slot
    from randomizer.services.sealed.certificate_fields import CertificateFields
    from randomizer.services.sealed.release_content import ReleaseContent

    Advance = Callable[[int], None]
    Progress = Callable[[str, int], AbstractContextManager[Advance]]

PUBLIC = "public"
RELEASE = "release"
KEYS = public_keys.NAME
ENTRIES = "entries.jsonl"
CHECKPOINTS = "checkpoints"
SCHEDULE = "schedule.json"
VALUES = "values.jsonl"
LINE_MAX = 1 << 24  # bytes
MAX_BYTE = 0xFF
"""What a leaf has one byte for."""

_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")
SEALED_AT = "%Y-%m-%dT%H:%M:%SZ"


class Unreadable(RandomizerError):
    """A file of the record is missing or not of its format; nothing can be said about it."""

    code = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKeys:
    """What ``keys.json`` says; believed only where a pin says the same."""

    ceremony: VerifierKey
    log: VerifierKey
    contributors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Public:
    """The small files of ``public``, read; entries are streamed.

    Args:
        directory: Where they lie.
        note: The certificate's note.
        fields: What the certificate says.
        digest: Its digest in hex.
        sealed_at: When, UTC.
        definition: The blinded definition.
        definition_bytes: The file as it is.
        commitments: Note and content of each commitment, in order.
        keys: As the record itself gives them.
        checkpoint_sizes: Sizes that the names of the checkpoint files give, ascending.
    """

    directory: Path
    note: bytes
    fields: CertificateFields
    digest: str
    sealed_at: datetime
    definition: Definition
    definition_bytes: bytes
    commitments: tuple[tuple[bytes, Commitment], ...]
    keys: PublicKeys
    checkpoint_sizes: tuple[int, ...]

    def checkpoint(self, size: int) -> tuple[bytes, Checkpoint]:
        """The checkpoint in the file of this size, its signatures not verified.

        Raises:
            Unreadable: It is no checkpoint.
        """
        name = f"{CHECKPOINTS}/{size}.note"
        note = read_file(self.directory / name)
        try:
            return note, Checkpoint.parse(notes.read_unverified(note)[0])
        except KeysError as error:
            refuse(f"{PUBLIC}/{name}", str(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What ``release`` holds; rows, values and tables are streamed.

    Args:
        directory: Where it lies.
        content: The opened release.
    """

    directory: Path
    content: ReleaseContent

    def rows(self) -> Iterator[Slot]:
        """The sealed rows.

        Raises:
            Unreadable: A line is not a row, or is not written as the bundle writes it.
        """
        for number, line in enumerate(lines(self.directory / bundle.SLOTS), start=1):
            try:
                slot = bundle.decode_slot(line.decode())
                exact = f"{bundle.encode_slot(slot)}\n".encode() == line
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                exact = False
            if not exact:
                refuse(f"{RELEASE}/{bundle.SLOTS} line {number}", "It is not a sealed row.")
            yield slot


def read_public(directory: Path) -> Public:
    """Read the small files of the public record.

    Args:
        directory: ``DIR/public``.

    Raises:
        Unreadable: A file is missing or malformed.
    """
    if not directory.is_dir():
        raise Unreadable(
            f"{directory.parent} holds no folder {PUBLIC}.",
            field=PUBLIC,
            next_step="Name the directory that holds it, and not the folder itself.",
        )
    note = read_file(directory / bundle.CERTIFICATE)
    try:
        fields = certificate_fields.read(note)
        sealed_at = datetime.strptime(fields.sealed_at, SEALED_AT).replace(tzinfo=UTC)
        _demand_signing(*(one.verifier for one in fields.contributions))
    except (BundleRefused, KeysError, ValueError):
        refuse(f"{PUBLIC}/{bundle.CERTIFICATE}", "It is not a certificate of this version.")
    definition_bytes = read_file(directory / bundle.DEFINITION)
    try:
        definition = definitions.from_canonical(definition_bytes)
    except DefinitionFaulty:
        refuse(f"{PUBLIC}/{bundle.DEFINITION}", "It is not the canonical form of a definition.")
    if not _has_sizes(definition):
        refuse(f"{PUBLIC}/{bundle.DEFINITION}", "No schedule has the sizes that it asks for.")
    return Public(
        directory=directory,
        note=note,
        fields=fields,
        digest=certificate_fields.digest(fields),
        sealed_at=sealed_at,
        definition=definition,
        definition_bytes=definition_bytes,
        commitments=_commitments(directory),
        keys=_keys(directory),
        checkpoint_sizes=_checkpoint_sizes(directory),
    )


def read_release(directory: Path) -> Release:
    """Read the opened release.

    Args:
        directory: ``DIR/release``.

    Raises:
        Unreadable: ``schedule.json`` is missing or malformed; nothing of it is repeated.
    """
    data = read_file(directory / SCHEDULE)
    try:
        content = release_content.decode_release(data)
        # Not `==` on what was decoded: the file must be what was sealed, byte for byte.
        exact = release_content.encode_release(content) == data
        unblinded_definition.canonical(content.unblinded)
    except (BundleRefused, ValueError):
        exact = False
    if not exact:
        refuse(f"{RELEASE}/{SCHEDULE}", "It is not an opened release of this version.")
    return Release(directory=directory, content=content)


def read_file(path: Path) -> bytes:
    """The bytes of a small file.

    Raises:
        Unreadable: It cannot be read.
    """
    _demand_plain(path)
    try:
        return path.read_bytes()
    except OSError as error:
        refuse(_name(path), f"It cannot be read: {error.strerror}.")


def lines(path: Path) -> Iterator[bytes]:
    """The lines of a file with their newlines, one in memory at a time.

    Raises:
        Unreadable: It cannot be read, a line is far too long, or the last one does not end.
    """
    _demand_plain(path)
    try:
        with path.open("rb", buffering=1 << 20) as file:
            number = 0
            while line := file.readline(LINE_MAX):
                number += 1
                if not line.endswith(b"\n"):
                    refuse(f"{_name(path)} line {number}", "It does not end with a newline.")
                yield line
    except OSError as error:
        refuse(_name(path), f"It cannot be read: {error.strerror}.")


def refuse(record: str, sentence: str) -> NoReturn:
    """Say that a record cannot be read."""
    raise Unreadable(
        f"{record}: {sentence}", field=record, next_step="Copy the record again from its source."
    )


def _demand_plain(path: Path) -> None:
    # A pipe or a device would be read for ever.
    if path.exists() and not path.is_file():
        refuse(_name(path), "It is no file.")


def _name(path: Path) -> str:
    return (
        f"{path.parent.parent.name}/{path.parent.name}/{path.name}"
        if path.parent.name
        in {
            bundle.COMMITMENTS,
            CHECKPOINTS,
        }
        else f"{path.parent.name}/{path.name}"
    )


def _demand_signing(*keys: str) -> None:
    if any(VerifierKey.parse(key).kind != notes.ED25519 for key in keys):
        raise ValueError("a key that co-signs")


def _has_sizes(definition: Definition) -> bool:
    """Whether a definition asks for a schedule that can be; its other rules were checked at the sealing."""
    return (
        all(stratum.capacity >= 0 for stratum in definition.strata)
        and definition.capacity <= LARGEST_CAPACITY
        and 1 <= definition.kits.kits_per_period <= MAX_BYTE
    )


def _keys(directory: Path) -> PublicKeys:
    try:
        found: Any = certificate.parse(read_file(directory / KEYS).decode())
        names = {"type", "ceremony", "log", "contributors"}
        keys = PublicKeys(
            ceremony=VerifierKey.parse(_text(found["ceremony"])),
            log=VerifierKey.parse(_text(found["log"])),
            contributors=tuple(VerifierKey.parse(_text(one)).encode() for one in found["contributors"]),
        )
        _demand_signing(found["ceremony"], found["log"], *found["contributors"])
        if found.keys() == names and found["type"] == public_keys.TYPE:
            return keys
    except (KeysError, ValueError, TypeError, KeyError):
        pass
    refuse(f"{PUBLIC}/{KEYS}", "It does not hold the public keys as docs/verification.md says.")


def _commitments(directory: Path) -> tuple[tuple[bytes, Commitment], ...]:
    found: list[tuple[bytes, Commitment]] = []
    while (directory / (name := f"{bundle.COMMITMENTS}/{len(found) + 1}.note")).exists():
        note = read_file(directory / name)
        try:
            found.append((note, contribution.parse_commitment(notes.read_unverified(note)[0])))
        except KeysError as error:
            refuse(f"{PUBLIC}/{name}", str(error))
    return tuple(found)


def _checkpoint_sizes(directory: Path) -> tuple[int, ...]:
    stems = _stems(directory / CHECKPOINTS)
    for stem in stems:
        if _SIZE.fullmatch(stem) is None:
            refuse(f"{PUBLIC}/{CHECKPOINTS}/{stem}.note", "Its name is not a number of entries.")
    return tuple(sorted(int(stem) for stem in stems))


def _stems(directory: Path) -> list[str]:
    try:
        return [path.stem for path in directory.iterdir() if path.suffix == ".note"]
    except OSError as error:
        refuse(f"{directory.parent.name}/{directory.name}", f"It cannot be read: {error.strerror}.")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is needed")
    return value
