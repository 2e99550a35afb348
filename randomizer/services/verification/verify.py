"""The verification as a whole: read, follow the trail once, report."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from randomizer.services.verification import (
    steps_certificate,
    steps_schedule,
    steps_tables,
    trail_lines,
)
from randomizer.services.verification.reading import PUBLIC, RELEASE, read_public, read_release
from randomizer.services.verification.report import Findings, Report
from randomizer.services.verification.steps import STEPS
from randomizer.services.verification.steps_allocations import AllocationSteps
from randomizer.services.verification.steps_assessments import AssessmentSteps
from randomizer.services.verification.steps_entries import TreeSteps
from randomizer.services.verification.steps_facts import FactSteps
from randomizer.services.verification.steps_order import OrderSteps
from randomizer.services.verification.steps_packs import PackSteps
from randomizer.services.verification.steps_records import RecordSteps
from randomizer.services.verification.steps_schedule import Slots
from randomizer.services.verification.steps_values import ValueSteps
from randomizer.services.verification.tables import tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from randomizer.services.verification.ledger import Ledger
    from randomizer.services.verification.reading import Advance, Progress, Public, Release
    from randomizer.services.verification.steps_certificate import Pins
    from randomizer.services.verification.steps_tables import Settle

EVERY = 500
"""Entries between two reports of progress."""


@contextmanager
def silent(what: str, total: int) -> Iterator[Advance]:  # noqa: ARG001 - the names are the protocol's
    """Progress that nobody sees."""
    yield lambda lines: None  # noqa: ARG005


def verify(
    directory: Path,
    pins: Pins,
    progress: Progress = silent,
    *,
    settle: Settle = steps_tables.compare,
) -> Report:
    """Verify the record of a trial.

    Args:
        directory: Holds ``public`` and, where there is one, ``release``.
        pins: What is known from elsewhere.
        progress: Given what is read and how many lines it has, gives what is told of lines that are done.
        settle: What is done with the tables that entries, values and schedule make.

    Raises:
        Unreadable: A file is missing or malformed; the sentence names it.
    """
    public = read_public(directory / PUBLIC)
    release = read_release(directory / RELEASE) if (directory / RELEASE).exists() else None
    findings = Findings()
    steps_certificate.check(public, pins, findings)
    slots = Slots()
    if release is None:
        for step in STEPS:
            if step.needs == "release":
                findings.skip(step.id, "Needs the release.")
    else:
        slots = steps_schedule.check(public, release, findings, progress)
    with progress("Entries", max(public.checkpoint_sizes, default=0)) as advance:
        entries, ledger = _follow(public, release, slots, pins=pins, findings=findings, advance=advance)
    if release is not None:
        settle(release.directory, tables(ledger, slots, public.definition), findings)
    return Report(
        results=findings.results(),
        pinned=pins.enough,
        released=release is not None,
        facts=_facts(public, entries),
    )


def _follow(
    public: Public,
    release: Release | None,
    slots: Slots,
    *,
    pins: Pins,
    findings: Findings,
    advance: Advance,
) -> tuple[int, Ledger]:
    tree, order = TreeSteps(public, pins, findings), OrderSteps(public, findings)
    values_steps, records = ValueSteps(public, slots, findings), RecordSteps(findings)
    allocations, packs = AllocationSteps(public, slots, findings), PackSteps(public, findings)
    salted = trail_lines.values(release.directory) if release else None
    assessments = AssessmentSteps(public, allocations.ledger, findings)
    told = FactSteps(release, slots, allocations.ledger, findings) if release else None
    count = 0
    for entry, values in trail_lines.together(trail_lines.entries(public.directory), salted):
        if entry is not None:
            tree.see(entry)
            order.see(entry)
            count += 1
        if release is not None:
            values_steps.see(entry, values)
        if entry is not None and values is not None:
            records.see(entry, values)
            packs.see(entry, values)
            allocations.see(entry, values)
            assessments.see(entry, values)
            if told is not None:
                told.see(entry, values)
        if count % EVERY == 0:
            advance(EVERY)
    advance(count % EVERY)
    tree.end()
    order.end(tree.covering)
    if told is not None:
        told.end()
        values_steps.end()
        records.end()
        packs.end()
        allocations.end()
        assessments.end()
    return count, allocations.ledger


def _facts(public: Public, entries: int) -> dict[str, Any]:
    return {
        "trial": public.definition.trial_id,
        "kind": public.fields.kind,
        "certificate_digest": public.digest,
        "schedule_version": public.fields.schedule_version,
        "sealed_at": public.fields.sealed_at,
        "slots": public.fields.sizes.slots,
        "entries": entries,
        "checkpoints": len(public.checkpoint_sizes),
    }
