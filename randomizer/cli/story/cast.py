"""The people of the story: one account per role, for each site where a role is bound to one."""

from __future__ import annotations

import base64
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pyotp

from randomizer.domain.people import SERVICE, SITE_BOUND, Person, Role
from randomizer.services import accounts, authentication

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    from randomizer.cli.story.calendar import SimulatedClock
    from randomizer.services.authentication import Gate
    from randomizer.services.signatures import StepUp
    from randomizer.services.transactions import Store, UnitOfWork
    from randomizer.services.unblinded.desk import Desk

T = TypeVar("T")

TOTP_BYTES = 20
PASSWORD_BYTES = 9

TITLES = {
    Role.INVESTIGATOR: "Dr",
    Role.ON_CALL: "Dr",
    Role.SAFETY_PHYSICIAN: "Dr",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One account of the rehearsal, with what it signs in with: printed once, for the rehearsal only."""

    account: int
    role: Role
    site: str
    username: str
    password: str
    totp_secret: str
    recovery_codes: tuple[str, ...] = ()


class Cast:
    """Everybody who acts in the story.

    Args:
        store: The instance.
        gate: Its gate; in a simulated trial a step-up may count for a day.
        clock: The story's clock.
    """

    def __init__(self, store: Store, gate: Gate, clock: SimulatedClock) -> None:
        self._store = store
        self._gate = gate
        self._clock = clock
        self._members: dict[tuple[Role, str], Member] = {}
        self._commit = ExitStack()
        self._acts_per_commit = 1
        self._carried = 0
        self._shared: UnitOfWork
        self._persons: dict[tuple[int, date], Person] = {}
        self._step_ups: dict[tuple[int, date], StepUp] = {}

    @property
    def members(self) -> tuple[Member, ...]:
        """Everybody, in the order of joining."""
        return tuple(self._members.values())

    def join(self, role: Role, site: str = "", *, name: str = "") -> Member:
        """Create an account with one role.

        Args:
            role: The role.
            site: Site code for a role bound to a site.
            name: User name; made of role and site where it is empty.
        """
        username = name or "-".join(part for part in (role.replace(" ", "-"), site.lower()) if part)
        password = base64.urlsafe_b64encode(self._store.entropy(PASSWORD_BYTES)).decode()
        secret = base64.b32encode(self._store.entropy(TOTP_BYTES)).decode()
        printed = " ".join(
            part for part in (TITLES.get(role, ""), username.replace("-", " ").title()) if part
        )
        with self._store.writing() as uow:
            account = accounts.create(
                uow,
                self._gate,
                SERVICE,
                username=username,
                printed_name=printed,
                email=f"{username}@example.org",
                password=password,
                totp_secret=secret,
            )
            accounts.grant(uow, SERVICE, account=account.number, role=role, site=site)
        member = Member(
            account=account.number,
            role=role,
            site=site,
            username=username,
            password=password,
            totp_secret=secret,
        )
        self._members.setdefault((role, site), member)
        return member

    def join_all(self, sites: tuple[str, ...]) -> None:
        """One person per role, and per site for the roles that are bound to one."""
        for role in Role:
            for site in sites if role in SITE_BOUND else ("",):
                self.join(role, site)

    @property
    def now(self) -> datetime:
        """The story's moment, without moving on."""
        return self._clock.now

    @contextmanager
    def sharing_commits(self, acts: int) -> Iterator[None]:
        """Let each commit carry several acts, every one still under a savepoint and with an entry of its own.

        Args:
            acts: How many at the most.
        """
        self._acts_per_commit = acts
        try:
            yield
        finally:
            self.settle()
            self._acts_per_commit = 1

    def settle(self) -> None:
        """Commit what was done so far; needed before a service opens a transaction of its own."""
        self._carried = 0
        self._commit.close()

    def act(self, service: Callable[..., T], role: Role, *arguments: Any, site: str = "", **named: Any) -> T:  # noqa: ANN401
        """Carry out one act as the person in this role, in a commit of its own.

        Args:
            service: A service that takes a unit of work and the person first.
            role: Who acts.
            *arguments: What the service takes after them.
            site: The person's site, for a role that is bound to one.
            **named: Likewise, by name.
        """
        person = self.person(role, site)
        with self._writing() as uow:
            return service(uow, person, *arguments, **named)

    def at_desk(self, service: Callable[..., T], desk: Desk, role: Role, *arguments: Any, **named: Any) -> T:  # noqa: ANN401
        """Carry out one act that needs the keys of the code-break host.

        Args:
            service: A service that takes a unit of work, the desk and the person first.
            desk: The code-break host's own.
            role: Who acts; trial-wide.
            *arguments: What the service takes after them.
            **named: Likewise, by name.
        """
        person = self.person(role)
        with self._writing() as uow:
            return service(uow, desk, person, *arguments, **named)

    def sign(self, service: Callable[..., T], role: Role, *arguments: Any, site: str = "", **named: Any) -> T:  # noqa: ANN401
        """Carry out one act that is signed; a person steps up once per simulated day."""
        return self.act(service, role, self.step_up(role, site), *arguments, site=site, **named)

    def serve(self, service: Callable[[UnitOfWork], T]) -> T:
        """Carry out what the service itself does, as the jobs process would."""
        with self._writing() as uow:
            return service(uow)

    def member(self, role: Role, site: str = "") -> Member:
        """The first member with a role; the site counts for roles that are bound to one."""
        return self._members[role, site if role in SITE_BOUND else ""]

    def person(self, role: Role, site: str = "") -> Person:
        """The same as the person who acts; looked up once per simulated day, since no grant changes in it."""
        account = self.member(role, site).account
        today = (account, self._clock.now.date())
        if today not in self._persons:
            with self._store.reading() as uow:
                self._persons[today] = accounts.person(uow, account)
        return self._persons[today]

    def step_up(self, role: Role, site: str = "") -> StepUp:
        """A re-authentication of the person; one counts for a simulated day."""
        member = self.member(role, site)
        today = (member.account, self._clock.now.date())
        if today not in self._step_ups:
            person = self.person(role, site)
            with self._writing() as uow:
                self._step_ups[today] = authentication.step_up(
                    uow,
                    self._gate,
                    person,
                    password=member.password,
                    code=pyotp.TOTP(member.totp_secret).at(self._clock.now),
                )
        return self._step_ups[today]

    @contextmanager
    def _writing(self) -> Iterator[UnitOfWork]:
        if self._acts_per_commit == 1:
            with self._store.writing() as uow:
                yield uow
            return
        if self._carried == 0:
            self._shared = self._commit.enter_context(self._store.writing())
        self._carried += 1
        yield self._shared
        if self._carried >= self._acts_per_commit:
            self.settle()
