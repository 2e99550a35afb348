"""The staged release on the code-break host: what goes to custodians, and what stands beside it.

It opens the slots that are in use and no other, and tells of period 1 alone. Nothing here opens anything:
custodians unwrap the slot keys offline, and the statistician opens the slots with them.

public/                 as of any trial
staged/slots.jsonl      the sealed rows of the slots in use, each with the proof of its leaf
staged/values.jsonl     salt and values of the entries that tell of allocation and period 1, up to its lock
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

from keys import certificate, files
from keys.staged import StagedSlots, WrappedSlot
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues, SignedCheckpoint
from randomizer.domain.records import PeriodLock
from randomizer.domain.supply import PeriodRecord
from randomizer.domain.trial import Allocation, Slot
from randomizer.errors import Refused
from randomizer.services import acting, trail, trials
from randomizer.services.locking import STAGED_PERIOD
from randomizer.services.sealed import bundle, certificate_fields, sealed_rows
from randomizer.services.sealed.bindings import STAGED, slot_binding
from randomizer.services.unblinded import release, release_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from randomizer.domain.people import Person
    from randomizer.services.unblinded.desk import Desk
    from randomizer.store.work import UnitOfWork

SLOTS: Final = "staged-slots.json"
FOLDER: Final = "staged"
PAGE: Final = 500  # entries held at once


def export(uow: UnitOfWork, desk: Desk, person: Person, directory: Path) -> tuple[Path, ...]:
    """Give out the sealed staged release, and of the slots in use their staged wraps.

    Args:
        uow: The unit of work.
        desk: Holds the sealed staged release and the pins.
        person: An unblinded statistician.
        directory: Where the files go.

    Returns:
        The files.

    Raises:
        BundleRefused: The sealed staged release on this host is not the one of the certificate.
        Refused: Period 1 is not locked, or the trial is locked already.
        Tampered: An allocation, the lock or a sealed row differs from its entry or from the certificate.
    """
    trial, _ = acting.in_trial(uow, Act.STAGED_EXPORTED)
    _demand_locked(uow)
    sealed_rows.check(uow)
    sealed = release.sealed_file(desk, trial, bundle.STAGED)
    version = certificate_fields.read(trial.certificate).schedule_version
    trial_id = desk.pins.trial_id
    wraps = StagedSlots(
        trial_id,
        version,
        tuple(
            WrappedSlot(
                slot.number, slot_binding(trial_id, version, slot.number, STAGED), dict(slot.wraps)[STAGED]
            )
            for slot in _in_use(uow)
        ),
    ).to_bytes()
    with trail.act(uow, Act.STAGED_EXPORTED, person) as act:
        act.note(staged_digest=certificate.digest(sealed), slots_digest=certificate.digest(wraps))
    directory.mkdir(parents=True, exist_ok=True)
    contents = {bundle.CERTIFICATE: trial.certificate, bundle.STAGED: sealed, SLOTS: wraps}
    for name, content in contents.items():
        files.write_public(directory / name, content, replace=True)
    return tuple(directory / name for name in contents)


def write(uow: UnitOfWork, desk: Desk, instance_public: Path, directory: Path) -> None:
    """Write what a statistician opens the staged release beside; nothing in it unblinds.

    Args:
        uow: The unit of work.
        desk: Its pins name the ceremony's key.
        instance_public: ``public`` of the instance.
        directory: Where to; made if missing, files in it are replaced.

    Raises:
        Refused: The staged release was not exported, or no checkpoint covers that yet.
        Tampered: An allocation or a sealed row differs from its entry or from the certificate.
    """
    exported = next(iter(uow.all(Entry, act=str(Act.STAGED_EXPORTED), order="-number", limit=1)), None)
    if exported is None:
        raise Refused(
            "The staged release was not exported, so nobody could open what would be written.",
            next_step="An unblinded statistician exports it: randomizer release export --staged.",
        )
    newest = uow.all(SignedCheckpoint, order="-size", limit=1)
    if not newest or newest[0].size <= exported.number:
        raise Refused(
            f"No checkpoint covers entry {exported.number} yet, by which the staged release was exported. "
            "Nothing was written.",
            next_step="Try again in a few seconds; if it lasts, see whether the jobs process runs.",
        )
    trials.current(uow, checked=True)
    lock = _demand_locked(uow)
    sealed_rows.check(uow)
    folder = directory / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    rows = b"".join(_line(_row(slot)) for slot in _in_use(uow))
    files.write_public(folder / bundle.SLOTS, rows, replace=True)
    values = b"".join(_line(values) for values in _values_of_period(uow, lock.entry))
    files.write_public(folder / release_files.VALUES, values, replace=True)
    release_files.write_public(uow, desk, instance_public, directory / "public")


def _demand_locked(uow: UnitOfWork) -> PeriodLock:
    lock = uow.find(PeriodLock, STAGED_PERIOD)
    if lock is None:
        raise Refused(
            f"The data of period {STAGED_PERIOD} are not locked, so there is no staged release yet. "
            "Nothing was changed.",
            next_step="A sponsor representative locks them: randomizer lock --period 1.",
        )
    trail.check(uow, lock)
    return lock


def _in_use(uow: UnitOfWork) -> tuple[Slot, ...]:
    """The slots of participants, in the order of the schedule; each allocation is compared with its entry."""
    allocations = uow.all(Allocation)
    trail.check(uow, *allocations)
    return uow.all(Slot, number=[one.slot for one in allocations])


def _row(slot: Slot) -> dict[str, Any]:
    return {
        "index": slot.number,
        "stratum": slot.stratum,
        "ordinal": slot.ordinal,
        "randomization_number": slot.randomization_number,
        "kits": [list(period) for period in slot.kits],
        "proof": b64encode(slot.proof).decode(),
        "ciphertext": b64encode(slot.ciphertext).decode(),
    }


def _values_of_period(uow: UnitOfWork, last: int) -> Iterator[dict[str, Any]]:
    for start in range(0, last, PAGE):
        for values in uow.page(EntryValues, after=start, limit=min(PAGE, last - start)):
            if any(_tells(row) for row in json.loads(values.content)["rows"]):
                yield {"number": values.number, "salt": values.salt.hex(), "content": values.content}


def _tells(row: dict[str, Any]) -> bool:
    if row["kind"] == Allocation.__name__:
        return True
    return bool(row["kind"] == PeriodRecord.__name__ and row["new"]["period"] == STAGED_PERIOD)


def _line(mapping: dict[str, Any]) -> bytes:
    return certificate.canonical(mapping) + b"\n"
