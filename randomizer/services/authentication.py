"""Authentication: a name, a six-digit code and a password that fit together, at a sign-in or for one act."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from cryptography.fernet import Fernet

from randomizer.domain.housekeeping import TotpUse
from randomizer.domain.people import Account, Credential, Person
from randomizer.errors import SignInRefused
from randomizer.services import six_digits, trail
from randomizer.services.signatures import StepUp
from randomizer.services.tries import Tries
from randomizer.services.turns import Turns

if TYPE_CHECKING:
    from randomizer.store.work import UnitOfWork

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


def refusal() -> SignInRefused:
    """The refusal of a sign-in, the same whatever did not fit."""
    return SignInRefused(
        "Name, password and code do not fit together.",
        field="password",
        next_step="Check all three. A code works once; wait for the next one.",
    )
