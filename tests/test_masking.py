"""The reviewed matrix of who sees what stands in masking.csv; the policy must say exactly that."""

from __future__ import annotations

import csv
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest

from randomizer.domain.people import UNBLINDED, Role
from randomizer.domain.supply import Kit, KitState
from randomizer.domain.trial import Allocation, Phase, Slot
from randomizer.masking import ALLOWED, allows, show
from randomizer.store.tables import ROWS

MATRIX = Path(__file__).parent / "masking.csv"
NOW = datetime(2027, 1, 1, tzinfo=UTC)
MASKED = {Role.INVESTIGATOR, Role.CARE_PROVIDER, Role.OUTCOMES_ASSESSOR}


def reviewed() -> dict[tuple[str, str], tuple[set[str], set[str]]]:
    with MATRIX.open(encoding="utf-8", newline="") as file:
        return {
            (row["kind"], row["field"]): (set(row["roles"].split("; ")), set(row["phases"].split("; ")))
            for row in csv.DictReader(file)
        }


@pytest.mark.promise(4)
def test_the_policy_says_what_was_reviewed() -> None:
    said = {
        (kind, field): ({str(role) for role in rule.roles}, {str(phase) for phase in rule.phases})
        for kind, rules in ALLOWED.items()
        for field, rule in rules.items()
    }
    assert said == reviewed()


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
