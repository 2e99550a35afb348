"""The story's blinded assessments: each signed by an assessor who is blind, one of them corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.cli.story.plans import SCRIPTED
from randomizer.domain.people import Role
from randomizer.services.care import assessment_changes, assessments

if TYPE_CHECKING:
    from datetime import timedelta

    from randomizer.cli.story.cast import Cast
    from randomizer.domain.definition_values import AssessmentPlan, Definition
    from randomizer.domain.records import Assessment

EVERY = 50  # participants: a signature takes a tenth of the time of all else that is done for one
WRONG_DAY = "The day was read from the wrong line of the visit form."


def told_of(index: int) -> bool:
    """Whether the story tells what was assessed of a participant: all in the script, then every fiftieth.

    Args:
        index: 0-based count.
    """
    return index < len(SCRIPTED) or index % EVERY == 0


def planned(definition: Definition, nth: int) -> tuple[tuple[AssessmentPlan, str], ...]:
    """What an outcomes assessor assesses at a visit, each with its time point.

    Args:
        definition: The definition.
        nth: Which of the planned time points of each assessment, from 0.
    """
    theirs = (one for one in definition.assessments if Role.OUTCOMES_ASSESSOR in one.roles)
    return tuple((one, one.windows[nth].time_point) for one in theirs if len(one.windows) > nth)


def judge(cast: Cast, number: str, site: str, visit: tuple[tuple[AssessmentPlan, str], ...]) -> Assessment:
    """Sign what was assessed at a visit; gives the last one.

    Args:
        cast: Everybody who acts.
        number: Participant number.
        site: Their site.
        visit: What was assessed, at least one.
    """
    for plan, time_point in visit:
        signed = cast.sign(
            assessments.sign_assessment,
            Role.OUTCOMES_ASSESSOR,
            number,
            site=site,
            assessment=plan.code,
            time_point=time_point,
            done_at=cast.now,
        )
    return signed


def correct(cast: Cast, site: str, signed: Assessment, *, earlier: timedelta) -> None:
    """Correct the day of an assessment that was dated too late.

    Args:
        cast: Everybody who acts.
        site: Site of the participant.
        signed: The assessment.
        earlier: By how much.
    """
    cast.sign(
        assessment_changes.correct,
        Role.OUTCOMES_ASSESSOR,
        signed.number,
        site=site,
        assessment=signed.assessment,
        time_point=signed.time_point,
        done_at=signed.done_at - earlier,
        why=WRONG_DAY,
    )
