"""Correcting a blinded assessment that was wrongly entered, or striking it out. Nothing is deleted.

Both are signed by somebody who is blind to the participant, with a reason; the entry holds the old values
and the new ones. Whoever made the assessment stays the one who made it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from randomizer.domain.acts import Act
from randomizer.domain.records import Assessment, Signature
from randomizer.errors import Refused
from randomizer.services import acting, trail
from randomizer.services.care import assessments
from randomizer.services.signatures import StepUp, sign

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.domain.definition_values import AssessmentPlan, Definition
    from randomizer.domain.participants import Participant
    from randomizer.domain.people import Person, Role
    from randomizer.store.work import UnitOfWork

CORRECTION_MEANING = "I correct this entry from its source, without knowledge of the treatment."
STRIKE_MEANING = "This assessment does not count. I say so without knowledge of the treatment."


def correct(
    uow: UnitOfWork,
    person: Person,
    step_up: StepUp,
    number: int,
    *,
    assessment: str,
    time_point: str,
    done_at: datetime,
    why: str,
) -> Assessment:
    """Correct which blinded assessment was made, or when.

    Args:
        uow: The unit of work.
        person: Somebody who may sign it, as it stands and as it will, and is blind to the participant.
        step_up: Their re-authentication.
        number: Number of the assessment.
        assessment: Its code as it should be.
        time_point: Its time point as it should be.
        done_at: When it was done, UTC.
        why: What was wrong.

    Raises:
        NotAllowed, NotFound, StepUpRefused, Tampered: As for signing one.
        Refused: It was struck out, nothing would change, the reason is missing, or what signing one refuses.
    """
    definition, found, participant = _standing(uow, person, Act.ASSESSMENT_CORRECTED, number, why)
    plan, before = definition.assessment(assessment), definition.assessment(found.assessment)
    among = _roles_of_both(person, before, plan, participant.site)
    if (found.assessment, found.time_point, found.done_at) == (plan.code, time_point, done_at):
        raise Refused(
            "This is how it stands already. Nothing was changed.",
            field="done_at",
            next_step="Change what is wrong, or leave it as it is.",
        )
    assessments.demand_possible(uow, found.participant, plan, time_point=time_point, done_at=done_at)
    assessments.demand_unsigned(
        uow,
        uow.get(Signature, number, what="signature").account,
        found.participant,
        plan,
        time_point=time_point,
        done_at=done_at,
        beside=number,
    )
    values = _told(found, before) | {
        "now_assessment": plan.code,
        "now_label": plan.label,
        "now_time_point": time_point,
        "now_done_at": done_at.isoformat(),
    }
    with trail.act(
        uow,
        Act.ASSESSMENT_CORRECTED,
        person,
        site=participant.site,
        participant=found.participant,
        why=why.strip(),
        among=among,
    ) as act:
        about = f"participant {found.participant}"
        sign(act, step_up, meaning=CORRECTION_MEANING, about=about, values=values)
        return act.change(found, assessment=plan.code, time_point=time_point, done_at=done_at)


def strike_out(uow: UnitOfWork, person: Person, step_up: StepUp, number: int, *, why: str) -> Assessment:
    """Strike out a blinded assessment that was signed by mistake: of somebody else, or not made blind.

    Args:
        uow: The unit of work.
        person: Somebody who may sign it and is blind to the participant.
        step_up: Their re-authentication.
        number: Number of the assessment.
        why: Why it does not count.

    Raises:
        NotAllowed, NotFound, StepUpRefused, Tampered: As for signing one.
        Refused: It was struck out before, the reason is missing, or the person is unblinded or signs others.
    """
    definition, found, participant = _standing(uow, person, Act.ASSESSMENT_STRUCK, number, why)
    plan = definition.assessment(found.assessment)
    assessments.demand_signer(person, plan, participant.site)
    with trail.act(
        uow,
        Act.ASSESSMENT_STRUCK,
        person,
        site=participant.site,
        participant=found.participant,
        why=why.strip(),
        among=assessments.roles_of(plan),
    ) as act:
        about = f"participant {found.participant}"
        sign(act, step_up, meaning=STRIKE_MEANING, about=about, values=_told(found, plan))
        return act.change(found, struck=True)


def demand_standing(found: Assessment) -> None:
    """Refuse to touch an assessment that was struck out.

    Raises:
        Refused: It was.
    """
    if found.struck:
        raise Refused(
            "This assessment was struck out, so it stays as it is. Nothing was changed.",
            field="assessment",
            next_step="Sign the assessment anew if it was made.",
        )


def demand_open_to(uow: UnitOfWork, person: Person, act: Act, found: Assessment) -> None:
    """Refuse a change that cannot succeed now, whatever is entered; reading is enough.

    Args:
        uow: The unit of work.
        person: Who looks.
        act: The correction, or the striking out.
        found: The assessment.

    Raises:
        NotAllowed: The role is for another site.
        Refused: Phase, striking out, or who looks rule it out; the sentence is that of the act.
        Tampered: A record that this rests on differs from its entry.
    """
    _, definition = acting.in_phase(uow, act)
    participant = acting.on_participant(uow, person, act, found.participant)
    assessments.demand_blind(uow, person, participant)
    assessments.demand_signer(person, definition.assessment(found.assessment), participant.site)
    demand_standing(found)


def _standing(
    uow: UnitOfWork, person: Person, act: Act, number: int, why: str
) -> tuple[Definition, Assessment, Participant]:
    """The definition, the assessment and the participant, for an act that this person may do now."""
    _, definition = acting.in_trial(uow, act)
    found = uow.get(Assessment, number, what="assessment")
    participant = acting.on_participant(uow, person, act, found.participant)
    assessments.demand_blind(uow, person, participant)
    demand_standing(found)
    if not why.strip():
        raise Refused(
            "The reason is missing. Nothing was changed.",
            field="why",
            next_step="Write what was wrong; nothing of what was given.",
        )
    return definition, found, participant


def _roles_of_both(
    person: Person, before: AssessmentPlan, plan: AssessmentPlan, site: str
) -> frozenset[Role]:
    """The roles that sign both, of which the person has one."""
    for one in (before, plan):
        assessments.demand_signer(person, one, site)
    both = assessments.roles_of(before) & assessments.roles_of(plan)
    if person.role_for(both, site) is None:
        raise Refused(
            f"{before.label} and {plan.label} are signed in different roles. Nothing was changed.",
            field="assessment",
            next_step="Strike this one out, and sign the other anew.",
        )
    return both


def _told(found: Assessment, plan: AssessmentPlan) -> dict[str, Any]:
    """What is signed of an assessment as it stands."""
    return {
        "entry": found.number,
        "participant": found.participant,
        "assessment": found.assessment,
        "label": plan.label,
        "time_point": found.time_point,
        "done_at": found.done_at.isoformat(),
    }
