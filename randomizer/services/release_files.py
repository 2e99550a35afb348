"""The two folders of a finished trial: what anybody may have, and what the statisticians get.

public/certificate.note, definition.json, entries.jsonl, checkpoints/<size>.note, commitments/, keys.json
release/schedule.json, slots.jsonl, values.jsonl, the tables as CSV, codebook.md
"""

from __future__ import annotations

import csv
import json
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from keys import custody, files
from randomizer.domain import unblinded as unblinded_definition
from randomizer.domain.housekeeping import EntryValues
from randomizer.domain.trial import Phase, Slot
from randomizer.services import bundle, certificate_fields, publishing, release_tables, trials
from randomizer.services.desk import PINS_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import TextIO

    from randomizer.domain.schedule import SlotPlan
    from randomizer.services.desk import Desk
    from randomizer.services.release import Released
    from randomizer.store.work import UnitOfWork

PAGE = 500  # rows held at once
SCHEDULE_FORMAT = "crossover-randomizer/v1/schedule"
LOG_KEY = "log.vkey"
CEREMONY_PIN = "ceremony_key"


def write_public(uow: UnitOfWork, desk: Desk, instance_public: Path, directory: Path) -> None:
    """Write what anybody may have of a trial; nothing in it unblinds, at any time.

    Args:
        uow: The unit of work.
        desk: Its pins name the ceremony's key.
        instance_public: ``public`` of the instance: commitments and the log's verifier key.
        directory: Where to; made if missing, files in it are replaced.
    """
    trial, _ = trials.current(uow)
    directory.mkdir(parents=True, exist_ok=True)
    files.write_public(directory / bundle.CERTIFICATE, trial.certificate, replace=True)
    files.write_public(directory / bundle.DEFINITION, trial.definition.encode(), replace=True)
    publishing.export(uow, directory)
    commitments = instance_public / bundle.COMMITMENTS
    if commitments.is_dir():
        shutil.copytree(commitments, directory / bundle.COMMITMENTS, dirs_exist_ok=True)
    fields = certificate_fields.read(trial.certificate)
    keys = {
        "log": (instance_public / LOG_KEY).read_text(encoding="utf-8").strip(),
        "ceremony": custody.read_pins(desk.directory / PINS_FILE)[CEREMONY_PIN],
        "contributors": {one.name: one.verifier for one in fields.contributions},
    }
    files.write_public(directory / "keys.json", _json(keys), replace=True)


def write_release(uow: UnitOfWork, released: Released, directory: Path) -> None:
    """Write what the statisticians get of a released trial: allocation and all that was done, no free text.

    Args:
        uow: The unit of work.
        released: From `randomizer.services.release`.
        directory: Where to; made if missing, files in it are replaced.

    Raises:
        Refused: The trial is not released.
    """
    trial, definition = trials.current(uow)
    trial.demand(frozenset({Phase.RELEASED}), what="Writing the release")
    directory.mkdir(parents=True, exist_ok=True)
    files.write_public(directory / "schedule.json", _json(_schedule(released)), replace=True)
    with _lines(directory / bundle.SLOTS) as file:
        for slot in _slots(uow, len(released.schedule.slots)):
            file.write(bundle.encode_slot(slot) + "\n")
    with _lines(directory / "values.jsonl") as file:
        for values in _values(uow):
            line = {"number": values.number, "salt": values.salt.hex(), "content": values.content}
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
    for table in release_tables.tables(uow, released, definition):
        _write_csv(directory / f"{table.name}.csv", table.columns, table.rows)
    codebook = release_tables.codebook(definition)
    files.write_public(directory / "codebook.md", codebook.encode(), replace=True)


def _schedule(released: Released) -> dict[str, Any]:
    content = released.content
    return {
        "format": SCHEDULE_FORMAT,
        "trial_id": content.trial_id,
        "schedule_version": content.version,
        "seed": content.seed.hex(),
        "contributions": [
            {"name": name, "contribution": secret.hex()} for name, secret in content.contributions
        ],
        "unblinded_definition": unblinded_definition.canonical(content.unblinded).decode(),
        "unblinded_salt": content.unblinded_salt.hex(),
        "slots": [
            _slot_of(plan, salt) for plan, salt in zip(released.schedule.slots, content.salts, strict=True)
        ],
    }


def _slot_of(plan: SlotPlan, salt: bytes) -> dict[str, Any]:
    return {
        "slot": plan.index,
        "stratum": plan.stratum,
        "ordinal": plan.ordinal,
        "randomization_number": plan.randomization_number,
        "sequence": plan.sequence_code,
        "treatments": list(plan.treatments),
        "kits": [list(kits) for kits in plan.kits],
        "salt": salt.hex(),
    }


def _slots(uow: UnitOfWork, count: int) -> Iterator[Slot]:
    for start in range(0, count, PAGE):
        yield from uow.page(Slot, after=start, limit=PAGE)


def _values(uow: UnitOfWork) -> Iterator[EntryValues]:
    start = 0
    while page := uow.page(EntryValues, after=start, limit=PAGE):
        yield from page
        start = page[-1].number + 1


def _write_csv(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with _lines(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


@contextmanager
def _lines(path: Path) -> Iterator[TextIO]:
    new = path.with_name(f".{path.name}.new")
    with new.open("w", encoding="utf-8", newline="") as file:
        yield file
    new.replace(path)


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True).encode() + b"\n"
