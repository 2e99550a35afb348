"""The story's code break: an on-call clinician at night, and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.people import Role
from randomizer.domain.records import TaskKind
from randomizer.services import afterwards, impact
from randomizer.services.unblinded import unblinding

if TYPE_CHECKING:
    from randomizer.cli.story.cast import Cast
    from randomizer.services.unblinded.answers import Answer
    from randomizer.services.unblinded.desk import Desk

WHY = "Anaphylaxis in the night after the infusion; treatment depends on what was given."


def break_code(cast: Cast, desk: Desk, number: str) -> Answer:
    """Break the code of one participant, as an on-call clinician would for a doctor who telephones.

    Args:
        cast: Everybody who acts.
        desk: The code-break host's own.
        number: Participant number.
    """
    person = cast.person(Role.ON_CALL)
    reason = "emergency"
    step_up = cast.step_up(Role.ON_CALL)
    cast.settle()
    intent = unblinding.intend(desk, person, step_up, participant=number, reason=reason, text=WHY)
    return unblinding.disclose(desk, person, intent)


def assess(cast: Cast, number: str, site: str) -> None:
    """Sign what the code break asks for, so that the lock is free.

    Args:
        cast: Everybody who acts.
        number: Participant number.
        site: Their site.
    """
    for task in cast.serve(impact.open_tasks):
        if task.participant != number:
            continue
        if task.kind is TaskKind.IMPACT_ASSESSMENT:
            done = "No assessment came after the break."
            cast.sign(impact.sign_impact, Role.SAFETY_PHYSICIAN, task.number, done)
        elif task.kind is TaskKind.TREATMENT_DECISION:
            cast.sign(
                afterwards.decide,
                Role.INVESTIGATOR,
                task.number,
                site=site,
                treatment=afterwards.GOES_ON,
                why="The reaction has passed; the second infusion is wanted.",
            )
        elif task.kind is TaskKind.EXPLANATION:
            cast.sign(afterwards.explain, Role.INVESTIGATOR, task.number, WHY, site=site)
