"""The tests' PostgreSQL is private, empty and unprivileged."""

from __future__ import annotations

from sqlalchemy import create_engine, text


def table_names(url: str) -> list[str]:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            found = connection.execute(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            ).scalars()
            names = list(found)
            connection.execute(text("CREATE TABLE left_behind (number integer)"))
            return names
    finally:
        engine.dispose()


def test_a_database_is_empty(postgres_database: str) -> None:
    assert table_names(postgres_database) == []


def test_the_next_database_is_empty_again(postgres_database: str) -> None:
    assert table_names(postgres_database) == []


def test_the_server_listens_on_no_network(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.connect() as connection:
        assert connection.execute(text("SHOW listen_addresses")).scalar_one() == ""
    engine.dispose()
