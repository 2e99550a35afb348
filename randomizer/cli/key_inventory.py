"""``randomizer key-inventory``: which keys there are, where, how old, and whether they are kept well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from randomizer.cli.console import answer, instance_option, json_option
from randomizer.config import load_settings, system_clock
from randomizer.services.upkeep import key_inventory

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from randomizer.services.upkeep.key_inventory import ListedKey


@click.command()
@instance_option
@json_option
def command(instance: Path | None, *, as_json: bool) -> None:
    """List every key of this host and of the sealing, and no secret. Exit code 1 where one is at fault."""
    now = system_clock()
    listed = key_inventory.inventory(load_settings(instance))
    fields = [_fields(key, now) for key in listed]
    answer({"keys": fields}, "\n\n".join(_text(one) for one in fields), as_json=as_json)
    if any(key.fault for key in listed):
        click.get_current_context().exit(1)


def _fields(key: ListedKey, now: datetime) -> dict[str, Any]:
    return {
        "name": key.name,
        "purpose": key.purpose,
        "place": key.place,
        "made_at": key.made_at.isoformat() if key.made_at else None,
        "age_days": key.age_days(now),
        "other_half": key.other_half,
        "known_as": key.known_as or None,
        "fault": key.fault or None,
    }


def _text(fields: dict[str, Any]) -> str:
    days = fields["age_days"]
    made = "not known"
    if days is not None:
        made = f"{fields['made_at'][:10]}, {days} {'day' if days == 1 else 'days'} ago"
    lines = [
        f"  {fields['purpose']}",
        f"  place       {fields['place']}",
        f"  made        {made}",
        f"  other half  {fields['other_half']}",
    ]
    if fields["known_as"]:
        lines.append(f"  known as    {fields['known_as']}")
    if fields["fault"]:
        lines.append(f"  AT FAULT    {fields['fault']}")
    return "\n".join([str(fields["name"]), *lines])
