"""The keyless check of sealed rows: plain columns, ciphertexts and wraps against the root in force.

That is the certificate's, or the one that the last rotation of keys put into its entry; all that no rotation
changes is compared with the certificate besides. For the nightly job, before a rotation and before a release
is written: it sees a changed row before somebody needs it at 3 a.m.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from keys.errors import ProofRefused
from keys.merkle import HASH_LENGTH, Frontier, leaf_hash, verify_inclusion
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.leaf import encode_row
from randomizer.domain.supply import Kit
from randomizer.domain.trial import Slot, StratumStatus
from randomizer.errors import Tampered
from randomizer.services import trail, trials
from randomizer.services.sealed import certificate_fields
from randomizer.services.sealed.bindings import CODE_BREAK

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.services.sealed.certificate_fields import CertificateFields
    from randomizer.store.work import UnitOfWork

PAGE = 500
"""Rows read at once."""


class RowRoots:
    """The roots over sealed rows, as rows come: over all of each row, and over what no rotation changes."""

    def __init__(self) -> None:
        self._sealed = Frontier()
        self._lasting = Frontier()

    def add(self, slot: Slot) -> None:
        """One more row."""
        self._sealed.append(leaf_hash(_row(slot)))
        self._lasting.append(leaf_hash(_row(slot, without=CODE_BREAK)))

    @property
    def size(self) -> int:
        """How many rows there are."""
        return self._sealed.size

    @property
    def sealed(self) -> str:
        """Root over plain columns, ciphertexts and wraps, 64 hex digits."""
        return self._sealed.root().hex()

    @property
    def lasting(self) -> str:
        """The same without the code-break wraps, 64 hex digits."""
        return self._lasting.root().hex()


def last_rotation(uow: UnitOfWork) -> Entry | None:
    """The entry of the last rotation of keys, if there was one."""
    return next(iter(uow.all(Entry, act=str(Act.KEYS_ROTATED), order="-number", limit=1)), None)


def root_in_force(uow: UnitOfWork, fields: CertificateFields) -> str:
    """The root that all of the sealed rows must lead to now, 64 hex digits.

    Args:
        uow: A unit of work; it is only read.
        fields: The certificate, compared with its entry.

    Raises:
        Tampered: The values of the last rotation's entry are not those that it was made of.
    """
    rotated = last_rotation(uow)
    return fields.sealed_root if rotated is None else str(trail.noted(uow, rotated.number)["sealed_root"])


def check(uow: UnitOfWork, progress: Callable[[int], None] | None = None) -> int:
    """Compare every slot, and the kits and strata that belong to it, with the roots; page by page.

    Args:
        uow: A unit of work; it is only read.
        progress: Told the number of rows after each page.

    Returns:
        How many slots were checked.

    Raises:
        NotFound: The instance holds no trial.
        Tampered: The certificate differs from its entry, or rows differ from what was sealed or rotated.
    """
    trial, _ = trials.current(uow)
    trail.check(uow, trial)
    if not trial.certificate:
        return 0
    fields = certificate_fields.read(trial.certificate)
    if certificate_fields.digest(fields) != trial.certificate_digest:
        raise Tampered("The certificate")
    trail.check(uow, *uow.all(StratumStatus))
    rows, leaves = RowRoots(), Frontier()
    while page := uow.page(Slot, after=rows.size, limit=PAGE):
        _check_kits(uow, page)
        for slot in page:
            if slot.number != rows.size:
                raise Tampered(f"Slot {rows.size}")
            rows.add(slot)
            leaves.append(slot.leaf_hash)
            _check_proof(slot, fields)
        if progress is not None:
            progress(len(page))
    expected = (root_in_force(uow, fields), fields.lasting_root, fields.leaf_root)
    if (rows.sealed, rows.lasting, leaves.root().hex()) != expected:
        raise Tampered(f"Slot rows 0 to {fields.sizes.slots - 1}")
    return rows.size


def kits_of(slot: Slot) -> tuple[Kit, ...]:
    """The kits of a slot, as activation loads them."""
    return tuple(
        Kit(number=number, slot=slot.number, period=period)
        for period, numbers in enumerate(slot.kits, start=1)
        for number in numbers
    )


def _row(slot: Slot, *, without: str = "") -> bytes:
    return encode_row(
        slot=slot.number,
        stratum=slot.stratum,
        ordinal=slot.ordinal,
        randomization_number=slot.randomization_number,
        kits=slot.kits,
        ciphertext=slot.ciphertext,
        wraps=tuple((purpose, wrap) for purpose, wrap in slot.wraps if purpose != without),
    )


def _check_proof(slot: Slot, fields: CertificateFields) -> None:
    # No root covers it, and without it the slot would not open.
    proof = [slot.proof[at : at + HASH_LENGTH] for at in range(0, len(slot.proof), HASH_LENGTH)]
    root = bytes.fromhex(fields.leaf_root)
    try:
        verify_inclusion(slot.leaf_hash, slot.number, fields.sizes.slots, proof, root)
    except ProofRefused:
        raise Tampered(f"Slot {slot.number} (leaf)") from None


def _check_kits(uow: UnitOfWork, page: tuple[Slot, ...]) -> None:
    found = uow.all(Kit, order="slot", slot=[slot.number for slot in page])
    by_slot = {number: tuple(kits) for number, kits in groupby(found, key=lambda kit: kit.slot)}
    for slot in page:
        stored = {(kit.number, kit.period) for kit in by_slot.get(slot.number, ())}
        if stored != {(kit.number, kit.period) for kit in kits_of(slot)}:
            raise Tampered(f"Slot {slot.number} (kits)")
