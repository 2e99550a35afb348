from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from randomizer.domain.acts import Act
from randomizer.domain.people import SERVICE, Account
from randomizer.errors import Refused
from randomizer.services import trail
from randomizer.store.schema import MIGRATIONS, newest, upgrade
from randomizer.store.tables import ROWS

if TYPE_CHECKING:
    from randomizer.store.store import Store


@pytest.mark.requirement("migrations")
def test_the_newest_migration_and_the_models_agree(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_the_newest_file_is_the_newest_migration() -> None:
    assert newest() == ScriptDirectory(str(MIGRATIONS)).get_current_head()


def test_upgrading_twice_changes_nothing_and_waits_for_no_writer(store: Store) -> None:
    with store.writing() as uow:
        before = uow.count(Account)
        upgrade(store.engine)
        assert uow.count(Account) == before


@pytest.mark.promise(18)
def test_a_database_of_a_newer_program_is_refused_in_a_sentence(store: Store) -> None:
    with store.engine.begin() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(Refused, match="A newer version of this program") as refusal:
            upgrade(store.engine)
    finally:
        with store.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :found"), {"found": found})
    assert refusal.value.next_step == "Run the newer version, or restore the backup that was made before it."


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
def test_a_table_has_the_fields_of_its_domain_value(kind: type) -> None:
    columns = ROWS[kind].__table__.columns  # type: ignore[attr-defined]
    assert [column.name for column in columns] == [field.name for field in fields(kind)]
    assert [column.name for column in columns if column.primary_key] == list(kind.KEY)  # type: ignore[attr-defined]


@pytest.mark.promise(17)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET act = 'nothing happened'",
        "DELETE FROM entry",
        "DELETE FROM entry_values",
        "UPDATE entry_values SET content = '{}'",
        "UPDATE entry_values SET why = 'another reason'",
        "UPDATE entry_values SET why = ''",
        "UPDATE entry_values SET why = '', content = '', erased_by = 9",
    ],
)
def test_the_database_refuses_to_rewrite_the_trail(store: Store, statement: str) -> None:
    with store.writing() as uow, trail.act(uow, Act.ACCOUNT_CREATED, SERVICE, why="first") as act:
        act.add(Account(number=1, username="a", printed_name="A", email="a@example.org"))
    with (
        pytest.raises(DBAPIError, match=r"append-only|only the reason|never deleted|P0001"),
        store.engine.begin() as sql,
    ):
        sql.execute(text(statement))


def test_a_reason_can_go_where_it_is_said_what_erased_it(store: Store) -> None:
    with store.writing() as uow, trail.act(uow, Act.ACCOUNT_CREATED, SERVICE, why="first") as act:
        act.add(Account(number=1, username="a", printed_name="A", email="a@example.org"))
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE entry_values SET why = '', erased_by = 9"))
        assert connection.execute(text("SELECT why, erased_by FROM entry_values")).one() == ("", 9)
