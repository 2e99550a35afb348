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
    from randomizer.domain.people import Person
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
    if not signs(person, plan, participant.site):
        raise Refused(
            f"{plan.label} is signed by: {', '.join(plan.roles)}. Nothing was signed.",
            field="assessment",
            next_step="Leave it to whoever made it.",
        )
    _demand_point(plan, time_point)
    _demand_moment(uow, number, done_at)
    _demand_unsigned(uow, person, number, plan, time_point)
    values = {
        "participant": number,
        "assessment": plan.code,
        "label": plan.label,
        "time_point": time_point,
        "done_at": done_at.isoformat(),
    }
    with trail.act(uow, Act.ASSESSMENT_SIGNED, person, site=participant.site, participant=number) as act:
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


def signs(person: Person, plan: AssessmentPlan, site: str) -> bool:
    """Whether a person has a role at a site that signs an assessment."""
    roles = frozenset(people.Role(role) for role in plan.roles)
    return person.role_for(roles, site) is not None


def _demand_point(plan: AssessmentPlan, time_point: str) -> None:
    if time_point not in plan.time_points:
        raise Refused(
            f"{plan.label} has these time points: {', '.join(plan.time_points)}. Nothing was signed.",
            field="time_point",
            next_step="Choose one of them.",
        )


def _demand_moment(uow: UnitOfWork, number: str, done_at: datetime) -> None:
    if done_at > uow.clock():
        raise Refused(
            f"An assessment is signed once it was done; {windows.minute(done_at)} lies ahead. "
            "Nothing was signed.",
            field="done_at",
            next_step="Check the day and the time; times are in UTC.",
        )
    allocated_at = uow.get(Allocation, number, what="allocation").allocated_at
    if done_at < allocated_at.replace(second=0, microsecond=0):  # the minute counts whole
        raise Refused(
            f"Participant {number} was randomized {windows.minute(allocated_at)}; an assessment before that "
            "needs no statement that it was blind. Nothing was signed.",
            field="done_at",
            next_step="Check the day and the time; times are in UTC.",
        )


def _demand_unsigned(
    uow: UnitOfWork, person: Person, number: str, plan: AssessmentPlan, time_point: str
) -> None:
    # Two readers may each sign the same image; one person signs it once.
    signed = uow.all(Assessment, participant=number, assessment=plan.code, time_point=time_point)
    for one in signed:
        if uow.get(Signature, one.number, what="signature").account == person.account:
            raise Refused(
                f"You have signed {plan.label}, {time_point}, of this participant already: done "
                f"{windows.minute(one.done_at)}. Nothing was signed.",
                field="assessment",
                next_step="Choose another assessment or time point.",
            )
