"""What the jobs do: each a function of the context, safe to repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.people import Role
from randomizer.domain.records import AlarmKind
from randomizer.domain.trial import Trial
from randomizer.errors import Conflict, Stopped
from randomizer.services import alarms, checkpoints, notices, outside, transactions
from randomizer.services.care import dispensing
from randomizer.services.founding import instance_publication
from randomizer.services.sealed import sealed_rows
from randomizer.services.upkeep import arrivals, daily, due, nightly, publishing, results_due, sweep

if TYPE_CHECKING:
    from randomizer.errors import Tampered
    from randomizer.jobs.context import Context

MOST_ALARMS = 20
"""A table that was overwritten would raise thousands; the first of them say enough."""


def sign_checkpoint(context: Context) -> bool:
    """Sign the tree if it grew, and bring the public record up to it; returns whether it grew.

    Raises:
        Tampered: What was published or witnessed is not in the trail any more; nothing is signed then.
    """
    with context.store.reading() as uow:
        outside.demand_whole(uow)
        waiting = checkpoints.overdue(uow)
    if waiting:
        with context.writing() as uow:
            checkpoints.sign(uow, context.checkpoint_key, context.settings.origin)
    with context.store.reading() as uow:
        publishing.export(uow, context.settings.public)
    instance_publication.publish_keys(context.settings.public)
    return waiting > 0


def tell_crossovers(context: Context) -> int:
    """Queue the day's notices of crossovers due and overdue; returns how many."""
    if not _has_trial(context):
        return 0
    with context.writing() as uow:
        return due.tell(uow)


def tell_results(context: Context) -> int:
    """Queue the day's reminders of quality results due and overdue; returns how many."""
    if not _has_trial(context):
        return 0
    with context.writing() as uow:
        return results_due.tell(uow)


def look_for_arrivals(context: Context) -> int:
    """Open and close the tasks of kits that should have arrived; returns how many."""
    if not _has_trial(context):
        return 0
    with context.writing() as uow:
        return arrivals.look(uow)


def tell_open_work(context: Context) -> int:
    """Queue the day's mail of open work, once for each person; returns how many."""
    if not _has_trial(context):
        return 0
    with context.writing() as uow:
        return daily.tell(uow)


def expire_kits(context: Context) -> int:
    """Take kits out of use whose time has passed; returns how many."""
    with context.writing() as uow:
        return dispensing.expire(uow)


def sweep_out(context: Context) -> int:
    """Remove sessions and remembered answers that have run their time; returns how many."""
    with context.writing() as uow:
        return sweep.sessions(uow) + sweep.challenges(uow) + sweep.answers(uow)


def check_trail(context: Context) -> tuple[str, ...]:
    """Check the whole trail, and raise an alarm for all that differs; returns it."""
    held = outside.held_notes(context.settings.public)
    with context.store.reading() as uow:
        faults = nightly.check_trail(uow, context.checkpoint_key.verifier, held)
    raise_alarms(context, AlarmKind.TRAIL, faults)
    return faults


def check_sealed_rows(context: Context) -> int:
    """Compare every sealed row with the certificate; returns how many there are.

    Raises:
        Tampered: One differs.
    """
    if not _has_trial(context):
        return 0
    with context.store.reading() as uow:
        return sealed_rows.check(uow)


def raise_alarms(context: Context, kind: AlarmKind, faults: tuple[str, ...]) -> None:
    """Raise an alarm for each of the first faults, and one that stands for the rest."""
    told = faults[:MOST_ALARMS]
    if len(faults) > MOST_ALARMS:
        told = (*told, "and more")
    for about in told:
        try:
            with context.writing() as uow:
                alarms.raise_alarm(uow, kind, about)
        except (Stopped, Conflict):
            _tell_without_entry(context, kind, about)


def raise_tampering(context: Context, error: Tampered) -> None:
    """Raise the alarm for what stopped a job."""
    try:
        transactions.raise_tampering(context.store, error)
    except (Stopped, Conflict):
        _tell_without_entry(context, AlarmKind.TRAIL, error.about)


def _tell_without_entry(context: Context, kind: AlarmKind, about: str) -> None:
    # A trail whose head is bent takes no entry, and so nobody is allocated; somebody must still hear of it.
    context.log.error("an alarm could not be entered")
    with context.writing() as uow:
        notices.queue(
            uow,
            [Role.TRIAL_MANAGER],
            site="",
            tells={"Alarm": ("kind", "about")},
            subject=f"Alarm: {kind}",
            body=f"{kind}: {about}.\n\nThe trail takes no entries any more. Call whoever runs the service.\n",
            occasion=f"alarm {kind} {about} {uow.clock().date().isoformat()}",
        )


def _has_trial(context: Context) -> bool:
    with context.store.reading() as uow:
        return uow.find(Trial, 1) is not None
