"""How long code breaks took, from the page of the participant to the answer on record; never whose it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.participants import Participant
from randomizer.domain.records import CodeBreak, Telling

if TYPE_CHECKING:
    from randomizer.masking import View
    from randomizer.services.views.sight import Sight

KIND = "AnswerTime"


def of(sight: Sight) -> list[View]:
    """Every answer whose page was opened before it, the oldest first.

    Args:
        sight: The person looking.

    Returns:
        answered_at, site, way and seconds of each, as the person may see it. A program that did not look at
        the participant first opened no page, and those from before it was recorded have no time.

    Raises:
        NotAllowed: The person sees no such times.
    """
    sight.demand(KIND, "seconds")
    tellings = {one.intent: one for one in sight.uow.all(Telling)}
    sites = {one.number: one.site for one in sight.uow.all(Participant)}
    found = []
    for one in sight.uow.all(CodeBreak, order="disclosed_at"):
        telling = tellings.get(one.intent)
        if one.disclosed_at is None or telling is None or telling.page_opened_at is None:
            continue
        seconds = int((one.disclosed_at - telling.page_opened_at).total_seconds())
        site = sites[one.participant]
        told = {"answered_at": one.disclosed_at, "site": site, "way": str(telling.way), "seconds": seconds}
        found.append(sight.show(told, site=site, kind=KIND))
    return [view for view in found if view]
