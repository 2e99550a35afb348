"""Accounts, credentials, grants: who may sign in, and as what.

Granting or re-enrolling a credential that can break a code, or that of an administrator, needs a second
administrator; the holder of one that can break a code is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Session
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
    one_person,
)
from randomizer.domain.trial import Phase, SiteStatus, Trial
from randomizer.errors import NotAllowed, NotFound, Refused
from randomizer.services import exposure, notices, trail

if TYPE_CHECKING:
    from randomizer.services.authentication import Gate
    from randomizer.services.signatures import StepUp
    from randomizer.store.work import UnitOfWork

MINIMUM_PASSWORD_LENGTH = 12


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


def enrolled_by(uow: UnitOfWork, account: int) -> int:
    """Number of the entry that last set or took away what an account signs in with: sessions end with it."""
    removed = [one.entry for one in uow.all(Passkey, account=account) if one.removed_at is not None]
    return max(uow.get(Credential, account, what="account").entry, *removed, 0)


def same_person(uow: UnitOfWork, one: int, other: int) -> bool:
    """Whether two accounts are, or may be, of one person; the service has none, and is nobody."""
    if SERVICE.account in {one, other}:
        return False
    return one_person(uow.get(Account, one, what="account"), uow.get(Account, other, what="account"))


def demand_second(uow: UnitOfWork, by: Person, second: StepUp | None) -> None:
    """Refuse what one administrator does not do alone.

    Raises:
        NotAllowed: The second administrator is missing, is the first by whichever account, or is none.
    """
    now = uow.clock()
    if (
        second is None
        or same_person(uow, second.account, by.account)
        or second.expires_at <= now
        or Role.ADMINISTRATOR not in person(uow, second.account).roles
    ):
        raise NotAllowed(
            "A credential that can break a code, or that of an administrator, needs a second administrator. "
            "Nothing was changed.",
            next_step="Ask another administrator to enter their password and code beside yours.",
        )
