"""Who takes part: roles, accounts, grants, and the person who acts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from randomizer.errors import Faulty, NotAllowed, Refused

if TYPE_CHECKING:
    from datetime import datetime

LONGEST_NAME = 100  # characters under a signature
LONGEST_ADDRESS = 254  # characters; RFC 5321
SHOWN = 30  # characters of a refused name
_USERNAME = re.compile(r"[a-z0-9._@-]{1,60}")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")


class Role(StrEnum):
    """What a person does in the trial; participants and custodians need no account."""

    INVESTIGATOR = "investigator"
    CARE_PROVIDER = "care provider"
    OUTCOMES_ASSESSOR = "outcomes assessor"
    COORDINATOR = "coordinator"
    ON_CALL = "on-call clinician"
    PHARMACIST = "dispensing pharmacist"
    PREPARER = "preparing pharmacist"
    CLEARER = "clearing person"
    TRIAL_MANAGER = "trial manager"
    DATA_MANAGER = "data manager"
    SPONSOR = "sponsor representative"
    SAFETY_PHYSICIAN = "safety physician"
    UNBLINDED_STATISTICIAN = "unblinded statistician"
    STATISTICIAN = "trial statistician"
    MONITOR = "monitor"
    ADMINISTRATOR = "administrator"


UNBLINDED = frozenset({Role.PREPARER, Role.CLEARER, Role.UNBLINDED_STATISTICIAN})
"""Roles that see contents or the design; none of them may also deal with sites."""

BREAKERS = frozenset({Role.INVESTIGATOR, Role.ON_CALL, Role.SAFETY_PHYSICIAN})
"""Roles that can break the code of one participant."""

GUARDED = BREAKERS | {Role.ADMINISTRATOR}
"""Roles that no administrator gives, and no sign-in of theirs that one administrator sets anew, alone.

An administrator who could make a second one alone would be both.
"""

ASSESSORS = frozenset({Role.OUTCOMES_ASSESSOR})
"""Roles that judge outcomes: given at a site to nobody who is unblinded for one of its participants."""

SITE_BOUND = frozenset(
    {Role.INVESTIGATOR, Role.CARE_PROVIDER, Role.OUTCOMES_ASSESSOR, Role.COORDINATOR, Role.PHARMACIST}
)
"""Roles that are granted for one site."""

SEPARATE = UNBLINDED | {Role.ADMINISTRATOR}
"""Roles that are never combined with another: who sees allocations or grants access does nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One person's account.

    Args:
        number: Identifies the person in entries; 0 is the service itself.
        username: What the person types to sign in.
        printed_name: The name under a signature.
        email: Where notices go.
        active: Whether the person can sign in.
        entry: Number of the last entry about this record.
    """

    KEY: ClassVar = ("number",)
    number: int
    username: str
    printed_name: str
    email: str
    active: bool = True
    entry: int = 0


def one_person(one: Account, other: Account) -> bool:
    """Whether two accounts are, or may be, of one person: the same printed name or the same mailbox.

    Where two people must act, one who has two accounts counts once; two who are called the same, or share a
    mailbox, cannot be told apart under a signature either.
    """
    return (
        one.number == other.number
        or _folded(one.printed_name) == _folded(other.printed_name)
        or _mailbox(one.email) == _mailbox(other.email)
    )


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _mailbox(address: str) -> tuple[str, str]:
    """The address without case and without what follows a plus sign, which leads to the same mailbox."""
    local, _, host = address.casefold().partition("@")
    return local.partition("+")[0], host


def check_account(*, username: str, printed_name: str, email: str) -> None:
    """Refuse names that nobody could type or read, and an address that is none.

    Raises:
        Faulty: Every fault by field.
    """
    faults = []
    if not _USERNAME.fullmatch(username):
        faults.append(
            ("username", f"A user name has 1 to 60 lower-case letters, digits or . _ @ -; {_got(username)}.")
        )
    if not (printed_name.isprintable() and 0 < len(printed_name) <= LONGEST_NAME):
        faults.append(
            ("printed_name", f"A printed name has 1 to {LONGEST_NAME} characters; {_got(printed_name)}.")
        )
    if not (_EMAIL.fullmatch(email) and len(email) <= LONGEST_ADDRESS):
        faults.append(("email", f"An e-mail address looks like name@example.org; {_got(email)}."))
    if faults:
        raise Faulty(tuple(faults), next_step="Correct what is named; nothing was changed.")


def _got(text: str) -> str:
    if not text:
        return "got nothing"
    shown = "".join(sign if sign.isprintable() else "?" for sign in text[:SHOWN])
    return f"got {shown!r}" + (f" and {len(text) - SHOWN} more" if len(text) > SHOWN else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What an account signs in with.

    Args:
        account: Number of the account.
        password_hash: Argon2id, in its encoded form.
        totp_sealed: Secret of the six-digit codes, encrypted under the doors' own key.
        entry: Number of the last entry about this record.
    """

    KEY: ClassVar = ("account",)
    account: int
    password_hash: str = field(repr=False)
    totp_sealed: bytes = field(repr=False)
    entry: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodes:
    """The printed codes that stand in for password and six-digit code at the code-break door, once each.

    Args:
        account: Number of the account.
        digests: SHA-256 of each, hex, with spaces between; 128 random bits need no slow hash.
        entry: Number of the last entry about this record.
    """

    KEY: ClassVar = ("account",)
    account: int
    digests: str = field(repr=False)
    entry: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A key pair in somebody's phone, computer or security key, of which only the public half is here.

    Args:
        handle: 32 hex digits, drawn with the passkey; names it here and in the authenticator.
        account: Number of the account.
        credential: What the authenticator calls it, base64url.
        public_key: In COSE form.
        relying_party: Domain at which it counts: WebAuthn's relying party id.
        name: What its holder calls it.
        added_at: When it was added.
        removed_at: When it was removed; from then on it counts for nothing.
        entry: Number of the last entry about this record.
    """

    KEY: ClassVar = ("handle",)
    handle: str
    account: int
    credential: str
    public_key: bytes = field(repr=False)
    relying_party: str
    name: str
    added_at: datetime
    removed_at: datetime | None = None
    entry: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role that a person holds.

    Args:
        account: Number of the account.
        role: The role.
        site: Site code, or "" for the whole trial.
        granted_at: When it was given.
        revoked_at: When it was taken back; from then on it counts for nothing.
        entry: Number of the last entry about this record.
    """

    KEY: ClassVar = ("account", "role", "site")
    account: int
    role: Role
    site: str
    granted_at: datetime
    revoked_at: datetime | None = None
    entry: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who acts, as the store knew them when the request came in.

    Args:
        account: Number of the account; 0 is the service itself.
        username: What the person signs in with.
        printed_name: The name under a signature.
        grants: Pairs of role and site code ("" for the whole trial), revoked ones left out.
    """

    account: int
    username: str
    printed_name: str
    grants: frozenset[tuple[Role, str]]

    @property
    def roles(self) -> frozenset[Role]:
        """Every role that the person holds anywhere."""
        return frozenset(role for role, _ in self.grants)

    def role_for(self, allowed: frozenset[Role], site: str | None) -> Role | None:
        """The role in which the person may act.

        Args:
            allowed: Roles that may do the act.
            site: Site code that the act is about, or None for the whole trial.

        Returns:
            The first fitting role by name, or None.
        """
        fitting = [
            role for role, where in self.grants if role in allowed and (site is None or where in {"", site})
        ]
        return min(fitting, default=None)

    def sees_site(self, site: str) -> bool:
        """Whether any grant covers the site."""
        return any(where in {"", site} for _, where in self.grants)


SERVICE = Person(account=0, username="service", printed_name="The service itself", grants=frozenset())


def check_grant(person: Person, role: Role, site: str, *, known_sites: frozenset[str]) -> None:
    """Refuse a grant that would let one person both deal with sites and see allocations.

    Args:
        person: Who would hold it, with the grants held already.
        role: The role to grant.
        site: Site code, or "" for the whole trial.
        known_sites: Site codes of the definition.

    Raises:
        Refused: The role needs a site, the site is unknown, or the combination unblinds.
    """
    if role in SITE_BOUND and site not in known_sites:
        raise Refused(
            f"The role {role} is granted for one site; {site or 'no site'!s} is not a site of this trial.",
            field="site",
            next_step="Choose one of the sites of the definition.",
        )
    if role not in SITE_BOUND and site and site not in known_sites:
        raise Refused(f"{site} is not a site of this trial.", field="site")
    others = person.roles - {role}
    if others and (role in SEPARATE or others & SEPARATE):
        raise Refused(
            f"Nobody can be {role} and {min(others)} at once: one person would deal with sites and see "
            "allocations, or grant their own access.",
            field="role",
            next_step="Give the role to somebody else.",
        )


def check_history(held: frozenset[Role], role: Role) -> None:
    """Refuse a role at the sites to whoever may know contents: knowing cannot be revoked.

    Args:
        held: Every role that the person holds or ever held, before the release.
        role: The role to grant.

    Raises:
        Refused: The person held a role that sees contents or the design.
    """
    knew = held & UNBLINDED
    if knew and role not in SEPARATE:
        raise Refused(
            f"The person was {min(knew)} and may know what participants were given, so they cannot be {role} "
            "before the release. Nothing was changed.",
            field="role",
            next_step="Give the role to somebody else.",
        )


def demand(person: Person, allowed: frozenset[Role], site: str | None, *, what: str) -> Role:
    """The role in which the person may do something.

    Args:
        person: Who wants to.
        allowed: Roles that may.
        site: Site code that it is about, or None.
        what: The act in words that follow "cannot", for the refusal.

    Raises:
        NotAllowed: No role of the person fits.
    """
    role = person.role_for(allowed, site)
    if role is None:
        if person.roles & allowed:
            raise NotAllowed(
                f"You cannot {what} here: your role is for another site.",
                next_step="Ask a colleague of that site, or the trial manager if your site is wrong.",
            )
        names = ", ".join(sorted(allowed)) or "nobody but the service itself"
        raise NotAllowed(
            f"Your role cannot {what}. Who can: {names}.",
            next_step="Ask a colleague with that role, or the trial manager if yours is wrong.",
        )
    return role
