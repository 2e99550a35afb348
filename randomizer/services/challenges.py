"""Challenges: what a passkey signs, so that its answer counts for one act of one session, and not for long.

A challenge carries its own time, and a MAC over what it was given out for. So giving one out leaves nothing
behind: whoever asks for a million of them fills no memory and pushes nobody else's out. What has to be
remembered are the challenges that were answered, and only who holds a passkey can answer one.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import rfc8785

from randomizer.errors import SignInRefused

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from keys.entropy import Entropy

LABEL = b"crossover-randomizer/v1/passkey-challenge\n"
MINUTES = 5
NONCE_BYTES = 16
TIME_BYTES = 8  # whole seconds since 1970
MAC_BYTES = 32
KEY_BYTES = 32
KEY_LABEL = b"crossover-randomizer/v1/passkey-challenge-key"
FIELD = "passkey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenges:
    """Gives out challenges, and knows its own again.

    Args:
        key: Of the MAC, 32 bytes, of one door; a door that remembers answers in memory draws it at its start.
        clock: Gives the current moment, UTC.
        entropy: Gives random bytes.
    """

    key: bytes = field(repr=False)
    clock: Callable[[], datetime]
    entropy: Entropy

    def issue(self, *bound_to: str) -> bytes:
        """A new challenge.

        Args:
            *bound_to: What an answer to it counts for: the session, the act, what the act is about.
        """
        until = int(self.clock().timestamp()) + MINUTES * 60
        head = self.entropy(NONCE_BYTES) + until.to_bytes(TIME_BYTES, "big")
        return head + self._mac(head, bound_to)

    def demand(self, challenge: bytes, *bound_to: str) -> None:
        """Refuse a challenge that was not given out here for just this, or too long ago.

        Raises:
            SignInRefused: One of the two; nobody can tell a forged one from one that was for something else.
        """
        head, mac = challenge[:-MAC_BYTES], challenge[-MAC_BYTES:]
        if len(head) != NONCE_BYTES + TIME_BYTES or not hmac.compare_digest(mac, self._mac(head, bound_to)):
            raise SignInRefused(
                "This answer of the passkey is not for this page. Nothing was changed.",
                field=FIELD,
                next_step="Use the passkey again, on the page as it stands here.",
            )
        if int.from_bytes(head[NONCE_BYTES:], "big") <= self.clock().timestamp():
            raise SignInRefused(
                f"The page had stood open for more than {MINUTES} minutes. Nothing was changed.",
                field=FIELD,
                next_step="Use the passkey again.",
            )

    def _mac(self, head: bytes, bound_to: tuple[str, ...]) -> bytes:
        return hmac.digest(self.key, LABEL + head + rfc8785.dumps(list(bound_to)), hashlib.sha256)


def key_of(secret: str) -> bytes:
    """The key of a door of several processes, from the secret that they share."""
    return hmac.digest(secret.encode(), KEY_LABEL, hashlib.sha256)


def digest_of(challenge: bytes) -> str:
    """What is remembered of a challenge that was answered: its SHA-256, hex."""
    return hashlib.sha256(challenge).hexdigest()
