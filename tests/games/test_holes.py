"""Ways to know and ways in that were once open, each found by reading the code as an adversary would."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyotp
import pytest
from argon2 import PasswordHasher

from randomizer.domain.acts import CODE_BREAKS, Act
from randomizer.domain.housekeeping import Entry, TotpUse
from randomizer.domain.numbers import participant_number
from randomizer.domain.people import SERVICE, UNBLINDED, Role
from randomizer.domain.records import AlarmKind
from randomizer.domain.sealed_texts import Preparation
from randomizer.errors import NotAllowed, Refused, SignInRefused
from randomizer.services import accounts, alarms, authentication, locking, six_digits
from randomizer.services.authentication import Gate
from randomizer.services.care import enrolment
from randomizer.services.unblinded import beforehand, kit_order, preparation, sheets, unblinding
from randomizer.services.unblinded.spent_codes import SpentCodes
from randomizer.services.views import participant_views, sight, trail_views
from randomizer.web.auth import safe_path
from randomizer.web.sessions import MemorySessions
from tests import desks
from tests.activated import PASSWORD, SECOND_SITE, SITE, TOTP_KEY, totp_secret, username
from tests.games.seeing import Recording, copied, watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.domain.people import Account
    from tests.games.sealings import World

    Worlds = Callable[[str], World]


@pytest.fixture
def one(world: Worlds) -> World:
    """An active trial."""
    return world("as generated")


def broken(world: World) -> str:
    """A participant whose code was broken by the on-call clinician."""
    number = desks.randomized(world.instance, world.desk)
    desks.infused(world.instance, world.desk, number)
    person, step_up = world.instance.person(Role.ON_CALL), world.instance.step_up(Role.ON_CALL)
    intent = unblinding.intend(world.desk, person, step_up, participant=number, reason="emergency", text="x")
    unblinding.disclose(world.desk, person, intent)
    return number


def newcomer(world: World, name: str, *roles: Role) -> Account:
    """An account made for the test."""
    with world.instance.store.writing() as uow:
        account = accounts.create(
            uow,
            world.instance.gate,
            SERVICE,
            username=name,
            printed_name=name.title(),
            email=f"{name}@example.org",
            password=PASSWORD,
            totp_secret=totp_secret(name),
        )
        for role in roles:
            accounts.grant(uow, SERVICE, account=account.number, role=role)
    return account


# --- who knows, and of whom ---------------------------------------------------------------------------------


@pytest.mark.promise(9)
@pytest.mark.parametrize("role", [Role.OUTCOMES_ASSESSOR, Role.COORDINATOR, Role.INVESTIGATOR, Role.MONITOR])
def test_who_broke_a_code_stands_in_no_signature_at_the_site_door(one: World, role: Role) -> None:
    number = broken(one)
    person = one.instance.person(role)
    with one.instance.store.reading() as uow:
        seen = sight.of(uow, person)
        whole = participant_views.whole(seen, participant_views.find(seen, number))
    assert not [view for view in whole["signatures"] if "code" in view["meaning"]]
    assert "On Call" not in str(whole["signatures"])
    assert any("randomize" in view["meaning"] for view in whole["signatures"]), "the page has signatures"


@pytest.mark.promise(4)
def test_a_code_break_at_one_site_is_no_task_at_another(one: World) -> None:
    number = broken(one)
    with watched(one, Recording()) as doors:
        here, there = (doors.at_codebreak(Role.INVESTIGATOR, site) for site in (SITE, SECOND_SITE))
        assert number in here.get("/tasks", 200).text
        assert number in here.ask("/tasks").text
        task = here.ask("/tasks").get_json()["rows"][0]["number"]
        assert number in here.get(f"/tasks/{task}", 200).text
        assert number not in there.get("/tasks", 200).text
        assert number not in there.ask("/tasks").text
        assert number not in there.get(f"/tasks/{task}", 404).text


@pytest.mark.promise(4)
def test_before_a_code_break_another_site_is_told_nothing(one: World) -> None:
    """Neither the state of a participant who has no code yet, nor what was handed out."""
    number = desks.harvested(one.instance)
    with one.instance.store.reading() as uow, pytest.raises(NotAllowed) as refusal:
        beforehand.before(uow, one.instance.person(Role.INVESTIGATOR, SECOND_SITE), number)
    assert "harvested" not in refusal.value.message


@pytest.mark.promise(4)
def test_a_participant_of_another_site_is_replaced_by_nobody(one: World) -> None:
    """The refusal would tell whether somebody there has ended treatment."""
    number = desks.harvested(one.instance)
    person = one.instance.person(Role.INVESTIGATOR, SECOND_SITE)
    said = []
    for named in (number, participant_number(500)):
        with one.instance.store.writing() as uow, pytest.raises(Refused) as refusal:
            enrolment.consent(uow, person, SECOND_SITE, replaces=named)
        said.append((refusal.value.message.replace(named, ""), refusal.value.next_step))
    assert said[0] == said[1]


@pytest.mark.promise(4)
def test_a_reader_of_one_site_sees_no_name_of_another(one: World) -> None:
    number = desks.randomized(one.instance, one.desk)
    account = newcomer(one, "auditor")
    with one.instance.store.writing() as uow:
        accounts.grant(uow, SERVICE, account=account.number, role=Role.MONITOR, site=SECOND_SITE)
        person = accounts.person(uow, account.number)
    with one.instance.store.reading() as uow:
        rows = trail_views.entries(sight.of(uow, person), size=500)["rows"]
    assert rows
    assert all("act" in row for row in rows)
    assert number not in str(rows)
    assert "Investigator Tls" not in str(rows)


@pytest.mark.promise(4)
def test_what_blocks_the_lock_names_no_kit(one: World) -> None:
    """The sponsor reads it, and the masking policy shows the sponsor no kit."""
    number = desks.randomized(one.instance, one.desk)
    desks.dispensed(one.instance, one.desk, number)
    with one.instance.store.reading() as uow:
        listed = locking.blocks(uow)
    assert any("handed out" in sentence for sentence in listed)
    assert not re.search(r"\d{3} ?\d{3} ?\d{3}", " ".join(listed))


@pytest.mark.promise(4)
@pytest.mark.parametrize("about", ["Kit 100816249", "CodeBreak 0123456789abcdef", "Participant 10019"])
def test_an_alarm_names_its_record_to_whom_may_see_any_record(one: World, about: str) -> None:
    """Else it tells a kit to an outcomes assessor, and a participant to another site."""
    with one.instance.store.writing() as uow:
        alarms.raise_alarm(uow, AlarmKind.TRAIL, about)
    may = {Role.TRIAL_MANAGER, Role.DATA_MANAGER, Role.MONITOR}
    with one.instance.store.reading() as uow:
        assert about not in " ".join(locking.blocks(uow)), "the sponsor reads this"
        for role in Role:
            told = str(trail_views.alarms(sight.of(uow, one.instance.person(role))))
            assert (about in told) is (role in may), role


@pytest.mark.promise(2)
def test_whoever_knew_contents_does_not_deal_with_sites_later(one: World) -> None:
    account = newcomer(one, "filler", Role.PREPARER)
    with one.instance.store.writing() as uow:
        accounts.revoke(uow, SERVICE, account=account.number, role=Role.PREPARER)
    for role in sorted(set(Role) - UNBLINDED - {Role.ADMINISTRATOR}):
        with one.instance.store.writing() as uow, pytest.raises(Refused, match="preparing pharmacist"):
            accounts.grant(uow, SERVICE, account=account.number, role=role, site=SITE)


@pytest.mark.promise(9)
def test_the_trail_shows_a_code_break_without_who_and_role(one: World) -> None:
    broken(one)
    with one.instance.store.reading() as uow:
        rows = trail_views.entries(sight.of(uow, one.instance.person(Role.MONITOR)), size=500)["rows"]
    told = [row for row in rows if row["act"] in CODE_BREAKS]
    assert len(told) == 4  # intent, disclosure, and two tasks
    assert not [row for row in told if {"actor", "role"} & set(row) or "On Call" in row["by"]]


# --- what a preparation leaves ------------------------------------------------------------------------------


def prepare(world: World, number: str, *, spare: bool) -> str:
    """Prepare the kit of the sheet, or its spare where the bag of the first one tore; gives its number."""
    person = world.instance.person(Role.PREPARER)
    sheet = sheets.open_sheet(world.desk, person, number)
    world.instance.act(preparation.begin, Role.PREPARER, number)
    kit = sheet.spares[0] if spare else sheet.kit
    noted = Preparation(content=sheet.treatment, note="The first bag tore." if spare else "")
    with world.instance.store.writing() as uow:
        preparation.end(uow, world.desk, person, number, ready=True, kit=kit, noted=noted, spoiled=spare)
    return kit


@pytest.mark.promise(2)
@pytest.mark.promise(3)
def test_a_spoiled_kit_leaves_nothing_in_the_clear(world: Worlds, tmp_path: Any) -> None:  # noqa: ANN401
    """Cells spoil more often than medium, so that even the count of tries would tell."""
    kept = []
    for name, spare in (("as generated", False), ("exchanged", True)):
        own = world(name)
        number = desks.randomized(own.instance, own.desk)
        desks.booked(own.instance, number)
        kit = prepare(own, number, spare=spare)
        recording = Recording()
        copied(own, recording)
        with own.instance.store.reading() as uow:
            acts = [entry.act for entry in uow.all(Entry, participant=number)]
        assert acts[-2:] == [Act.PREPARATION_BEGUN, Act.PREPARATION_ENDED]
        assert acts.count(Act.PREPARATION_BEGUN) == 1
        sizes = {name: content for name, content in recording.seen if name.startswith(("size", "rows"))}
        kept.append((kit, sizes, acts))
    assert kept[0][0] != kept[1][0]
    assert kept[0][1:] == kept[1][1:]


@pytest.mark.promise(2)
def test_the_order_in_which_kits_are_used_cannot_be_read_off_their_numbers(one: World) -> None:
    """Else the kit that was used would tell how many were spoiled before it."""
    firsts = []
    for plan in one.schedule:
        for period, kits in enumerate(plan.kits, start=1):
            order = kit_order.order_of(one.desk, plan.index, period, kits)
            assert sorted(order) == sorted(kits)
            assert order == kit_order.order_of(one.desk, plan.index, period, tuple(reversed(kits)))
            firsts.append(order[0] == min(kits))
    assert 5 < firsts.count(True) < len(firsts) - 5


def test_a_spare_counts_only_where_it_is_said_that_the_first_one_spoiled(one: World) -> None:
    number = desks.randomized(one.instance, one.desk)
    desks.booked(one.instance, number)
    person = one.instance.person(Role.PREPARER)
    sheet = sheets.open_sheet(one.desk, person, number)
    one.instance.act(preparation.begin, Role.PREPARER, number)
    for kit, spoiled in ((sheet.spares[0], False), (sheet.kit, True)):
        with one.instance.store.writing() as uow, pytest.raises(Refused, match="Wrong kit"):
            noted = Preparation(content=sheet.treatment)
            preparation.end(uow, one.desk, person, number, ready=True, kit=kit, noted=noted, spoiled=spoiled)


# --- ways in ------------------------------------------------------------------------------------------------


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
        tokens = [doors.at_site(role).token for role in (Role.COORDINATOR, Role.INVESTIGATOR)]
        made = [
            doors.site.test_client().post(
                "/api/v1/participants",
                json={"site": SITE},
                headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "the-very-same-key"},
            )
            for token in (*tokens, tokens[0])
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
