"""Participants as a person may see them: the list, and one participant with all that stands on record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from randomizer.domain import participants, scans, windows
from randomizer.domain.acts import CODE_BREAKS, MAY, Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.participants import Participant, State, levels_of
from randomizer.domain.people import SERVICE, Account
from randomizer.domain.records import Deviation, Signature
from randomizer.domain.supply import Kit, KitState, PeriodRecord, Product
from randomizer.domain.trial import RUNNING, Allocation
from randomizer.errors import Refused
from randomizer.services import exposure
from randomizer.services.care import assessments, readiness
from randomizer.services.views import assessment_views, next_steps, worklist
from randomizer.services.views.sight import PAGE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from randomizer.masking import View
    from randomizer.services.views.sight import Sight

UNBLINDED_EVENTS = frozenset({Act.SHEET_OPENED, Act.QUALITY_RECORDED, Act.QUALITY_ADDED})
"""Acts of the other door that no timeline shows."""


def listing(
    sight: Sight, *, site: str = "", state: str = "", page: int = 1, size: int = PAGE
) -> dict[str, Any]:
    """One page of participants.

    Args:
        sight: The person looking.
        site: Site code to keep, or "" for every site that the person sees.
        state: State to keep, or "".
        page: 1-based.
        size: Rows on a page.

    Returns:
        rows, page, pages, count.

    Raises:
        NotAllowed: The person sees no participants at all.
        Refused: There is no such state.
    """
    sight.demand("Participant", "number")
    where: dict[str, Any] = {"site": [code for code in sight.sites() if site in {"", code}]}
    if state:
        where["state"] = _state(state)
    count = sight.uow.count(Participant, **where)
    pages = max(1, -(-count // size))
    page = min(max(1, page), pages)
    found = sight.uow.all(Participant, limit=size, skip=(page - 1) * size, **where)
    steps = worklist.steps_of(sight, found)
    rows = [sight.show(one, site=one.site, words=_words(one), next=steps[one.number].what) for one in found]
    return {"rows": rows, "page": page, "pages": pages, "count": count}


def row(sight: Sight, participant: Participant) -> View:
    """A participant's own fields, with the state in words."""
    return sight.show(participant, site=participant.site, words=_words(participant))


def find(sight: Sight, typed: str) -> Participant:
    """The participant with a number as typed or scanned.

    Raises:
        NotFound: There is none that this person sees.
        Refused: It is no participant number.
    """
    number = scans.participant_number(typed)
    found = sight.uow.get(Participant, number, what="participant")
    sight.demand_site(found.site, about=f"participant {number}")
    return found


def whole(sight: Sight, participant: Participant) -> dict[str, Any]:
    """All that a person may see of one participant.

    Returns:
        participant, levels, corrected, products, allocation, periods, signatures, deviations, assessments,
        changeable (numbers of those that this person may correct), events, next (the next step), mine
        (whether it is this person's), acts (those that this person could do now), alert (of the kit that
        was handed out and is not recorded yet, or empty), running (whether anything more is given in this
        trial) and unblinded (whether this person knows what the participant was given).
    """
    site, number, uow = participant.site, participant.number, sight.uow
    periods = uow.all(PeriodRecord, participant=number)
    products = uow.all(Product, participant=number)
    step = worklist.steps_of(sight, [participant])[number]
    allocation = uow.find(Allocation, number)
    view = row(sight, participant)
    unblinded = exposure.unblinded_for(uow, sight.person.account, number)
    signs = any(assessments.signs(sight.person, plan, site) for plan in sight.definition.assessments)
    not_theirs = set() if signs and not unblinded else {Act.ASSESSMENT_SIGNED}
    return {
        "participant": view,
        "levels": levels(sight, view.get("levels", "")),
        "corrected": levels(sight, view.get("corrected_levels", "")),
        "products": _shown(sight, products, site),
        "allocation": sight.show(allocation, site=site) if allocation else {},
        "periods": [_period(sight, site, record, periods) for record in periods],
        "signatures": signatures(sight, f"participant {number}", site),
        "deviations": _shown(sight, uow.all(Deviation, participant=number), site),
        "assessments": assessment_views.assessed(sight, number, site),
        "changeable": frozenset() if unblinded else assessment_views.changeable(sight, number, site),
        "events": events(sight, number, site),
        "next": sight.show(step, site=site),
        "mine": step.act is not None and sight.person.role_for(MAY[step.act], site) is not None,
        "acts": possible(sight, participant) - not_theirs,
        "alert": worklist.alert_in_hand(sight, participant, periods),
        "running": sight.trial.phase in RUNNING,
        "unblinded": unblinded,
    }


def levels(sight: Sight, text: str) -> list[tuple[str, str]]:
    """Factor levels in words: name of the factor, name of the level."""
    given = levels_of(text)
    return [
        (factor.name, next(level.name for level in factor.levels if level.code == given[factor.code]))
        for factor in sight.definition.factors
        if factor.code in given
    ]


def possible(sight: Sight, participant: Participant) -> frozenset[Act]:
    """Acts that would not be refused now and that this person may do at the site."""
    return frozenset(
        act
        for act in readiness.possible(sight.uow, participant)
        if sight.person.role_for(MAY[act], participant.site) is not None
    )


def signatures(sight: Sight, about: str, site: str = "") -> list[View]:
    """Signatures about a thing, with the role in which each was given.

    Those around a code break name who broke it; they stand in the code-break door alone.
    """
    signed = sight.uow.all(Signature, about=about)
    entries = {one.number: one for one in sight.uow.all(Entry, number=[one.number for one in signed])}
    found = []
    for signature in signed:
        entry = entries.get(signature.number)
        if entry is None or entry.act in CODE_BREAKS:
            continue
        view = sight.show(signature, site=site, role=entry.role)
        if view:
            found.append(view)
    return found


def events(sight: Sight, number: str, site: str, *, known: Collection[int] = ()) -> list[View]:
    """The entries about a participant that the person may see, in order: when, what, who.

    Args:
        sight: The person looking.
        number: Participant number.
        site: Their site.
        known: Entries that are marked unblinded; to whom an answer was shown stands in the code-break door
            alone, so that no page of the other gives any.
    """
    entries = [one for one in sight.uow.all(Entry, participant=number) if one.act not in UNBLINDED_EVENTS]
    actors = sight.uow.all(Account, number=sorted({one.actor for one in entries}))
    names = {one.number: one.printed_name for one in actors} | {SERVICE.account: SERVICE.printed_name}
    found = []
    for entry in entries:
        kind = "CodeBreakEvent" if entry.act in CODE_BREAKS else "Event"
        fields = {"at": entry.at, "act": entry.act, "role": entry.role, "by": names[entry.actor]}
        if entry.number in known:
            fields["unblinded"] = True
        view = sight.show(fields, site=site, kind=kind)
        if view:
            found.append(view)
    return found


def printed_name(sight: Sight, account: int) -> str:
    """The name behind the number of an account that a record shows."""
    return sight.uow.get(Account, account, what="account").printed_name


def _period(sight: Sight, site: str, record: PeriodRecord, periods: Iterable[PeriodRecord]) -> View:
    view = sight.show(record, site=site)
    listed = tuple(periods)
    limits = windows.window(
        sight.definition.period(record.period), next_steps.previous_infusion(listed, record)
    )
    kit = sight.uow.find(Kit, record.kit) if record.kit else None
    if kit is not None and kit.expired(sight.uow.clock()):
        kit = replace(kit, state=KitState.EXPIRED)  # the sweep comes within the minute; the page says it now
    return view | {
        "window": sight.show(limits, site=site) if limits else {},
        "kit_shown": sight.show(kit, site=site) if kit else {},
    }


def _shown(sight: Sight, values: Iterable[object], site: str) -> list[View]:
    return [view for view in (sight.show(value, site=site) for value in values) if view]


def _words(participant: Participant) -> str:
    return participant.ending or participants.describe(participant)


def _state(text: str) -> State:
    try:
        return State(text)
    except ValueError as error:
        known = ", ".join(State)
        raise Refused(f"There is no state {text[:40]!r}. States: {known}.", field="state") from error
