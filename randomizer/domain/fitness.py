"""What an investigator confirms before a kit is prepared: fit for this infusion, item by item."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from randomizer.errors import Faulty

if TYPE_CHECKING:
    from collections.abc import Iterator

WHAT_NOW = (
    "Confirm what holds. Where something does not, cancel the booking or book a later day. "
    "Nothing was signed."
)


class PregnancyTest(StrEnum):
    """A pregnancy test before an infusion."""

    NEGATIVE = "negative"
    DOES_NOT_APPLY = "does not apply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitness:
    """The items as confirmed.

    Args:
        no_infection: There is no sign of an infection.
        pregnancy_test: A value of `PregnancyTest`, or "" where nothing was said.
        consent_stands: The participant still consents.
    """

    no_infection: bool
    pregnancy_test: str
    consent_stands: bool

    def demand(self) -> None:
        """Refuse whoever is not fit.

        Raises:
            Faulty: With every item that is not confirmed.
        """
        faults = tuple(self._faults())
        if faults:
            raise Faulty(faults, next_step=WHAT_NOW)

    def values(self) -> dict[str, Any]:
        """The items as they are signed."""
        return {
            "no_infection": self.no_infection,
            "pregnancy_test": self.pregnancy_test,
            "consent_stands": self.consent_stands,
        }

    def _faults(self) -> Iterator[tuple[str, str]]:
        if not self.no_infection:
            yield "no_infection", "There must be no sign of an infection."
        if self.pregnancy_test not in set(PregnancyTest):
            yield "pregnancy_test", "A pregnancy test must be negative, or not apply."
        if not self.consent_stands:
            yield "consent_stands", "Consent must stand."
