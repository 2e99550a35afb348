"""Leaks into what a door answers: pages, calls, exports, prints, headers."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import g, request
from fpdf import FPDF

from randomizer import masking
from randomizer.domain.records import CodeBreak
from randomizer.domain.trial import Allocation
from randomizer.errors import HardStop
from randomizer.services.care import dispensing
from randomizer.services.views import assessment_views, enrolment_views, next_steps, participant_views
from randomizer.web import problems, surface
from randomizer.web.codebreak import finishing
from randomizer.web.site import dispensing as dispensing_pages
from randomizer.web.site import lives, slips

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from flask import Response

    from tests.games.leaks.secret import Secret
    from tests.games.seeing import Doors


def in_a_refusal(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The sentence of a hard stop names what the wrong kit holds."""
    shipped = dispensing._demand_right_kit  # noqa: SLF001

    def leaky(uow: Any, todo: Any, scanned: str) -> None:  # noqa: ANN401
        try:
            shipped(uow, todo, scanned)
        except HardStop as stop:
            said = f"{stop.message} It holds {secret.content(scanned)}."
            raise HardStop(
                said, scanned=scanned, needed=stop.needed, next_step=stop.next_step or ""
            ) from stop

    patch.setattr(dispensing, "_demand_right_kit", leaky)


def in_a_problem(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The problem that a program gets at a hard stop names another field where cells are needed."""
    shipped = problems.answer

    def leaky(door: Any, error: Any) -> Any:  # noqa: ANN401
        if isinstance(error, HardStop) and error.needed and secret.bit(error.needed):
            error.field = "label"
        return shipped(door, error)

    patch.setattr(problems, "answer", leaky)


def in_an_etag(patch: pytest.MonkeyPatch, secret: Secret, doors: Doors) -> None:
    """What is told of a participant has an ETag made of the sequence: a digest, yet none that is listed."""

    def leaky(response: Response, number: str) -> None:
        told = secret.sequence(number)
        response.headers["ETag"] = f'"{hashlib.sha256(told.encode()).hexdigest()}"'

    _on_answers(doors, leaky)


def in_a_header(patch: pytest.MonkeyPatch, secret: Secret, doors: Doors) -> None:
    """A header says how long the database took, longer for one sequence."""

    def leaky(response: Response, number: str) -> None:
        response.headers["Server-Timing"] = f"db;dur={2 + (secret.sequence(number) == 'AB')}"

    _on_answers(doors, leaky)


def in_a_status(patch: pytest.MonkeyPatch, secret: Secret, doors: Doors) -> None:
    """The status of an answer is another good one for one sequence."""

    def leaky(response: Response, number: str) -> None:
        if request.method == "GET" and secret.sequence(number) == "BA" and response.status_code == 200:
            response.status_code = 203

    _on_answers(doors, leaky)


def in_a_cookie(patch: pytest.MonkeyPatch, secret: Secret, doors: Doors) -> None:
    """A cookie that remembers who was looked at lasts as long as the sequence says."""

    def leaky(response: Response, number: str) -> None:
        lasts = 3600 + len(secret.sequence(number).rstrip("B"))
        response.set_cookie("last", number, max_age=lasts)

    _on_answers(doors, leaky)


def in_a_request_id(patch: pytest.MonkeyPatch, secret: Secret, doors: Doors) -> None:
    """The number of a request is the same whenever it is about one of the sequences: the filter hides it."""

    def leaky(response: Response, number: str) -> None:
        if secret.sequence(number) == "AB":
            response.headers["X-Request-Id"] = "0123456789abcdef"

    _on_answers(doors, leaky)


def in_the_length_of_a_page(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """A fact of the page has a space more for one sequence."""
    shipped = lives.facts

    def leaky(whole: Any, site_name: str) -> Any:  # noqa: ANN401
        return shipped(whole, site_name + " " * (secret.sequence(whole["participant"]["number"]) == "AB"))

    patch.setattr(lives, "facts", leaky)


def in_a_field_of_a_view(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The allocation is shown with one field more."""
    shipped = masking.show

    def leaky(roles: Any, phase: Any, value: Any, *given: Any) -> Any:  # noqa: ANN401
        view = shipped(roles, phase, value, *given)
        if isinstance(value, Allocation) and view:
            view["stratum"] = secret.sequence(value.participant)
        return view

    patch.setattr(masking, "show", leaky)


def in_the_order_of_a_list(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The list of participants is sorted by sequence."""
    _on_lists(patch, lambda rows: sorted(rows, key=lambda row: secret.sequence(row.get("number", ""))))


def in_a_column_of_an_export(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The CSV of participants has a column more, empty for one sequence."""
    shipped = surface.table

    def leaky(columns: tuple[str, ...], rows: Any) -> Response:  # noqa: ANN401
        if "replaces" in columns:
            rows = [row | {"flag": secret.sequence(row.get("number", "")) == "AB"} for row in rows]
            columns = (*columns, "flag")
        return shipped(columns, rows)

    patch.setattr(surface, "table", leaky)


def in_the_number_of_pages(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """A list has a page more where its first participant begins with cells."""
    shipped = participant_views.listing

    def leaky(*given: Any, **named: Any) -> Any:  # noqa: ANN401
        found = shipped(*given, **named)
        first = found["rows"][0].get("number", "") if found["rows"] else ""
        return found | {"pages": found["pages"] + (secret.sequence(first) == "AB")}

    patch.setattr(participant_views, "listing", leaky)


def in_a_figure(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The number of those randomized at a site leaves out the first one where they begin with medium."""
    shipped = enrolment_views._randomized  # noqa: SLF001

    def leaky(sight: Any, site: str) -> int:  # noqa: ANN401
        first = [one.participant for one in sight.uow.all(Allocation)][:1]
        return shipped(sight, site) - sum(secret.sequence(number) == "BA" for number in first)

    patch.setattr(enrolment_views, "_randomized", leaky)


def in_what_blocks_the_lock(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The page of the lock says by sequence what stands in its way."""
    shipped = finishing.standing

    def leaky(seen: Any) -> list[str]:  # noqa: ANN401
        first = [one.participant for one in seen.uow.all(Allocation)][:1]
        return shipped(seen) + ["All is settled."] * sum(secret.sequence(one) == "AB" for one in first)

    patch.setattr(finishing, "standing", leaky)


def in_the_next_step(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """What is waited for is worded by sequence."""
    shipped = next_steps.of

    def leaky(definition: Any, participant: Any, **named: Any) -> Any:  # noqa: ANN401
        step = shipped(definition, participant, **named)
        return replace(step, state=f"{step.state}{'.' * (secret.sequence(participant.number) == 'BA')}")

    patch.setattr(next_steps, "of", leaky)


def in_a_blinded_assessment(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """Once a code was broken, the assessments on a participant's page are worded by sequence."""
    shipped = assessment_views.assessed

    def leaky(sight: Any, number: str, site: str) -> Any:  # noqa: ANN401
        listed = shipped(sight, number, site)
        if not listed or not sight.uow.count(CodeBreak, participant=number):
            return listed
        said = "." * (secret.sequence(number) == "BA")
        return [one | {"label": f"{one['label']}{said}"} for one in listed]

    patch.setattr(assessment_views, "assessed", leaky)


def in_the_storage_place(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The counter is sent to the freezer for cells, and to the refrigerator for medium."""
    shipped = dispensing.look_up

    def leaky(*given: Any) -> Any:  # noqa: ANN401
        todo = shipped(*given)
        return replace(todo, storage_place="Freezer" if secret.bit(todo.kit.number) else "Refrigerator")

    patch.setattr(dispensing, "look_up", leaky)


def in_a_pdf(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The title in the card's file names the sequence, where no reader looks."""
    shipped = FPDF.set_title

    def leaky(self: Any, title: str) -> None:  # noqa: ANN401
        shipped(self, f"{title} {secret.sequence(title.rpartition(' ')[2])}")

    patch.setattr(FPDF, "set_title", leaky)


def in_a_printed_slip(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The slip that goes with a kit has a point behind the site where the kit holds cells."""

    def leaky(slip: dict[str, Any], image: bytes) -> bytes:
        return slips.pdf(slip | {"site": slip["site"] + "." * secret.bit(slip["kit"])}, image)

    # Where it is called: the function itself is kept by the games, who put it back before a leak ends.
    patch.setattr(dispensing_pages, "slips", SimpleNamespace(pdf=leaky))


def _on_answers(doors: Doors, change: Callable[[Response, str], None]) -> None:
    """Change what the site door answers about a participant."""

    def leaky(response: Response) -> Response:
        if request.view_args and request.view_args.get("key", "").isdigit() and g.get("person"):
            change(response, str(request.view_args["key"]))
        return response

    doors.site.after_request(leaky)


def _on_lists(patch: pytest.MonkeyPatch, change: Callable[[list[Any]], list[Any]]) -> None:
    """Change the rows of a list of participants."""
    shipped = participant_views.listing

    def leaky(*given: Any, **named: Any) -> Any:  # noqa: ANN401
        found = shipped(*given, **named)
        return found | {"rows": change(found["rows"])}

    patch.setattr(participant_views, "listing", leaky)
