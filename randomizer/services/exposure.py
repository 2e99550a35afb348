"""Who knows what a participant was given. Needs no key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.participants import Participant
from randomizer.domain.records import CodeBreak, Task, TaskKind, Telling
from randomizer.services import trail

if TYPE_CHECKING:
    from collections.abc import Iterable

    from randomizer.services.trail import OpenAct
    from randomizer.store.work import UnitOfWork

REPORTED = "reported_at"
"""What *emergency pack opened* notes: when that happened, which is before it was entered."""

OPENER = "opener"
"""What *emergency pack opened* notes: number of the account of whoever opened it, if they have one."""


MARK = "unblinded"
"""What an act notes whose doer knows what the participant was given."""


def unblinded_for(uow: UnitOfWork, account: int, participant: str) -> bool:
    """Whether a person has been shown what a participant was given.

    Args:
        uow: The unit of work.
        account: Number of the person's account.
        participant: Participant number.
    """
    return participant in _known_to(uow, account, [participant])


def unblinded_at(uow: UnitOfWork, account: int, site: str) -> tuple[str, ...]:
    """The participants of a site for whom a person is unblinded.

    Args:
        uow: The unit of work.
        account: Number of the person's account.
        site: Site code.
    """
    # Each opens an impact assessment, or is covered by one; so that no search through all entries is needed.
    assessed = {one.participant for one in uow.all(Task, kind=TaskKind.IMPACT_ASSESSMENT)}
    listed = [one.number for one in uow.all(Participant, number=sorted(assessed), site=site)]
    known = _known_to(uow, account, listed)
    return tuple(number for number in listed if number in known)


def _known_to(uow: UnitOfWork, account: int, participants: list[str]) -> set[str]:
    """Those of some participants for whom a person has been shown what they were given."""
    shown = [one for one in uow.all(CodeBreak, participant=participants) if one.disclosed_at is not None]
    readers = readers_of(uow, shown)
    packs = uow.all(Entry, act=Act.PACK_OPENED.value, participant=participants)
    read = {one.participant for one in shown if readers[one.intent] == account}
    return read | {one.participant for one in packs if opener_of(uow, one.number) == account}


def opener_of(uow: UnitOfWork, number: int) -> int:
    """Number of the account that opened an emergency pack, by its entry; 0 for somebody without one."""
    return int(trail.noted(uow, number).get(OPENER, 0))


def reader_of(uow: UnitOfWork, one: CodeBreak) -> int:
    """Number of the account that is shown the answer of a code break; 0 for somebody without one."""
    telling = uow.find(Telling, one.intent)
    return one.account if telling is None else telling.reader


def readers_of(uow: UnitOfWork, breaks: Iterable[CodeBreak]) -> dict[str, int]:
    """Number of the account that is shown the answer, by intent; see `reader_of`."""
    accounts = {one.intent: one.account for one in breaks}
    return accounts | {one.intent: one.reader for one in uow.all(Telling, intent=list(accounts))}


def mark(act: OpenAct) -> None:
    """Note in an act that its doer knows what the participant was given: it stays possible, and shows."""
    if act.participant and unblinded_for(act.uow, act.person.account, act.participant):
        act.note(**{MARK: True})


def marked(uow: UnitOfWork, participant: str) -> frozenset[int]:
    """Entries about a participant whose doer knew what the participant was given."""
    listed = uow.all(Entry, participant=participant)
    return frozenset(one.number for one in listed if trail.noted(uow, one.number).get(MARK) is True)


def breaks_of(uow: UnitOfWork, account: int) -> tuple[CodeBreak, ...]:
    """The code breaks that one person made, or that were made for them to read, the last one first."""
    made = uow.all(CodeBreak, account=account)
    for_them = [one.intent for one in uow.all(Telling, reader=account)]
    found = {one.intent: one for one in (*made, *uow.all(CodeBreak, intent=for_them))}
    return tuple(sorted(found.values(), key=lambda one: one.intended_at, reverse=True))
