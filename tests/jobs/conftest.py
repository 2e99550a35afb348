"""A context for jobs: a store on each database, a clock that the test turns, a real SMTP server."""

from __future__ import annotations

import secrets
from asyncio import Server
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
import structlog
from aiosmtpd.controller import Controller
from sqlalchemy import text

from keys.merkle import Frontier
from keys.notes import COSIGNATURE, NoteKey
from randomizer.config import settings_of
from randomizer.domain.housekeeping import TrailHead
from randomizer.jobs.context import Context, Elector
from randomizer.services import outside
from randomizer.services.transactions import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from aiosmtpd.smtp import SMTP, Envelope, Session

    from randomizer.services.transactions import Store

ORIGIN = "example.org/mesems"
WITNESS = NoteKey("example.org/witness", bytes(range(32, 64)), COSIGNATURE)
MORNING = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)

DROP_GUARDS = {
    "sqlite": "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """
        SELECT 'DROP TRIGGER ' || t.tgname || ' ON ' || c.relname
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal
    """,
}


class Clock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = MORNING

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        self.now += timedelta(**by)


class MailServer:
    """Takes messages over SMTP, or refuses them when told to."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.answer = "250 OK"
        self.port = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.answer

    @property
    def subjects(self) -> list[str]:
        return [str(message["Subject"]) for message in self.messages]


class OnFreePort(Controller):
    """Learns which port it got before it is tried."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


def bend(context: Context, *statements: str) -> None:
    """Change rows as somebody with the database password can, the guards dropped first."""
    with context.store.engine.begin() as connection:
        for (drop,) in connection.execute(text(DROP_GUARDS[connection.dialect.name])).all():
            connection.execute(text(drop))
        for statement in statements:
            connection.execute(text(statement))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(database_url: str, clock: Clock, tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "public" / "checkpoints").mkdir(parents=True)
    held = outside.reader(tmp_path / "public", (WITNESS.verifier.encode(),))
    opened = open_store(database_url, clock=clock, entropy=secrets.token_bytes, held=held)
    with opened.writing() as uow:
        uow.insert(TrailHead(size=0, frontier=Frontier().to_bytes()))
    yield opened
    opened.engine.dispose()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A real server on a free port."""
    handler = MailServer()
    controller = OnFreePort(handler, hostname="127.0.0.1", port=0)
    controller.start()
    handler.port = controller.port
    yield handler
    controller.stop()


@pytest.fixture
def make_context(store: Store, tmp_path: Path) -> Callable[..., Context]:
    """Makes a context; settings and holder by name."""

    def make(holder: str = "this process", **found: object) -> Context:
        (tmp_path / "public" / "checkpoints").mkdir(parents=True, exist_ok=True)
        settings = settings_of(tmp_path, {"kind": "production", "origin": ORIGIN, **found}, "instance.toml")
        return Context(
            store=store,
            settings=settings,
            checkpoint_key=NoteKey(ORIGIN, bytes(range(32))),
            smtp_password="",
            holder=holder,
            log=structlog.stdlib.get_logger(),
        )

    return make


@pytest.fixture
def context(make_context: Callable[..., Context], mail_server: MailServer) -> Context:
    """A context that holds the lease and sends to the mail server."""
    context = make_context(smtp={"host": "127.0.0.1", "port": mail_server.port, "security": "none"})
    Elector(context).renew()
    return context


@pytest.fixture
def turn(context: Context, clock: Clock) -> Callable[..., None]:
    """Turns the clock, and keeps the lease."""

    def turn(**by: float) -> None:
        clock.turn(**by)
        Elector(context).renew()

    return turn
