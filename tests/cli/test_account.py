"""Accounts by commands: the first two, then everybody else's by an administrator who signs in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyotp
import pytest

from randomizer.cli.instance import open_instance
from randomizer.config import system_clock
from randomizer.domain.housekeeping import Entry, Notice, TotpUse
from randomizer.domain.people import Account
from randomizer.services import accounts
from randomizer.services.recovery_codes import CODES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from randomizer.services.transactions import Store
    from tests.cli.conftest import Answer, Randomizer

pytestmark = pytest.mark.requirement("accounts")


@dataclass
class Office:
    """An instance with two administrators, ada and bob."""

    store: Store
    randomizer: Randomizer
    monkeypatch: pytest.MonkeyPatch
    credentials: dict[str, dict[str, str]]

    def code(self, username: str) -> str:
        """The code of now, usable once more."""
        with self.store.writing() as uow:
            uow.remove(TotpUse)
        return pyotp.TOTP(self.credentials[username]["totp_secret"]).at(system_clock())

    def call(self, *arguments: str, by: str = "ada") -> Answer:
        """An account command, signed in."""
        self.monkeypatch.setenv("RANDOMIZER_PASSWORD", self.credentials[by]["password"])
        self.monkeypatch.setenv("RANDOMIZER_CODE", self.code(by))
        return self.randomizer("account", *arguments, "--as", by, "--json")

    def create(self, username: str) -> dict[str, Any]:
        answer = self.call(
            "create", username, "--name", username.title(), "--email", f"{username}@example.org"
        )
        self.credentials[username] = answer.fields
        return answer.fields

    def roles(self) -> dict[str, list[str]]:
        rows = self.call("list").fields["accounts"]
        return {row["username"]: row["grants"] for row in rows}


FIRST = ("--first", "ada", "Ada A.", "ada@example.org", "--second", "bob", "Bob B.", "bob@example.org")


@pytest.fixture
def instance(
    tmp_path: Path, definition_file: Path, randomizer: Randomizer, monkeypatch: pytest.MonkeyPatch
) -> Path:
    directory = tmp_path / "instance"
    kind = ("--kind", "rehearsal", "--origin", "example.org/mesems")
    assert randomizer("init", directory, "--definition", definition_file, *kind).status == 0
    monkeypatch.setenv("RANDOMIZER_INSTANCE", str(directory))
    return directory


@pytest.fixture
def office(instance: Path, randomizer: Randomizer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    made = randomizer("account", "bootstrap", *FIRST, "--json").fields["accounts"]
    store = open_instance(instance)[1]
    yield Office(store, randomizer, monkeypatch, {fields["username"]: fields for fields in made})
    store.engine.dispose()


def test_a_fresh_instance_gets_two_administrators_once(office: Office, randomizer: Randomizer) -> None:
    assert office.roles() == {"ada": ["administrator"], "bob": ["administrator"]}
    again = randomizer("account", "bootstrap", *FIRST)
    assert again.refusal.startswith("This instance has accounts already. Nothing was changed.")
    with office.store.reading() as uow:
        acts = [entry.act for entry in uow.all(Entry)]
        assert uow.count(Account) == 2
    assert acts[1:] == ["account created", "role granted"] * 2


def test_what_is_handed_over_is_strong_and_signs_in(office: Office) -> None:
    fields = office.create("carla")
    assert len(fields["password"].replace("-", "")) == 24
    assert fields["password"] != office.create("dora")["password"]
    assert fields["otpauth"].startswith("otpauth://totp/Crossover%20randomizer%20MESEMS:carla?secret=")
    assert office.call("list", by="carla").refusal.startswith("Your role cannot see accounts")


def test_a_person_reads_it_in_plain_words(instance: Path, randomizer: Randomizer) -> None:
    answer = randomizer("account", "bootstrap", *FIRST)
    assert answer.status == 0
    assert answer.out.count("Shown this once. Hand it over in person.") == 2


def test_roles_come_and_go(office: Office) -> None:
    office.create("carla")
    assert office.call("grant", "carla", "coordinator", "--site", "TLS").status == 0
    assert office.roles()["carla"] == ["coordinator at TLS"]
    assert office.call("revoke", "carla", "coordinator", "--site", "TLS").status == 0
    assert office.roles()["carla"] == []
    assert "does not hold this role" in office.call("revoke", "carla", "coordinator", "--site", "TLS").refusal


def test_a_role_that_breaks_codes_needs_a_second_administrator(office: Office) -> None:
    office.create("carla")
    grant = ("grant", "carla", "investigator", "--site", "TLS")
    assert "second administrator" in office.call(*grant).refusal
    office.monkeypatch.setenv("RANDOMIZER_SECOND_PASSWORD", office.credentials["bob"]["password"])
    office.monkeypatch.setenv("RANDOMIZER_SECOND_CODE", "000000")
    assert "do not fit together" in office.call(*grant, "--second", "bob").refusal
    office.monkeypatch.setenv("RANDOMIZER_SECOND_CODE", office.code("bob"))
    first = office.call(*grant, "--second", "bob").fields["recovery_codes"]
    assert len(first) == CODES
    assert office.roles()["carla"] == ["investigator at TLS"]
    # And so does a new credential of such a person.
    assert "second administrator" in office.call("credential", "carla").refusal
    office.monkeypatch.setenv("RANDOMIZER_SECOND_CODE", office.code("bob"))
    fields = office.call("credential", "carla", "--second", "bob").fields
    assert fields["password"] != office.credentials["carla"]["password"]
    assert not set(fields["recovery_codes"]) & set(first)
    office.monkeypatch.setenv("RANDOMIZER_SECOND_CODE", office.code("bob"))
    newest = office.call("recovery-codes", "carla", "--second", "bob").fields["recovery_codes"]
    assert not set(newest) & {*first, *fields["recovery_codes"]}
    with office.store.reading() as uow:
        assert Counter(notice.subject for notice in uow.all(Notice)) == {
            "You were given a role that can break a code": 1,
            "Your sign-in was changed": 1,
            "You have new recovery codes": 3,
        }


def test_nobody_is_their_own_second(office: Office) -> None:
    office.create("carla")
    office.monkeypatch.setenv("RANDOMIZER_SECOND_PASSWORD", office.credentials["ada"]["password"])
    office.monkeypatch.setenv("RANDOMIZER_SECOND_CODE", office.code("ada"))
    answer = office.call("grant", "carla", "investigator", "--site", "TLS", "--second", "ada")
    assert answer.status == 1


def test_a_closed_account_signs_in_no_more(office: Office) -> None:
    office.create("carla")
    assert office.call("close", "carla", "--why", "left").status == 0
    assert "do not fit together" in office.call("list", by="carla").refusal
    with office.store.reading() as uow:
        assert [account.username for account in uow.all(Account, active=False)] == ["carla"]


@pytest.mark.promise(20)
@pytest.mark.parametrize("wrong", ["password", "code", "name"])
def test_whoever_does_not_sign_in_changes_nothing(office: Office, wrong: str) -> None:
    right = {"password": office.credentials["ada"]["password"], "code": office.code("ada"), "name": "ada"}
    given = right | {wrong: "000000"}
    office.monkeypatch.setenv("RANDOMIZER_PASSWORD", given["password"])
    office.monkeypatch.setenv("RANDOMIZER_CODE", given["code"])
    answer = office.randomizer(
        "account", "create", "eve", "--name", "Eve", "--email", "e@example.org", "--as", given["name"]
    )
    assert "do not fit together" in answer.refusal
    with office.store.reading() as uow:
        assert uow.count(Account) == 2


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("grant", "nobody", "monitor"), "There is no account nobody."),
        (("grant", "bob", "monitor"), "Nobody can be monitor and administrator at once"),
        (("grant", "carla", "coordinator"), "is granted for one site"),
        (("grant", "carla", "king"), "'king' is not one of"),
        (
            ("create", "bob", "--name", "Bob", "--email", "b@example.org"),
            "There is already such a record (account)",
        ),
        (("close", "nobody", "--why", "left"), "There is no account nobody."),
    ],
)
def test_bad_input_is_refused_in_a_sentence(office: Office, arguments: tuple[str, ...], said: str) -> None:
    office.create("carla")
    assert said in office.call(*arguments).refusal


def test_minimum_length_is_met_by_what_is_drawn(office: Office) -> None:
    assert len(office.credentials["ada"]["password"]) >= accounts.MINIMUM_PASSWORD_LENGTH
