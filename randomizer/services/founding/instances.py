"""A new instance: the head of the trail, the trial as a draft, its sites as planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keys.merkle import Frontier
from randomizer.domain import definition as definitions
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import TrailHead
from randomizer.domain.people import SERVICE
from randomizer.domain.trial import Phase, SiteState, SiteStatus, Trial
from randomizer.errors import Refused
from randomizer.services import trail

if TYPE_CHECKING:
    from randomizer.domain.definition_values import Definition
    from randomizer.domain.trial import Kind
    from randomizer.store.work import UnitOfWork


def create(uow: UnitOfWork, definition: Definition, kind: Kind) -> Trial:
    """Put a draft of the trial into an empty instance.

    Args:
        uow: A unit of work on a database with the present schema.
        definition: What the sponsor and the unblinded statistician will sign.
        kind: Rehearsal or production; it never changes.

    Raises:
        Refused: The instance holds a trial already.
    """
    if uow.find(Trial, 1) is not None:
        raise Refused(
            "This instance holds a trial already. Nothing was changed.",
            field="instance",
            next_step="Every trial has an instance of its own.",
        )
    if uow.find(TrailHead, 1) is None:
        uow.insert(TrailHead(size=0, frontier=Frontier().to_bytes()))
    with trail.act(uow, Act.INSTANCE_CREATED, SERVICE) as act:
        for site in definition.sites:
            act.add(SiteStatus(code=site.code, state=SiteState.PLANNED))
        return act.add(
            Trial(
                kind=kind,
                phase=Phase.DRAFT,
                definition=definitions.canonical(definition).decode(),
                definition_digest=definitions.digest(definition),
            )
        )
