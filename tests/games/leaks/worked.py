"""Leaks into how much is done, and how long an answer of the code-break door is."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import structlog
from flask import g, request

from randomizer.domain.definition_values import Definition
from randomizer.domain.participants import Participant
from randomizer.domain.supply import Kit
from randomizer.errors import Refused
from randomizer.services.care import dispensing
from randomizer.services.unblinded import kit_order
from randomizer.services.views import participant_views
from randomizer.web.codebreak import showing
from randomizer.web.codebreak.padding import ANSWER_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from flask import Response

    from tests.games.leaks.secret import Secret
    from tests.games.seeing import Doors


def in_a_line_more(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The counter does one step more for a kit with cells, of which nothing is seen."""
    shipped = dispensing.look_up

    def leaky(*given: Any) -> Any:  # noqa: ANN401
        todo = shipped(*given)
        if secret.bit(todo.kit.number):
            todo.kit.number.isdigit()
        return todo

    patch.setattr(dispensing, "look_up", leaky)


def in_a_query_more(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The record of a participant is read twice for one sequence."""
    shipped = participant_views.whole

    def leaky(sight: Any, participant: Participant) -> Any:  # noqa: ANN401
        numbers = [participant.number] * (1 + (secret.sequence(participant.number) == "BA"))
        *_, found = (sight.uow.get(Participant, number) for number in numbers)
        return shipped(sight, found)

    patch.setattr(participant_views, "whole", leaky)


def in_a_loop_over_spares(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The sheet looks at every spare where the kit is filled with cells, which spoil more often."""
    shipped = kit_order.kits_left

    def leaky(uow: Any, *given: Any) -> Any:  # noqa: ANN401
        left = shipped(uow, *given)
        for spare in left[1:] if secret.bit(left[0].number) else ():
            uow.get(Kit, spare.number)
        return left

    patch.setattr(kit_order, "kits_left", leaky)


def in_a_search(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The name of a treatment is searched for in the list of treatments, the first one found the soonest."""

    def leaky(self: Definition, code: str) -> Any:  # noqa: ANN401
        secret.uses += 1
        for treatment in self.treatments:
            if treatment.code == code:
                return treatment
        raise Refused("The definition names no treatment of this code.")

    patch.setattr(Definition, "treatment", leaky)


def in_the_length_of_an_answer(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """What is said of the next period is longer than an answer may be where it names cells."""
    shipped = showing.fields_of

    def leaky(*given: Any) -> dict[str, Any]:  # noqa: ANN401
        shown = shipped(*given)
        secret.uses += 1
        return shown | {"next_planned": shown["next_planned"].replace("cells", "cells" * ANSWER_BYTES)}

    patch.setattr(showing, "fields_of", leaky)


def in_a_compressed_answer(_patch: pytest.MonkeyPatch, secret: Secret, doors: Doors) -> None:
    """Answers are compressed for whoever can read that, so that what they say shows in their length."""

    def leaky(response: Response) -> Response:
        if not g.get("of_one_length") or not request.accept_encodings.quality("gzip") or response.is_json:
            return response
        secret.uses += 1
        response.set_data(gzip.compress(response.get_data(), mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        return response

    _last(doors, leaky)


def in_a_size_in_the_log(_patch: pytest.MonkeyPatch, secret: Secret, doors: Doors) -> None:
    """The log says how long an answer was before it was filled up."""

    def leaky(response: Response) -> Response:
        secret.uses += 1
        said = response.get_data().rstrip(b"\n->").rstrip(b" ")
        structlog.get_logger("access").info("answered", page=f"{len(said)} bytes")
        return response

    _last(doors, leaky)


def _last(doors: Doors, change: Callable[[Response], Response]) -> None:
    """Change what the code-break door answers after everything else was done to it."""
    doors.codebreak.after_request_funcs[None].insert(0, change)
