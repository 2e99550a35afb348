"""Activation: a sealed bundle becomes an active trial. Needs no key: those go to their own host."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from randomizer.domain import acts
from randomizer.domain.acts import Act
from randomizer.domain.trial import Kind, Phase, StratumStatus, Trial
from randomizer.errors import BundleRefused
from randomizer.services import trail, trials
from randomizer.services.founding import definition_signing
from randomizer.services.sealed import bundle_check
from randomizer.services.sealed.sealed_rows import RowRoots, kits_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keys.notes import VerifierKey
    from randomizer.domain.people import Person
    from randomizer.domain.trial import Slot
    from randomizer.services.sealed.bundle import Bundle
    from randomizer.services.sealed.bundle_check import Checked
    from randomizer.services.trail import OpenAct
    from randomizer.store.work import UnitOfWork

CHUNK = 500
"""Rows loaded at once."""


def activate(
    uow: UnitOfWork,
    person: Person,
    bundle: Bundle,
    *,
    key: VerifierKey,
    pinned_digest: str = "",
    progress: Callable[[int], None] | None = None,
) -> Trial:
    """Check a bundle and load it.

    Args:
        uow: The unit of work; nobody is allocated before a signed checkpoint covers what it commits.
        person: An administrator.
        bundle: What the ceremony left.
        key: Verifier key of the ceremony, from the trial master file.
        pinned_digest: Digest of the certificate in hex from the trial master file, or "" where only the key
            was kept.
        progress: Told the number of slots after each chunk.

    Raises:
        BundleRefused: The bundle does not hold together, is for another definition, or for the other kind of
            instance.
        NotAllowed: The person is no administrator.
        Refused: The trial is no draft any more, or a signature under the definition is missing.
        Tampered: A record of the draft differs from its entry.
    """
    acts.demand(person, Act.TRIAL_ACTIVATED, None)
    trial, _ = trials.current(uow)
    trial.demand(frozenset({Phase.DRAFT}), what=Act.TRIAL_ACTIVATED.doing)
    trail.check(uow, trial)
    checked = bundle_check.check(bundle, key, pinned_digest)
    _demand_fit(trial, checked)
    definition_signing.demand_both(uow, trial)
    with trail.act(uow, Act.TRIAL_ACTIVATED, person) as act:
        for stratum in checked.definition.strata:
            act.add(StratumStatus(code=stratum.code, capacity=stratum.capacity, low_water=stratum.low_water))
        _load_slots(act, checked, progress)
        _load_preparation(act, checked)
        fields = checked.fields
        act.note(
            certificate_digest=checked.digest,
            leaf_root=fields.leaf_root,
            sealed_root=fields.sealed_root,
            schedule_version=fields.schedule_version,
            ceremony_key=key.encode(),
        )
        return act.change(
            trial,
            phase=Phase.ACTIVE,
            certificate=checked.note,
            certificate_digest=checked.digest,
            activation_entry=act.number,
        )


def _demand_fit(trial: Trial, checked: Checked) -> None:
    kind = checked.fields.instance_kind
    if kind is not trial.kind:
        consequence = (
            "A rehearsal is never used to treat anybody."
            if kind is Kind.REHEARSAL
            else "A production sealing is never used up in a rehearsal."
        )
        raise BundleRefused(
            f"This bundle was sealed as a {kind}; this instance is for {trial.kind}. {consequence} "
            "Nothing was changed.",
            field="kind",
            next_step="Use the bundle of this instance's own ceremony.",
        )
    if checked.fields.definition_digest != trial.definition_digest:
        raise BundleRefused(
            f"The bundle was sealed for a definition with digest {checked.fields.definition_digest}; the one "
            f"that was signed here has {trial.definition_digest}. Nothing was changed.",
            field="definition",
            next_step="Compare both with the trial master file.",
        )


def _load_slots(act: OpenAct, checked: Checked, progress: Callable[[int], None] | None) -> None:
    sealed = RowRoots()
    slots = checked.bundle.slots()
    while chunk := list(islice(_with_proofs(slots, checked, sealed), CHUNK)):
        act.uow.insert_all(chunk)
        act.uow.insert_all(kit for slot in chunk for kit in kits_of(slot))
        if progress is not None:
            progress(len(chunk))
    if (sealed.size, sealed.sealed) != (checked.leaves.size, checked.fields.sealed_root):
        raise BundleRefused("The bundle changed while it was loaded. Nothing was kept.", field="slots.jsonl")


def _with_proofs(slots: Iterator[Slot], checked: Checked, sealed: RowRoots) -> Iterator[Slot]:
    for slot in slots:
        sealed.add(slot)
        yield replace(slot, proof=b"".join(checked.leaves.inclusion_proof(slot.number)))


def _load_preparation(act: OpenAct, checked: Checked) -> None:
    periods = checked.definition.period_count
    expected = ((slot, period) for slot in range(checked.leaves.size) for period in range(1, periods + 1))
    records = checked.bundle.preparation()
    while chunk := list(islice(records, CHUNK)):
        if [(record.slot, record.period) for record in chunk] != list(islice(expected, len(chunk))):
            raise BundleRefused(
                "The preparation records are not one for each slot and period.", field="preparation.jsonl"
            )
        act.uow.insert_all(chunk)
    if next(expected, None) is not None:
        raise BundleRefused(
            "The preparation records are not one for each slot and period.", field="preparation.jsonl"
        )
