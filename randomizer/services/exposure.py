"""Who knows what a participant was given. Needs no key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.records import CodeBreak

if TYPE_CHECKING:
    from randomizer.services.trail import OpenAct
    from randomizer.store.work import UnitOfWork


def unblinded_for(uow: UnitOfWork, account: int, participant: str) -> bool:
    """Whether a person has been shown what a participant was given.

    Args:
        uow: The unit of work.
        account: Number of the person's account.
        participant: Participant number.
    """
    breaks = uow.all(CodeBreak, account=account, participant=participant)
    return any(one.disclosed_at is not None for one in breaks)


def mark(act: OpenAct) -> None:
    """Note in an act that its doer knows what the participant was given: it stays possible, and shows."""
    if act.participant and unblinded_for(act.uow, act.person.account, act.participant):
        act.note(unblinded=True)


def breaks_of(uow: UnitOfWork, account: int) -> tuple[CodeBreak, ...]:
    """The code breaks of one person, the last one first."""
    return uow.all(CodeBreak, account=account, order="-intended_at")
