"""Recovery codes: printed once, each good for one sign-in or one signature at the code-break door.

A code has 128 random bits, so nobody guesses one: it is never throttled, waits for no turn, and a plain
digest of it is kept.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keys import printed
from keys.errors import CodeRefused
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import RecoveryUse
from randomizer.domain.people import BREAKERS, SERVICE, Account, Credential, RecoveryCodes
from randomizer.errors import Refused, SignInRefused
from randomizer.services import accounts, authentication, notices, trail

if TYPE_CHECKING:
    from randomizer.domain.people import Person
    from randomizer.services.signatures import StepUp
    from randomizer.store.work import UnitOfWork

CODES = 4
FIELD = "recovery_code"
LABEL = b"crossover-randomizer/v1/recovery-code\n"
NAME = "recovery code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """A name and a recovery code that fit together.

    Args:
        account: Whose they are.
        digest: Of the code, to be kept so that it never works twice.
        left: How many codes the person has besides it.
    """

    account: int
    digest: str
    left: int


def issue(uow: UnitOfWork, by: Person, *, account: int, second: StepUp | None) -> tuple[str, ...]:
    """Draw new recovery codes for somebody who can break a code; those before count no more.

    Args:
        uow: The unit of work.
        by: An administrator, or the service itself for a rehearsal.
        account: Whose they become.
        second: Step-up of another administrator.

    Returns:
        The codes as they are printed, once; only their digests are stored.

    Raises:
        NotAllowed: A second administrator is missing, or is no administrator.
        Refused: The person cannot break a code.
    """
    holder = accounts.person(uow, account)
    if not holder.roles & BREAKERS:
        raise Refused(
            f"Recovery codes are for whoever can break a code, and {holder.printed_name} cannot. "
            "Nothing was changed.",
            next_step="Grant the role first.",
        )
    if by is not SERVICE:
        accounts.demand_second(uow, by, second)
    drawn = tuple(uow.entropy(printed.LENGTH) for _ in range(CODES))
    digests = " ".join(sorted(digest_of(secret) for secret in drawn))
    with trail.act(uow, Act.CREDENTIAL_SET, by) as act:
        if second is not None:
            act.note(second_administrator=second.account)
        standing = uow.find(RecoveryCodes, account)
        if standing is None:
            act.add(RecoveryCodes(account=account, digests=digests))
        else:
            act.change(standing, digests=digests)
        notices.tell(
            uow,
            account,
            subject="You have new recovery codes",
            body=f"An administrator printed {CODES} recovery codes for your account; any that you had before "
            "count no more. If you did not expect this, call the trial office now.",
        )
    return tuple(printed.to_symbols(secret) for secret in drawn)


def issue_missing(uow: UnitOfWork, by: Person, *, account: int, second: StepUp | None) -> tuple[str, ...]:
    """Draw recovery codes where somebody can break a code and has none that go with their credential.

    Returns:
        The codes as they are printed, or none.
    """
    if not accounts.person(uow, account).roles & BREAKERS or _standing(uow, account) is not None:
        return ()
    return issue(uow, by, account=account, second=second)


def fit(uow: UnitOfWork, *, username: str, typed: str) -> Recovered:
    """Check a name and a recovery code; nothing is stored.

    Raises:
        SignInRefused: The code was mistyped, used, or fits another name; of the last two it never says which.
        Tampered: Account, credential or codes differ from their entries.
    """
    try:
        digest = digest_of(printed.from_symbols(typed, NAME))
    except CodeRefused as refused:
        raise SignInRefused(
            f"{refused} Nothing was changed.", field=FIELD, next_step="Type it again as it is printed."
        ) from None
    named = uow.all(Account, username=username.strip().lower(), active=True)
    number = named[0].number if named else authentication.NOBODY
    codes = _standing(uow, number)
    if codes is None:
        raise refusal()
    digests = codes.digests.split()
    if sum(hmac.compare_digest(digest, one) for one in digests) != 1:  # each is compared
        raise refusal()
    trail.check(uow, named[0], uow.get(Credential, number), codes)
    used = [one for one in digests if uow.find(RecoveryUse, one) is not None]
    if digest in used:
        raise refusal()
    return Recovered(account=number, digest=digest, left=len(digests) - len(used) - 1)


def use(uow: UnitOfWork, recovered: Recovered) -> None:
    """Remember that a code was used, and tell its holder.

    Raises:
        SignInRefused: It was used since it was checked.
    """
    if uow.find(RecoveryUse, recovered.digest, locked=True) is not None:
        raise refusal()
    uow.insert(RecoveryUse(digest=recovered.digest, account=recovered.account, used_at=uow.clock()))
    notices.tell(
        uow,
        recovered.account,
        subject="A recovery code of yours was used",
        body=f"Somebody signed with one of your recovery codes at the code-break door. {recovered.left} of "
        f"{CODES} are left. If it was not you, call the trial office now.",
    )


def refusal() -> SignInRefused:
    """The refusal of a code that is used or fits another name."""
    return SignInRefused(
        "Name and recovery code do not fit together, or the code was used before. Nothing was changed.",
        field=FIELD,
        next_step="Take the next code of your sheet: each works once.",
    )


def _standing(uow: UnitOfWork, account: int) -> RecoveryCodes | None:
    # Codes that are older than the credential fell with the one before it.
    credential, codes = uow.find(Credential, account), uow.find(RecoveryCodes, account)
    if credential is None or codes is None or codes.entry < credential.entry:
        return None
    return codes


def digest_of(secret: bytes) -> str:
    """What the store keeps of a code: a labelled SHA-256, hex."""
    return hashlib.sha256(LABEL + secret).hexdigest()
