"""The reviewed matrix of who sees what stands in masking.csv; the policy must say exactly that."""

from __future__ import annotations

import csv
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
from flask_openapi.models.reference import Reference

from randomizer.domain.people import UNBLINDED, Role
from randomizer.domain.supply import Kit, KitState
from randomizer.domain.trial import Allocation, Phase, Slot
from randomizer.masking import ALLOWED, COUNTERS, RELEASED, Rule, allows, show
from randomizer.store.tables import ROWS
from randomizer.web.codebreak import app as _codebreak  # noqa: F401 - registers its calls
from randomizer.web.codebreak.api.surface import api as codebreak_api
from randomizer.web.site import app as _site  # noqa: F401
from randomizer.web.site.api import answers
from randomizer.web.site.api.surface import api as site_api
from randomizer.web.surface import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MATRIX = Path(__file__).parent / "masking.csv"
NOW = datetime(2027, 1, 1, tzinfo=UTC)
MASKED = {Role.INVESTIGATOR, Role.CARE_PROVIDER, Role.OUTCOMES_ASSESSOR}


Matrix = dict[tuple[str, str], tuple[set[str], set[str]]]
"""Kind and field: roles and phases."""


def reviewed() -> Matrix:
    with MATRIX.open(encoding="utf-8", newline="") as file:
        return {
            (row["kind"], row["field"]): (set(row["roles"].split("; ")), set(row["phases"].split("; ")))
            for row in csv.DictReader(file)
        }


def said(policy: Mapping[str, Mapping[str, Rule]]) -> Matrix:
    return {
        (kind, field): ({str(role) for role in rule.roles}, {str(phase) for phase in rule.phases})
        for kind, rules in policy.items()
        for field, rule in rules.items()
    }


@pytest.mark.promise(4)
def test_the_policy_says_what_was_reviewed() -> None:
    assert said(ALLOWED) == reviewed()


@pytest.mark.promise(4)
@pytest.mark.parametrize(
    ("kind", "field", "rule"),
    [
        ("Allocation", "slot", Rule(frozenset({Role.MONITOR}))),
        ("Kit", "number", Rule(frozenset(Role))),
        ("Allocation", "ordinal", Rule(COUNTERS)),
        ("Slot", "number", Rule(frozenset({Role.STATISTICIAN}), RELEASED)),
    ],
    ids=["field", "role", "phase", "kind"],
)
def test_what_is_added_to_the_policy_was_not_reviewed(kind: str, field: str, rule: Rule) -> None:
    added = {**ALLOWED, kind: {**ALLOWED.get(kind, {}), field: rule}}
    assert dict(said(added)) != reviewed()


@pytest.mark.promise(4)
def test_a_field_that_is_not_listed_is_shown_to_nobody() -> None:
    everybody = frozenset(Role)
    for kind in ROWS:
        listed = set(ALLOWED.get(kind.__name__, {}))
        for field in fields(kind):
            for phase in Phase:
                shown = allows(everybody, phase, kind.__name__, field.name)
                assert not shown or field.name in listed


@pytest.mark.promise(4)
def test_sealed_rows_credentials_and_sessions_are_shown_to_nobody() -> None:
    passing = ("Session", "TotpUse", "RecoveryUse", "ChallengeUse")
    for kind in ("Slot", "Credential", "RecoveryCodes", "PreparationRecord", "EntryValues", *passing):
        assert kind not in ALLOWED
    slot = Slot(
        number=0,
        stratum="S",
        ordinal=1,
        randomization_number="1",
        kits=(),
        leaf_hash=b"",
        proof=b"",
        ciphertext=b"",
        wraps=(),
    )
    assert show(frozenset(Role), Phase.RELEASED, slot) == {}


@pytest.mark.promise(1)
def test_masked_roles_see_no_position_in_the_schedule_before_the_release() -> None:
    allocation = Allocation(
        participant="10018",
        slot=3,
        stratum="S",
        ordinal=4,
        randomization_number="12345678",
        allocated_at=NOW,
    )
    for phase in set(Phase) - {Phase.RELEASED}:
        for role in Role:
            assert not {"slot", "ordinal", "stratum"} & set(show(frozenset({role}), phase, allocation))
    for role in MASKED:
        assert "ordinal" not in show(frozenset({role}), Phase.RELEASED, allocation)


@pytest.mark.promise(1)
def test_a_kit_number_is_unmasked_when_the_kit_is_ready() -> None:
    roles = frozenset({Role.PHARMACIST})
    assert show(roles, Phase.ACTIVE, Kit(number="1", slot=0, period=1)) == {}
    ready = Kit(number="1", slot=0, period=1, state=KitState.READY, ready_at=NOW, expires_at=NOW)
    assert set(show(roles, Phase.ACTIVE, ready)) == {"number", "period", "state", "ready_at", "expires_at"}


@pytest.mark.promise(1)
def test_only_unblinded_or_code_breaking_people_meet_a_content() -> None:
    assert ALLOWED["Sheet"]["content"].roles <= UNBLINDED
    assert not ALLOWED["Answer"]["given"].roles & UNBLINDED


ABOUT_NO_RECORD = {
    "Token": "the caller's own sign-in",
    "Me": "the caller",
    "Exported": "sealed files for the custodians",
}
"""What else an API answers, and what that tells of."""
PLACES_IN_A_LIST = {"page", "pages", "count"}
DOORS = {"site": site_api, "codebreak": codebreak_api}


def answers_of(door: str) -> dict[str, type[Answer]]:
    """What the API of a door says that it answers with, by name; a name without its model is a fault."""
    known = {model.__name__: model for model in _below(Answer) if not _of_another(model, door)}
    operations = [
        operation
        for item in DOORS[door].paths.values()
        for operation in (item.get, item.post, item.put, item.patch, item.delete)
        if operation
    ]
    names = {
        (media.media_type_schema.ref or "").rpartition("/")[2]
        if isinstance(media.media_type_schema, Reference)
        else str(media.media_type_schema.title)
        for operation in operations
        for status, response in operation.responses.items()
        for kind, media in (response.content or {}).items()
        if status.startswith("2") and kind == "application/json" and media.media_type_schema
    }
    return {name: known[name] for name in sorted(names)}


def _below(model: type[Answer]) -> Iterator[type[Answer]]:
    for one in model.__subclasses__():
        yield one
        yield from _below(one)


def _of_another(model: type, door: str) -> bool:
    return any(f"randomizer.web.{other}." in model.__module__ for other in DOORS if other != door)


def unlisted(model: type[Answer]) -> Iterator[str]:
    """Fields of an answer that no kind of record in the policy has; the parts of a listed field are it."""
    listed = {field for kind in model.KINDS for field in ALLOWED[kind]}
    for name, field in model.model_fields.items():
        parts = [part for part in _parts(field.annotation) if issubclass(part, Answer)]
        if name in listed or (name in PLACES_IN_A_LIST and not model.KINDS):
            continue
        if not parts:
            yield f"{model.__name__}.{name}"
        for part in parts:
            yield from unlisted(part)


def _parts(annotation: Any) -> Iterator[type]:  # noqa: ANN401 - whatever pydantic takes
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


@pytest.mark.promise(4)
@pytest.mark.parametrize("door", DOORS)
def test_every_field_of_an_answer_of_an_api_is_in_the_policy(door: str) -> None:
    """A field more fails here until the policy lists it, and so the reviewed matrix."""
    found = answers_of(door)
    assert len(found) > 10
    assert {name: list(unlisted(one)) for name, one in found.items() if name not in ABOUT_NO_RECORD} == {
        name: [] for name in found if name not in ABOUT_NO_RECORD
    }


class _Told(answers.Participant):
    arm: str


class _ToldInAPart(Answer):
    rows: list[_Told]


class _ToldByNoRecord(Answer):
    participant: answers.Participant
    sequence: str


@pytest.mark.promise(4)
@pytest.mark.parametrize(
    ("model", "fault"),
    [(_Told, "_Told.arm"), (_ToldInAPart, "_Told.arm"), (_ToldByNoRecord, "_ToldByNoRecord.sequence")],
)
def test_a_field_that_is_added_to_an_answer_is_found(model: type[Answer], fault: str) -> None:
    assert list(unlisted(model)) == [fault]
