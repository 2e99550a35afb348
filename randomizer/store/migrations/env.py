"""Alembic's entry: runs migrations on the connection that `randomizer.store.schema` hands over."""

from alembic import context
from sqlmodel import SQLModel

import randomizer.store.tables  # noqa: F401 - fills the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
