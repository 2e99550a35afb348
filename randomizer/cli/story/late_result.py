"""The story's late result: the final sterility of a lot is out of limits, and turns out to be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.people import Role
from randomizer.domain.quality import Result
from randomizer.domain.records import TaskKind
from randomizer.services import impact
from randomizer.services.care import alerts
from randomizer.services.unblinded import quality

if TYPE_CHECKING:
    from randomizer.cli.story.cast import Cast
    from randomizer.services.unblinded.desk import Desk

TEST = "sterility"


def come(cast: Cast, desk: Desk, number: str, lot: str, result: Result) -> None:
    """Record the late result of a lot.

    Args:
        cast: Everybody who acts.
        desk: The code-break host's own.
        number: Participant number.
        lot: Number of the lot.
        result: Failed; or passed, which says that the failed one was wrong.
    """
    told = {"subject": lot, "test": TEST, "result": result, "corrects": result is Result.PASSED}
    cast.at_desk(quality.record_result, desk, Role.CLEARER, number, **told)


def acknowledge(cast: Cast, number: str, site: str) -> None:
    """The investigator signs for each kit that was handed out.

    Args:
        cast: Everybody who acts.
        number: Participant number.
        site: Their site.
    """
    for task in cast.serve(impact.open_tasks):
        if (task.participant, task.kind) == (number, TaskKind.QUALITY_ALERT):
            cast.sign(alerts.acknowledge, Role.INVESTIGATOR, task.number, site=site)
