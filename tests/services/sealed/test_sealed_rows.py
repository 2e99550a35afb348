from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from randomizer.domain.records import Alarm, AlarmKind
from randomizer.errors import Tampered
from randomizer.services.sealed import sealed_rows
from randomizer.services.transactions import raise_tampering

if TYPE_CHECKING:
    from tests.activated import Instance

COPY = "UPDATE slot SET {0} = (SELECT {0} FROM slot WHERE number = 4) WHERE number = 3"


def check(instance: Instance) -> int:
    with instance.store.reading() as uow:
        return sealed_rows.check(uow)


def edit(instance: Instance, statement: str) -> None:
    """Change a row as somebody with the database's own rights could: triggers off."""
    with instance.store.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            for trigger in ("slot_sealed", "slot_no_delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS {trigger}"))
        else:
            connection.execute(text("ALTER TABLE slot DISABLE TRIGGER USER"))
        connection.execute(text(statement))


@pytest.mark.promise(13)
def test_rows_as_activated_agree_with_the_certificate(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check(instance) == 20
    monkeypatch.setattr(sealed_rows, "PAGE", 7)
    assert check(instance) == 20


def test_a_draft_has_no_rows_to_check(draft: Instance) -> None:
    assert check(draft) == 0


@pytest.mark.promise(13)
@pytest.mark.parametrize(
    ("statement", "about"),
    [
        ("UPDATE slot SET randomization_number = '10000009' WHERE number = 3", "Slot rows 0 to 19"),
        (COPY.format("ciphertext"), "Slot rows"),
        (COPY.format("leaf_hash"), r"Slot 3 \(leaf\)"),
        (COPY.format("proof"), r"Slot 3 \(leaf\)"),
        (COPY.format("wraps"), "Slot rows"),
        (COPY.format("kits"), r"Slot 3 \(kits\)"),
        ("UPDATE kit SET slot = 4 WHERE slot = 3 AND period = 1", r"Slot 3 \(kits\)"),
        ("UPDATE kit SET period = 2 WHERE slot = 3", r"Slot 3 \(kits\)"),
        ("DELETE FROM kit WHERE slot = 3 AND period = 2", r"Slot 3 \(kits\)"),
        ("UPDATE stratum SET capacity = 99 WHERE code = 'REL'", "StratumStatus REL"),
        ("UPDATE trial SET certificate_digest = 'x'", "Trial 1"),
    ],
)
def test_a_row_changed_by_sql_is_found_without_any_key(
    instance: Instance, statement: str, about: str
) -> None:
    edit(instance, statement)
    with pytest.raises(Tampered, match=about):
        check(instance)


@pytest.mark.promise(13)
def test_a_row_that_is_gone_is_found(instance: Instance) -> None:
    edit(instance, "DELETE FROM preparation_record WHERE slot = 19")
    edit(instance, "DELETE FROM kit WHERE slot = 19")
    edit(instance, "DELETE FROM slot WHERE number = 19")
    with pytest.raises(Tampered, match="Slot rows 0 to 19"):
        check(instance)


def test_what_is_found_raises_the_alarm_of_sealed_rows(instance: Instance) -> None:
    edit(instance, "UPDATE kit SET period = 2 WHERE slot = 3")
    with pytest.raises(Tampered) as found:
        check(instance)
    raise_tampering(instance.store, found.value)
    with instance.store.reading() as uow:
        assert [alarm.kind for alarm in uow.all(Alarm)] == [AlarmKind.SEALED]
