"""A request sent again is answered again: by whichever of twenty came first, on each database."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.participants import Participant
from randomizer.domain.people import Role
from randomizer.errors import Conflict
from randomizer.services import idempotency
from randomizer.services.care import enrolment
from tests.activated import SITE

if TYPE_CHECKING:
    from tests.activated import Instance

CLIENTS = 8
KEY, REQUEST = "one-key-for-one-act", "00" * 32


def enrol(instance: Instance, request_digest: str = REQUEST) -> str:
    """One request for a participant, under the one key; gives the answer."""
    person = instance.person(Role.COORDINATOR)
    return idempotency.once(
        instance.store,
        person,
        key=KEY,
        request_digest=request_digest,
        status=201,
        act=lambda uow: enrolment.consent(uow, person, SITE).number,
    ).body


@pytest.mark.promise(16)
@pytest.mark.requirement("api")
def test_of_several_at_the_same_moment_one_acts_and_all_are_answered_alike(instance: Instance) -> None:
    barrier = threading.Barrier(CLIENTS)

    def send(_client: int) -> str:
        barrier.wait()
        return enrol(instance)

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = set(pool.map(send, range(CLIENTS)))
    assert len(answers) == 1
    with instance.store.reading() as uow:
        assert {one.number for one in uow.all(Participant)} == answers


@pytest.mark.promise(16)
def test_a_key_of_another_request_is_refused(instance: Instance) -> None:
    enrol(instance)
    with pytest.raises(Conflict, match="was used for another request") as refusal:
        enrol(instance, "11" * 32)
    assert refusal.value.field == "Idempotency-Key"
