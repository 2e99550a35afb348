"""The same request twice is one act: the answer of the first is kept in its transaction and given again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.housekeeping import Answered
from randomizer.errors import Conflict, RandomizerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.domain.people import Person
    from randomizer.store.store import Store
    from randomizer.store.work import UnitOfWork


def once(
    store: Store,
    person: Person,
    *,
    key: str,
    request_digest: str,
    status: int,
    act: Callable[[UnitOfWork], str],
) -> Answered:
    """Carry out an act in a transaction of its own, unless this key has carried it out before.

    Args:
        store: The store.
        person: Who asks; keys of different people never meet.
        key: The client's key.
        request_digest: SHA-256 of what is asked, hex; without the factor, which changes with every try.
        status: HTTP status of the answer.
        act: Does it and gives the JSON of the answer; what it raises leaves nothing behind.

    Returns:
        The answer, of this request or of the first one, which may have come at the same moment.

    Raises:
        Conflict: The key was used for another request.
        RandomizerError: As the act has it.
    """
    try:
        with store.writing() as uow:
            known = _known(uow, person, key, request_digest)
            if known is not None:
                return known
            answer = Answered(
                account=person.account,
                key=key,
                request_digest=request_digest,
                status=status,
                body=act(uow),
                answered_at=uow.clock(),
            )
            uow.insert(answer)
            return answer
    except RandomizerError:
        # The same request may have been under way elsewhere: what refused this one is then what that one did.
        with store.reading() as uow:
            known = _known(uow, person, key, request_digest)
        if known is None:
            raise
        return known


def _known(uow: UnitOfWork, person: Person, key: str, request_digest: str) -> Answered | None:
    known = uow.find(Answered, person.account, key)
    if known is not None and known.request_digest != request_digest:
        raise Conflict(
            "This Idempotency-Key was used for another request. Nothing was changed.",
            field="Idempotency-Key",
            next_step="Use a new key for a new request.",
        )
    return known
