"""Everything that a blinded person, or somebody with a copy of the database, could see; in order."""

from __future__ import annotations

import io
import json
import logging
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import flask.sessions
import flask_wtf.csrf
import itsdangerous.timed
import pytest
import structlog

from keys.stream import Stream
from randomizer.domain.housekeeping import Notice
from randomizer.domain.people import Role
from randomizer.domain.trial import Kind
from randomizer.logging_setup import configure_logging
from randomizer.services.upkeep import outbox, publishing
from randomizer.web.codebreak.app import create_app as codebreak_door
from randomizer.web.door import DoorSettings
from randomizer.web.site.app import create_app as site_door
from tests.activated import ORIGIN, PASSWORD, SITE, TOTP_STEP_SECONDS, username
from tests.games.drawings import draw_once
from tests.games.placeholders import Placeholders
from tests.web.phones import hidden

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from randomizer.store.work import Clock
    from tests.activated import Instance
    from tests.games.sealings import World

NOT_IDLE = timedelta(minutes=29)  # as long as a session or a token counts that nobody used since
SETTINGS = DoorSettings(
    session_secret="of the games", https=False, relying_party="localhost", origin="http://localhost"
)
HIDDEN_TABLES = ("sqlite_", "alembic_")


@dataclass
class Recording:
    """Name and bytes of everything that was seen."""

    seen: list[tuple[str, bytes]] = field(default_factory=list)
    _filter: Placeholders = field(default_factory=Placeholders)
    _listed: list[tuple[str, bytes]] = field(default_factory=list)

    def add(self, name: str, content: bytes) -> None:
        """Keep something under a name."""
        self.seen.append((name, content))

    def behind_the_filter(self) -> Iterator[tuple[str, bytes]]:
        """All of it, one after the other, with placeholders; each is worked out once, however often asked."""
        for number, (name, content) in enumerate(self.seen):
            if number == len(self._listed):
                self._listed.append((name, self._filter.put(content)))
            yield self._listed[number]

    def text(self) -> str:
        """All of it, for a search."""
        return "\n".join(content.decode(errors="replace") for _, content in self.seen)

    def answer(self, who: str, method: str, path: str, answer: TestResponse) -> TestResponse:
        """Keep an answer: status, headers in their order, body."""
        headers = "".join(f"{name}: {value}\n" for name, value in answer.headers)
        head = f"{answer.status}\n{headers}\n".encode()
        self.add(f"{who}: {method} {path}", head + answer.get_data())
        return answer


class Caught(AssertionError):
    """What could be seen differs from what could be seen of the other instance."""


@dataclass
class Comparing(Recording):
    """A recording that stops where it differs from another one behind the filter."""

    other: Iterator[tuple[str, bytes]] = field(default_factory=lambda: iter(()))

    def add(self, name: str, content: bytes) -> None:
        """Keep something; it must be the same, and in the same place.

        Raises:
            Caught: It is not.
        """
        super().add(name, content)
        expected = next(self.other, None)
        if expected is None or expected[0] != name:
            raise Caught(f"{name}: not what was seen there before")
        if self._filter.put(content) != expected[1]:
            raise Caught(name)


@dataclass
class Watched:
    """Somebody at a door; every answer is recorded."""

    instance: Instance
    client: FlaskClient
    recording: Recording
    role: Role
    site: str = SITE
    token: str = ""

    @property
    def name(self) -> str:
        """As in the recording."""
        return username(self.role, self.site)

    def enter(self) -> Watched:
        """Sign in through the page."""
        self.post("/sign-in", {"username": self.name}, sign=True)
        return self

    def bearer(self) -> dict[str, str]:
        """What a call carries: the token, which is asked for once there is something to call."""
        if not self.token:
            got = self.client.post("/api/v1/tokens", json={"username": self.name, **self.factor()})
            assert got.status_code == 201, got.text
            self.token = got.get_json()["token"]
        return {"Authorization": f"Bearer {self.token}"}

    def get(self, path: str, status: int = 0) -> TestResponse:
        """Open a page."""
        answer = self.recording.answer(self.name, "GET", path, self.client.get(path, buffered=True))
        assert status in {0, answer.status_code}, (path, answer.status_code, answer.text[:2000])
        assert answer.status_code < 500, answer.text
        return answer

    def post(
        self, path: str, data: dict[str, str] | None = None, status: int = 303, *, sign: bool = False
    ) -> TestResponse:
        """Send the form of a page."""
        page = self.client.get(path).text
        return self.send(path, page, (data or {}) | (self.factor() if sign else {}), status)

    def send(self, path: str, page: str, data: dict[str, str], status: int = 303) -> TestResponse:
        """Send the form of a page that was opened before."""
        answer = self.client.post(path, data=hidden(page) | data)
        self.recording.answer(self.name, "POST", path, answer)
        assert status in {0, answer.status_code}, (path, answer.status_code, answer.text[:4000])
        return answer

    def ask(self, path: str) -> TestResponse:
        """Read from the API."""
        answer = self.client.get(f"/api/v1{path}", headers=self.bearer())
        assert answer.status_code < 500, answer.text
        return self.recording.answer(self.name, "GET", f"/api/v1{path}", answer)

    def tell(self, path: str, body: dict[str, Any], status: int = 200, *, sign: bool = False) -> TestResponse:
        """Do something through the API."""
        bearer = self.bearer()
        key = f"game-{self.instance.clock():%Y%m%dT%H%M%S}-{len(self.recording.seen):08d}"
        headers = bearer | {"Idempotency-Key": key}
        answer = self.client.post(
            f"/api/v1{path}", json=body | (self.factor() if sign else {}), headers=headers
        )
        assert status in {0, answer.status_code}, (path, answer.status_code, answer.text[:2000])
        return self.recording.answer(self.name, "POST", f"/api/v1{path}", answer)

    def beside(self) -> dict[str, str]:
        """What they enter as a second person, who checks what somebody else does."""
        return {"second_username": self.name} | {
            f"second_{name}": said for name, said in self.factor().items()
        }

    def factor(self) -> dict[str, str]:
        """Password and a fresh code; the clock moves on, since a code works once."""
        self.instance.clock.advance(seconds=TOTP_STEP_SECONDS)
        return {"password": PASSWORD, "code": self.instance.code(self.role, self.site)}


@dataclass
class Doors:
    """Both doors of an instance, watched."""

    world: World
    recording: Recording
    site: Flask
    codebreak: Flask
    visitors: dict[Role, tuple[Watched, datetime]] = field(default_factory=dict)
    programs: dict[Role, tuple[Watched, datetime]] = field(default_factory=dict)

    def at_site(self, role: Role, site: str = SITE) -> Watched:
        """Somebody who comes in through the site door."""
        return self._person(self.site, role, site).enter()

    def at_codebreak(self, role: Role, site: str = SITE) -> Watched:
        """Somebody who comes in through the code-break door."""
        return self._person(self.codebreak, role, site).enter()

    def visitor(self, role: Role) -> Watched:
        """Somebody who is in at the site door, or comes in where their session was left idle."""
        return self._not_idle(self.visitors, role) or self._kept(self.visitors, role, self.at_site(role))

    def program(self, role: Role) -> Watched:
        """A program of somebody at the site door, whose token still counts."""
        program = self._not_idle(self.programs, role)
        return program or self._kept(self.programs, role, self._person(self.site, role, SITE))

    def _not_idle(self, known: dict[Role, tuple[Watched, datetime]], role: Role) -> Watched | None:
        found, since = known.get(role, (None, self.world.instance.clock.now))
        if found is None or self.world.instance.clock.now - since > NOT_IDLE:
            return None
        return self._kept(known, role, found)

    def _kept(self, known: dict[Role, tuple[Watched, datetime]], role: Role, somebody: Watched) -> Watched:
        known[role] = (somebody, self.world.instance.clock.now)
        return somebody

    def _person(self, app: Flask, role: Role, site: str) -> Watched:
        return Watched(self.world.instance, app.test_client(), self.recording, role, site)


@contextmanager
def watched(world: World, recording: Recording) -> Iterator[Doors]:
    """Both doors over an instance, with public randomness, time and logs in the test's hands."""
    with pytest.MonkeyPatch.context() as patch, logs_kept() as logs:
        _fix(patch, world.instance.clock)
        draw_once(patch)
        app = site_door(world.instance.store, world.instance.gate, SETTINGS)
        other = codebreak_door(
            world.desk, world.instance.gate, SETTINGS, public=world.desk.directory / "public"
        )
        yield Doors(world=world, recording=recording, site=app, codebreak=other)
    recording.add("log", logs.getvalue().encode())


@contextmanager
def logs_kept() -> Iterator[io.StringIO]:
    """Log as the site door's process does, into a text."""
    root = logging.getLogger()
    handlers, level, raising = root.handlers[:], root.level, logging.raiseExceptions
    stream = io.StringIO()
    configure_logging("site")
    own = root.handlers[0]
    assert isinstance(own, logging.StreamHandler)
    own.setStream(stream)
    try:
        yield stream
    finally:
        root.handlers[:], logging.raiseExceptions = handlers, raising
        root.setLevel(level)
        structlog.reset_defaults()


def _fix(patch: pytest.MonkeyPatch, clock: Clock) -> None:
    """Give the libraries that sign cookies the instance's own clock and randomness of the test."""
    moments = SimpleNamespace(time=lambda: clock().timestamp())
    patch.setattr(itsdangerous.timed, "time", moments)
    patch.setattr(flask.sessions, "datetime", SimpleNamespace(now=lambda _zone: clock()))
    take = Stream(b"what the browser gets".ljust(32), "tests").take
    patch.setattr(flask_wtf.csrf, "os", SimpleNamespace(urandom=take))


def mails(world: World, recording: Recording) -> None:
    """Every e-mail as it leaves."""
    with world.instance.store.reading() as uow:
        for notice in uow.all(Notice, order="queued_at"):
            mail = outbox.message(notice, sender="trial@example.org", origin=ORIGIN, kind=Kind.REHEARSAL)
            recording.add(f"e-mail to {notice.recipient}", mail.as_bytes())


def published(world: World, recording: Recording) -> None:
    """The public record: names and contents of its files."""
    world.instance.checkpoint()
    public = world.directory / "public"
    with world.instance.store.reading() as uow:
        publishing.export(uow, public)
    for path in sorted(public.rglob("*")):
        if path.is_file():
            recording.add(str(path.relative_to(public)), path.read_bytes())


def copied(world: World, recording: Recording) -> None:
    """A copy of the database: sizes of its files, and every table row by row as they lie."""
    database = world.directory / "trial.db"
    for path in sorted(world.directory.rglob("trial.db*")):
        recording.add(f"size of {path.name}", b"%d" % path.stat().st_size)
    for table, rows in tables(database):
        recording.add(f"rows of {table}", b"%d" % len(rows))
        for number, row in enumerate(rows):
            recording.add(f"{table} {number}", json.dumps(row, ensure_ascii=False).encode())
    intents = world.desk.file.path
    recording.add("size of the file of intents", b"%d" % (intents.stat().st_size if intents.exists() else 0))


def tables(database: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Name and rows of each table, in the order in which they lie; bytes as hex."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    for (name,) in named.fetchall():
        if not name.startswith(HIDDEN_TABLES):
            rows = connection.execute(f'SELECT * FROM "{name}"').fetchall()  # noqa: S608 - a name of ours
            yield name, [{key: _plain(row[key]) for key in row.keys()} for row in rows]  # noqa: SIM118
    connection.close()


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever SQLite holds
    return value.hex() if isinstance(value, bytes) else value


BLINDED_ROLES = tuple(
    role for role in Role if role not in {Role.PREPARER, Role.CLEARER, Role.UNBLINDED_STATISTICIAN}
)
"""Everybody whom the trial keeps blind, and the administrator."""
