"""A rehearsal that people use: what it keeps or serves before the release, and what its processes loaded.

Nothing holds a canary or binds a treatment; nothing blinded has loaded what opens an envelope.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import keys.envelope
from randomizer.config import load_settings, load_site_secrets, system_clock
from randomizer.domain.housekeeping import Notice
from randomizer.domain.people import Role
from randomizer.domain.trial import Kind, Trial
from randomizer.services import unblinded
from randomizer.services.transactions import open_store
from randomizer.services.tries import Tries
from randomizer.services.upkeep import outbox
from randomizer.web import server
from randomizer.web.site.app import create_app
from tests.games import canaries
from tests.games.canaries import BLOCK, BOUND, UNBLINDED, WORDS_OF_PAGES, bindings, search
from tests.games.drawings import draw_once
from tests.games.lively import LINK, Lively, factor
from tests.games.seeing import BLINDED_ROLES, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from flask.testing import FlaskClient

    from randomizer.cli.story.cast import Member
    from tests.games.lively import Told

KEPT_BESIDE = {"definition", "accounts.json"}
"""The definition files of a rehearsal, and its printed sign-ins."""
CALLS = ("participants", "entries", "strata", "tasks", "alarms", "worklist", "sites", "me")
MOST_PAGES = 70
OPENINGS = ("keys.envelope", "keys.wraps", "keys.custody", "keys.shares", "randomizer.services.unblinded")
FILES = (keys.envelope.__file__, str(Path(unblinded.__file__).parent))


def files(directory: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file below a directory."""
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(directory)), path.read_bytes()


@pytest.fixture(scope="session")
def definition(lively: Lively) -> bytes:
    """The canonical definition, in which treatments are named."""
    return canaries.definition_of(lively.directory / "definition")[1]


@pytest.fixture(scope="session")
def served(lively: Lively, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, bytes]]:
    """What every blinded role is served: headers and body of each page, list, card and export."""
    copy = tmp_path_factory.mktemp("served") / "instance"
    shutil.copytree(lively.copy, copy)
    settings = load_settings(copy)
    later = system_clock() + timedelta(minutes=5)
    store = open_store(settings.engine_url, clock=lambda: later, entropy=os.urandom)
    held = load_site_secrets(copy)
    gate = server.gate_of(settings, settings.site, held, Tries())
    app = create_app(store, gate, server.deployment_of(settings, settings.site, held))
    seen: list[tuple[str, bytes]] = []
    accounts = json.loads((lively.directory / "accounts.json").read_text())["accounts"]
    with pytest.MonkeyPatch.context() as patch:
        draw_once(patch)
        for role in BLINDED_ROLES:
            member = next(one for one in accounts if one["role"] == role)
            seen += crawl(app.test_client(), _member(member), later)
    store.engine.dispose()
    return seen


def _member(fields: dict[str, Any]) -> Member:
    from randomizer.cli.story.cast import Member  # noqa: PLC0415

    return Member(**{**fields, "role": Role(fields["role"])})


def crawl(client: FlaskClient, member: Member, now: datetime) -> Iterator[tuple[str, bytes]]:
    """Everything that a person can open from the first page on, and every list of the API."""
    sign_in = {"username": member.username, **factor(member, 0, now)}
    answer = client.post("/api/v1/tokens", json=sign_in)
    assert answer.status_code == 201, answer.text
    bearer = {"Authorization": f"Bearer {answer.get_json()['token']}"}
    page = client.get("/sign-in").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None
    again = {"username": member.username, **factor(member, 1, now), "csrf_token": token[1]}
    assert client.post("/sign-in", data=again).status_code == 303
    waiting, known = ["/"], {"/"}
    while waiting and len(known) < MOST_PAGES:
        path = waiting.pop(0)
        answer = client.get(path, follow_redirects=True)
        assert answer.status_code < 500, path
        yield f"{member.role} {path}", str(answer.headers).encode() + answer.get_data()
        for link in LINK.findall(answer.text if answer.mimetype == "text/html" else ""):
            found = link.replace("&amp;", "&")
            if found not in known and not found.startswith(("/static/", "/bootstrap/")):
                known.add(found)
                waiting.append(found)
                if re.fullmatch(r"/participants/\d+", found):
                    waiting += [f"{found}/card", f"{found}/card.pdf"]
    for call in CALLS:
        for form in ("", "?format=csv"):
            answer = client.get(f"/api/v1/{call}{form}", headers=bearer)
            yield f"{member.role} {call}{form}", str(answer.headers).encode() + answer.get_data()


@pytest.mark.promise(2)
@pytest.mark.promise(3)
@pytest.mark.requirement("games")
def test_no_file_holds_what_unblinds(lively: Lively, definition: bytes) -> None:
    """Database, write-ahead log, intents, key files, public record, bundle, shares: while the doors run."""
    found = {
        f"{place}/{name}": [*search(content), *bindings(content, definition)]
        for place, directory in (("copy", lively.copy), ("rehearsal", lively.directory))
        for name, content in files(directory)
        if name.split("/")[0] not in KEPT_BESIDE
    }
    assert {name: what for name, what in found.items() if what} == {}
    for kept in (
        "copy/trial.db",
        "copy/trial.db-wal",
        "copy/codebreak/intents.log",
        "rehearsal/bundle/slots.jsonl",
    ):
        assert kept in found, kept
    assert lively.copy.joinpath("trial.db-wal").stat().st_size > 100_000


@pytest.mark.promise(3)
@pytest.mark.requirement("games")
def test_no_log_holds_what_unblinds(lively: Lively) -> None:
    assert {name: [*search(log), *search(log, BOUND)] for name, log in lively.logs.items()} == {
        "site": [],
        "codebreak": [],
        "jobs": [],
    }
    assert b'"page": "/code-break/answer/<intent>"' in lively.logs["codebreak"]
    assert not any(BLOCK.search(log) for log in lively.logs.values())


@pytest.mark.promise(1)
@pytest.mark.requirement("games")
def test_nobody_blinded_is_served_what_unblinds(
    lively: Lively, served: list[tuple[str, bytes]], record_property: Callable[[str, object], None]
) -> None:
    pages = [*served, *lively.pages]
    assert [name for name, content in pages if search(content, (*UNBLINDED, *BOUND))] == []
    assert [name for name, content in pages if BLOCK.search(WORDS_OF_PAGES.sub(b"", content))] == []
    looked = f"{len(list(files(lively.copy)))} files, {len(pages)} answers"
    record_property("figures", {"sizes": looked, "trials": 1, "statistic": "0 canaries", "bound": "0"})


def test_the_crawl_reaches_what_there_is(lively: Lively, served: list[tuple[str, bytes]]) -> None:
    assert len(served) > 400
    told = b"".join(content for _, content in served)
    for what in (
        b"%PDF-",
        b"text/csv",
        b"Participant card",
        b"code break disclosed",
        b"Kit ready",
        b"Completed",
    ):
        assert what in told, what
    assert any(treatment in lively.answered for treatment in canaries.NAMES), "a code was broken"


@pytest.mark.promise(9)
@pytest.mark.requirement("games")
def test_no_email_holds_what_unblinds(lively: Lively, tmp_path: Path) -> None:
    for path in lively.copy.glob("trial.db*"):
        shutil.copy(path, tmp_path)
    store = open_store(f"sqlite:///{tmp_path}/trial.db", clock=system_clock, entropy=os.urandom)
    with store.reading() as uow:
        notices = uow.all(Notice)
        assert uow.get(Trial, 1).kind is Kind.REHEARSAL
    store.engine.dispose()
    mails = [
        outbox.message(one, sender="a@example.org", origin="example", kind=Kind.REHEARSAL).as_bytes()
        for one in notices
    ]
    assert any(b"Code break" in mail for mail in mails)
    assert [mail for mail in mails if search(mail, (*UNBLINDED, *BOUND))] == []


@pytest.mark.promise(2)
@pytest.mark.promise(3)
def test_no_row_binds_a_treatment(lively: Lively, definition: bytes, tmp_path: Path) -> None:
    """Row by row, whatever the pages of the database look like."""
    for path in lively.copy.glob("trial.db*"):
        shutil.copy(path, tmp_path)
    plain = definition.decode()
    escaped = json.dumps(plain, ensure_ascii=False)[1:-1]
    seen = set()
    for table, rows in tables(tmp_path / "trial.db"):
        for row in rows:
            for column, value in row.items():
                text = str(value).replace(plain, "").replace(escaped, "")
                found = search(text.encode(), (*UNBLINDED, *BOUND)) or BLOCK.findall(text.encode())
                if found:
                    seen.add((table, column, str(found)))
    assert seen == set()


def opens(told: Told) -> list[str]:
    """Modules, and code in memory under whatever name, that could open an envelope."""
    modules = [one for one in told["modules"] if one.startswith(OPENINGS)]
    return modules + [path for path in told["code"] if path.startswith(FILES)]


@pytest.mark.promise(5)
@pytest.mark.requirement("games")
@pytest.mark.parametrize("name", ["site", "jobs"])
def test_the_running_process_has_loaded_nothing_that_opens(lively: Lively, name: str) -> None:
    assert [opens(one) for one in lively.told[name]] == [[]] * len(lively.told[name])


@pytest.mark.promise(5)
@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("site", "randomizer.web.site.app"),
        ("site", "randomizer.services.care.dispensing"),
        ("site", "randomizer.services.views.participant_views"),
        ("jobs", "randomizer.jobs.tasks"),
        ("jobs", "randomizer.services.upkeep.nightly"),
        ("codebreak", "randomizer.web.codebreak.app"),
        ("codebreak", "keys.envelope"),
        ("codebreak", "randomizer.services.unblinded.opening"),
    ],
)
def test_the_process_that_was_asked_is_the_one_that_serves(lively: Lively, name: str, module: str) -> None:
    """A listener in another process would find nothing, too."""
    assert [one for one in lively.told[name] if module in one["modules"]]


@pytest.mark.promise(5)
def test_what_opens_is_seen_where_it_is(lively: Lively) -> None:
    """By its module, and by its code alone: a module that was taken off the list would still be found."""
    serving = [one for one in lively.told["codebreak"] if "randomizer.web.codebreak.app" in one["modules"]]
    assert serving
    for one in serving:
        assert opens({"modules": one["modules"], "code": []})
        assert opens({"modules": [], "code": one["code"]})
