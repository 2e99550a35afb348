"""The same request twice is one act: the answer of the first is kept in its transaction and given again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.housekeeping import Answered
from randomizer.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.domain.people import Person
    from randomizer.store.work import UnitOfWork


def once(
    uow: UnitOfWork, person: Person, *, key: str, request_digest: str, status: int, act: Callable[[], str]
) -> Answered:
    """Carry out an act unless this key has carried it out before.

    Args:
        uow: The act's transaction.
        person: Who asks; keys of different people never meet.
        key: The client's key.
        request_digest: SHA-256 of what is asked, hex; without the factor, which changes with every try.
        status: HTTP status of the answer.
        act: Does it and gives the JSON of the answer; what it raises leaves nothing behind.

    Returns:
        The answer, of this request or of the first one.

    Raises:
        Conflict: The key was used for another request, or the same request is under way elsewhere.
    """
    known = uow.find(Answered, person.account, key)
    if known is not None:
        if known.request_digest != request_digest:
            raise Conflict(
                "This Idempotency-Key was used for another request. Nothing was changed.",
                field="Idempotency-Key",
                next_step="Use a new key for a new request.",
            )
        return known
    answer = Answered(
        account=person.account,
        key=key,
        request_digest=request_digest,
        status=status,
        body=act(),
        answered_at=uow.clock(),
    )
    uow.insert(answer)
    return answer
