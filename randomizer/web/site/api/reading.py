"""Tokens and lists of the API."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

from flask import Response  # noqa: TC002 - read at run time by the API
from flask_openapi.models.schema import Schema
from pydantic import BaseModel, ConfigDict, Field

from randomizer.services.views import (
    accountability,
    enrolment_views,
    entry_view,
    kit_views,
    participant_views,
    sight,
    stock_views,
    trail_views,
    worklist,
)
from randomizer.web import auth, exchange
from randomizer.web.site.api import answers
from randomizer.web.site.api.doing import PARTICIPANT, STOCK_TAKE, Key
from randomizer.web.site.api.surface import api
from randomizer.web.site.kit_acts import OfKit
from randomizer.web.site.pages import looking
from randomizer.web.surface import CSV, answer, listed, text

if TYPE_CHECKING:
    from typing import Any


CSV_ROWS = 5000  # on one page
LAST_PAGE = 999_999
LAST_ENTRY = 2**31 - 1
KIT = OfKit()


class List(BaseModel):
    """How a list is wanted."""

    model_config = ConfigDict(extra="forbid")
    format: Literal["json", "csv"] = "json"


class Page(List):
    """One page of a list."""

    page: Annotated[int, Field(ge=1, le=LAST_PAGE)] = 1


class ParticipantPage(Page):
    """Which participants."""

    site: exchange.Short = ""
    state: exchange.Short = ""


class Movements(List):
    """Which movements of kits."""

    site: exchange.Short = ""
    participant: exchange.Short = ""
    kit: exchange.Short = ""


class EntryPage(Page):
    """Which entries."""

    participant: exchange.Short = ""


class Number(BaseModel):
    """Which entry."""

    number: Annotated[int, Field(ge=0, le=LAST_ENTRY)]


def _of(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    for name, part in schema.pop("$defs", {}).items():
        api.components_schemas[name] = Schema(**part)
    return {
        "description": "OK",
        "content": {"application/json": {"schema": schema}, CSV: {"schema": {"type": "string"}}},
    }


exchange.offer_tokens(api)
exchange.offer_trial(api)


@api.get("/me", responses={200: answers.Me})
def me() -> Response:
    """Who asks."""
    person = auth.person()
    roles = [{"role": role, "site": site} for role, site in sorted(person.grants)]
    return answer(text({"username": person.username, "printed_name": person.printed_name, "roles": roles}))


@api.get("/participants", responses={200: _of(answers.Participants)})
def list_participants(query: ParticipantPage) -> Response:
    """Participants of the caller's sites."""
    as_csv = query.format == "csv"
    with looking() as seen:
        found = participant_views.listing(
            seen, site=query.site, state=query.state, page=query.page, size=_size(as_csv=as_csv)
        )
    return listed(answers.Participants, found, answers.Participant, as_csv=as_csv)


@api.get("/participants/<key>", responses={200: answers.ParticipantAnswer})
def one_participant(path: Key) -> Response:
    """One participant."""
    with looking() as seen:
        return answer(text(PARTICIPANT.answer(seen, path.key)))


@api.get("/kits/<key>", responses={200: answers.KitAnswer})
def one_kit(path: Key) -> Response:
    """One kit, from when it became ready."""
    with looking() as seen:
        return answer(text(KIT.answer(seen, path.key)))


@api.get("/accountability", responses={200: _of(answers.Accountability)})
def list_movements(query: Movements) -> Response:
    """The accountability log of the caller's sites."""
    with looking() as seen:
        found = accountability.log(seen, site=query.site, participant=query.participant, kit=query.kit)
    return listed(answers.Accountability, found, answers.Movement, as_csv=query.format == "csv")


@api.get("/stock-takes", responses={200: _of(answers.StockTakes)})
def list_stock_takes(query: List) -> Response:
    """Stock takes of the caller's sites."""
    with looking() as seen:
        found = stock_views.listing(seen)
    return listed(answers.StockTakes, {"rows": found}, answers.StockTake, as_csv=query.format == "csv")


@api.get("/stock-takes/<key>", responses={200: answers.StockTakeAnswer})
def one_stock_take(path: Key) -> Response:
    """One stock take with what was scanned."""
    with looking() as seen:
        return answer(text(STOCK_TAKE.answer(seen, path.key)))


@api.get("/worklist", responses={200: _of(answers.Worklist)})
def list_work(query: List) -> Response:
    """What waits for the caller."""
    with looking() as seen:
        seen.demand("NextStep", "what")
        found = worklist.of(seen)
    return listed(answers.Worklist, found, answers.Work, as_csv=query.format == "csv")


@api.get("/sites", responses={200: _of(answers.Sites)})
def list_sites(query: List) -> Response:
    """Every site."""
    with looking() as seen:
        seen.demand("SiteStatus", "state")
        found = enrolment_views.sites(seen)
    return listed(answers.Sites, {"rows": found}, answers.Site, as_csv=query.format == "csv")


@api.get("/strata", responses={200: _of(answers.Strata)})
def list_strata(query: List) -> Response:
    """How far the strata are used."""
    with looking() as seen:
        seen.demand("StratumStatus", "capacity")
        found = enrolment_views.strata(seen)
    return listed(answers.Strata, {"rows": found}, answers.Stratum, as_csv=query.format == "csv")


@api.get("/tasks", responses={200: _of(answers.Tasks)})
def list_tasks(query: List) -> Response:
    """Open tasks."""
    with looking() as seen:
        seen.demand("Task", "kind")
        found = [*worklist.tasks(seen), *stock_views.tasks(seen), *kit_views.to_destroy(seen)]
    return listed(answers.Tasks, {"rows": found}, exchange.Task, as_csv=query.format == "csv")


@api.get("/alarms", responses={200: _of(answers.Alarms)})
def list_alarms(query: List) -> Response:
    """Every alarm."""
    with looking() as seen:
        seen.demand("Alarm", "kind")
        found = trail_views.alarms(seen)
    return listed(answers.Alarms, {"rows": found}, answers.Alarm, as_csv=query.format == "csv")


@api.get("/entries", responses={200: _of(answers.Entries)})
def list_entries(query: EntryPage) -> Response:
    """The trail, newest entry first."""
    as_csv = query.format == "csv"
    with looking() as seen:
        found = trail_views.entries(
            seen, page=query.page, participant=query.participant, size=_size(as_csv=as_csv)
        )
    return listed(answers.Entries, found, answers.Entry, as_csv=as_csv)


@api.get("/entries/<int:number>", responses={200: answers.WholeEntry})
def one_entry(path: Number) -> Response:
    """One entry: who, when, why, and what it changed."""
    with looking() as seen:
        found = entry_view.entry(seen, path.number)
    whole = found["row"] | {name: found[name] for name in ("why", "erased_by", "elsewhere")}
    whole["signed"] = [{"name": name, "value": value} for name, value in found["signed"]]
    whole["changes"] = [asdict(change) for change in found["changes"]]
    return answer(text(whole))


def _size(*, as_csv: bool) -> int:
    return CSV_ROWS if as_csv else sight.PAGE
