"""Passkeys: added by their holder alone, each answer good once, for one act, from one address."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from randomizer.domain.housekeeping import ChallengeUse, Entry, Notice, PasskeyUse, Session
from randomizer.domain.people import SERVICE, Passkey, Role
from randomizer.domain.records import Alarm, AlarmKind
from randomizer.errors import Conflict, NotAllowed, NotFound, Refused, SignInRefused, Tampered
from randomizer.services import account_closing, accounts, passkeys
from randomizer.services.challenges import MINUTES, Challenges
from randomizer.services.passkeys import MOST_OF_A_PERSON
from randomizer.services.relying_party import RelyingParty
from randomizer.services.upkeep import sweep
from tests.activated import SITE, entropy_of, totp_secret, username
from tests.authenticator import GET, Authenticator

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.services.passkeys import Asserted
    from tests.activated import Instance

pytestmark = pytest.mark.promise(6)

ORIGIN, DOMAIN = "https://break.example.org", "break.example.org"
LIES: tuple[dict[str, Any], ...] = (
    {"origin": "https://break.example.org.evil.example"},
    {"origin": "http://break.example.org"},
    {"rp_id": "evil.example"},
    {"verified": False},
    {"kind": "webauthn.create"},
    {"cross_origin": True},
    {"challenge": "AAAA"},
    {"challenge": None},
)
SESSION, PURPOSE = "session", ("session", "act")
ROLE = Role.ON_CALL


@dataclass
class Bench:
    """An instance with a door, and people with phones."""

    instance: Instance
    party: RelyingParty
    made: int = field(default=0)

    def add(self, role: Role = ROLE, name: str = "Phone", **lies: Any) -> Authenticator:  # noqa: ANN401
        """Somebody's new passkey."""
        phone = Authenticator(ORIGIN)
        by = self.instance.person(role)
        self.made += 1
        handle = f"{self.made:032x}"
        with self.instance.store.writing() as uow:
            asked = passkeys.offer(uow, self.party, by, handle=handle, name=name, session=SESSION)
            passkeys.add(
                uow, self.party, by, phone.create(asked, **lies), handle=handle, name=name, session=SESSION
            )
        return phone

    def ask(self) -> str:
        return self.party.ask((), *PURPOSE)

    def fit(self, answer: str, account: int | None = None) -> Asserted:
        claim = self.party.claimed(answer, *PURPOSE)
        with self.instance.store.reading() as uow:
            return passkeys.fit(uow, self.party, claim, account=account)

    def use(self, asserted: Asserted) -> None:
        with self.instance.store.writing() as uow:
            passkeys.confirm(uow, asserted)
            passkeys.spend(uow, asserted)
            passkeys.use(uow, asserted)

    def handles(self, role: Role = ROLE) -> list[str]:
        with self.instance.store.reading() as uow:
            return [one["handle"] for one in passkeys.listing(uow, self.instance.person(role))]

    def told(self) -> set[tuple[str, str]]:
        with self.instance.store.reading() as uow:
            return {(one.recipient, one.subject) for one in uow.all(Notice)}


@pytest.fixture
def bench(instance: Instance) -> Bench:
    challenges = Challenges(key=bytes(32), clock=instance.clock, entropy=entropy_of("passkeys"))
    return Bench(instance, RelyingParty(id=DOMAIN, origin=ORIGIN, challenges=challenges))


@pytest.fixture
def phone(bench: Bench) -> Authenticator:
    """The passkey of the on-call clinician."""
    return bench.add()


def test_a_passkey_answers_for_its_holder(bench: Bench, phone: Authenticator) -> None:
    asserted = bench.fit(phone.get(bench.ask()))
    assert asserted.account.number == bench.instance.number(ROLE)
    bench.use(asserted)
    with bench.instance.store.reading() as uow:
        (row,) = passkeys.listing(uow, bench.instance.person(ROLE))
        (entry,) = uow.all(Entry, act="passkey added")
    assert (row["name"], row["relying_party"], row["counts"]) == ("Phone", DOMAIN, True)
    assert row["used_at"] == bench.instance.clock()
    assert (entry.actor, entry.role) == (bench.instance.number(ROLE), ROLE)
    assert (f"{username(ROLE)}@example.org", "A passkey was added to your account") in bench.told()


def test_an_answer_that_is_not_what_was_asked_for_is_refused(bench: Bench, phone: Authenticator) -> None:
    for lies in LIES:
        with pytest.raises(SignInRefused):
            bench.fit(phone.get(bench.ask(), **lies))
    bench.fit(phone.get(bench.ask()))


def test_a_new_passkey_that_is_not_what_was_asked_for_is_refused(bench: Bench) -> None:
    for lies in LIES:
        with pytest.raises(SignInRefused):
            bench.add(**lies | ({"kind": GET} if "kind" in lies else {}))
    assert not bench.handles()


def test_an_answer_is_refused_where_its_bytes_are_changed(bench: Bench, phone: Authenticator) -> None:
    answer = json.loads(phone.get(bench.ask()))
    for part in ("signature", "authenticatorData", "userHandle"):
        old = answer["response"][part]
        spoilt = old[:8] + ("A" if old[8] != "A" else "B") + old[9:]
        with pytest.raises(SignInRefused):
            bench.fit(json.dumps(answer | {"response": answer["response"] | {part: spoilt}}))
    for broken in ("", "{}", "[" * 5000, "null", json.dumps(answer)[:-9], "x" * 20_000, '{"id": 1}'):
        with pytest.raises(SignInRefused):
            bench.fit(broken)
    bench.fit(json.dumps(answer))


@pytest.mark.promise(20)
def test_an_answer_counts_once_and_for_its_holder_alone(bench: Bench, phone: Authenticator) -> None:
    other = bench.add(Role.SAFETY_PHYSICIAN)
    answer = phone.get(bench.ask())
    with pytest.raises(SignInRefused):
        bench.fit(answer, account=bench.instance.number(Role.SAFETY_PHYSICIAN))
    other.credential, other.handle = phone.credential, phone.handle
    with pytest.raises(SignInRefused):
        bench.fit(other.get(bench.ask()))
    asserted = bench.fit(answer, account=bench.instance.number(ROLE))
    bench.use(asserted)
    with pytest.raises(SignInRefused, match="used already"):
        bench.use(asserted)
    bench.instance.clock.advance(seconds=MINUTES * 60)
    with pytest.raises(SignInRefused, match="minutes"):
        bench.fit(answer)
    bench.instance.clock.advance(seconds=1)
    with bench.instance.store.writing() as uow:
        assert sweep.challenges(uow) == 1
        assert not uow.count(ChallengeUse)


def test_a_passkey_that_counts_backwards_raises_an_alarm_and_goes_on(
    bench: Bench, phone: Authenticator
) -> None:
    phone.signed = 41
    for signed, doubts in ((42, 0), (43, 0), (43, 1), (2, 1)):
        bench.use(bench.fit(phone.get(bench.ask(), signed=signed)))
        with bench.instance.store.reading() as uow:
            assert uow.count(Alarm, kind=AlarmKind.PASSKEY) == doubts
    with bench.instance.store.reading() as uow:
        (use,) = uow.all(PasskeyUse)
    assert use.sign_count == 43
    assert (f"{username(ROLE)}@example.org", "A passkey of yours may have been copied") in bench.told()


def test_a_passkey_that_does_not_count_raises_none(bench: Bench, phone: Authenticator) -> None:
    for _ in range(2):
        bench.use(bench.fit(phone.get(bench.ask(), signed=0)))
    with bench.instance.store.reading() as uow:
        assert not uow.count(Alarm)


def test_one_that_was_removed_counts_no_more_and_ends_every_session(
    bench: Bench, phone: Authenticator
) -> None:
    by, late = bench.instance.person(ROLE), bench.fit(phone.get(bench.ask()))
    (handle,) = bench.handles()
    with bench.instance.store.writing() as uow:
        before = accounts.enrolled_by(uow, by.account)
        now = uow.clock()
        uow.insert(
            Session(
                token_hash="x", account=by.account, door="site", began_at=now, seen_at=now, expires_at=now
            )
        )
        passkeys.remove(uow, by, handle)
        assert accounts.enrolled_by(uow, by.account) > before
        assert not uow.count(Session)
        with pytest.raises(NotFound):
            passkeys.remove(uow, by, handle)
    with pytest.raises(SignInRefused):
        bench.fit(phone.get(bench.ask()))
    with pytest.raises(SignInRefused):
        bench.use(late)
    assert (f"{username(ROLE)}@example.org", "A passkey was removed from your account") in bench.told()


@pytest.mark.promise(20)
def test_nobody_removes_anothers(bench: Bench, phone: Authenticator) -> None:
    for role in (Role.ADMINISTRATOR, Role.SAFETY_PHYSICIAN):
        with bench.instance.store.writing() as uow, pytest.raises(NotFound):
            passkeys.remove(uow, bench.instance.person(role), bench.handles()[0])
    bench.fit(phone.get(bench.ask()))


def give(instance: Instance, role: Role) -> None:
    with instance.store.writing() as uow:
        accounts.grant(uow, SERVICE, account=instance.number(role), role=Role.INVESTIGATOR, site=SITE)


def close(instance: Instance, role: Role) -> None:
    with instance.store.writing() as uow:
        by = accounts.person(uow, instance.number(Role.ADMINISTRATOR))
        account_closing.close(uow, by, instance.number(role), "left")


@pytest.mark.promise(20)
@pytest.mark.parametrize("act", [give, close])
def test_what_was_added_before_counts_for_nothing_after(
    bench: Bench, act: Callable[[Instance, Role], None]
) -> None:
    """Whoever knew a sign-in before its holder could break a code left no passkey behind."""
    phone = bench.add(Role.COORDINATOR)
    early = bench.fit(phone.get(bench.ask()))
    act(bench.instance, Role.COORDINATOR)
    with pytest.raises(SignInRefused):
        bench.fit(phone.get(bench.ask()))
    with pytest.raises(SignInRefused):
        bench.use(early)


def test_a_new_sign_in_ends_the_passkeys_before_it(bench: Bench) -> None:
    phone = bench.add(Role.MONITOR)
    with bench.instance.store.writing() as uow:
        accounts.set_credential(
            uow,
            bench.instance.gate,
            accounts.person(uow, bench.instance.number(Role.ADMINISTRATOR)),
            account=bench.instance.number(Role.MONITOR),
            password="another long password",
            totp_secret=totp_secret("new"),
            second=None,
        )
        (row,) = passkeys.listing(uow, accounts.person(uow, bench.instance.number(Role.MONITOR)))
    assert not row["counts"]
    with pytest.raises(SignInRefused):
        bench.fit(phone.get(bench.ask()))
    bench.fit(bench.add(Role.MONITOR).get(bench.ask()))


@pytest.mark.promise(17)
@pytest.mark.parametrize("column", ["account", "public_key", "relying_party"])
def test_a_passkey_that_was_changed_by_sql_lets_nobody_in(bench: Bench, column: str) -> None:
    phone, thief = bench.add(Role.MONITOR), bench.add(Role.ADMINISTRATOR)
    with bench.instance.store.reading() as uow:
        (stolen,) = uow.all(Passkey, account=bench.instance.number(Role.ADMINISTRATOR))
    values = {
        "account": bench.instance.number(Role.ON_CALL),
        "public_key": stolen.public_key,
        "relying_party": "other.example.org",
    }
    with bench.instance.store.engine.begin() as connection:
        connection.execute(
            text(f"UPDATE passkey SET {column} = :value WHERE account = :holder"),  # noqa: S608 - a column of ours
            {"value": values[column], "holder": bench.instance.number(Role.MONITOR)},
        )
    if column == "public_key":
        phone.key = thief.key
    with pytest.raises((Tampered, SignInRefused)) as refused:
        bench.fit(phone.get(bench.ask()))
    assert (refused.type is SignInRefused) == (column == "relying_party")


def test_an_offer_is_for_its_session_its_name_and_its_time(bench: Bench) -> None:
    by, phone = bench.instance.person(ROLE), Authenticator(ORIGIN)
    asked = {"handle": f"{7:032x}", "name": "Phone", "session": SESSION}
    with bench.instance.store.writing() as uow:
        options = passkeys.offer(uow, bench.party, by, **asked)
        answer = phone.create(options)
        for other in ({"session": "stolen"}, {"handle": f"{8:032x}"}, {"name": "Other"}):
            with pytest.raises(SignInRefused):
                passkeys.add(uow, bench.party, by, answer, **(asked | other))
        passkeys.add(uow, bench.party, by, answer, **asked)
    with bench.instance.store.writing() as uow, pytest.raises(Conflict):
        passkeys.add(uow, bench.party, by, answer, **asked)
    excluded = json.loads(bench.party.offer("x", username="x", name="x", handle="00", held=["AA"]))
    assert [one["id"] for one in excluded["excludeCredentials"]] == ["AA"]


@pytest.mark.promise(18)
def test_names_and_numbers_of_passkeys_have_bounds(bench: Bench) -> None:
    for name in ("", "x" * 61, "a\nb"):
        with pytest.raises(Refused, match="1 to 60 characters"):
            bench.add(name=name)
    for _ in range(MOST_OF_A_PERSON):
        bench.add()
    with pytest.raises(Refused, match="which is the most"):
        bench.add()


@pytest.mark.promise(20)
def test_who_holds_no_role_adds_none(bench: Bench) -> None:
    with bench.instance.store.writing() as uow:
        accounts.revoke(
            uow,
            bench.instance.person(Role.ADMINISTRATOR),
            account=bench.instance.number(Role.MONITOR),
            role=Role.MONITOR,
        )
    with pytest.raises(NotAllowed):
        bench.add(Role.MONITOR)
