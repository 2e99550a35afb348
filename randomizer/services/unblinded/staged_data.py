"""The data set of a staged release: the slots in use, opened by a statistician; of period 1 alone.

It needs no database: the public record, the staged rows and values, a copy and a private key.
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any, Final

from keys import envelope, files, hpke
from keys.errors import KeysError
from keys.quorum import STAGED, recipient_info
from keys.staged import StagedCopy
from randomizer.domain.acts import Act
from randomizer.domain.leaf import decode_content
from randomizer.domain.trial import Slot
from randomizer.errors import BundleRefused
from randomizer.services.locking import STAGED_PERIOD
from randomizer.services.sealed import bundle
from randomizer.services.sealed.bindings import ENVELOPE, slot_binding
from randomizer.services.trail import values_digest
from randomizer.services.unblinded import leaves
from randomizer.services.unblinded.staged import FOLDER
from randomizer.services.verification import codebook, ledger, trail_lines
from randomizer.services.verification.ledger import Ledger
from randomizer.services.verification.reading import PUBLIC, VALUES, lines, read_public, refuse
from randomizer.services.verification.tables import encode, period_lines
from randomizer.services.verification.verify import silent, verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from keys.hpke import Identity
    from randomizer.services.sealed.certificate_fields import CertificateFields
    from randomizer.services.verification.reading import Progress, Public
    from randomizer.services.verification.report import Report
    from randomizer.services.verification.steps_certificate import Pins

CODEBOOK: Final = "codebook.md"
REPORT: Final = "verification.json"


def make(
    directory: Path, identity: Identity, sealed: bytes, pins: Pins, progress: Progress = silent
) -> Report:
    """Open a copy of the staged release, and write the data set of period 1 beside what it was made from.

    Args:
        directory: Holds ``public`` and ``staged`` as the code-break host wrote them.
        identity: The statistician's private key.
        sealed: The copy that the custodians made for them.
        pins: What is known from elsewhere.
        progress: See `randomizer.services.verification.verify.verify`.

    Returns:
        The verification of the public record, which is also written.

    Raises:
        BundleRefused: The copy does not open, opens other slots than those in use, or holds for a slot what
            the certificate does not fix.
        Unreadable: A file of the folders is missing or malformed, or values are not those of their entry.
    """
    public, folder = read_public(directory / PUBLIC), directory / FOLDER
    copy = _open_copy(identity, sealed, public.fields)
    told = _follow(public, folder)
    rows = {slot.number: slot for slot in _rows(folder)}
    in_use = {one.slot for one in told.allocations.values()}
    if not in_use == rows.keys() == copy.keys.keys():
        raise BundleRefused(
            f"{len(in_use)} slots are in use; {len(rows)} rows were written and {len(copy.keys)} keys given, "
            "and these are not the same. Nothing was written.",
            field="release",
            next_step="Have the host write the folders again, and compare them with what the custodians had.",
        )
    for one in told.allocations.values():
        row = rows[one.slot]
        if (row.stratum, row.ordinal, row.randomization_number) != (
            one.stratum,
            one.ordinal,
            one.randomization_number,
        ):
            refuse(f"{FOLDER}/{bundle.SLOTS}", f"Slot {one.slot} is not the one that was allocated.")
    treatments = {number: _treatment(public, slot, copy.keys[number]) for number, slot in rows.items()}
    report = verify(directory, pins, progress)
    _write_table(folder, told, treatments)
    files.write_public(folder / CODEBOOK, codebook.period_codebook(public.definition).encode(), replace=True)
    text = json.dumps(report.to_json(), sort_keys=True, indent=2)
    files.write_public(folder / REPORT, f"{text}\n".encode(), replace=True)
    return report


def _open_copy(identity: Identity, sealed: bytes, fields: CertificateFields) -> StagedCopy:
    try:
        copy = StagedCopy.from_bytes(hpke.open_sealed(identity, sealed, recipient_info(STAGED)))
    except KeysError:
        raise BundleRefused(
            "This staged release was not sealed to this recipient, or it was changed. Nothing was written.",
            field="release",
            next_step="Use the file that the custodians made for this recipient.",
        ) from None
    if (copy.trial_id, copy.version) != (fields.trial_id, fields.schedule_version):
        raise BundleRefused(
            "This staged release is of another trial, or of another version of its schedule. "
            "Nothing was written.",
            field="release",
        )
    return copy


def _follow(public: Public, folder: Path) -> Ledger:
    """What the values tell, each compared with its entry; every randomization has to be among them."""
    told, last = Ledger(), -1
    entries, values = trail_lines.entries(public.directory), trail_lines.values(folder)
    for entry, salted in trail_lines.together(entries, values):
        if entry is None or (salted and values_digest(salted.salt, salted.content) != entry.digest):
            refuse(f"{FOLDER}/{VALUES}", "Values in it are not those of their entry.")
        if salted is None:
            if entry.act == Act.RANDOMIZED:
                refuse(f"{FOLDER}/{VALUES}", f"The values of entry {entry.number} are missing.")
            continue
        last = entry.number
        told.follow(salted)
        for row in ledger.rows_of(salted.rows, "Allocation"):
            told.allocations.setdefault(row.text("participant"), ledger.allocated(entry, row))
        handed_out = ledger.dispensed(entry, salted)
        if handed_out is not None:
            told.dispensations.append(handed_out)
        elif entry.act == Act.DISPENSATION_UNDONE:
            undone = [row.key for row in ledger.rows_of(salted.rows, "PeriodRecord")]
            told.dispensations = [
                one for one in told.dispensations if (one.participant, one.period) not in undone
            ]
    if last >= max(public.checkpoint_sizes, default=0):
        refuse(f"{FOLDER}/{VALUES}", "It goes on after the last entry that a checkpoint covers.")
    return told


def _rows(folder: Path) -> Iterator[Slot]:
    for number, line in enumerate(lines(folder / bundle.SLOTS), start=1):
        try:
            yield _row(json.loads(line))
        except (ValueError, KeyError, TypeError, RecursionError):
            refuse(f"{FOLDER}/{bundle.SLOTS} line {number}", "It is not a sealed row.")


def _row(found: Mapping[str, Any]) -> Slot:
    return Slot(
        number=int(found["index"]),
        stratum=str(found["stratum"]),
        ordinal=int(found["ordinal"]),
        randomization_number=str(found["randomization_number"]),
        kits=tuple(tuple(map(str, period)) for period in found["kits"]),
        leaf_hash=b"",
        proof=b64decode(found["proof"], validate=True),
        ciphertext=b64decode(found["ciphertext"], validate=True),
        wraps=(),
    )


def _treatment(public: Public, slot: Slot, key: bytes) -> str:
    """The treatment of period 1, once the opened slot is known to be the one of the certificate."""
    fields = public.fields
    bound = slot_binding(fields.trial_id, fields.schedule_version, slot.number, ENVELOPE)
    try:
        content = decode_content(envelope.open_envelope(key, slot.ciphertext, bound))
        leaves.check(
            slot,
            content,
            public.definition,
            version=fields.schedule_version,
            slots=fields.sizes.slots,
            root=bytes.fromhex(fields.leaf_root),
        )
        return content.treatments[STAGED_PERIOD - 1]
    except (KeysError, ValueError, IndexError):
        raise BundleRefused(
            f"Slot {slot.number} does not open to what the certificate fixed of it. Nothing was written.",
            field="release",
            next_step="Keep the files, and call whoever runs the trial office.",
        ) from None


def _write_table(folder: Path, told: Ledger, treatments: Mapping[int, str]) -> None:
    written = b"".join(encode(line) for line in period_lines(told, treatments, STAGED_PERIOD))
    files.write_public(folder / codebook.PERIOD, written, replace=True)
