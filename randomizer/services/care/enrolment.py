"""From consent to eligibility: a participant gets a number, and the investigator signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from randomizer.domain import acts, reasons
from randomizer.domain.acts import Act
from randomizer.domain.definition_values import SITE_FACTOR
from randomizer.domain.eligibility import ItemAnswer, judge
from randomizer.domain.numbers import parse_participant_number, participant_number
from randomizer.domain.participants import Participant, State, levels_text
from randomizer.domain.trial import Phase, SiteStatus
from randomizer.errors import Faulty, Refused
from randomizer.services import acting, trail, trials
from randomizer.services.care import strata
from randomizer.services.signatures import StepUp, sign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from randomizer.domain.people import Person
    from randomizer.store.work import UnitOfWork

ENROLLING = frozenset({Phase.ACTIVE})
ELIGIBLE_MEANING = "I confirm that this participant is eligible and has consented."


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the investigator confirms.

    Args:
        items: Answer by item code.
        levels: Level code by factor code; the site factor, if there is one, is filled in by the service.
    """

    items: Mapping[str, ItemAnswer]
    levels: Mapping[str, str]


def consent(uow: UnitOfWork, person: Person, site: str, *, replaces: str = "") -> Participant:
    """Enrol a participant who has consented.

    Args:
        uow: The unit of work.
        person: Investigator or coordinator of the site.
        site: Site code.
        replaces: Number of a participant whose place this one takes, or "". The replacement takes the next
            slot like everybody else.

    Raises:
        NotAllowed: The role does not fit.
        NotFound: No such site.
        Refused: The site is not open, enrolment is closed, or the one to replace is unknown or goes on with
            treatment.
    """
    acting.in_trial(uow, Act.PARTICIPANT_CONSENTED)
    uow.get(SiteStatus, site, what="site")
    acts.demand(person, Act.PARTICIPANT_CONSENTED, site)
    trials.demand_open_site(uow, site)
    if replaces:
        _demand_replaceable(uow, person, replaces)
    with trail.act(uow, Act.PARTICIPANT_CONSENTED, person, site=site) as act:
        number = participant_number(uow.count(Participant) + 1)
        act.note(participant=number)
        return act.add(Participant(number=number, site=site, consented_at=act.at, replaces=replaces))


def sign_eligibility(
    uow: UnitOfWork, person: Person, step_up: StepUp, number: str, answers: Answers
) -> Participant:
    """Confirm every item and sign.

    Args:
        uow: The unit of work.
        person: An investigator of the participant's site.
        step_up: The investigator's re-authentication.
        number: Participant number.
        answers: Confirmed items, values and factor levels.

    Raises:
        Faulty: Items are not met or values are missing; every one is listed by field.
        Refused: The participant is elsewhere in life.
        StepUpRefused: The re-authentication does not count.
    """
    _, definition = acting.in_trial(uow, Act.ELIGIBILITY_SIGNED)
    participant = acting.on_participant(uow, person, Act.ELIGIBILITY_SIGNED, number)
    trials.demand_open_site(uow, participant.site)
    findings = judge(definition.items_for(participant.site), answers.items, on=uow.clock().date())
    if findings:
        raise Faulty(
            tuple((finding.field, finding.sentence) for finding in findings),
            next_step="Correct a slip of the pen, or record a screen failure with the reason.",
        )
    levels = dict(answers.levels)
    if any(factor.code == SITE_FACTOR for factor in definition.factors):
        levels[SITE_FACTOR] = participant.site
    stratum = definition.stratum_of(levels)
    signed = {
        "participant": number,
        "items": {code: dict(answer.values) for code, answer in answers.items.items()},
        "levels": levels,
    }
    with trail.act(uow, Act.ELIGIBILITY_SIGNED, person, site=participant.site, participant=number) as act:
        sign(act, step_up, meaning=ELIGIBLE_MEANING, about=f"participant {number}", values=signed)
        return act.change(participant, state=State.ELIGIBLE, levels=levels_text(levels), stratum=stratum.code)


def screen_fail(uow: UnitOfWork, person: Person, number: str, why: str) -> Participant:
    """Record a screen failure; the participant may be screened again later under the same number.

    Raises:
        Refused: The reason is missing, or the participant is randomized.
    """
    acting.in_trial(uow, Act.SCREEN_FAILED)
    participant = acting.on_participant(uow, person, Act.SCREEN_FAILED, number)
    reasons.demand(why, "A screen failure needs its reason.")
    with trail.act(uow, Act.SCREEN_FAILED, person, site=participant.site, participant=number, why=why) as act:
        strata.give_back(act, participant)
        return act.change(participant, state=State.SCREEN_FAILED)


def rescreen(uow: UnitOfWork, person: Person, number: str) -> Participant:
    """Begin a new screening attempt under the same number.

    Raises:
        Refused: The participant is not screen failed, the site is not open, or enrolment is closed.
    """
    acting.in_trial(uow, Act.RESCREENED)
    participant = acting.on_participant(uow, person, Act.RESCREENED, number)
    trials.demand_open_site(uow, participant.site)
    with trail.act(uow, Act.RESCREENED, person, site=participant.site, participant=number) as act:
        return act.change(
            participant, state=State.CONSENTED, attempt=participant.attempt + 1, levels="", stratum=""
        )


def _demand_replaceable(uow: UnitOfWork, person: Person, number: str) -> None:
    replaced = uow.find(Participant, parse_participant_number(number, field="replaces"))
    if replaced is None or not person.sees_site(replaced.site):
        raise Refused(
            f"There is no participant {number} whose place this one could take. Nothing was changed.",
            field="replaces",
            next_step="Check the number, or leave it empty: a new participant needs nobody's place.",
        )
    trail.check(uow, replaced)
    if replaced.ending is None:
        raise Refused(
            f"Participant {number} has not ended treatment; only one who has can be replaced. "
            "Nothing was changed.",
            field="replaces",
            next_step="Check the number, or leave it empty: a new participant needs nobody's place.",
        )
