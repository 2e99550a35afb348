"""The labels of a kit: what they say, and that they were printed. Needs no key and knows no content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import labels, reasons
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.numbers import group3
from randomizer.domain.supply import Kit, KitState
from randomizer.domain.trial import Kind
from randomizer.errors import Refused
from randomizer.services import acting, trail, trials
from randomizer.services.care import kits, periods

if TYPE_CHECKING:
    from randomizer.domain.labels import Label
    from randomizer.domain.people import Person
    from randomizer.store.work import UnitOfWork

IN_USE = frozenset({KitState.SHIPPED, KitState.READY, KitState.DISPENSED})
"""States of a kit that still needs its labels."""


def of_kit(uow: UnitOfWork, kit: Kit) -> Label:
    """What the labels of a kit say.

    Args:
        uow: The unit of work.
        kit: One that is or was ready.

    Raises:
        Refused: The definition has no section on labels, or the kit never became ready.
    """
    trial, definition = trials.current(uow)
    return labels.of(
        definition,
        kit,
        participant=kits.whose(uow, kit).number,
        site=kits.site_of(uow, kit),
        rehearsal=trial.kind is Kind.REHEARSAL,
    )


def print_labels(uow: UnitOfWork, person: Person, number: str, period: int, why: str) -> Kit:
    """Put on record that the labels of a kit are printed; from the second time on with its reason.

    Args:
        uow: The unit of work.
        person: A preparing pharmacist.
        number: Participant number.
        period: 1-based.
        why: Why they are printed again; not read the first time.

    Raises:
        NotFound: No kit is ready for this period.
        Refused: The kit needs no labels any more, the reason of a reprint is missing, or the definition has
            no section on labels.
        Tampered: A record that this rests on differs from its entry.
    """
    acting.in_trial(uow, Act.LABELS_PRINTED)
    participant = acting.on_participant(uow, person, Act.LABELS_PRINTED, number)
    kit = periods.ready_kit(uow, number, period)
    trail.check(uow, kit)
    of_kit(uow, kit)
    if kit.state not in IN_USE:
        raise Refused(
            f"Kit {group3(kit.number)} is {kit.state}, so it needs no labels any more. Nothing was printed.",
            field="kit",
            next_step="Destroy labels that are left over.",
        )
    again = bool(printed_by(uow, number))
    if again:
        reasons.demand(why, "The labels of this kit were printed before; say why they are printed again.")
    told = why if again else ""
    with trail.act(
        uow, Act.LABELS_PRINTED, person, site=participant.site, participant=number, why=told
    ) as act:
        act.note(kit=kit.number, again=again)
    return kit


def printed_by(uow: UnitOfWork, number: str) -> tuple[int, ...]:
    """Accounts that printed the labels of a participant's latest kit, the last one first."""
    acts = (Act.PREPARATION_ENDED.value, Act.LABELS_PRINTED.value)
    found = []
    for entry in uow.all(Entry, participant=number, act=acts, order="-number"):
        if entry.act == Act.PREPARATION_ENDED:
            break
        found.append(entry.actor)
    return tuple(found)
