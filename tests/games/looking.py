"""What is looked at in the games: every page and list of the doors, for one participant after another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from randomizer.domain.people import Role
from tests.activated import SITE
from tests.games.seeing import BLINDED_ROLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flask import Flask
    from werkzeug.routing import Rule
    from werkzeug.test import TestResponse

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
OF_PARTICIPANT = ("", "/dispense", "/dispensed/1", "/book", "/randomize", "/infusion")
OF_KIT = ("", "/quarantine", "/missing", "/destroy")
PRINTED = {
    "participants": ("/card", "/card.pdf", "/dispensed/1/slip.pdf"),
    "kits": ("/destruction", "/label", "/label.pdf"),
}
"""What is printed of each. A few people look at each print, the others at one of a kind."""
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


@dataclass(frozen=True)
class Audience:
    """Who looks at everything at the end, and at whom; if at anybody, a pharmacist looks on the way as well.

    Args:
        site: Roles at the site door.
        codebreak: Roles at the code-break door.
        looked_at: Participants whose pages are opened.
        others: Whether somebody looks on the way who waits for nothing, and somebody of another site.
    """

    site: tuple[Role, ...]
    codebreak: tuple[Role, ...]
    looked_at: tuple[str, ...]
    others: bool


EVERYBODY = Audience(
    BLINDED_ROLES,
    (Role.INVESTIGATOR, Role.SAFETY_PHYSICIAN, Role.SPONSOR, Role.DATA_MANAGER),
    ("whole", "spoilt", "cultured twice"),
    others=True,
)
A_FEW = Audience((Role.TRIAL_MANAGER,), (Role.INVESTIGATOR,), ("whole",), others=False)
"""Enough for a leaky build: what it leaks is seen by whoever looks."""
NOBODY = Audience((), (), (), others=False)


def look_around(somebody: Watched, participants: Iterable[Seen], *, prints: bool = False) -> None:
    """Open what people look at day by day, and read each list as a program.

    Args:
        somebody: Who is in.
        participants: At whom they look.
        prints: Whether they look at each print and take each list as a file, and not only at one of a kind.
    """
    for path in PAGES:
        somebody.get(path)
    for kind in LISTS:
        somebody.ask(f"/{kind}")
        if prints:
            somebody.ask(f"/{kind}?format=csv")
    look_closely(somebody, participants, prints=prints)


def look_closely(somebody: Watched, participants: Iterable[Seen], *, prints: bool) -> None:
    """Open the pages of participants and of their kits.

    Whoever may not see one of a kind, because of who they are, may see none: they are refused it once.

    Args:
        somebody: As `look_around` takes it.
        participants: Likewise.
        prints: Likewise.
    """
    seen = list(participants)
    numbers, kits = [one.number for one in seen], [kit for one in seen for kit in one.kits]
    for kind, parts, keys in (("participants", OF_PARTICIPANT, numbers), ("kits", OF_KIT, kits)):
        for look, part in [(somebody.get, part) for part in parts] + [(somebody.ask, "")]:
            _look(look, kind, part, keys)
        for part in PRINTED[kind]:
            _look(somebody.get, kind, part, keys if prints else keys[:1])


def _look(look: Callable[[str], TestResponse], kind: str, part: str, keys: list[str]) -> None:
    for key in keys:
        if look(f"/{kind}/{key}{part}").status_code == HTTPStatus.FORBIDDEN:
            return


def open_every_page(somebody: Watched, door: Flask, participant: Seen, within: str = "/") -> None:
    """Open every address that the site door has, the pages of acts included, whether or not it answers.

    Args:
        somebody: Who is in.
        door: The site door.
        participant: About whom.
        within: Where the addresses begin that are opened.
    """
    for rule in pages_of(door):
        if not rule.rule.startswith(within):
            continue
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
