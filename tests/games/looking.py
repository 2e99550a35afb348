"""What is looked at in the games: every page and list of the doors, for one participant after another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.activated import SITE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Flask
    from werkzeug.routing import Rule

    from tests.games.seeing import Watched

PAGES = (
    "/",
    "/participants",
    "/enrolment",
    "/sites",
    "/tasks",
    "/alarms",
    "/accountability",
    "/accountability.csv",
    "/accountability/excursion",
    "/stock-takes",
    "/trail",
    "/trail?page=2",
    "/trail/90",
    "/trail/150",
    "/accounts",
    "/accounts/3",
    "/no-such-page",
)
LISTS = (
    *("participants", "worklist", "sites", "strata", "tasks", "alarms", "entries"),
    *("accountability", "stock-takes"),
)
OF_PARTICIPANT = (
    "",
    "/card",
    "/card.pdf",
    "/dispense",
    "/dispensed/1",
    "/dispensed/1/slip.pdf",
    "/book",
    "/randomize",
    "/infusion",
)
OF_KIT = ("", "/destruction", "/label", "/label.pdf", "/quarantine", "/missing", "/destroy")
AT_CODEBREAK = ("/", "/code-breaks", "/tasks", "/lock", "/preparation", "/clearance", "/release")
ENTRY, ACCOUNT, TAKE = "90", "3", "1"
SUBJECT = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Seen:
    """A participant that is looked at.

    Args:
        number: Participant number.
        kits: Those that were made ready.
    """

    number: str
    kits: tuple[str, ...]


def look_around(somebody: Watched, participants: Iterable[Seen]) -> None:
    """Open what people look at day by day, and read each list as a program and as a file."""
    for path in PAGES:
        somebody.get(path)
    for kind in LISTS:
        somebody.ask(f"/{kind}")
        somebody.ask(f"/{kind}?format=csv")
    for one in participants:
        for part in OF_PARTICIPANT:
            somebody.get(f"/participants/{one.number}{part}")
        somebody.ask(f"/participants/{one.number}")
        for kit in one.kits:
            for part in OF_KIT:
                somebody.get(f"/kits/{kit}{part}")
            somebody.ask(f"/kits/{kit}")


def open_every_page(somebody: Watched, door: Flask, participant: Seen) -> None:
    """Open every address that the site door has, the pages of acts included, whether or not it answers."""
    for rule in pages_of(door):
        path = filled(rule.rule, participant)
        if path.startswith("/api/v1"):
            somebody.ask(path.removeprefix("/api/v1"))
        else:
            somebody.get(path)


def pages_of(door: Flask) -> list[Rule]:
    """Every address of a door to be opened without changing anything; style sheets and scripts aside."""
    rules = (rule for rule in door.url_map.iter_rules() if not rule.endpoint.endswith("static"))
    return sorted((rule for rule in rules if "GET" in (rule.methods or ())), key=lambda rule: rule.rule)


def filled(rule: str, participant: Seen) -> str:
    """An address with what stands in the trial in the place of each variable."""
    kind = rule.removeprefix("/api/v1").split("/")[1]
    subjects = {
        "participants": participant.number,
        "kits": participant.kits[-1],
        "sites": SITE,
        "stock-takes": TAKE,
    }
    named = {"number": ACCOUNT if kind == "accounts" else ENTRY, "period": "1"}
    return SUBJECT.sub(lambda found: named.get(found[1], subjects.get(kind, ENTRY)), rule)


def look_at_codebreak(somebody: Watched, numbers: Iterable[str]) -> None:
    """Open what somebody blinded sees at the code-break door."""
    for path in AT_CODEBREAK:
        somebody.get(path)
    for kind in ("code-breaks", "tasks", "lock", "preparations", "clearances"):
        somebody.ask(f"/{kind}")
    for number in numbers:
        somebody.get(f"/code-break/{number}")
        somebody.get(f"/code-break/{number}/reason")
        somebody.ask(f"/participants/{number}/code-break")
