"""What the code-break host writes of a released trial; without an opened release nothing in it unblinds.

public/certificate.note, definition.json, entries.jsonl, checkpoints/<size>.note, commitments/, keys.json
release/slots.jsonl, values.jsonl, facts.jsonl

A statistician's own process adds the rest of ``release/``: see `randomizer.services.unblinded.data_sets`.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from keys import certificate, custody, files
from randomizer.domain.acts import ABOUT_PEOPLE
from randomizer.domain.housekeeping import Entry, EntryValues, SignedCheckpoint
from randomizer.domain.trial import Phase, Slot
from randomizer.errors import Refused
from randomizer.services import outside, trials
from randomizer.services.sealed import bundle, certificate_fields, facts, public_keys, sealed_rows
from randomizer.services.unblinded import release_facts
from randomizer.services.unblinded.desk import PINS_FILE
from randomizer.services.upkeep import publishing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

    from randomizer.services.unblinded.desk import Desk
    from randomizer.store.work import UnitOfWork

PAGE = 500  # rows held at once
LOG_KEY = "log.vkey"
CEREMONY_PIN = "ceremony_key"
VALUES = "values.jsonl"


def write(uow: UnitOfWork, desk: Desk, instance_public: Path, directory: Path) -> None:
    """Write both folders from one state, ``public`` and ``release``, as far as nothing unblinds.

    Args:
        uow: The unit of work.
        desk: Its pins name the ceremony's key; opens the records of preparations and products.
        instance_public: ``public`` of the instance: commitments and the log's verifier key.
        directory: Where to; made if missing, files in it are replaced.

    Raises:
        BundleRefused: This host's copy of the release is not the one that was imported.
        Refused: The trial is not released, or a checkpoint has to come first.
        Tampered: A sealed row or record is not the one that its entry tells of.
    """
    write_records(uow, directory / "release")
    with _lines(directory / "release" / facts.NAME) as file:
        file.writelines(line.decode() for line in release_facts.lines(uow, desk, _covered(uow)))
    write_public(uow, desk, instance_public, directory / "public")


def write_public(uow: UnitOfWork, desk: Desk, instance_public: Path, directory: Path) -> None:
    """Write what anybody may have of a trial; nothing in it unblinds, at any time.

    Args:
        uow: The unit of work.
        desk: Its pins name the ceremony's key.
        instance_public: ``public`` of the instance: commitments, the log's verifier key, cosignatures.
        directory: Where to; made if missing, files in it are replaced.
    """
    trial, _ = trials.current(uow)
    directory.mkdir(parents=True, exist_ok=True)
    files.write_public(directory / bundle.CERTIFICATE, trial.certificate, replace=True)
    files.write_public(directory / bundle.DEFINITION, trial.definition.encode(), replace=True)
    _copy_cosigned(uow, instance_public, directory)
    publishing.export(uow, directory)
    commitments = instance_public / bundle.COMMITMENTS
    if commitments.is_dir():
        shutil.copytree(commitments, directory / bundle.COMMITMENTS, dirs_exist_ok=True)
    fields = certificate_fields.read(trial.certificate)
    keys = public_keys.encode(
        fields,
        ceremony=custody.read_pins(desk.directory / PINS_FILE)[CEREMONY_PIN],
        log=(instance_public / LOG_KEY).read_text(encoding="utf-8").strip(),
    )
    files.write_public(directory / public_keys.NAME, keys, replace=True)


def _copy_cosigned(uow: UnitOfWork, instance_public: Path, directory: Path) -> None:
    # As published: the database holds the signature of the log alone, without what witnesses added.
    (directory / outside.CHECKPOINTS).mkdir(exist_ok=True)
    covered = _covered(uow)
    for path in (instance_public / outside.CHECKPOINTS).glob("*.note"):
        if path.stem.isdecimal() and int(path.stem) <= covered:
            note = outside.note_path(directory, int(path.stem))
            files.write_public(note, path.read_bytes(), replace=True)


def write_records(uow: UnitOfWork, directory: Path) -> None:
    """Write what stands behind the public record: the sealed rows, salts and values; no free text, no name.

    It ends where the newest checkpoint does, like the public folder. Formats: docs/verification.md.

    Args:
        uow: The unit of work.
        directory: Where to; made if missing, files in it are replaced.

    Raises:
        Refused: The trial is not released, or no checkpoint covers the last rotation of keys yet.
        Tampered: A sealed row differs from what was sealed or rotated.
    """
    trial, definition = trials.current(uow)
    trial.demand(frozenset({Phase.RELEASED}), what="write the records")
    _demand_rotation_covered(uow)
    sealed_rows.check(uow)
    directory.mkdir(parents=True, exist_ok=True)
    with _lines(directory / bundle.SLOTS) as file:
        for slot in _slots(uow, definition.capacity):
            file.write(bundle.encode_slot(slot) + "\n")
    with _lines(directory / VALUES) as file:
        for values in _values(uow, _covered(uow)):
            line = {"number": values.number, "salt": values.salt.hex(), "content": values.content}
            file.write(certificate.canonical(line).decode() + "\n")


def _demand_rotation_covered(uow: UnitOfWork) -> None:
    # The rows would be those after it, and the entries end before it.
    rotated = sealed_rows.last_rotation(uow)
    if rotated is not None and rotated.number >= _covered(uow):
        raise Refused(
            f"No checkpoint covers entry {rotated.number} yet, by which the keys were rotated. "
            "Nothing was written.",
            next_step="Try again in a few seconds; if it lasts, see whether the jobs process runs.",
        )


def _slots(uow: UnitOfWork, count: int) -> Iterator[Slot]:
    for start in range(0, count, PAGE):
        yield from uow.page(Slot, after=start, limit=PAGE)


def _covered(uow: UnitOfWork) -> int:
    """Entries that the newest checkpoint covers; both folders end there."""
    newest = uow.all(SignedCheckpoint, order="-size", limit=1)
    return newest[0].size if newest else 0


def _values(uow: UnitOfWork, size: int) -> Iterator[EntryValues]:
    for start in range(0, size, PAGE):
        limit = min(PAGE, size - start)
        acts = {entry.number: entry.act for entry in uow.page(Entry, after=start, limit=limit)}
        for values in uow.page(EntryValues, after=start, limit=limit):
            if acts[values.number] not in ABOUT_PEOPLE:
                yield values


@contextmanager
def _lines(path: Path) -> Iterator[TextIO]:
    new = path.with_name(f".{path.name}.new")
    with new.open("w", encoding="utf-8", newline="") as file:
        yield file
    new.replace(path)
