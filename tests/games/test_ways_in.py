"""Ways in that were once open, each found by reading the code as an adversary would."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyotp
import pytest
from argon2 import PasswordHasher

from randomizer.domain.housekeeping import TotpUse
from randomizer.domain.people import SERVICE, Role
from randomizer.errors import NotAllowed, SignInRefused
from randomizer.services import accounts, authentication, six_digits
from randomizer.services.authentication import Gate
from randomizer.services.unblinded.spent_codes import SpentCodes
from randomizer.web.auth import safe_path
from randomizer.web.sessions import MemorySessions
from tests.activated import PASSWORD, SITE, TOTP_KEY, totp_secret, username
from tests.games.people import newcomer
from tests.games.seeing import Recording, watched

if TYPE_CHECKING:
    from tests.games.sealings import World


@pytest.mark.promise(20)
def test_an_administrator_alone_makes_no_second_administrator(one: World) -> None:
    """Else the two of them, who are one person, could make somebody who breaks codes."""
    account = newcomer(one, "shadow")
    by = one.instance.person(Role.ADMINISTRATOR)
    with one.instance.store.writing() as uow, pytest.raises(NotAllowed, match="second administrator"):
        accounts.grant(uow, by, account=account.number, role=Role.ADMINISTRATOR)


@pytest.mark.promise(20)
def test_an_administrator_alone_takes_over_no_other_administrator(one: World) -> None:
    other = newcomer(one, "colleague", Role.ADMINISTRATOR)
    by = one.instance.person(Role.ADMINISTRATOR)
    with one.instance.store.writing() as uow, pytest.raises(NotAllowed, match="second administrator"):
        accounts.set_credential(
            uow,
            one.instance.gate,
            by,
            account=other.number,
            password=PASSWORD,
            totp_secret=totp_secret("taken"),
            second=None,
        )


@pytest.mark.promise(20)
def test_a_new_credential_ends_the_sessions_of_the_code_break_door_too(one: World) -> None:
    sessions = MemorySessions(one.instance.store, one.instance.gate, "codebreak", SpentCodes(one.desk.file))
    name = username(Role.ON_CALL)
    token = sessions.sign_in(username=name, password=PASSWORD, code=one.instance.code(Role.ON_CALL))
    assert sessions.person(token).username == name
    one.instance.clock.advance(seconds=30)
    with one.instance.store.writing() as uow:
        beside = newcomer_step_up(one, uow)
        accounts.set_credential(
            uow,
            one.instance.gate,
            accounts.person(uow, one.instance.number(Role.ADMINISTRATOR)),
            account=one.instance.number(Role.ON_CALL),
            password="another long password",
            totp_secret=totp_secret("new"),
            second=beside,
        )
    with pytest.raises(SignInRefused):
        sessions.person(token)


def newcomer_step_up(world: World, uow: Any) -> Any:  # noqa: ANN401
    """The step-up of a second administrator."""
    account = accounts.create(
        uow,
        world.instance.gate,
        SERVICE,
        username="second",
        printed_name="Second",
        email="second@example.org",
        password=PASSWORD,
        totp_secret=totp_secret("second"),
    )
    accounts.grant(uow, SERVICE, account=account.number, role=Role.ADMINISTRATOR)
    code = pyotp.TOTP(totp_secret("second")).at(world.instance.clock())
    return authentication.witness(uow, world.instance.gate, username="second", password=PASSWORD, code=code)


class CountingHasher(PasswordHasher):
    """Counts how often a password is hashed."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.count = 0

    def hash(self, *given: Any, **named: Any) -> str:  # noqa: ANN401
        self.count += 1
        return super().hash(*given, **named)

    def verify(self, *given: Any) -> Any:  # noqa: ANN401
        self.count += 1
        return super().verify(*given)


@pytest.mark.promise(6)
@pytest.mark.promise(20)
def test_an_unknown_name_takes_as_long_as_a_known_one(one: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code is worked out for both, and a password is hashed for neither: a flood of them costs little."""
    worked_out = []
    truly = six_digits.fitting_step

    def counting(*given: Any) -> int | None:  # noqa: ANN401
        worked_out.append(given)
        return truly(*given)

    monkeypatch.setattr(six_digits, "fitting_step", counting)
    hasher = CountingHasher()
    gate = Gate(totp_key=TOTP_KEY, hasher=hasher)
    for name in (username(Role.MONITOR), "nobody-of-this-trial"):
        with one.instance.store.reading() as uow, pytest.raises(SignInRefused) as refusal:
            authentication.verify(uow, gate, username=name, password=PASSWORD, code="000000")
        assert refusal.value.__cause__ is None
    assert (len(worked_out), hasher.count) == (2, 0)


@pytest.mark.promise(20)
def test_a_code_that_was_used_elsewhere_meanwhile_is_not_used_again(one: World) -> None:
    """Two doors, or two transactions, that read before either of them wrote."""
    number = one.instance.number(Role.MONITOR)
    for step in (5, 4, 5):
        with one.instance.store.writing() as uow:
            if step == 5 and uow.count(TotpUse, account=number) == 0:
                six_digits.use(uow, number, step)
                continue
            with pytest.raises(SignInRefused):
                six_digits.use(uow, number, step)


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "https:/evil.example",
        "javascript:alert(1)",
        "evil.example",
        " //evil.example",
    ],
)
def test_nobody_is_sent_elsewhere_after_sign_in(path: str) -> None:
    assert safe_path(path) == ""
    assert safe_path("/participants?page=2") == "/participants?page=2"


@pytest.mark.promise(20)
def test_a_token_of_one_door_is_worthless_at_the_other(one: World) -> None:
    with watched(one, Recording()) as doors:
        site, codebreak = doors.at_site(Role.INVESTIGATOR), doors.at_codebreak(Role.INVESTIGATOR)
        assert site.ask("/me").status_code == codebreak.ask("/tasks").status_code == 200
        site.token, codebreak.token = codebreak.token, site.token
        assert site.ask("/me").status_code == codebreak.ask("/tasks").status_code == 401


@pytest.mark.promise(20)
def test_an_idempotency_key_of_one_person_gives_another_nothing(one: World) -> None:
    with watched(one, Recording()) as doors:
        bearers = [doors.at_site(role).bearer() for role in (Role.COORDINATOR, Role.INVESTIGATOR)]
        made = [
            doors.site.test_client().post(
                "/api/v1/participants",
                json={"site": SITE},
                headers=bearer | {"Idempotency-Key": "the-very-same-key"},
            )
            for bearer in (*bearers, bearers[0])
        ]
    numbers = [answer.get_json()["participant"]["number"] for answer in made]
    assert numbers[0] == numbers[2] != numbers[1]


@pytest.mark.promise(20)
def test_a_cookie_from_before_sign_in_opens_nothing_afterwards(one: World) -> None:
    """Somebody who planted a cookie must not share the session that comes of it."""
    with watched(one, Recording()) as doors:
        client = doors.site.test_client()
        client.get("/sign-in")
        planted = client.get_cookie("site")
        assert planted is not None
        somebody = doors.at_site(Role.MONITOR)
        other = doors.site.test_client()
        other.set_cookie("site", planted.value)
        assert other.get("/trail").status_code == 302
        kept = somebody.client.get_cookie("site")
        assert kept is not None
        assert kept.value != planted.value
        somebody.client.post("/sign-out", data={"csrf_token": _csrf(somebody.get("/trail").text)})
        other.set_cookie("site", kept.value)
        assert other.get("/trail").status_code == 302, "a copied cookie ends with its session"


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    return found[1]
