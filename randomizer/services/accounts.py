"""Accounts, credentials, grants: who may sign in, and as what.

Granting or re-enrolling a credential that can break a code, or that of an administrator, needs a second
administrator; the holder of one that can break a code is told.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from cryptography.fernet import Fernet

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Session, TotpUse
from randomizer.domain.people import (
    BREAKERS,
    GUARDED,
    SERVICE,
    Account,
    Credential,
    Grant,
    Person,
    Role,
    check_account,
    check_grant,
    check_history,
)
from randomizer.domain.trial import Phase, SiteStatus, Trial
from randomizer.errors import NotAllowed, NotFound, Refused, SignInRefused
from randomizer.services import notices, six_digits, trail
from randomizer.services.signatures import StepUp

if TYPE_CHECKING:
    from randomizer.store.work import UnitOfWork

MINIMUM_PASSWORD_LENGTH = 12
IDLE_MINUTES = 30
DROWSY_MINUTES = 1  # a session's last request is written at most once in this time
SESSION_HOURS = 12


@dataclass(frozen=True, slots=True)
class Gate:
    """What it takes to check a password and a code.

    Args:
        totp_key: Fernet key under which the secrets of the codes are kept.
        hasher: Argon2id with the instance's cost.
        step_up_seconds: How long a step-up counts.
    """

    totp_key: bytes = field(repr=False)
    hasher: PasswordHasher = field(default_factory=PasswordHasher)
    step_up_seconds: int = 120

    def seal(self, totp_secret: str) -> bytes:
        """The secret, encrypted."""
        return Fernet(self.totp_key).encrypt(totp_secret.encode())

    def open(self, sealed: bytes) -> str:
        """The secret in clear, in memory only."""
        return Fernet(self.totp_key).decrypt(sealed).decode()


def person(uow: UnitOfWork, account: int) -> Person:
    """The person behind an account, with the grants that stand now.

    Raises:
        NotAllowed: The account is closed.
        NotFound: There is none.
        Tampered: Account or grant differ from their entries.
    """
    found = uow.get(Account, account, what="account")
    if not found.active:
        raise NotAllowed("This account is closed.", next_step="Ask an administrator.")
    grants = uow.all(Grant, account=account, revoked_at=None)
    trail.check(uow, found, *grants)  # a role that somebody wrote into the database counts for nothing
    return Person(
        account=found.number,
        username=found.username,
        printed_name=found.printed_name,
        grants=frozenset((grant.role, grant.site) for grant in grants),
    )


def create(
    uow: UnitOfWork,
    gate: Gate,
    by: Person,
    *,
    username: str,
    printed_name: str,
    email: str,
    password: str,
    totp_secret: str,
) -> Account:
    """Create an account with its credential; it can do nothing until roles are granted.

    Args:
        uow: The unit of work.
        gate: Cost of the hash, key of the secrets.
        by: An administrator, or the service itself for the first one.
        username: Lower case, unique.
        printed_name: The name under signatures.
        email: Where notices go.
        password: At least 12 characters.
        totp_secret: Base32 secret of the six-digit codes.

    Raises:
        Conflict: The user name is taken.
        Faulty: A name or the address is missing or cannot be one; every fault by field.
        Refused: The password is too short.
    """
    if len(password) < MINIMUM_PASSWORD_LENGTH:
        raise Refused(
            f"The password must have at least {MINIMUM_PASSWORD_LENGTH} characters, got {len(password)}.",
            field="password",
        )
    check_account(username=username.strip().lower(), printed_name=printed_name.strip(), email=email.strip())
    with trail.act(uow, Act.ACCOUNT_CREATED, by) as act:
        account = act.add(
            Account(
                number=uow.count(Account) + 1,
                username=username.strip().lower(),
                printed_name=printed_name.strip(),
                email=email.strip(),
            )
        )
        act.add(
            Credential(
                account=account.number,
                password_hash=gate.hasher.hash(password),
                totp_sealed=gate.seal(totp_secret),
            )
        )
    return account


def grant(
    uow: UnitOfWork, by: Person, *, account: int, role: Role, site: str = "", second: StepUp | None = None
) -> Grant:
    """Grant a role.

    Args:
        uow: The unit of work.
        by: An administrator, or the service itself for the first accounts of an instance.
        account: Who gets it.
        role: The role.
        site: Site code for a role bound to a site, else "".
        second: Step-up of another administrator, for a role of `GUARDED`.

    Raises:
        NotAllowed: A second administrator is missing, or is no administrator.
        Refused: The combination of roles would unblind, or the site does not fit.
    """
    holder = person(uow, account)
    sites = frozenset(status.code for status in uow.all(SiteStatus))
    check_grant(holder, role, site, known_sites=sites)
    trial = uow.find(Trial, 1)
    if trial is None or trial.phase is not Phase.RELEASED:
        check_history(frozenset(grant.role for grant in uow.all(Grant, account=account)), role)
    if role in GUARDED and by is not SERVICE:
        _demand_second(uow, by, second)
    with trail.act(uow, Act.ROLE_GRANTED, by, site=site) as act:
        if second is not None:
            act.note(second_administrator=second.account)
        if role in BREAKERS and by is not SERVICE:
            notices.tell(
                uow,
                account,
                subject="You were given a role that can break a code",
                body=f"An administrator gave your account the role {role} for {site or 'the whole trial'}. "
                "If you did not expect this, call the trial office now.",
            )
        standing = uow.find(Grant, account, role, site)
        if standing is not None:
            return act.change(standing, granted_at=act.at, revoked_at=None)
        return act.add(Grant(account=account, role=role, site=site, granted_at=act.at))


def revoke(uow: UnitOfWork, by: Person, *, account: int, role: Role, site: str = "") -> Grant:
    """Take a role back; the next request of its holder already fails.

    Raises:
        NotFound: The person does not hold it.
    """
    with trail.act(uow, Act.ROLE_REVOKED, by, site=site) as act:
        standing = uow.find(Grant, account, role, site)
        if standing is None or standing.revoked_at is not None:
            raise NotFound("The person does not hold this role.", field="role")
        return act.change(standing, revoked_at=act.at)


def set_credential(
    uow: UnitOfWork,
    gate: Gate,
    by: Person,
    *,
    account: int,
    password: str,
    totp_secret: str,
    second: StepUp | None,
) -> None:
    """Re-enrol a credential; that of somebody in a role of `GUARDED` needs a second administrator.

    Raises:
        NotAllowed: A second administrator is missing.
        Refused: The password is too short.
    """
    holder = person(uow, account)
    if holder.roles & GUARDED:
        _demand_second(uow, by, second)
    if len(password) < MINIMUM_PASSWORD_LENGTH:
        raise Refused(
            f"The password must have at least {MINIMUM_PASSWORD_LENGTH} characters, got {len(password)}.",
            field="password",
        )
    with trail.act(uow, Act.CREDENTIAL_SET, by) as act:
        if second is not None:
            act.note(second_administrator=second.account)
        act.change(
            uow.get(Credential, account, what="credential"),
            password_hash=gate.hasher.hash(password),
            totp_sealed=gate.seal(totp_secret),
        )
        uow.remove(Session, account=account)
        notices.tell(
            uow,
            account,
            subject="Your sign-in was changed",
            body="An administrator set a new password and code secret for your account. "
            "If you did not ask for this, call the trial office now.",
        )


def verify(uow: UnitOfWork, gate: Gate, *, username: str, password: str, code: str) -> tuple[Account, int]:
    """Check user name, password and six-digit code; nothing is stored.

    Returns:
        The account and the time step of the code, to be kept so that it never works twice.

    Raises:
        SignInRefused: They do not fit; the sentence never says which.
    """
    named = uow.all(Account, username=username.strip().lower(), active=True)
    credential = uow.find(Credential, named[0].number) if named else None
    if credential is None:
        gate.hasher.hash(password)  # an unknown name costs as much time as a known one
        raise _refusal()
    try:
        gate.hasher.verify(credential.password_hash, password)
    except VerificationError as error:
        raise _refusal() from error
    trail.check(uow, named[0], credential)
    used = uow.find(TotpUse, credential.account)
    step = six_digits.fitting_step(gate.open(credential.totp_sealed), code, uow.clock())
    if step is None or (used is not None and step <= used.last_step):
        raise _refusal()
    return named[0], step


def step_up(uow: UnitOfWork, gate: Gate, by: Person, *, password: str, code: str) -> StepUp:
    """Re-authenticate for an act that needs it; the code is used up.

    Raises:
        SignInRefused: Password or code do not fit.
    """
    return witness(uow, gate, username=by.username, password=password, code=code)


def witness(uow: UnitOfWork, gate: Gate, *, username: str, password: str, code: str) -> StepUp:
    """Authenticate a second person for an act of the first; the code is used up.

    Raises:
        SignInRefused: They do not fit.
    """
    account, step = verify(uow, gate, username=username, password=password, code=code)
    six_digits.use(uow, account.number, step)
    now = uow.clock()
    return StepUp(account=account.number, at=now, expires_at=now + timedelta(seconds=gate.step_up_seconds))


def sign_in(uow: UnitOfWork, gate: Gate, *, door: str, username: str, password: str, code: str) -> str:
    """Open a session.

    Args:
        uow: The unit of work.
        gate: Key of the secrets.
        door: "site" or "codebreak".
        username: As typed.
        password: As typed.
        code: Six digits.

    Returns:
        The session token; only its digest is stored.

    Raises:
        SignInRefused: They do not fit; the sentence never says which.
    """
    account, step = verify(uow, gate, username=username, password=password, code=code)
    six_digits.use(uow, account.number, step)
    token = uow.entropy(32).hex()
    now = uow.clock()
    uow.insert(
        Session(
            token_hash=token_hash(token),
            account=account.number,
            door=door,
            began_at=now,
            seen_at=now,
            expires_at=now + timedelta(hours=SESSION_HOURS),
        )
    )
    return token


def session_person(uow: UnitOfWork, *, door: str, token: str) -> Person:
    """The person behind a session, with the grants that stand now.

    Raises:
        SignInRefused: The session is unknown, of the other door, idle for too long, or over.
    """
    session = uow.find(Session, token_hash(token))
    now = uow.clock()
    idle_since = now - timedelta(minutes=IDLE_MINUTES)
    if session is None or session.door != door or session.expires_at <= now or session.seen_at <= idle_since:
        raise signed_out()
    return person(uow, session.account)


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


def sign_out(uow: UnitOfWork, token: str) -> None:
    """End a session at once."""
    uow.remove(Session, token_hash=token_hash(token))


def enrolled_by(uow: UnitOfWork, account: int) -> int:
    """Number of the entry that last set an account's credential; a session outlives no other one."""
    return uow.get(Credential, account, what="account").entry


def token_hash(token: str) -> str:
    """What the store keeps of a session token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _demand_second(uow: UnitOfWork, by: Person, second: StepUp | None) -> None:
    now = uow.clock()
    if (
        second is None
        or second.account == by.account
        or second.expires_at <= now
        or Role.ADMINISTRATOR not in person(uow, second.account).roles
    ):
        raise NotAllowed(
            "A credential that can break a code, or that of an administrator, needs a second administrator. "
            "Nothing was changed.",
            next_step="Ask another administrator to enter their password and code beside yours.",
        )


def _refusal() -> SignInRefused:
    return SignInRefused(
        "Name, password and code do not fit together.",
        field="password",
        next_step="Check all three. A code works once; wait for the next one.",
    )
