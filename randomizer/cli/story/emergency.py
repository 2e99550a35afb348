"""The story's code break: an on-call clinician at night, and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.people import Role
from randomizer.services import impact
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


def assess(cast: Cast, number: str) -> None:
    """Sign the impact assessment that the code break opened, so that the lock is free.

    Args:
        cast: Everybody who acts.
        number: Participant number.
    """
    for task in cast.serve(impact.open_tasks):
        if task.participant == number:
            cast.sign(
                impact.sign_impact, Role.SAFETY_PHYSICIAN, task.number, "No assessment came after the break."
            )
