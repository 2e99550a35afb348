"""An activated rehearsal for tests: a small definition, a bundle sealed once, instances on each database.

Every role has one person; those bound to a site are at TLS, with a second investigator at EX1.
"""

from __future__ import annotations

import hashlib
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pyotp
from argon2 import PasswordHasher

from keys import hpke, shares
from keys.hpke import Identity
from keys.notes import NoteKey
from keys.stream import Stream
from randomizer.domain.definition import parse_definition
from randomizer.domain.eligibility import NEVER, ItemAnswer
from randomizer.domain.fitness import Fitness, PregnancyTest
from randomizer.domain.people import SERVICE, SITE_BOUND, Account, Person, Role
from randomizer.domain.trial import Kind
from randomizer.domain.unblinded import parse_unblinded
from randomizer.services import accounts, authentication, checkpoints, conduct
from randomizer.services.founding import activation, definition_signing, instances, key_installation
from randomizer.services.sealed import bundle as bundle_files
from randomizer.services.sealed import ceremony, ceremony_files, certificate_fields, rehearsals
from randomizer.services.sealed.bundle import Bundle
from randomizer.services.sealed.certificate_fields import QuorumFields
from randomizer.services.signatures import StepUp
from randomizer.store.engine import open_engine
from randomizer.store.schema import upgrade
from randomizer.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keys.entropy import Entropy
    from keys.notes import VerifierKey
    from randomizer.domain.definition_values import Definition
    from randomizer.domain.unblinded import UnblindedDefinition
    from randomizer.services.sealed.ceremony import Plan
    from randomizer.store.work import UnitOfWork

T = TypeVar("T")

CONFIG = Path(__file__).parents[1] / "config"
START = datetime(2027, 1, 4, 8, 0, tzinfo=UTC)
ORIGIN = "example.org/mesems"
PASSWORD = "correct horse battery"
TOTP_KEY = b"dGVzdHMgb25seSwgbmV2ZXIgaW4gYW4gaW5zdGFuY2U="
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Costs next to nothing; the real one takes a fifth of a second for each password."""
TOTP_STEP_SECONDS = 30
SITE = "TLS"
SECOND_SITE = "EX1"
CAPACITIES = {"REL": 12, "PRO": 8}
FIT = Fitness(no_infection=True, pregnancy_test=PregnancyTest.DOES_NOT_APPLY, consent_stands=True)
FIT_FORM = {"no_infection": "yes", "pregnancy_test": "does not apply", "consent_stands": "yes"}
K, N = 2, 3


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, *, days: float = 0, hours: float = 0, seconds: float = 0) -> datetime:
        """Move forward."""
        self.now += timedelta(days=days, hours=hours, seconds=seconds)
        return self.now


def entropy_of(name: str) -> Entropy:
    """Random bytes that are the same in every run."""
    return Stream(hashlib.sha256(name.encode()).digest(), "tests").take


def small_definition(**changes: Any) -> Definition:  # noqa: ANN401 - any field
    """MESEMS with 20 slots and a quorum of 2 of 3."""
    made = parse_definition((CONFIG / "mesems.toml").read_text(encoding="utf-8"), "mesems.toml")
    strata = tuple(replace(one, capacity=CAPACITIES[one.code], low_water=1) for one in made.strata)
    return replace(made, strata=strata, quorum=replace(made.quorum, k=K, n=N), **changes)


def small_unblinded(definition: Definition) -> UnblindedDefinition:
    """The unblinded definition of the example."""
    return parse_unblinded((CONFIG / "mesems.unblinded.toml").read_text(encoding="utf-8"), definition)


def answers(definition: Definition, site: str = SITE) -> dict[str, ItemAnswer]:
    """Answers by which a participant is eligible."""
    found = {}
    for item in definition.items_for(site):
        values = {}
        for check in item.checks:
            bound = check.low if check.low is not None else check.high
            values[check.field] = NEVER if check.operator == "not within" else str(bound)
        found[item.code] = ItemAnswer(confirmed=True, values=values)
    return found


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """A sealed bundle, with everything that the people around it would hold."""

    directory: Path
    definition: Definition
    unblinded: UnblindedDefinition
    plan: Plan
    key: VerifierKey
    digest: str
    certificate_key: NoteKey = field(repr=False)
    transport: Identity = field(repr=False)
    recipients: dict[str, Identity] = field(repr=False)
    release_shares: tuple[str, ...] = field(repr=False)
    staged_shares: tuple[str, ...] = field(repr=False)

    @property
    def bundle(self) -> Bundle:
        return Bundle(self.directory)

    def install(self, directory: Path) -> None:
        """Make a directory the code-break host's: transport key, key ring and pins."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.transport.save(directory / key_installation.TRANSPORT_KEY)
        key_installation.install(self.bundle, directory, key=self.key, pinned_digest=self.digest)


def split_key(entropy: Entropy, recipients: dict[str, Identity]) -> tuple[QuorumFields, tuple[str, ...]]:
    """A release key of which only shares are left."""
    key = Identity.generate(entropy)
    words = shares.split(key.secret, K, N, entropy)
    fields = QuorumFields(
        public_key=hpke.public_text(key.public),
        k=K,
        n=N,
        share_digests=[shares.share_digest(one) for one in words],
        recipients={name: hpke.public_digest(identity.public) for name, identity in recipients.items()},
    )
    return fields, words


def seal_rehearsal(
    directory: Path,
    *,
    definition: Definition | None = None,
    unblinded: UnblindedDefinition | None = None,
    kind: Kind = Kind.REHEARSAL,
    text: str = "tests",
    transport: Identity | None = None,
    token: bytes = b"",
) -> Rehearsal:
    """Seal a bundle with randomness that follows from a text; the keys go to a token where one is given."""
    definition = definition or small_definition()
    unblinded = unblinded or small_unblinded(definition)
    entropy = rehearsals.fixed_entropy(text)
    outside = entropy_of(f"outside {text}")
    transport = transport or Identity.generate(outside)
    recipients = {"code-break-host": transport, "statistician": Identity.generate(outside)}
    release, release_shares = split_key(outside, recipients)
    staged, staged_shares = split_key(outside, {"statistician": recipients["statistician"]})
    plan = ceremony.Plan(
        definition=definition,
        unblinded=unblinded,
        kind=kind,
        attempt=1,
        earlier=(),
        release=release,
        staged=staged,
        transport=token or transport.public,
        fixed=kind is Kind.REHEARSAL,
    )
    ceremony.prepare(plan)
    opening = ceremony.begin(plan, entropy)
    machine = ceremony.machine_commitment(opening)
    ceremony_files.open_directory(directory, plan, machine)
    made = rehearsals.contributors(plan, entropy)
    committed = [machine, *(one for one, _ in made)]
    ceremony_files.publish_commitments(directory, committed, opening.one_time.public)
    sealed = ceremony.finish(
        plan,
        opening,
        committed,
        [one for _, one in made],
        directory=directory,
        entropy=entropy,
        sealed_at=START,
    )
    return Rehearsal(
        directory=directory,
        definition=definition,
        unblinded=unblinded,
        plan=plan,
        key=sealed.verifier,
        digest=sealed.digest,
        certificate_key=opening.certificate_key,
        transport=transport,
        recipients=recipients,
        release_shares=release_shares,
        staged_shares=staged_shares,
    )


def copy(rehearsal: Rehearsal, directory: Path) -> Rehearsal:
    """The same bundle elsewhere, to be spoilt."""
    shutil.copytree(rehearsal.directory, directory)
    return replace(rehearsal, directory=directory)


def sign_again(spoilt: Rehearsal, **changes: Any) -> Rehearsal:  # noqa: ANN401 - any field
    """Sign a spoilt bundle as the ceremony would have: only what is checked beyond digests can catch it."""
    note = spoilt.bundle.read(bundle_files.CERTIFICATE)
    digests = {name: spoilt.bundle.digest(name) for name in bundle_files.DIGESTED}
    fields = certificate_fields.read(note).model_copy(update={"files": digests} | changes)
    (spoilt.directory / bundle_files.CERTIFICATE).write_bytes(
        certificate_fields.sign(fields, spoilt.certificate_key)
    )
    return replace(spoilt, digest=certificate_fields.digest(fields))


@dataclass(kw_only=True)
class Instance:
    """An instance with people, and what a test does with it."""

    store: Store
    clock: FakeClock
    definition: Definition
    gate: authentication.Gate
    log: NoteKey = field(repr=False)
    numbers: dict[str, int] = field(default_factory=dict, repr=False)

    def number(self, role: Role, site: str = SITE) -> int:
        """Number of the account in a role; it never changes, and is looked up once."""
        name = username(role, site)
        if name not in self.numbers:
            with self.store.reading() as uow:
                [account] = uow.all(Account, username=name)
            self.numbers[name] = account.number
        return self.numbers[name]

    def person(self, role: Role, site: str = SITE) -> Person:
        """Who acts in a role, with the grants that stand now."""
        number = self.number(role, site)
        with self.store.reading() as uow:
            return accounts.person(uow, number)

    def code(self, role: Role, site: str = SITE) -> str:
        """The six digits that the person's authenticator shows now; each works once."""
        return pyotp.TOTP(totp_secret(username(role, site))).at(self.clock())

    def step_up(self, role: Role, site: str = SITE) -> StepUp:
        """What a door holds once the person has re-authenticated; that they did is tested at the doors.

        The clock moves on, as it would: a code works once.
        """
        now = self.clock.advance(seconds=TOTP_STEP_SECONDS)
        expires_at = now + timedelta(seconds=self.gate.step_up_seconds)
        return StepUp(account=self.number(role, site), at=now, expires_at=expires_at)

    def act(self, service: Callable[..., T], role: Role, *given: Any, site: str = SITE, **named: Any) -> T:  # noqa: ANN401 - any service
        """One act in a commit of its own: ``service(uow, person, *given, **named)``."""
        person = self.person(role, site)
        with self.store.writing() as uow:
            return service(uow, person, *given, **named)

    def sign(self, service: Callable[..., T], role: Role, *given: Any, site: str = SITE, **named: Any) -> T:  # noqa: ANN401 - any service
        """One signed act: ``service(uow, person, step_up, *given, **named)``."""
        return self.act(service, role, self.step_up(role, site), *given, site=site, **named)

    def checkpoint(self) -> None:
        """What the jobs process does within seconds."""
        with self.store.writing() as uow:
            checkpoints.sign(uow, self.log, ORIGIN)


def username(role: Role, site: str = SITE) -> str:
    """Name of the account in a role: "investigator-tls", "trial-manager"."""
    parts = (role.replace(" ", "-"), site.lower() if role in SITE_BOUND else "")
    return "-".join(part for part in parts if part)


def totp_secret(name: str) -> str:
    """The code secret of an account."""
    return hashlib.sha256(name.encode()).hexdigest()[:32].translate(_BASE32)


_BASE32 = str.maketrans("0189abcdef", "ABCDEFGHIJ")


def cheap_gate() -> authentication.Gate:
    """A gate whose password hash costs next to nothing."""
    return authentication.Gate(totp_key=TOTP_KEY, hasher=CHEAP)


def migrate(url: str) -> None:
    """Bring an empty database to the present schema."""
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()


@contextmanager
def opened(url: str, definition: Definition, now: datetime = START) -> Iterator[Instance]:
    """An instance over a database with the present schema."""
    engine = open_engine(url)
    clock = FakeClock(now)
    yield Instance(
        store=Store(engine, clock, entropy_of(f"instance {now.isoformat()}")),
        clock=clock,
        definition=definition,
        gate=cheap_gate(),
        log=NoteKey.generate(ORIGIN, entropy_of("log")),
    )
    engine.dispose()


def file_of(directory: Path, rehearsal: Rehearsal) -> tuple[Path, datetime]:
    """A database file with the active trial, to be copied, and the time at which it was left."""
    path = directory / "trial.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    with opened(f"sqlite:///{path}", rehearsal.definition) as instance:
        draft(instance)
        activate(instance, rehearsal)
        return path, instance.clock.now


def join(instance: Instance, uow: UnitOfWork, role: Role, site: str = SITE) -> None:
    """Create the account of a role."""
    name = username(role, site)
    account = accounts.create(
        uow,
        instance.gate,
        SERVICE,
        username=name,
        printed_name=name.replace("-", " ").title(),
        email=f"{name}@example.org",
        password=PASSWORD,
        totp_secret=totp_secret(name),
    )
    accounts.grant(uow, SERVICE, account=account.number, role=role, site=site if role in SITE_BOUND else "")


def draft(instance: Instance, kind: Kind = Kind.REHEARSAL) -> None:
    """A draft of the trial, with everybody."""
    with instance.store.writing() as uow:
        instances.create(uow, instance.definition, kind)
        for role in Role:
            join(instance, uow, role)
        join(instance, uow, Role.INVESTIGATOR, SECOND_SITE)


def sign_definition(instance: Instance) -> None:
    """Both signatures under the definition."""
    instance.sign(definition_signing.sign, Role.SPONSOR)
    instance.sign(definition_signing.sign, Role.UNBLINDED_STATISTICIAN)


def activate(instance: Instance, rehearsal: Rehearsal) -> None:
    """From a draft to an active trial with two open sites, under a signed checkpoint."""
    sign_definition(instance)
    instance.act(
        activation.activate,
        Role.ADMINISTRATOR,
        rehearsal.bundle,
        key=rehearsal.key,
        pinned_digest=rehearsal.digest,
    )
    instance.checkpoint()
    for site in (SITE, SECOND_SITE):
        instance.sign(conduct.open_site, Role.SPONSOR, site)
    instance.checkpoint()
