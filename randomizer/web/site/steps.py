"""Where the next step of a participant is done, and its row on a worklist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import url_for

from randomizer.domain.acts import Act
from randomizer.web import words
from randomizer.web.site.act_pages import TABLES, endpoint

if TYPE_CHECKING:
    from datetime import date

OWN_PAGES = {Act.ELIGIBILITY_SIGNED: "eligibility", Act.KIT_DISPENSED: "dispense"}
TITLES = {Act.ELIGIBILITY_SIGNED: "Confirm eligibility", Act.KIT_DISPENSED: "Dispense the kit"}


def url(act: Act, number: str) -> str:
    """The page on which an act on a participant is done."""
    if act in OWN_PAGES:
        return url_for(f"site.{OWN_PAGES[act]}", key=number)
    subject, pages, _ = TABLES[0]
    page = next(page for page in pages if page.act is act)
    return url_for(f"site.{endpoint(subject, page)}", key=number)


def others(acts: frozenset[Act], main: Act | None, number: str) -> list[tuple[str, str]]:
    """Title and URL of the acts that are possible besides the next step.

    A kit is handed out as the next step or not at all: at any other time the page would only stop.
    """
    acts -= {Act.KIT_DISPENSED}
    found = [(TITLES[act], url(act, number)) for act in OWN_PAGES if act in acts and act is not main]
    return found + [
        (page.title, url(page.act, number))
        for page in TABLES[0][1]
        if page.act in acts and page.act is not main
    ]


def on_kit(acts: frozenset[Act], number: str) -> list[tuple[str, str]]:
    """Title and URL of the acts on a kit."""
    subject, pages = next((one, pages) for one, pages, _ in TABLES if one.name == "kit")
    return [
        (page.title, url_for(f"site.{endpoint(subject, page)}", key=number))
        for page in pages
        if page.act in acts
    ]


def row(work: dict[str, Any], periods: int, today: date) -> dict[str, Any]:
    """A row of the worklist in words."""
    return {
        "due": words.due(work["due"], today) if work.get("due") else "Any time",
        "participant": work["participant"],
        "period": f"{work['period']} of {periods}" if work.get("period") else words.NONE,
        "what": work["what"],
        "url": url(work["act"], work["participant"])
        if work["act"]
        else url_for("site.participant", key=work["participant"]),
        "expires_at": work.get("expires_at"),
        "state": work["state"],
        "kind": work["kind"],
    }


def assessment(due: dict[str, Any]) -> dict[str, Any]:
    """A row of the blinded assessments that are due, in words."""
    chosen = {"assessment": due["assessment"], "time_point": due["time_point"]}
    return {
        "due": words.day(due["closes_on"]),
        "participant": due["participant"],
        "time_point": words.capital(due["time_point"]),
        "what": due["label"],
        "url": f"{url(Act.ASSESSMENT_SIGNED, due['participant'])}?{urlencode(chosen)}",
        "state": "Overdue" if due["overdue"] else "Due",
        "kind": "overdue" if due["overdue"] else "due",
    }


def coming(work: dict[str, Any] | None) -> str | None:
    """The soonest thing that opens later, as a sentence."""
    if not work:
        return None
    act = f"{work['what'][0].lower()}{work['what'][1:]}"
    return f"Next: {act} for participant {work['participant']}, period {work['period']}. {work['state']}."
