"""What one person sees: every record goes through the masking policy, limited to the sites of their roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from randomizer import masking
from randomizer.domain.people import demand
from randomizer.errors import NotFound
from randomizer.services import trials

if TYPE_CHECKING:
    from randomizer.domain.definition_values import Definition
    from randomizer.domain.people import Person, Role
    from randomizer.domain.trial import Trial
    from randomizer.masking import View
    from randomizer.store.work import UnitOfWork


PAGE = 50  # rows on a page of a list
WORDS = {
    "AnswerTime": "time",
    "Entry": "trail",
    "SiteStatus": "site",
    "KitMovement": "kit",
    "StockTake": "stock take",
    "StratumStatus": "stratum",
    "NextStep": "worklist",
    "Records": "release",
}
"""Kinds of record as people call them, where it is another word."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A person looking at the trial as it is in one transaction."""

    uow: UnitOfWork
    person: Person
    trial: Trial
    definition: Definition

    def roles(self, site: str) -> frozenset[Role]:
        """The roles in which the person sees records of a site; "" for records of the whole trial."""
        return frozenset(role for role, where in self.person.grants if where in {"", site} or not site)

    def show(self, value: object, *, site: str = "", kind: str = "", **derived: object) -> View:
        """The fields of a record that the person may see.

        Args:
            value: A domain value, or a mapping with its kind.
            site: Site code of the record, or "".
            kind: Kind of record; only needed for a mapping.
            **derived: What was worked out of the record beside its own fields.
        """
        return masking.show(self.roles(site), self.trial.phase, value, kind, derived)

    def sites(self) -> tuple[str, ...]:
        """Codes of the sites whose participants the person may see, in the order of the definition."""
        phase = self.trial.phase
        return tuple(
            site.code
            for site in self.definition.sites
            if masking.allows(self.roles(site.code), phase, "Participant", "number")
        )

    def demand_site(self, site: str, *, about: str) -> None:
        """Refuse a record of a site that the person does not see, in the words of one that does not exist.

        Raises:
            NotFound: The person does not see the site.
        """
        if site not in self.sites():
            raise NotFound(
                f"There is no {about}.", field="participant", next_step="Check the number and enter it again."
            )

    def demand(self, kind: str, field: str) -> None:
        """Refuse a page of records that the person's roles never see.

        Raises:
            NotAllowed: The policy shows them to other roles.
        """
        rule = masking.ALLOWED[kind][field]
        demand(self.person, rule.roles, None, what=f"see {WORDS.get(kind, kind.lower())} records")


def of(uow: UnitOfWork, person: Person) -> Sight:
    """What a person sees now.

    Raises:
        NotFound: The instance holds no trial yet.
    """
    trial, definition = trials.current(uow)
    return Sight(uow, person, trial, definition)
