"""Opening the instance that a command acts on; what needs none loads no database."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import click

from randomizer.config import load_settings, system_clock
from randomizer.services import outside
from randomizer.services.transactions import open_store

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.config import Settings
    from randomizer.services.transactions import Store


def open_instance(directory: Path | None) -> tuple[Settings, Store]:
    """The settings and the store of an instance, with the system's clock and randomness.

    The store is closed when the command has ended.

    Raises:
        Faulty: The settings have faults.
        Refused: There is no instance.
    """
    settings = load_settings(directory)
    store = open_store(
        settings.engine_url,
        clock=system_clock,
        entropy=secrets.token_bytes,
        held=outside.reader(settings.public, settings.witness_keys),
    )
    context = click.get_current_context(silent=True)
    if context is not None:
        context.call_on_close(store.engine.dispose)
    return settings, store
