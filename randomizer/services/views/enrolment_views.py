"""Eligibility as a form asks for it, the participant card, and how enrolment goes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from randomizer.domain.acts import Act
from randomizer.domain.definition_values import SITE_FACTOR
from randomizer.domain.eligibility import judge, rule
from randomizer.domain.participants import Ending, Participant, State, demand
from randomizer.domain.trial import Allocation, SiteState, SiteStatus, StratumStatus
from randomizer.errors import Faulty, NotFound, Refused
from randomizer.services import acting
from randomizer.services.views import participant_views

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from randomizer.masking import View
    from randomizer.services.care.enrolment import Answers
    from randomizer.services.views.sight import Sight


def questions(sight: Sight, participant: Participant) -> dict[str, Any]:
    """What the investigator is asked about this participant.

    Returns:
        items: code, kind, text, open_question and checks (field, label, unit, rule, since: whether it asks
        for a time); factors: code, name and levels (code, name), the site factor left out.

    Raises:
        Refused: The participant is elsewhere in life.
    """
    demand(participant, Act.ELIGIBILITY_SIGNED)
    items = [
        {
            "code": item.code,
            "kind": item.kind,
            "text": item.text.strip(),
            "open_question": (item.open_question or "").strip(),
            "checks": [
                {
                    "field": check.field,
                    "label": check.label,
                    "unit": check.unit,
                    "rule": rule(check),
                    "since": check.operator == "not within",
                }
                for check in item.checks
            ],
        }
        for item in sight.definition.items_for(participant.site)
    ]
    factors = [
        {
            "code": factor.code,
            "name": factor.name,
            "levels": [(level.code, level.name) for level in factor.levels],
        }
        for factor in sight.definition.factors
        if factor.code != SITE_FACTOR
    ]
    return {"items": items, "factors": factors}


def demand_eligible(sight: Sight, participant: Participant, answers: Answers) -> None:
    """Check the answers before they are signed.

    Raises:
        Faulty: Items are not met, values or levels are missing; every one is listed by field.
    """
    findings = judge(sight.definition.items_for(participant.site), answers.items, on=sight.uow.clock().date())
    faults = [(finding.field, finding.sentence) for finding in findings]
    faults += [
        (factor.code, f"{factor.name} is missing.")
        for factor in sight.definition.factors
        if factor.code != SITE_FACTOR and not answers.levels.get(factor.code)
    ]
    if faults:
        raise Faulty(
            tuple(faults),
            next_step="Correct a slip of the pen, or record a screen failure with the reason.",
        )


def card(sight: Sight, participant: Participant) -> dict[str, Any]:
    """What stands on the participant card.

    Raises:
        NotAllowed: The person's roles never see randomization numbers.
        NotFound: The participant is not randomized.
    """
    sight.demand("Allocation", "randomization_number")
    allocation = sight.uow.find(Allocation, participant.number)
    shown = sight.show(allocation, site=participant.site) if allocation else {}
    if not shown:
        raise NotFound(
            f"Participant {participant.number} has no card yet.",
            field="participant",
            next_step="The card comes with randomization.",
        )
    site = sight.definition.site(participant.site)
    return shown | {
        "trial": sight.definition.trial_id.upper(),
        "title": sight.definition.title,
        "registry": sight.definition.registry_id,
        "sponsor": sight.definition.sponsor,
        "site": site.name,
        "site_telephone": site.telephone,
        "emergency": sight.definition.code_break.telephone,
        "rehearsal": sight.trial.kind == "rehearsal",
    }


def sites(sight: Sight) -> list[dict[str, Any]]:
    """Every site with its state and its counts, as far as the person sees its participants."""
    rows = []
    for plan in sight.definition.sites:
        status = sight.uow.find(SiteStatus, plan.code)
        if status is not None:
            row = sight.show(
                status,
                site=plan.code,
                name=plan.name,
                country=plan.country,
                participants=sight.uow.count(Participant, site=plan.code),
                randomized=_randomized(sight, plan.code),
            )
            rows.append(row)
    return [row for row in rows if row]


def open_sites(sight: Sight) -> list[tuple[str, str]]:
    """Code and name of the open sites that the person sees."""
    states = {status.code for status in sight.uow.all(SiteStatus, state=SiteState.OPEN)}
    return [(site.code, site.name) for site in sight.definition.sites if site.code in states]


def enrolling_blocked(sight: Sight, sites: Sequence[str]) -> str:
    """Why nobody can be enrolled by this person now, or "".

    Args:
        sight: The person looking.
        sites: Codes of the open sites at which the person enrols.
    """
    try:
        acting.in_phase(sight.uow, Act.PARTICIPANT_CONSENTED)
    except Refused as refused:
        return f"{refused.message} {refused.next_step}"
    return "" if sites else "No site of yours is open. The sponsor representative opens a site."


def progress(sight: Sight) -> dict[str, Any]:
    """Counts by state, randomized over time, and how far the strata are used; only what the person sees.

    Returns:
        count; states: (state in words, count), in the order of a life; randomized: (day, count so far);
        strata: views.

    Raises:
        NotAllowed: The person sees no participants at all.
    """
    sight.demand("Participant", "number")
    listed = sight.uow.all(Participant, site=list(sight.sites()))
    rows = [participant_views.row(sight, one) for one in listed]
    states = Counter(row["words"] for row in rows)
    life = {row["words"]: _place(one) for row, one in zip(rows, listed, strict=True)}
    days: Counter[date] = Counter()
    numbers = {one.number: one.site for one in listed}
    for allocation in sight.uow.all(Allocation):
        if allocation.participant in numbers:
            shown = sight.show(allocation, site=numbers[allocation.participant])
            if "allocated_at" in shown:
                days[shown["allocated_at"].date()] += 1
    return {
        "count": len(rows),
        "states": sorted(states.items(), key=lambda pair: life[pair[0]]),
        "randomized": _running(days),
        "strata": strata(sight),
    }


def strata(sight: Sight) -> list[View]:
    """How far the strata are used, where the person sees that."""
    return [view for view in (sight.show(one) for one in sight.uow.all(StratumStatus)) if view]


def _place(participant: Participant) -> tuple[int, ...]:
    """Where a participant's state stands among all: from consent to completion, then what ended early."""
    if participant.ending is not None:
        return (1, list(Ending).index(participant.ending))
    # A period lies between the gap before it and the gap after it.
    periods = (State.IN_PERIOD, State.BETWEEN)
    if participant.state in periods:
        return (0, list(State).index(State.IN_PERIOD), participant.period, periods.index(participant.state))
    return (0, list(State).index(participant.state))


def _running(days: Counter[date]) -> list[tuple[date, int]]:
    total, points = 0, []
    for day in sorted(days):
        total += days[day]
        points.append((day, total))
    return points


def _randomized(sight: Sight, site: str) -> int:
    numbers = [one.number for one in sight.uow.all(Participant, site=site)]
    return sight.uow.count(Allocation, participant=numbers)
