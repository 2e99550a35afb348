from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyotp
import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from sqlalchemy import text

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Session
from randomizer.domain.people import SERVICE, Account, Credential, Person, Role
from randomizer.domain.trial import SiteState, SiteStatus
from randomizer.errors import Conflict, Faulty, NotAllowed, NotFound, Refused, SignInRefused, Tampered
from randomizer.services import account_closing, accounts, authentication, sessions, trail
from randomizer.services.authentication import Gate
from randomizer.services.turns import TRIES_OF_A_CODE, Turns
from randomizer.store.store import Store

if TYPE_CHECKING:
    from randomizer.services.signatures import StepUp
    from randomizer.store.work import UnitOfWork

PASSWORD = "correct horse battery"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
GATE = Gate(totp_key=Fernet.generate_key(), hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@dataclass
class Hands:
    """A store whose clock the test moves."""

    store: Store
    now: datetime = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.store = Store(self.store.engine, lambda: self.now, self.store.entropy)

    def code(self) -> str:
        return pyotp.TOTP(SECRET).at(self.now)

    def later(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@pytest.fixture
def hands(store: Store, monkeypatch: pytest.MonkeyPatch) -> Hands:
    monkeypatch.setitem(globals(), "GATE", replace(GATE, sign_ins=Turns(), step_ups=Turns(seats=None)))
    hands = Hands(store)
    with hands.store.writing() as uow:
        uow.insert(SiteStatus(code="TLS", state=SiteState.OPEN))
        for name in ("admin", "second", "anna"):
            create(uow, name)
        for number in (1, 2):
            accounts.grant(uow, SERVICE, account=number, role=Role.ADMINISTRATOR)
        accounts.grant(uow, SERVICE, account=3, role=Role.COORDINATOR, site="TLS")
    return hands


def create(uow: UnitOfWork, name: str) -> Account:
    return accounts.create(
        uow,
        GATE,
        SERVICE,
        username=name,
        printed_name=name.title(),
        email=f"{name}@example.org",
        password=PASSWORD,
        totp_secret=SECRET,
    )


def sign_in(hands: Hands, name: str = "anna", password: str = PASSWORD, code: str | None = None) -> str:
    with hands.store.writing() as uow:
        presented = authentication.verify(
            uow, GATE, username=name, password=password, code=code or hands.code()
        )
        return sessions.begin(uow, door="site", presented=presented)


def person(hands: Hands, token: str, door: str = "site") -> Person:
    with hands.store.reading() as uow:
        return sessions.person(uow, door=door, token=token)


def step_up(hands: Hands, number: int, *, later_seconds: int = 60) -> StepUp:
    hands.later(seconds=later_seconds)
    with hands.store.writing() as uow:
        return authentication.step_up(
            uow, GATE, accounts.person(uow, number), password=PASSWORD, code=hands.code()
        )


def test_a_session_gives_the_person_with_the_grants_that_stand_now(hands: Hands) -> None:
    signed_in = person(hands, sign_in(hands))
    assert signed_in.username == "anna"
    assert signed_in.grants == {(Role.COORDINATOR, "TLS")}


@pytest.mark.promise(20)
def test_a_revoked_role_fails_on_the_next_request(hands: Hands) -> None:
    token = sign_in(hands)
    with hands.store.writing() as uow:
        admin = accounts.person(uow, 1)
        accounts.revoke(uow, admin, account=3, role=Role.COORDINATOR, site="TLS")
    assert person(hands, token).grants == frozenset()


@pytest.mark.parametrize(
    ("name", "password", "code"),
    [("anna", "wrong password 123", None), ("nobody", PASSWORD, None), ("anna", PASSWORD, "000000")],
)
def test_a_refused_sign_in_never_says_what_was_wrong(
    hands: Hands, name: str, password: str, code: str | None
) -> None:
    with pytest.raises(SignInRefused) as refusal:
        sign_in(hands, name, password, code)
    assert refusal.value.message == "Name, password and code do not fit together."


@pytest.mark.requirement("accounts")
def test_whoever_got_a_new_sign_in_meanwhile_is_not_let_in_with_the_old_one(hands: Hands) -> None:
    """The password is checked between two transactions."""
    with hands.store.writing() as uow:
        presented = authentication.verify(uow, GATE, username="anna", password=PASSWORD, code=hands.code())
        accounts.set_credential(
            uow,
            GATE,
            accounts.person(uow, 1),
            account=3,
            password="another long password",
            totp_secret=SECRET,
            second=None,
        )
        with pytest.raises(SignInRefused, match="do not fit together"):
            sessions.begin(uow, door="site", presented=presented)


@pytest.mark.requirement("accounts")
def test_one_code_is_tried_with_a_handful_of_passwords(hands: Hands) -> None:
    for _ in range(TRIES_OF_A_CODE):
        with pytest.raises(SignInRefused):
            sign_in(hands, password="wrong password 123")
    with pytest.raises(SignInRefused, match="do not fit together"):
        sign_in(hands)
    hands.later(seconds=30)
    sign_in(hands)


def test_a_code_works_once(hands: Hands) -> None:
    sign_in(hands)
    with pytest.raises(SignInRefused):
        sign_in(hands)
    hands.later(seconds=30)
    sign_in(hands)


def test_a_code_signs_once(hands: Hands) -> None:
    step_up(hands, 3)
    with pytest.raises(SignInRefused):
        step_up(hands, 3, later_seconds=0)
    assert step_up(hands, 3).account == 3


def test_a_code_of_the_step_before_is_accepted_an_older_one_is_not(hands: Hands) -> None:
    code = hands.code()
    hands.later(seconds=30)
    sign_in(hands, code=code)
    hands.later(minutes=2)
    old = pyotp.TOTP(SECRET).at(hands.now - timedelta(seconds=60))
    with pytest.raises(SignInRefused):
        sign_in(hands, code=old)


def test_a_session_of_one_door_is_worthless_at_the_other(hands: Hands) -> None:
    token = sign_in(hands)
    with pytest.raises(SignInRefused):
        person(hands, token, door="codebreak")


def test_a_session_ends_when_idle_and_at_sign_out(hands: Hands) -> None:
    token = sign_in(hands)
    hands.later(minutes=sessions.IDLE_MINUTES)
    with pytest.raises(SignInRefused):
        person(hands, token)
    token = sign_in(hands)
    with hands.store.writing() as uow:
        sessions.end(uow, token)
    with pytest.raises(SignInRefused):
        person(hands, token)


def test_the_store_holds_no_token_password_or_secret_in_clear(hands: Hands) -> None:
    token = sign_in(hands)
    with hands.store.reading() as uow:
        session = uow.all(Session)[0]
        credential = uow.get(Credential, 3)
    assert session.token_hash != token
    assert PASSWORD not in credential.password_hash
    assert credential.password_hash.startswith("$argon2id$")
    assert SECRET.encode() not in credential.totp_sealed
    assert "argon2" not in repr(credential)


def test_a_credential_swapped_by_sql_lets_nobody_in(hands: Hands) -> None:
    forged = GATE.hasher.hash("password of the intruder")
    with hands.store.engine.begin() as connection:
        connection.execute(text("UPDATE credential SET password_hash = :h WHERE account = 3"), {"h": forged})
    with pytest.raises(Tampered):
        sign_in(hands, password="password of the intruder")


@pytest.mark.promise(20)
def test_a_grant_inserted_by_sql_counts_for_nothing(hands: Hands) -> None:
    token = sign_in(hands)
    with hands.store.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO role_grant (account, role, site, granted_at, entry) "
                "VALUES (3, 'sponsor representative', '', '2027-01-01T00:00:00.000000Z', 0)"
            )
        )
    with pytest.raises(Tampered, match="Grant 3"):
        person(hands, token)


def test_one_administrator_alone_cannot_make_somebody_who_breaks_codes(hands: Hands) -> None:
    with hands.store.writing() as uow:
        admin = accounts.person(uow, 1)
        with pytest.raises(NotAllowed, match="second administrator"):
            accounts.grant(uow, admin, account=3, role=Role.INVESTIGATOR, site="TLS")
    own = step_up(hands, 1)
    with hands.store.writing() as uow, pytest.raises(NotAllowed, match="second administrator"):
        accounts.grant(uow, admin, account=3, role=Role.INVESTIGATOR, site="TLS", second=own)
    other = step_up(hands, 2)
    with hands.store.writing() as uow:
        accounts.grant(uow, admin, account=3, role=Role.INVESTIGATOR, site="TLS", second=other)
        assert Role.INVESTIGATOR in accounts.person(uow, 3).roles
    with hands.store.writing() as uow:
        with trail.act(uow, Act.CREDENTIAL_SET, SERVICE) as act:
            act.change(uow.get(Account, 2), email="Admin+two@example.org")
        with pytest.raises(NotAllowed, match="second administrator"):  # the same person, by another account
            accounts.grant(uow, admin, account=3, role=Role.INVESTIGATOR, site="TLS", second=other)


@pytest.mark.parametrize("role", [Role.PREPARER, Role.UNBLINDED_STATISTICIAN, Role.ADMINISTRATOR])
def test_nobody_deals_with_sites_and_sees_allocations(hands: Hands, role: Role) -> None:
    with hands.store.writing() as uow, pytest.raises(Refused, match="at once"):
        accounts.grant(uow, SERVICE, account=3, role=role)


def test_a_site_role_needs_a_site_of_the_trial(hands: Hands) -> None:
    with hands.store.writing() as uow:
        for site in ("", "NOWHERE"):
            with pytest.raises(Refused) as refusal:
                accounts.grant(uow, SERVICE, account=3, role=Role.PHARMACIST, site=site)
            assert refusal.value.field == "site"


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("field", "said"),
    [("username", "user name"), ("printed_name", "printed name"), ("email", "e-mail address")],
)
def test_what_is_missing_of_an_account_is_said_as_the_page_asks_for_it(
    hands: Hands, field: str, said: str
) -> None:
    given = {"username": "x", "printed_name": "X", "email": "x@x"} | {field: " "}
    with hands.store.writing() as uow, pytest.raises(Faulty, match=f"{said} .*got nothing") as refusal:
        accounts.create(uow, GATE, SERVICE, **given, password=PASSWORD, totp_secret=SECRET)
    assert [name for name, _ in refusal.value.faults] == [field]


def test_a_short_password_and_a_taken_name_are_refused(hands: Hands) -> None:
    with hands.store.writing() as uow, pytest.raises(Refused, match="at least 12 characters, got 5"):
        accounts.create(
            uow,
            GATE,
            SERVICE,
            username="x",
            printed_name="X",
            email="x@x",
            password="short",
            totp_secret=SECRET,
        )
    with pytest.raises(Conflict), hands.store.writing() as uow:
        create(uow, "ANNA")


def test_re_enrolling_a_credential_ends_sessions_and_tells_the_holder(hands: Hands) -> None:
    token = sign_in(hands)
    with hands.store.writing() as uow:
        accounts.set_credential(
            uow,
            GATE,
            accounts.person(uow, 1),
            account=3,
            password="another long password",
            totp_secret=SECRET,
            second=None,
        )
    with pytest.raises(SignInRefused):
        person(hands, token)
    hands.later(minutes=1)
    sign_in(hands, password="another long password")


def test_the_service_sets_a_guarded_credential_beside_an_administrator_and_not_alone(hands: Hands) -> None:
    given = {"account": 1, "password": "another long password", "totp_secret": SECRET}
    with hands.store.writing() as uow, pytest.raises(NotAllowed):
        accounts.set_credential(uow, GATE, SERVICE, **given, second=None)  # type: ignore[arg-type]
    second = step_up(hands, 1)
    with hands.store.writing() as uow:
        accounts.set_credential(uow, GATE, SERVICE, **given, second=second)  # type: ignore[arg-type]


def test_revoking_a_role_that_nobody_holds_is_refused(hands: Hands) -> None:
    with hands.store.writing() as uow, pytest.raises(NotFound):
        accounts.revoke(uow, accounts.person(uow, 1), account=3, role=Role.SPONSOR)


def test_a_closed_account_is_signed_out(hands: Hands) -> None:
    token = sign_in(hands)
    with hands.store.writing() as uow:
        account_closing.close(uow, accounts.person(uow, 1), 3, "left the hospital")
    with pytest.raises(SignInRefused):
        person(hands, token)


@pytest.mark.parametrize(
    ("account", "why", "said"),
    [(3, " ", "needs its reason"), (3, "x" * 4001, "at most 4000"), (1, "gone", "your own account")],
)
def test_an_account_is_closed_with_a_reason_and_by_somebody_else(
    hands: Hands, account: int, why: str, said: str
) -> None:
    with hands.store.writing() as uow, pytest.raises(Refused, match=said):
        account_closing.close(uow, accounts.person(uow, 1), account, why)


def test_an_account_is_closed_once(hands: Hands) -> None:
    with hands.store.writing() as uow:
        account_closing.close(uow, accounts.person(uow, 1), 3, "left the hospital")
        with pytest.raises(Refused, match="closed already") as refusal:
            account_closing.close(uow, accounts.person(uow, 1), 3, "left the hospital")
    assert "new account" in str(refusal.value.next_step)
