"""The trial with what everybody may read of it: the definition that stands in the public record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from randomizer.masking import View
    from randomizer.services.views.sight import Sight


def of(sight: Sight) -> View:
    """The trial and its blinded definition.

    Args:
        sight: The person looking.

    Returns:
        trial, and definition: what was signed, by name; a field that has its default is left out.
    """
    definition = json.loads(sight.trial.definition)["value"]
    return {"trial": sight.show(sight.trial)} | sight.show({"definition": definition}, kind="Published")
