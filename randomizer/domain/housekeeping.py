"""Records that the trail does not cover: sessions, notices, leases, idempotency, sealed preparation records.

Each is either short-lived, signed by itself, or must be rewritten without leaving a count: the reason stands
at each class.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in browser or API client; short-lived, so the trail holds only what is done in it.

    Args:
        token_hash: SHA-256 of the token, hex; the token itself is never stored.
        account: Number of the account.
        door: "site" or "codebreak"; a session of one door is worthless at the other.
        began_at: When the person signed in.
        seen_at: Last request, to end idle sessions.
        expires_at: After this it counts for nothing.
    """

    KEY: ClassVar = ("token_hash",)
    token_hash: str = field(repr=False)
    account: int
    door: str
    began_at: datetime
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TotpUse:
    """The last six-digit code that an account used, so that none works twice; changes at each sign-in."""

    KEY: ClassVar = ("account",)
    account: int
    last_step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryUse:
    """A recovery code that was used, so that it never works twice.

    Args:
        digest: As `randomizer.domain.people.RecoveryCodes` holds it.
        account: Number of the account.
        used_at: When.
    """

    KEY: ClassVar = ("digest",)
    digest: str = field(repr=False)
    account: int
    used_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyUse:
    """How often a passkey has signed, as it says itself, and when it did last; changes at each sign-in.

    Args:
        handle: As `randomizer.domain.people.Passkey` has it.
        sign_count: The highest count that it ever gave; 0 where it does not count.
        used_at: When it was last used here, or None.
    """

    KEY: ClassVar = ("handle",)
    handle: str
    sign_count: int
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeUse:
    """A challenge that a passkey answered at the site door, so that no answer counts twice.

    Args:
        digest: SHA-256 of the challenge, hex.
        used_at: When; the row goes once the challenge has run out anyway.
    """

    KEY: ClassVar = ("digest",)
    digest: str
    used_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A blinded e-mail waiting to go out, or gone; what it tells is covered by the entry that queued it.

    Args:
        number: 32 hex digits; names the message to the mail servers, so that a repeat is known as one.
        recipient: E-mail address.
        subject: Subject line.
        body: Plain text.
        queued_at: When it was queued.
        attempts: How often it was handed to a mail server.
        tried_at: When it was last handed to one; the next attempt waits from then.
        sent_at: When a mail server took it; None while it waits.
    """

    KEY: ClassVar = ("number",)
    number: str
    recipient: str
    subject: str
    body: str
    queued_at: datetime
    attempts: int = 0
    tried_at: datetime | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The one process that runs jobs until a moment; renewed every few seconds."""

    KEY: ClassVar = ("name",)
    name: str
    holder: str
    until_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer to an API request with an idempotency key; of the site door only, so always blinded.

    Args:
        account: Who asked.
        key: The client's key.
        request_digest: SHA-256 of method, path and body, hex: the same key for another request is refused.
        status: HTTP status of the answer.
        body: JSON of the answer.
        answered_at: When.
    """

    KEY: ClassVar = ("account", "key")
    account: int
    key: str
    request_digest: str
    status: int
    body: str
    answered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparationRecord:
    """What the unblinded side knows of one slot and period, sealed at one length.

    Rewritten in place by every preparation step: an entry per rewrite would count steps, and so tell the
    treatment.
    """

    KEY: ClassVar = ("slot", "period")
    slot: int
    period: int
    ciphertext: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityWatch:
    """What is known without a key of the tests of a participant's product and kits.

    It reminds and stops; what counts stands in the product's sealed record, whose every writing renews it.

    Args:
        participant: Participant number.
        due_at: When the next result is due; None where none is awaited.
        out_of_limits: Whether a lot in use has failed a test.
    """

    KEY: ClassVar = ("participant",)
    participant: str
    due_at: datetime | None = None
    out_of_limits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A signed tree head of the trail; it proves itself by its signatures."""

    KEY: ClassVar = ("size",)
    size: int
    note: bytes
    signed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCheckpoint:
    """A checkpoint that is kept outside the database, in files that anybody may have; never stored.

    Args:
        origin: Name of the log.
        size: Number of entries under it.
        root: RFC 6962 root over them, 32 bytes.
        witness: Name of who co-signed it; "" for the newest that was published, co-signed or not.
        cosigned_at: When; None for the newest that was published.
    """

    origin: str
    size: int
    root: bytes
    witness: str = ""
    cosigned_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One leaf of the trail: ids and a salted digest, never a value.

    Args:
        number: 0-based position in the tree.
        at: When.
        act: What happened.
        actor: Number of the account, 0 for the service.
        role: The role in which the person acted, "" for the service.
        site: Site code or "".
        participant: Participant number or "".
        digest: SHA-256 of salt and values, hex.
    """

    KEY: ClassVar = ("number",)
    number: int
    at: datetime
    act: str
    actor: int
    role: str
    site: str
    participant: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryValues:
    """Salt and values of an entry, and the reason as somebody wrote it, which alone can be erased.

    The reason stands apart, so that values can go to statisticians without free text and still be checked:
    they hold its salted digest.

    Args:
        number: Number of the entry.
        salt: 32 random bytes.
        content: Canonical JSON of old and new values and of the reason's digest.
        why: The reason, free text; empty once erased.
        erased_by: Number of the entry that erased the reason, 0 while none did.
    """

    KEY: ClassVar = ("number",)
    number: int
    salt: bytes = field(repr=False)
    content: str
    why: str = ""
    erased_by: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailHead:
    """The tree so far: its size and the roots of its full subtrees; writers queue up on this one row."""

    KEY: ClassVar = ("number",)
    number: int = 1
    size: int
    frontier: bytes
