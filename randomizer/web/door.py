"""What a door is: its deployment, and what every request works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from flask import current_app

from randomizer.services.relying_party import RelyingParty

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.domain.people import Person
    from randomizer.services.authentication import Gate
    from randomizer.services.challenges import Challenges
    from randomizer.services.signatures import StepUp
    from randomizer.services.transactions import Store
    from randomizer.web.sessions import SessionStore
    from randomizer.web.throttle import Throttle


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings:
    """What a door needs to know of its deployment.

    Args:
        session_secret: Signs the session cookie and CSRF tokens.
        https: Whether browsers come over HTTPS; only a rehearsal on one machine goes without.
        hosts: Host names that are answered; empty for any.
        proxies: Reverse proxies in front, whose forwarded address and scheme are believed.
        relying_party: Domain at which passkeys count; "" where there can be none.
        origin: Address of the pages that ask for them, as a browser gives it.
    """

    session_secret: str = field(repr=False)
    https: bool
    hosts: tuple[str, ...] = ()
    proxies: int = 0
    relying_party: str = ""
    origin: str = ""

    def party(self, challenges: Challenges) -> RelyingParty | None:
        """The door as passkeys see it, or None where there can be none."""
        if not self.relying_party:
            return None
        return RelyingParty(id=self.relying_party, origin=self.origin, challenges=challenges)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What every request of a door works with.

    Args:
        name: "site" or "codebreak".
        store: Gives transactions, the clock and randomness.
        gate: What it takes to check a password and a code.
        sessions: Who is signed in.
        throttle: The brake on guessing at a sign-in.
        step_ups: The brake beside a signature, which no stranger's sign-in ever pulls.
        home: Endpoint of the first page after sign-in.
        nav: The links of a person: label and endpoint each.
        passkeys: The door as passkeys see it, or None where there can be none.
        recover: Re-authenticates a person with a printed code; None where none counts.
    """

    name: str
    store: Store
    gate: Gate
    sessions: SessionStore
    throttle: Throttle
    step_ups: Throttle
    home: str
    nav: Callable[[Person], tuple[tuple[str, str], ...]]
    passkeys: RelyingParty | None = None
    recover: Callable[[Person, str], StepUp] | None = None


def this() -> Door:
    """The door that the current request came through."""
    return cast("Door", current_app.extensions["door"])
