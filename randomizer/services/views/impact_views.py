"""What an impact assessment looks at: from when on somebody knew, who, and what was signed since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.participants import Participant
from randomizer.domain.records import Assessment, CodeBreak, Signature, Task, TaskKind
from randomizer.services import exposure, impact
from randomizer.services.views import assessment_views, participant_views

if TYPE_CHECKING:
    from collections.abc import Collection

    from randomizer.masking import View
    from randomizer.services.views.sight import Sight

WITHOUT_ACCOUNT = "Somebody without an account"


def of(sight: Sight, number: int) -> View:
    """What came after the code break that a task is about, as the person may see it.

    Args:
        sight: The person looking.
        number: Number of the task.

    Returns:
        exposed_at, known_by (a name), assessments (blinded ones that were signed, corrected or struck out
        since, by when they were done), knew (numbers of those that stand and that the person who knew signed
        since); of a task that is no impact assessment: nothing.
    """
    task = sight.uow.get(Task, number, what="task")
    if task.kind is not TaskKind.IMPACT_ASSESSMENT:
        return {}
    site = sight.uow.get(Participant, task.participant, what="participant").site
    found = {
        "exposed_at": impact.exposed_at(sight.uow, task),
        "known_by": _known_by(sight, task),
        "assessments": assessed_since(sight, (number,)),
        "knew": _by_whoever_knew(sight, task),
    }
    return sight.show(found, site=site, kind="Impact")


def assessed_since(sight: Sight, numbers: Collection[int]) -> list[View]:
    """The blinded assessments signed, corrected or struck out since the code break of each task, by date."""
    tasks = sight.uow.all(Task, number=list(numbers))
    people = sight.uow.all(Participant, number=[task.participant for task in tasks])
    sites = {one.number: one.site for one in people}
    since = impact.assessed_since(sight.uow, *tasks)
    rows = (
        assessment_views.signed(sight, one, sites[task.participant])
        for task in tasks
        for one in since[task.number]
    )
    return [row for row in rows if row]


def _known_by(sight: Sight, task: Task) -> str:
    """Who was shown what the participant was given."""
    account = _reader(sight, task)
    return participant_views.printed_name(sight, account) if account else WITHOUT_ACCOUNT


def _reader(sight: Sight, task: Task) -> int:
    """Number of the account of whoever was shown what the participant was given, 0 without one."""
    shown = [
        one for one in sight.uow.all(CodeBreak, participant=task.participant) if one.entry == task.number
    ]
    return exposure.reader_of(sight.uow, shown[0]) if shown else exposure.opener_of(sight.uow, task.number)


def _by_whoever_knew(sight: Sight, task: Task) -> list[int]:
    """Numbers of the blinded assessments that stand although the person who knew signed them since.

    The door refuses that; what was entered late from the file of intents, or reported, can still be so.
    """
    since, reader = impact.exposed_at(sight.uow, task), _reader(sight, task)
    standing = sight.uow.all(Assessment, participant=task.participant, struck=False)
    made = {one.number: sight.uow.get(Signature, one.number, what="signature") for one in standing}
    return [number for number, by in made.items() if by.account == reader and by.signed_at >= since]
