"""Accounts, credentials, grants: who may sign in, and as what.

Granting or re-enrolling a credential that can break a code, or that of an administrator, needs a second
administrator; the holder of one that can break a code is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from cryptography.fernet import Fernet

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Session, TotpUse
from randomizer.domain.people import (
    ASSESSORS,
    BREAKERS,
    GUARDED,
    SERVICE,
    Account,
    Credential,
    Grant,
    Passkey,
    Person,
    Role,
    check_account,
    check_grant,
    check_history,
)
from randomizer.domain.trial import Phase, SiteStatus, Trial
from randomizer.errors import NotAllowed, NotFound, Refused, SignInRefused
from randomizer.services import exposure, notices, six_digits, trail
from randomizer.services.signatures import StepUp
from randomizer.services.tries import Tries
from randomizer.services.turns import Turns

if TYPE_CHECKING:
    from randomizer.store.work import UnitOfWork

MINIMUM_PASSWORD_LENGTH = 12
NOBODY = 0  # the service itself, which never signs in
DECOY = "A" * 32  # a code secret of nobody: an unknown name takes as long as a known one


@dataclass(frozen=True, slots=True)
class Gate:
    """What it takes to check a password and a code.

    Args:
        totp_key: Fernet key under which the secrets of the codes are kept.
        hasher: Argon2id with the instance's cost.
        step_up_seconds: How long a step-up counts.
        tries: How often what was tried, in all processes of a door.
        sign_ins: Turns of those who are not signed in yet.
        step_ups: Turns of those who are, so that no sign-in keeps them waiting.
    """

    totp_key: bytes = field(repr=False)
    hasher: PasswordHasher = field(default_factory=PasswordHasher)
    step_up_seconds: int = 120
    tries: Tries = field(default_factory=Tries, repr=False)
    sign_ins: Turns = field(default_factory=Turns, repr=False)
    step_ups: Turns = field(default_factory=lambda: Turns(seats=None), repr=False)

    def seal(self, totp_secret: str) -> bytes:
        """The secret, encrypted."""
        return self.seal_bytes(totp_secret.encode())

    def open(self, sealed: bytes) -> str:
        """The secret in clear, in memory only."""
        return self.open_bytes(sealed).decode()

    def seal_bytes(self, content: bytes) -> bytes:
        """Anything, encrypted; what it is stands inside, under a label of its own."""
        return Fernet(self.totp_key).encrypt(content)

    def open_bytes(self, sealed: bytes) -> bytes:
        """What was encrypted.

        Raises:
            InvalidToken: It was not encrypted under this key.
        """
        return Fernet(self.totp_key).decrypt(sealed)


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
        if role in ASSESSORS:
            _demand_blind(uow, account, role, site)
    if role in GUARDED and by is not SERVICE:
        demand_second(uow, by, second)
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


def _demand_blind(uow: UnitOfWork, account: int, role: Role, site: str) -> None:
    known = exposure.unblinded_at(uow, account, site)
    if known:
        raise Refused(
            f"The person is unblinded for {len(known)} of the participants of site {site}, so they cannot be "
            f"{role} there before the release. Nothing was changed.",
            field="role",
            next_step="Give the role to somebody who is blind to all of them.",
        )


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
        demand_second(uow, by, second)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A name and a six-digit code that fit together; the password is still to be proved.

    Args:
        account: Whose they are.
        credential: What the password is checked against.
        step: The time step of the code, to be kept so that it never works twice.
    """

    account: Account
    credential: Credential
    step: int


def present(uow: UnitOfWork, gate: Gate, *, username: str, code: str) -> Presented:
    """Look a name up and check its code, which is quick; nothing is stored.

    The code comes before the password because checking a password is slow: of false sign-ins, whatever their
    number, hardly one in a million ever takes a turn from somebody true.

    Raises:
        SignInRefused: They do not fit; the sentence never says which.
    """
    named = uow.all(Account, username=username.strip().lower(), active=True)
    number = named[0].number if named else NOBODY
    credential, used = uow.find(Credential, number), uow.find(TotpUse, number)
    secret = gate.open(credential.totp_sealed) if credential is not None else DECOY
    step = six_digits.fitting_step(secret, code, uow.clock())
    if credential is None or step is None or (used is not None and step <= used.last_step):
        raise refusal()
    return Presented(account=named[0], credential=credential, step=step)


def prove(turns: Turns, gate: Gate, presented: Presented, password: str) -> None:
    """Check the password of whoever presented a code; best called while no transaction is open.

    Args:
        turns: `sign_ins` or `step_ups` of the gate.
        gate: Cost of the hash.
        presented: From `present`.
        password: As typed.

    Raises:
        Busy: No seat is free; nothing was checked.
        SignInRefused: It does not fit, or the code was tried with too many others.
    """
    with turns.turn(presented.account.number, presented.step) as may_try:
        if not may_try:
            raise refusal()
        try:
            gate.hasher.verify(presented.credential.password_hash, password)
        except VerificationError as error:
            raise refusal() from error


def confirm(uow: UnitOfWork, presented: Presented) -> None:
    """Compare account and credential with their entries, now that the password fits.

    Raises:
        SignInRefused: The account was closed or has a new credential since the code was presented.
        Tampered: One differs from its entry.
    """
    account = uow.find(Account, presented.account.number)
    credential = uow.find(Credential, presented.account.number)
    if account != presented.account or credential != presented.credential:
        raise refusal()
    trail.check(uow, presented.account, presented.credential)


def verify(uow: UnitOfWork, gate: Gate, *, username: str, password: str, code: str) -> Presented:
    """Check user name, code and password of a signer in one transaction; nothing is stored.

    Raises:
        SignInRefused: They do not fit; the sentence never says which.
        Tampered: Account or credential differ from their entries.
    """
    presented = present(uow, gate, username=username, code=code)
    prove(gate.step_ups, gate, presented, password)
    confirm(uow, presented)
    return presented


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
    presented = verify(uow, gate, username=username, password=password, code=code)
    account = presented.account.number
    six_digits.use(uow, account, presented.step)
    now = uow.clock()
    return StepUp(account=account, at=now, expires_at=now + timedelta(seconds=gate.step_up_seconds))


def enrolled_by(uow: UnitOfWork, account: int) -> int:
    """Number of the entry that last set or took away what an account signs in with: sessions end with it."""
    removed = [one.entry for one in uow.all(Passkey, account=account) if one.removed_at is not None]
    return max(uow.get(Credential, account, what="account").entry, *removed, 0)


def demand_second(uow: UnitOfWork, by: Person, second: StepUp | None) -> None:
    """Refuse what one administrator does not do alone.

    Raises:
        NotAllowed: The second administrator is missing, is the first, or is none.
    """
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


def refusal() -> SignInRefused:
    """The refusal of a sign-in, the same whatever did not fit."""
    return SignInRefused(
        "Name, password and code do not fit together.",
        field="password",
        next_step="Check all three. A code works once; wait for the next one.",
    )
