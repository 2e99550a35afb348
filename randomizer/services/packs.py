"""Emergency packs: issued, opened, returned and practised with; each leaves an entry. Needs no key.

What somebody read in a pack never comes here: the service learns that it was opened, by whom, when and why.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from randomizer.domain import acts, reasons, windows
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.numbers import RANDOMIZATION_DIGITS, parse_number, parse_participant_number
from randomizer.domain.participants import Participant
from randomizer.domain.people import Account
from randomizer.domain.records import Task, TaskKind
from randomizer.domain.trial import Allocation, SiteStatus, Slot
from randomizer.errors import NotFound, Refused
from randomizer.services import acting, afterwards, exposure, notices, trail
from randomizer.services.care import issued
from randomizer.services.sealed import pack, sealed_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.people import Person
    from randomizer.domain.trial import Trial
    from randomizer.services.trail import OpenAct
    from randomizer.store.work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedPack:
    """A pack as it leaves the service.

    Args:
        trial: As activated.
        definition: Its blinded definition.
        slots: Those that the pack holds.
        content: Its file.
        digest: SHA-256 of the file, hex; it stands in the entry.
        at: When it was issued.
        entry: Number of the entry.
    """

    trial: Trial
    definition: Definition
    slots: tuple[Slot, ...]
    content: bytes
    digest: str
    at: datetime
    entry: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What somebody reports of a pack or of one sealed sheet.

    Args:
        site: Code of the site whose pack it is.
        participant: Participant number as typed, or "".
        randomization_number: As typed, or ""; at most one of the two is given.
        who: Who opened, returned or practised, in words.
        at: When, as reported, UTC.
        why: The occasion, in words.
        opener: User name of whoever opened a sheet, where they have an account: they know what it said.
    """

    site: str
    participant: str = ""
    randomization_number: str = ""
    who: str
    at: datetime
    why: str
    opener: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The sealed sheet that a report is about.

    Args:
        slot: Its slot.
        participant: To whom the slot is allocated; None where it is nobody's.
    """

    slot: Slot
    participant: Participant | None


def issue(uow: UnitOfWork, person: Person, site: str) -> IssuedPack:
    """Make the pack of a site and put on record what it holds; the caller hands the file out.

    Args:
        uow: The unit of work.
        person: A trial manager.
        site: Site code.

    Raises:
        NotAllowed: The role does not fit.
        NotFound: There is no such site.
        Refused: The trial is not active yet.
        Tampered: A sealed row differs from the certificate, so that a pack could fail when it is needed.
    """
    trial, definition = acting.in_trial(uow, Act.PACK_ISSUED)
    uow.get(SiteStatus, site, what="site")
    acts.demand(person, Act.PACK_ISSUED, site)
    sealed_rows.check(uow)
    strata = pack.strata_of(definition, site)
    slots = uow.all(Slot, stratum=strata)
    content = pack.encode(trial, site, slots)
    digest = hashlib.sha256(content).hexdigest()
    with trail.act(uow, Act.PACK_ISSUED, person, site=site) as act:
        act.note(pack=digest, slots=len(slots), **{issued.STRATA: strata})
        return IssuedPack(
            trial=trial,
            definition=definition,
            slots=slots,
            content=content,
            digest=digest,
            at=act.at,
            entry=act.number,
        )


def record_opening(uow: UnitOfWork, person: Person, report: Report) -> Entry:
    """Put on record that a sealed sheet was opened: an impact assessment opens, and blinded notices go out.

    Args:
        uow: The unit of work.
        person: A trial manager.
        report: What was reported; it names the sheet.

    Returns:
        The entry; it names no participant where the slot is nobody's, and then nothing is to be assessed.

    Raises:
        NotAllowed: The role does not fit.
        NotFound: There is no such site, participant or number.
        Refused: The report lacks something, or no pack of the site held the slot.
        Tampered: A record that this rests on differs from its entry.
    """
    _, definition = acting.in_trial(uow, Act.PACK_OPENED)
    sheet = _named(uow, person, Act.PACK_OPENED, report)
    opener = _opener(uow, report)
    with _entering(uow, person, Act.PACK_OPENED, report, sheet) as act:
        if opener is not None:
            act.note(**{exposure.OPENER: opener.number})
        if sheet.participant is not None:
            number = sheet.participant.number
            task = Task(
                number=act.number, kind=TaskKind.IMPACT_ASSESSMENT, participant=number, opened_at=act.at
            )
            act.add(task)
            _tell(uow, definition, sheet.participant, report.at)
    if sheet.participant is not None:
        afterwards.ask(uow, sheet.participant.number)
    return uow.get(Entry, act.number)


def record_drill(uow: UnitOfWork, person: Person, report: Report) -> Entry:
    """Put a drill on record as a drill: nothing is to be assessed, and nobody is alarmed.

    Args:
        uow: The unit of work.
        person: A trial manager.
        report: What was practised; it names the sheet.

    Raises:
        NotAllowed, NotFound, Refused, Tampered: As for an opening.
    """
    acting.in_trial(uow, Act.PACK_DRILLED)
    sheet = _named(uow, person, Act.PACK_DRILLED, report)
    with _entering(uow, person, Act.PACK_DRILLED, report, sheet) as act:
        pass
    return uow.get(Entry, act.number)


def record_return(uow: UnitOfWork, person: Person, report: Report) -> Entry:
    """Put on record that one sealed sheet came back or, where the report names none, the whole pack.

    Args:
        uow: The unit of work.
        person: A trial manager.
        report: What was reported.

    Raises:
        NotAllowed, NotFound, Refused, Tampered: As for an opening.
    """
    acting.in_trial(uow, Act.PACK_RETURNED)
    whole = not (report.participant or report.randomization_number)
    sheet = None if whole else _named(uow, person, Act.PACK_RETURNED, report)
    if whole and not issued.ever_issued(uow, report.site):
        raise Refused(
            f"No emergency pack was ever issued to site {report.site}. Nothing was changed.",
            field="site",
            next_step="Name the site whose pack it was.",
        )
    with _entering(uow, person, Act.PACK_RETURNED, report, sheet) as act:
        act.note(**{issued.WHOLE: whole})
    return uow.get(Entry, act.number)


@contextmanager
def _entering(
    uow: UnitOfWork, person: Person, what: Act, report: Report, sheet: Sheet | None
) -> Iterator[OpenAct]:
    """The act of a report: who and why are words, which alone can be erased; all else is ids and a moment."""
    uow.get(SiteStatus, report.site, what="site")
    _demand_told(uow, report)
    participant = sheet.participant if sheet else None
    site = participant.site if participant else report.site
    number = participant.number if participant else ""
    why = f"{report.who.strip()}: {report.why.strip()}"
    with trail.act(uow, what, person, site=site, participant=number, why=why) as act:
        act.note(pack_site=report.site, **{exposure.REPORTED: report.at})
        if sheet is not None:
            act.note(slot=sheet.slot.number, randomization_number=sheet.slot.randomization_number)
        yield act


def _opener(uow: UnitOfWork, report: Report) -> Account | None:
    """The account of whoever opened a sheet, where the report names one.

    Raises:
        NotFound: There is no such account.
    """
    if not report.opener.strip():
        return None
    found = uow.all(Account, username=report.opener.strip().lower())
    if not found:
        raise NotFound(
            "There is no account of this user name. Nothing was changed.",
            field="opener",
            next_step="Leave it out where whoever opened the sheet has no account.",
        )
    return found[0]


def _demand_told(uow: UnitOfWork, report: Report) -> None:
    if not report.who.strip():
        raise Refused(
            "Who it was is missing. Nothing was changed.", field="who", next_step="Name the person."
        )
    reasons.demand(report.why, "The occasion is missing.")
    reasons.demand_short(f"{report.who}: {report.why}")
    if report.at > uow.clock():
        raise Refused(
            f"{windows.minute(report.at)} lies in the future. Nothing was changed.",
            field="at",
            next_step="Give the moment at which it happened.",
        )


def _named(uow: UnitOfWork, person: Person, what: Act, report: Report) -> Sheet:
    """The sheet that a report names, which a pack of its site held.

    Raises:
        NotAllowed, NotFound, Refused, Tampered: As for an opening.
    """
    uow.get(SiteStatus, report.site, what="site")
    acts.demand(person, what, report.site)
    sheet = _of_participant(uow, report) if report.participant else _of_number(uow, report)
    if sheet.participant is not None:
        trail.check(uow, sheet.participant)
    if not issued.ever_held(uow, report.site, sheet.slot.stratum):
        raise Refused(
            f"No emergency pack that was issued to site {report.site} holds randomization number "
            f"{sheet.slot.randomization_number}. Nothing was changed.",
            field="site",
            next_step="Name the site whose pack it was.",
        )
    return sheet


def _of_participant(uow: UnitOfWork, report: Report) -> Sheet:
    if report.randomization_number:
        raise Refused(
            "Name the participant or the randomization number, not both. Nothing was changed.",
            field="randomization_number",
        )
    number = parse_participant_number(report.participant)
    participant = uow.get(Participant, number, what="participant")
    allocation = uow.find(Allocation, number)
    if allocation is None:
        raise Refused(
            f"Participant {number} is not randomized, so there is no sheet of theirs. Nothing was changed.",
            field="participant",
            next_step="Name the randomization number that stands on the sheet.",
        )
    trail.check(uow, allocation)
    return Sheet(slot=uow.get(Slot, allocation.slot, what="slot"), participant=participant)


def _of_number(uow: UnitOfWork, report: Report) -> Sheet:
    number = parse_number(
        report.randomization_number,
        RANDOMIZATION_DIGITS,
        noun="randomization number",
        field="randomization_number",
    )
    slots = uow.all(Slot, randomization_number=number)
    if not slots:
        raise NotFound(
            f"There is no randomization number {number} in this trial. Nothing was changed.",
            field="randomization_number",
            next_step="Read it from the sheet once more.",
        )
    allocations = uow.all(Allocation, slot=slots[0].number)
    trail.check(uow, *allocations)
    whose = uow.get(Participant, allocations[0].participant, what="participant") if allocations else None
    return Sheet(slot=slots[0], participant=whose)


def _tell(uow: UnitOfWork, definition: Definition, participant: Participant, at: datetime) -> None:
    notices.queue(
        uow,
        definition.notices.code_break_roles,
        site=participant.site,
        tells=notices.CODE_BREAK,
        subject=f"Code break: participant {participant.number}",
        body=f"The code of participant {participant.number} (site {participant.site}) was broken with the "
        f"emergency pack: {windows.minute(at)}.\n\n"
        "What was found stands nowhere in this message; do not ask for it. An impact assessment is open; it "
        "is signed before the database lock, or after it as a dated addendum.",
    )
