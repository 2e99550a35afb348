"""Signing a blinded assessment: which one, when, and that the treatment was not known. No result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import people, windows
from randomizer.domain.acts import Act
from randomizer.domain.records import Assessment, Signature
from randomizer.domain.trial import Allocation
from randomizer.errors import Refused
from randomizer.services import acting, exposure, trail
from randomizer.services.signatures import StepUp, sign

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.domain.definition_values import AssessmentPlan, Definition
    from randomizer.domain.participants import Participant
    from randomizer.domain.people import Person, Role
    from randomizer.store.work import UnitOfWork

ASSESSMENT_MEANING = "I made this assessment without knowledge of the treatment."


def sign_assessment(
    uow: UnitOfWork,
    person: Person,
    step_up: StepUp,
    number: str,
    *,
    assessment: str,
    time_point: str,
    done_at: datetime,
) -> Assessment:
    """Sign that a blinded assessment was made without knowledge of the treatment.

    Args:
        uow: The unit of work.
        person: Who made it: an outcomes assessor or investigator of the site.
        step_up: Their re-authentication.
        number: Participant number.
        assessment: Code of the assessment in the definition.
        time_point: One of its time points.
        done_at: When it was done, UTC.

    Raises:
        NotAllowed: The role does not fit, or is for another site.
        Refused: The person is unblinded for this participant or signs other assessments; there is no such
            assessment or time point; the time is impossible; or it is signed already.
        StepUpRefused: The re-authentication does not count.
    """
    _, definition = acting.in_trial(uow, Act.ASSESSMENT_SIGNED)
    participant = acting.on_participant(uow, person, Act.ASSESSMENT_SIGNED, number)
    demand_blind(uow, person, participant)
    plan = definition.assessment(assessment)
    demand_signer(person, plan, participant.site)
    demand_possible(uow, number, plan, time_point=time_point, done_at=done_at)
    demand_unsigned(uow, person.account, number, plan, time_point=time_point, done_at=done_at)
    values = {
        "participant": number,
        "assessment": plan.code,
        "label": plan.label,
        "time_point": time_point,
        "done_at": done_at.isoformat(),
    }
    with trail.act(
        uow,
        Act.ASSESSMENT_SIGNED,
        person,
        site=participant.site,
        participant=number,
        among=roles_of(plan),
    ) as act:
        sign(act, step_up, meaning=ASSESSMENT_MEANING, about=f"participant {number}", values=values)
        return act.add(
            Assessment(
                number=act.number,
                participant=number,
                assessment=plan.code,
                time_point=time_point,
                done_at=done_at,
            )
        )


def demand_declared(definition: Definition) -> None:
    """Refuse where the definition asks nobody to sign a blinded assessment.

    Raises:
        Refused: It names none.
    """
    if not definition.assessments:
        raise Refused(
            "The definition of this trial names no blinded assessments. Nothing was signed.",
            next_step="Keep the assessment in the data base of the trial.",
        )


def demand_blind(uow: UnitOfWork, person: Person, participant: Participant) -> None:
    """Refuse whoever is unblinded for a participant, in words that tell nothing of anybody else.

    Raises:
        Refused: The person was shown what the participant was given.
    """
    if exposure.unblinded_for(uow, person.account, participant.number):
        raise Refused(
            f"You are unblinded for participant {participant.number}, so you cannot sign a blinded "
            "assessment of this participant any more. Nothing was signed.",
            field="participant",
            next_step=f"An outcomes assessor or investigator of site {participant.site} who is blind to this "
            "participant makes the assessment and signs it. Clinical acts stay possible for you.",
        )


def demand_some(definition: Definition, person: Person, site: str) -> None:
    """Refuse whoever has a role that signs blinded assessments elsewhere, and none of this trial's here.

    Raises:
        Refused: None of them is theirs.
    """
    if definition.assessments and not any(signs(person, plan, site) for plan in definition.assessments):
        asked = sorted({role for plan in definition.assessments for role in plan.roles})
        raise Refused(
            f"The blinded assessments of this trial are signed by: {', '.join(asked)}. Nothing was signed.",
            next_step="Leave it to whoever made it.",
        )


def roles_of(plan: AssessmentPlan) -> frozenset[Role]:
    """The roles that sign an assessment."""
    return frozenset(people.Role(role) for role in plan.roles)


def signs(person: Person, plan: AssessmentPlan, site: str) -> bool:
    """Whether a person has a role at a site that signs an assessment."""
    return person.role_for(roles_of(plan), site) is not None


def demand_signer(person: Person, plan: AssessmentPlan, site: str) -> None:
    """Refuse an assessment that others sign.

    Raises:
        Refused: None of the person's roles at the site signs it.
    """
    if not signs(person, plan, site):
        raise Refused(
            f"{plan.label} is signed by: {', '.join(plan.roles)}. Nothing was signed.",
            field="assessment",
            next_step="Leave it to whoever made it.",
        )


def demand_possible(
    uow: UnitOfWork, number: str, plan: AssessmentPlan, *, time_point: str, done_at: datetime
) -> None:
    """Refuse a time point that the assessment does not have, and a moment at which it cannot have been made.

    Raises:
        Refused: The sentence says which.
        Tampered: The allocation differs from its entry.
    """
    if time_point not in plan.time_points:
        raise Refused(
            f"{plan.label} has these time points: {', '.join(plan.time_points)}. Nothing was signed.",
            field="time_point",
            next_step="Choose one of them.",
        )
    if done_at > uow.clock():
        raise Refused(
            f"An assessment is signed once it was done; {windows.minute(done_at)} lies ahead. "
            "Nothing was signed.",
            field="done_at",
            next_step="Check the day and the time; times are in UTC.",
        )
    allocation = uow.get(Allocation, number, what="allocation")
    trail.check(uow, allocation)
    if done_at < allocation.allocated_at.replace(second=0, microsecond=0):  # the minute counts whole
        raise Refused(
            f"Participant {number} was randomized {windows.minute(allocation.allocated_at)}; an assessment "
            "before that needs no statement that it was blind. Nothing was signed.",
            field="done_at",
            next_step="Check the day and the time; times are in UTC.",
        )


def demand_unsigned(
    uow: UnitOfWork,
    account: int,
    number: str,
    plan: AssessmentPlan,
    *,
    time_point: str,
    done_at: datetime,
    beside: int | None = None,
) -> None:
    """Refuse what the same person has signed already: two readers may each sign the same image.

    What has no planned day, such as "unscheduled", is made as often as it is needed, each at another moment.

    Args:
        uow: The unit of work.
        account: Number of the account of whoever made the assessment.
        number: Participant number.
        plan: Which assessment.
        time_point: One of its time points.
        done_at: When it was done.
        beside: Number of one that is being corrected, and so is in nobody's way.

    Raises:
        Refused: It is signed, and was not struck out.
        Tampered: One that is signed differs from its entry.
    """
    signed = uow.all(
        Assessment, participant=number, assessment=plan.code, time_point=time_point, struck=False
    )
    trail.check(uow, *signed)
    for one in signed:
        again = plan.window(time_point) is None and one.done_at != done_at
        mine = uow.get(Signature, one.number, what="signature").account == account
        if mine and not again and one.number != beside:
            raise Refused(
                f"{plan.label}, {time_point}, of this participant is signed already: done "
                f"{windows.minute(one.done_at)}. Nothing was signed.",
                field="assessment",
                next_step="Choose another assessment or time point. One that is wrong is corrected from the "
                "participant's page.",
            )
