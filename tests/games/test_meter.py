"""The meter says the same whatever the schedule: it goes by what happened, not by what was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.people import Role
from randomizer.services.unblinded import meter, unblinding
from randomizer.services.views import sight
from tests import desks
from tests.games.leaks.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.games.sealings import World

    Worlds = Callable[[str], World]

SCHEDULES = ("as generated", "exchanged", "another")


def metered(world: World) -> Any:  # noqa: ANN401 - a view
    """Break the codes of two neighbours among four, and read the meter."""
    numbers = [desks.randomized(world.instance, world.desk) for _ in range(4)]
    for number in numbers[:2]:
        person, step_up = world.instance.person(Role.ON_CALL), world.instance.step_up(Role.ON_CALL)
        intent = unblinding.intend(world.desk, person, step_up, participant=number, reason="emergency")
        unblinding.disclose(world.desk, person, intent)
    person = world.instance.person(Role.UNBLINDED_STATISTICIAN)
    with world.instance.store.reading() as uow:
        return meter.read(sight.of(uow, person), world.desk)


@pytest.mark.promise(1)
@pytest.mark.promise(12)
@pytest.mark.requirement("games")
def test_the_meter_depends_on_no_sequence(world: Worlds) -> None:
    one, *others = [metered(world(name)) for name in SCHEDULES]
    assert one["guesses"][1]["count"] == 2
    assert [one] * len(others) == others


def test_a_meter_that_goes_by_the_answers_is_caught(world: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts those codes alone that told one of the sequences."""
    shipped = meter._disclosed  # noqa: SLF001
    found, uses = [], 0
    for name in SCHEDULES:
        secret = Secret(own := world(name))

        def leaky(uow: Any, places: Any, secret: Secret = secret) -> Any:  # noqa: ANN401
            known = shipped(uow, places)
            return {
                place: at
                for number, place in places.items()
                if (at := known.get(place)) and secret.sequence(number) == "AB"
            }

        monkeypatch.setattr(meter, "_disclosed", leaky)
        found.append(metered(own))
        uses += secret.uses
    assert uses
    assert len({str(one["guesses"]) for one in found}) > 1
