"""Sessions in the store: opened, found, kept awake and ended."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from randomizer.domain.housekeeping import Session
from randomizer.errors import SignInRefused
from randomizer.services import accounts, authentication, passkeys, six_digits

if TYPE_CHECKING:
    from randomizer.domain.people import Person
    from randomizer.services.authentication import Presented
    from randomizer.services.passkeys import Asserted
    from randomizer.store.work import UnitOfWork

IDLE_MINUTES = 30
DROWSY_MINUTES = 1  # a session's last request is written at most once in this time
SESSION_HOURS = 12


def begin(uow: UnitOfWork, *, door: str, presented: Presented) -> str:
    """Open a session for whoever presented a code and proved their password; the code is used up.

    Args:
        uow: The unit of work.
        door: "site" or "codebreak".
        presented: From `authentication.present`; `authentication.prove` took the password.

    Returns:
        The session token; only its digest is stored.

    Raises:
        SignInRefused: The code was used, or the account changed, in the meantime.
        Tampered: Account or credential differ from their entries.
    """
    authentication.confirm(uow, presented)
    six_digits.use(uow, presented.account.number, presented.step)
    return _open(uow, door, presented.account.number)


def begin_with(uow: UnitOfWork, *, door: str, asserted: Asserted) -> str:
    """Open a session for whoever answered with a passkey; the answer is used up.

    Args:
        uow: The unit of work.
        door: "site" or "codebreak".
        asserted: From `passkeys.fit`.

    Returns:
        The session token; only its digest is stored.

    Raises:
        SignInRefused: The answer was used, or account or passkey changed, in the meantime.
    """
    passkeys.redeem(uow, asserted)
    return _open(uow, door, asserted.account.number)


def _open(uow: UnitOfWork, door: str, account: int) -> str:
    token = uow.entropy(32).hex()
    now = uow.clock()
    uow.insert(
        Session(
            token_hash=token_hash(token),
            account=account,
            door=door,
            began_at=now,
            seen_at=now,
            expires_at=now + timedelta(hours=SESSION_HOURS),
        )
    )
    return token


def person(uow: UnitOfWork, *, door: str, token: str) -> Person:
    """The person behind a session, with the grants that stand now.

    Raises:
        SignInRefused: The session is unknown, of the other door, idle for too long, or over.
    """
    session = uow.find(Session, token_hash(token))
    now = uow.clock()
    idle_since = now - timedelta(minutes=IDLE_MINUTES)
    if session is None or session.door != door or session.expires_at <= now or session.seen_at <= idle_since:
        raise signed_out()
    return accounts.person(uow, session.account)


def drowsy(uow: UnitOfWork, token: str) -> bool:
    """Whether the last request of a session should be written again."""
    session = uow.find(Session, token_hash(token))
    return session is not None and session.seen_at <= uow.clock() - timedelta(minutes=DROWSY_MINUTES)


def keep_awake(uow: UnitOfWork, token: str) -> None:
    """Write that a session was used just now."""
    session = uow.find(Session, token_hash(token))
    if session is not None:
        uow.update(replace(session, seen_at=uow.clock()))


def signed_out() -> SignInRefused:
    """The refusal of a session that counts for nothing, the same whatever the reason."""
    return SignInRefused("You are signed out.", next_step="Sign in again; what you had saved is kept.")


def end(uow: UnitOfWork, token: str) -> None:
    """End a session at once."""
    uow.remove(Session, token_hash=token_hash(token))


def token_hash(token: str) -> str:
    """What the store keeps of a session token."""
    return hashlib.sha256(token.encode()).hexdigest()
