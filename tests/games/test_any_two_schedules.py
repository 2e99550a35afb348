"""The same blinded traffic over two schedules: every byte is equal behind the one listed filter."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack, suppress
from functools import cache, partial
from typing import TYPE_CHECKING

import pytest
from werkzeug.exceptions import NotFound

from randomizer.domain.numbers import group3
from randomizer.domain.people import Role
from randomizer.domain.trial import Phase
from randomizer.masking import allows
from tests.activated import SECOND_SITE, SITE, username
from tests.games import sealings
from tests.games.bookmarks import bookmarks
from tests.games.leaks import CATALOGUE
from tests.games.leaks.secret import Secret
from tests.games.looking import A_FEW, pages_of
from tests.games.playing import recorded, same_as
from tests.games.seeing import BLINDED_ROLES, Caught, Recording, watched
from tests.games.sizes import FULL
from tests.games.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.games.bookmarks import Bookmark, Played
    from tests.games.leaks.secret import Leak
    from tests.games.sealings import Sealing, World

    Worlds = Callable[[str], World]
    Begun = Callable[[str, str], tuple[World, Played]]
    Marks = Callable[[str, str], dict[str, Bookmark]]

OTHERS = ("exchanged", RARELY := "another")
"""The schedules over which a leak is looked for; the last one where that before does not show it."""
MET: dict[str, tuple[str, ...]] = {
    "enrolment": ("in_an_etag",),
    "booking": ("in_a_header", "in_a_cookie"),
    "preparation": (
        "in_the_time_of_a_shipment",
        "in_the_order_of_arrivals",
        "in_a_log_line",
        "in_an_exception",
        "in_an_entry",
        "in_a_blind_index",
        "in_the_number_of_rows",
        "in_the_expiry",
    ),
    "receipt": ("in_what_becomes_of_a_warm_kit", "in_an_alert"),
    "counter": ("in_the_storage_place", "in_a_refusal", "in_a_problem", "in_the_words_of_a_check"),
    "never received": (
        "in_the_time_of_a_job",
        "in_a_reminder_of_a_receipt",
        "in_the_order_of_a_list",
        "in_a_column_of_an_export",
        "in_the_number_of_pages",
    ),
    "on the way": ("in_the_next_step", "in_a_pdf", "in_a_printed_slip"),
    "between": (
        "in_an_email",
        "in_the_file_of_intents",
        "in_the_entry_of_a_code_break",
        "in_the_length_of_what_was_shown",
        "in_who_is_told_of_a_code_break",
        "in_what_a_code_break_asks",
    ),
    "second preparation": ("in_a_signed_deviation", "in_a_request_id"),
    "second counter": ("in_a_status", "in_a_field_of_a_view"),
    "afterwards": ("in_the_length_of_a_page",),
}
"""The leaks that this game must catch, by the chapter of the traffic that reaches them at small size."""
CATCHES = tuple(name for names in MET.values() for name in names)


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory, sealed: dict[str, Sealing]) -> Recording:
    """What can be seen of the trial as generated."""
    with sealings.world(sealed["as generated"], tmp_path_factory.mktemp("clean") / "world") as made:
        return recorded(made, Traffic)


@pytest.mark.promise(1)
@pytest.mark.requirement("games")
@pytest.mark.parametrize("other", [name for name in sealings.CHANGES if name != "as generated"])
def test_nothing_that_can_be_seen_depends_on_the_schedule(
    world: Worlds, clean: Recording, other: str, record_property: Callable[[str, object], None]
) -> None:
    same_as(clean, world(other), Traffic)
    seen = f"{other}, {len(clean.seen)} things seen"
    record_property("figures", {"sizes": seen, "trials": 2, "statistic": "0 differ", "bound": "0"})


@pytest.mark.promise(1)
def test_the_schedules_of_the_games_differ_in_their_sequences_alone(sealed: dict[str, Sealing]) -> None:
    own = sealed["as generated"].schedule
    for name in OTHERS:
        slots = sealed[name].schedule
        changed = [one.sequence_code != two.sequence_code for one, two in zip(own, slots, strict=True)]
        assert changed.count(True) == (len(own) if name == "exchanged" else changed.count(True)) > 2
        assert [(one.kits, one.randomization_number) for one in own] == [
            (one.kits, one.randomization_number) for one in slots
        ]
        assert sealed[name].rehearsal.digest != sealed["as generated"].rehearsal.digest


def test_the_traffic_reaches_what_the_games_are_about(clean: Recording) -> None:
    """Otherwise equal bytes would say nothing."""
    names = [name for name, _ in clean.seen]
    for role in BLINDED_ROLES:
        assert any(name.startswith(f"{role.replace(' ', '-')}") for name in names), role
    told = clean.text()
    assert [what for what in EXPECTED if what not in told] == []
    assert len(names) > 1000


@pytest.mark.promise(1)
@pytest.mark.requirement("games")
def test_the_traffic_opens_every_page_of_the_site_door(clean: Recording, world: Worlds) -> None:
    """A page that is added and not compared fails here."""
    with watched(world("as generated"), Recording()) as doors:
        pages, addresses = pages_of(doors.site), doors.site.url_map.bind("localhost")
    opened = set()
    for name, content in clean.seen:
        _, get, path = name.partition(": GET ")
        if get and content.startswith((b"200", b"303")):
            with suppress(NotFound):  # of the code-break door
                opened.add(addresses.match(path.partition("?")[0], method="GET", return_rule=True)[0].rule)
    assert {page.rule for page in pages} - opened == set()


EXPECTED = (
    "Stop. Nothing is handed out.",  # page of a hard stop
    "Wrong kit.",
    "has no free place",
    "is randomized already",
    "kit expired",
    "kit received",
    "On its way",
    "Not received",
    "Once it is received it can be handed out",
    "is on its way: nobody has received it here",
    "too warm or too cold",
    "damaged",
    "receipt of a kit overdue",
    "overdue receipt settled",
    "The kit is right. A second person checks it.",
    "The second person must be somebody else than you",
    "Checked by",
    "deviation signed",
    "booking cancelled",
    "to be destroyed",
    "site opened",
    "passkey removed",
    "What you typed is still here",
    "Not on the train",
    "dispensation undone",
    "kit destroyed",
    "kit found",
    "quality alert opened",
    "A quality result of this kit is out of limits",
    "quarantine lifted",
    "Where the kits are now",
    "Counted, the last one first",
    "Cellules souches mésenchymateuses autologues ou Milieu de suspension",
    "product failed",
    "screen failed",
    "code break disclosed",
    "partly given",
    "not given",
    "consent withdrawn",
    "Being prepared",
    "%PDF-1",
    "text/csv",
    "Code break: participant",
    '"page": "/participants/<key>"',
    "application/problem+json",
    "nothing to learn",
)
"""Words of what happened, each from a place of its own."""


NO_SUCH_KIT = re.compile(rb"There is no kit [0-9 ]+")


TEXTS = (
    ("Kit", "number"),
    ("Product", "identifier"),
    ("Allocation", "randomization_number"),
    ("Account", "email"),
)
"""Fields whose values stand for nothing else, so that they are known wherever they are served."""


@pytest.mark.promise(4)
@pytest.mark.parametrize(("kind", "field"), TEXTS)
def test_no_value_reaches_a_role_to_which_the_policy_does_not_show_its_field(
    clean: Recording, kind: str, field: str
) -> None:
    """Whatever way it would take: page, list, export, card, refusal, header, at either door."""
    values = kept(clean, kind, field)
    served = {role: values_in(clean, username(role, SITE), values) for role in BLINDED_ROLES}
    may = {role for role in BLINDED_ROLES if allows(frozenset({role}), Phase.ACTIVE, kind, field)}
    assert any(served[role] for role in may), "there was something to see"
    assert {role: served[role] for role in BLINDED_ROLES if role not in may and served[role]} == {}


@pytest.mark.promise(4)
def test_no_kit_number_reaches_another_site(clean: Recording) -> None:
    assert values_in(clean, username(Role.INVESTIGATOR, SECOND_SITE), kept(clean, "Kit", "number")) == set()


def kept(recording: Recording, kind: str, field: str) -> set[str]:
    """Every value of a field in the copy of the database."""
    rows = [
        json.loads(content) for name, content in recording.seen if re.fullmatch(rf"{kind.lower()} \d+", name)
    ]
    assert rows
    return {str(row[field]) for row in rows}


def values_in(recording: Recording, somebody: str, values: set[str]) -> set[str]:
    """Those of the values, plain or in groups of three, that somebody was served beside their own name."""
    served = b"\n".join(content for name, content in recording.seen if name.partition(":")[0] == somebody)
    assert served
    served = NO_SUCH_KIT.sub(b"", served)  # it repeats the number that was asked for
    others = {value for value in values if not value.startswith(somebody)}
    return {one for one in others if one.encode() in served or _grouped(one).encode() in served}


def _grouped(value: str) -> str:
    return group3(value) if value.isdigit() else value


@pytest.mark.promise(4)
def test_another_site_sees_nothing_of_a_participant(clean: Recording) -> None:
    """Whatever is asked for, the answer is that of a number that does not exist."""
    told = [(name, content.decode(errors="replace")) for name, content in clean.seen]
    [whole] = {
        found[1]
        for name, _ in told
        if (found := re.fullmatch(r"investigator-ex1: GET /participants/(\d+)", name))
    }
    about = [(name, content) for name, content in told if name.startswith("investigator-ex1: ")]
    assert len(about) > 20
    for name, content in about:
        said = content.replace(f"There is no participant {whole}", "").replace(f'value="{whole}"', "")
        assert whole not in said, name


@pytest.fixture(scope="session")
def marks(tmp_path_factory: pytest.TempPathFactory, sealed: dict[str, Sealing]) -> Marks:
    """A function that gives the bookmarks of a sealing, up to that of a chapter."""
    place = tmp_path_factory.mktemp("marks")
    return cache(lambda name, last: bookmarks(sealed[name], place / f"{name} {last}", last))


@pytest.fixture
def begun(world: Worlds, marks: Marks, tmp_path: Path) -> Iterator[Begun]:
    """A function that gives an instance where a chapter begins, and what is to be played.

    At full size that is the whole traffic, from the beginning.
    """
    with ExitStack() as stack:

        def begin(name: str, chapter: str) -> tuple[World, Played]:
            if FULL:
                return world(name), Traffic
            mark = marks(name, chapter if name == RARELY else "")[chapter]
            return stack.enter_context(mark.opened(tmp_path / name)), mark.traffic()

        yield begin


def test_a_leak_is_seeded_into_every_chapter(marks: Marks) -> None:
    assert set(MET) == set(marks("as generated", ""))


@pytest.mark.promise(1)
@pytest.mark.requirement("games")
@pytest.mark.parametrize("name", CATCHES)
def test_a_seeded_leak_is_reached_and_caught(
    begun: Begun, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    leak: Leak = CATALOGUE[name]
    [chapter] = [chapter for chapter, names in MET.items() if name in names]
    own, traffic = begun("as generated", chapter)
    secret = Secret(own)
    with monkeypatch.context() as patch:
        recording = recorded(own, traffic, audience=A_FEW, spoil=partial(leak, patch, secret))
    assert secret.uses, "the traffic did not reach the leak"
    assert any(caught(recording, *begun(other, chapter), leak) for other in OTHERS)


def caught(recording: Recording, other: World, traffic: Played, leak: Leak) -> bool:
    """Whether the game tells the leaky build over one schedule from that over another."""
    with pytest.MonkeyPatch.context() as patch:
        spoil = partial(leak, patch, Secret(other))
        try:
            same_as(recording, other, traffic, audience=A_FEW, spoil=spoil)
        except Caught:
            return True
    return False
