"""An answer as a page shows it, to whoever it is for."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from randomizer.errors import Tampered, Unwritable
from randomizer.services.transactions import raise_tampering
from randomizer.services.unblinded import answers
from randomizer.web.door import this

if TYPE_CHECKING:
    from randomizer.domain.definition_values import Definition
    from randomizer.services.unblinded.answers import Answer
    from randomizer.services.views.sight import Sight


def fields_of(found: Answer, seen: Sight) -> dict[str, Any]:
    """The fields of an answer that the person may see, with the emergency text of the definition."""
    values = {
        **found.to_values(),
        "given": [
            {"period": dose.period, "treatment": dose.treatment, "when": dose.when, "kit": dose.kit}
            for dose in found.given
        ],
        "since": answers.since(seen.uow, found, seen.definition),
        "emergency_text": seen.definition.code_break.emergency_text,
    }
    return seen.show(values, site=found.site, kind="Answer")


def on_page(shown: dict[str, Any], definition: Definition, site: str) -> dict[str, Any]:
    """What the template of an answer takes.

    Args:
        shown: From `fields_of`.
        definition: Names the site, and who is told.
        site: Site code.
    """
    count = definition.period_count
    return {
        "shown": shown,
        "doses": [dose | {"period": f"{dose['period']} of {count}"} for dose in shown["given"]],
        "site": definition.site(site).name,
        "told": ", ".join(definition.notices.code_break_roles),
    }


def report_bent(found: Answer) -> None:
    """Raise the alarm for records that differ from their entries, without delaying the answer."""
    for about in found.bent:
        with suppress(Unwritable):
            raise_tampering(this().store, Tampered(about))
