"""Jobs processes that are killed at every step: the next one does what is left, once, and forgets nothing.

A process that died after the mail server took a message, and before it could note that, can't be told from
one that died before: such a notice goes out again, with the same Message-ID.
"""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from subprocess import DEVNULL
from typing import TYPE_CHECKING

import pytest

from keys.merkle import Frontier
from randomizer.domain.acts import Act
from randomizer.domain.definition import parse_definition
from randomizer.domain.housekeeping import Entry, Notice, QualityWatch, SignedCheckpoint, TrailHead
from randomizer.domain.participants import Participant, State
from randomizer.domain.people import SERVICE, Account, Grant, Role
from randomizer.domain.records import Task, TaskKind
from randomizer.domain.supply import Kit, KitState, Outcome, PeriodRecord
from randomizer.domain.trial import Allocation, Kind, Phase, Slot, StratumStatus
from randomizer.jobs import process
from randomizer.services import outside, trail
from randomizer.services.founding import instances
from randomizer.services.founding.instance_files import read_checkpoint_key, write_instance
from randomizer.services.transactions import open_store
from randomizer.services.upkeep import nightly
from tests import errands
from tests.clerks import COMMIT, FSYNC, HAND_OVER, READ_ONLY, Clerks
from tests.jobs.conftest import ORIGIN, Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from randomizer.config import Settings
    from randomizer.services.transactions import Store
    from tests.jobs.conftest import MailServer

pytestmark = [
    pytest.mark.promise(16),
    pytest.mark.requirement("scheduler"),
    pytest.mark.requirement("notices"),
]

MESEMS = Path(__file__).parents[2] / "config" / "mesems.toml"
COORDINATOR, CLEARER = "user1@example.org", "user2@example.org"
CROSSING = "10013"
TOLD = {
    (COORDINATOR, f"Period 2 of participant {CROSSING} is overdue"),
    (CLEARER, f"A quality result of participant {CROSSING} is due"),
    (COORDINATOR, "Open work today"),
}
"""What goes out on each day."""


@pytest.fixture(scope="module")
def clerks() -> Iterator[Clerks]:
    with errands.opened(Clerks, log=DEVNULL) as running:
        yield running


@dataclass(kw_only=True)
class Trial:
    """A running trial in which every job has something to do on each day."""

    settings: Settings
    store: Store
    clock: Clock
    days: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Two who are told, and a participant whose second infusion is overdue for ever."""
        made = parse_definition(MESEMS.read_text(encoding="utf-8"), "mesems.toml")
        definition = replace(made, kits=replace(made.kits, travel=True))
        with self.store.writing() as uow:
            uow.insert(TrailHead(size=0, frontier=Frontier().to_bytes()))
            trial = instances.create(uow, definition, Kind.PRODUCTION)
            with trail.act(uow, Act.TRIAL_ACTIVATED, SERVICE) as act:
                act.change(trial, phase=Phase.ACTIVE)
                act.add(StratumStatus(code="REL", capacity=120, low_water=12))
                for number, role, site in ((1, Role.COORDINATOR, "TLS"), (2, Role.CLEARER, "")):
                    name = f"user{number}"
                    act.add(
                        Account(number=number, username=name, printed_name=name, email=f"{name}@example.org")
                    )
                    act.add(Grant(account=number, role=role, site=site, granted_at=act.at))
            with trail.act(uow, Act.RANDOMIZED, SERVICE) as act:
                long_ago = act.at - timedelta(days=400)
                act.add(
                    Participant(
                        number=CROSSING, site="TLS", state=State.BETWEEN, period=1, consented_at=long_ago
                    )
                )
                given = PeriodRecord(participant=CROSSING, period=1, given_at=long_ago, outcome=Outcome.GIVEN)
                act.add(replace(given, closed_at=long_ago))
                act.add(PeriodRecord(participant=CROSSING, period=2))
            uow.insert(QualityWatch(participant=CROSSING))

    def next_day(self) -> str:
        """A result is due; a kit runs out and one has not arrived; gives the number of the first of them."""
        self.clock.turn(days=1)
        now, day = self.clock(), len(self.days)
        number, late, over = f"{20001 + day}", f"{day:09}", f"{10**8 + day}"
        with self.store.writing() as uow:
            uow.update(QualityWatch(participant=CROSSING, due_at=now + timedelta(hours=1)))
            uow.insert(
                Slot(
                    number=day,
                    stratum="REL",
                    ordinal=day + 1,
                    randomization_number=f"{day:08}",
                    kits=((late,), (over,)),
                    leaf_hash=b"",
                    proof=b"",
                    ciphertext=b"",
                    wraps=(),
                )
            )
            with trail.act(uow, Act.RANDOMIZED, SERVICE, site="TLS", participant=number) as act:
                act.add(Participant(number=number, site="TLS", state=State.RANDOMIZED, consented_at=now))
                act.add(
                    Allocation(
                        participant=number,
                        slot=day,
                        stratum="REL",
                        ordinal=day + 1,
                        randomization_number=f"{day:08}",
                        allocated_at=now,
                    )
                )
                kit = Kit(number=late, slot=day, period=1, state=KitState.SHIPPED, ready_at=now)
                act.add(replace(kit, expires_at=now + timedelta(days=999)))
                act.add(replace(kit, number=over, period=2, state=KitState.READY, expires_at=now))
                act.add(PeriodRecord(participant=number, period=1, kit=late, booked_for=now))
        self.days.append(number)
        return over

    def demand_done(self, over: str) -> None:
        """All that is due is done, once, and published under a signed checkpoint."""
        number = self.days[-1]
        with self.store.reading() as uow:
            acts = Counter(one.act for one in uow.all(Entry, participant=number))
            assert acts == {Act.RANDOMIZED: 1, Act.KIT_EXPIRED: 1, Act.RECEIPT_OVERDUE: 1}
            assert uow.get(Kit, over).state is KitState.EXPIRED
            assert uow.count(Task, kind=TaskKind.RECEIPT) == len(self.days)
            assert uow.count(Notice, sent_at=None) == 0
            signed = {one.size for one in uow.all(SignedCheckpoint)}
            assert max(signed) == uow.count(Entry)
        lines = (self.settings.public / outside.ENTRIES).read_bytes().splitlines()
        assert len(lines) == max(signed)
        notes = (self.settings.public / outside.CHECKPOINTS).glob("*.note")
        assert {int(path.stem) for path in notes} == signed

    def demand_sound(self) -> None:
        """The whole trail, as the nightly job checks it."""
        key = read_checkpoint_key(self.settings.directory).verifier
        with self.store.reading() as uow:
            assert nightly.check_trail(uow, key, outside.held_notes(self.settings.public)) == ()


@pytest.fixture
def trial(tmp_path: Path, mail_server: MailServer, database_url: str, clock: Clock) -> Iterator[Trial]:
    smtp = {"host": "127.0.0.1", "port": mail_server.port, "security": "none"}
    found = {"kind": "production", "origin": ORIGIN, "database_url": database_url, "smtp": smtp}
    settings = write_instance(tmp_path / "instance", found, entropy=secrets.token_bytes)
    store = open_store(settings.engine_url, clock=clock, entropy=secrets.token_bytes)
    made = Trial(settings=settings, store=store, clock=clock)
    made.begin()
    yield made
    store.engine.dispose()


def test_processes_killed_at_every_step_lose_nothing_and_do_nothing_twice(
    trial: Trial, clerks: Clerks, mail_server: MailServer
) -> None:
    """Two at a time ask for the lease; who gets it is killed, one step later each time, until one gets by."""
    over = trial.next_day()
    clerks.begin(trial.settings.directory, trial.clock())
    trial.demand_done(over)
    mail_server.messages.clear()

    over = trial.next_day()
    killed: list[dict[str, str]] = []
    for step in count(1):
        said = clerks.work(trial.settings.directory, trial.clock(), step, step)
        trial.clock.turn(seconds=2 * trial.settings.lease_seconds)
        ended = [one for one in said if "killed" in one]
        if not ended:
            break
        assert len(ended) == (2 if step == 1 else 1), said  # before the first step nobody has the lease
        killed += ended

    assert sorted(one["led"] for one in said) == [False, True]
    trial.demand_done(over)
    trial.demand_sound()
    assert {(str(one["To"]), str(one["Subject"])) for one in mail_server.messages} == TOLD
    copies = Counter(one["Message-ID"] for one in mail_server.messages)
    unnoted = [one for one in killed if one["killed"] == "notices" and one["after"] == HAND_OVER]
    assert unnoted
    assert sorted(copies.values()) == [1] * (len(TOLD) - len(unnoted)) + [2] * len(unnoted)
    every_job = {plan.name for plan in process.plans(trial.settings)} - set(READ_ONLY)
    assert {one["killed"] for one in killed} == {"lease", *every_job}
    assert {one["before"] for one in killed} == {COMMIT, FSYNC, HAND_OVER}
