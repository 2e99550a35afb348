"""Signing: printed name, time and meaning, bound to the values that were shown."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import rfc8785

from randomizer.domain.records import Signature
from randomizer.errors import StepUpRefused, Tampered
from randomizer.services import exposure, trail

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.domain.people import Person
    from randomizer.services.trail import OpenAct
    from randomizer.store.work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUp:
    """A fresh re-authentication; only what checked password and code, or a recovery code, makes one.

    Args:
        account: Number of the account.
        at: When the person re-authenticated.
        expires_at: After this it counts for nothing.
    """

    account: int
    at: datetime
    expires_at: datetime


def sign(act: OpenAct, step_up: StepUp, *, meaning: str, about: str, values: dict[str, Any]) -> Signature:
    """Put a signature into the act.

    Args:
        act: The act under way.
        step_up: The signer's own re-authentication.
        meaning: What the signature states, e.g. "I confirm that this participant is eligible".
        about: What is signed, e.g. "participant 10013".
        values: What was shown and is signed; text, numbers, lists and mappings.

    Raises:
        StepUpRefused: The re-authentication is somebody else's, or too old.
    """
    demand_fresh(step_up, act.person, act.at)
    exposure.mark(act)
    act.note(signed=values)
    return act.add(
        Signature(
            number=act.number,
            account=act.person.account,
            printed_name=act.person.printed_name,
            meaning=meaning,
            about=about,
            digest=values_digest(values),
            signed_at=act.at,
        )
    )


def demand_signed(uow: UnitOfWork, *, meaning: str, about: str) -> None:
    """Compare the signatures that an act rests on with their entries.

    Args:
        uow: The unit of work.
        meaning: What they state.
        about: What they are about.

    Raises:
        Tampered: One differs, or none is there where the record says that somebody signed.
    """
    found = uow.all(Signature, about=about, meaning=meaning)
    if not found:
        raise Tampered(f"Signature about {about}")
    trail.check(uow, *found)


def values_digest(values: dict[str, Any]) -> str:
    """SHA-256 of the canonical values in hex: what a signature is bound to."""
    return hashlib.sha256(rfc8785.dumps(values)).hexdigest()


def demand_fresh(step_up: StepUp | None, person: Person, now: datetime) -> None:
    """Refuse a re-authentication that does not count.

    Raises:
        StepUpRefused: It is missing, somebody else's, or too old.
    """
    if step_up is None or step_up.account != person.account or not step_up.at <= now < step_up.expires_at:
        raise StepUpRefused(
            "This needs your password and a fresh code, entered now. Nothing was signed.",
            field="code",
            next_step="Enter your password and the code that your authenticator shows now.",
        )
