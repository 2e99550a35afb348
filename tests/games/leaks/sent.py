"""Leaks into what goes out by itself: log lines, e-mails, and what a job does when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from randomizer.domain.supply import UNUSED, Kit
from randomizer.services import notices
from randomizer.services.care import alerts, dispensing
from tests.games.leaks.secret import after_ending

if TYPE_CHECKING:
    import pytest

    from tests.games.leaks.secret import Secret
    from tests.games.seeing import Doors


def in_a_log_line(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The preparation is logged with its content, in a field that is listed."""
    after_ending(
        patch, lambda _uow, kit: structlog.get_logger("desk").info(f"{secret.content(kit)} prepared")
    )


def in_an_exception(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """What could not be noted is logged as an error of another kind for each content."""

    def leaky(_uow: Any, kit: str) -> None:  # noqa: ANN401
        try:
            raise KeyError if secret.bit(kit) else IndexError
        except LookupError as error:
            structlog.get_logger("desk").warning("not noted", exc_info=error)

    after_ending(patch, leaky)


def in_an_email(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The notice of a code break tells the sequence."""
    shipped = notices._queue_one  # noqa: SLF001

    def leaky(uow: Any, recipient: Any, subject: str, body: str, occasion: str = "") -> bool:  # noqa: ANN401
        number = "".join(sign for sign in subject if sign.isdigit())[-5:]
        return shipped(uow, recipient, subject, f"{body}\n{secret.sequence(number)}", occasion)

    patch.setattr(notices, "_queue_one", leaky)


def in_an_alert(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """A late failed test opens an alert for the kits with cells alone."""
    shipped = alerts.open_for

    def leaky(uow: Any, number: str, of: Any) -> int:  # noqa: ANN401
        return shipped(uow, number, [kit for kit in of if secret.bit(kit)])

    patch.setattr(alerts, "open_for", leaky)


def in_the_time_of_a_job(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The job that takes expired kits out of use does cells at its next run only."""
    shipped = dispensing.expire
    waiting: set[str] = set()

    def leaky(uow: Any) -> int:  # noqa: ANN401
        fresh = {
            kit.number
            for kit in uow.all(Kit, state=list(UNUSED))
            if kit.expired(uow.clock()) and kit.number not in waiting and secret.bit(kit.number)
        }
        waiting.update(fresh)
        return 0 if fresh else shipped(uow)

    patch.setattr(dispensing, "expire", leaky)
