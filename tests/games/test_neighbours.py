"""After a code break the neighbours are known as well as the design check said, and no better.

Every list that a design can give a stratum is sealed, as a trial of its own, and in each the code of the
first participant is broken. Lists after which all that can be seen is the same can't be told apart: what is
left of their chances is the posterior of whoever sees it, in whole-number fractions.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.people import Role
from randomizer.domain.posterior import largest_posterior
from randomizer.domain.trial import Allocation
from randomizer.domain.unblinded import Procedure
from randomizer.services.unblinded import answers, code_breaks, unblinding
from tests import activated, desks
from tests.games import odds, sealings
from tests.games.placeholders import Placeholders
from tests.games.seeing import Recording, copied, logs_kept, mails, published
from tests.games.sizes import FULL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.games.sealings import Sealing, World

    Drawn = tuple[tuple[int, ...], tuple[int, ...]]
    Sealed = Callable[[tuple[int, ...]], dict[Drawn, Sealing]]
    Leak = Callable[[pytest.MonkeyPatch, "Known"], None]

SIZES = ((4,), (2,), (2, 4), *(((6,),) if FULL else ()))
"""Block sizes that are played; a ceremony refuses any with a 2 in it, so their lists are put in by hand."""
PUBLISHED = {(4,): Fraction(2, 3), (6,): Fraction(3, 5), (2, 4): Fraction(5, 6), (2,): Fraction(1)}
OPENED = 0
FIRST, OTHER = 0, 1


class Known:
    """The blocks of the trial that is played, which no running process knows; and how often a leak asked."""

    def __init__(self) -> None:
        self.blocks: tuple[int, ...] = ()
        self.uses = 0

    def left(self) -> int:
        """How many slots are left in the block of the one that was opened."""
        self.uses += 1
        return self.blocks[0] - 1


def blocks(sizes: tuple[int, ...]) -> Procedure:
    return Procedure(kind="permuted-blocks", block_sizes=sizes, weights=(1,) * len(sizes))


def drawn(sizes: tuple[int, ...], slots: int) -> dict[Drawn, Fraction]:
    """Everything that the design can draw: sizes of the blocks and the list, with its chance."""
    found: dict[Drawn, Fraction] = defaultdict(Fraction)
    for chosen, chance in _blocks(sizes, slots):
        for whole, share in _filled(chosen):
            found[chosen, whole[:slots]] += chance * share
    return dict(found)


def _blocks(sizes: tuple[int, ...], slots: int) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    if slots <= 0:
        yield (), Fraction(1)
        return
    for size in sizes:
        for rest, chance in _blocks(sizes, slots - size):
            yield (size, *rest), chance / len(sizes)


def _filled(chosen: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    if not chosen:
        yield (), Fraction(1)
        return
    ways = Counter(permutations((FIRST, OTHER) * (chosen[0] // 2)))
    for block, count in ways.items():
        for rest, chance in _filled(chosen[1:]):
            yield (*block, *rest), chance * Fraction(count, ways.total())


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    """A function that gives a trial for everything that a design can draw, its first slot allocated."""
    place = tmp_path_factory.mktemp("neighbours")

    @cache
    def seal(sizes: tuple[int, ...]) -> dict[Drawn, Sealing]:
        slots = max(sizes)
        directory = place / str(sizes)
        directory.mkdir()
        drafted = sealings.draft(directory / "draft.db", definition(slots))
        return {
            one: begun(directory / str(number), drafted, exactly(one[1]), slots)
            for number, one in enumerate(drawn(sizes, slots))
        }

    return seal


def begun(place: Path, drafted: Path, change: sealings.Change, slots: int) -> Sealing:
    """Seal a trial and randomize the first participant."""
    sealing = sealings.seal(place, drafted, change, sealed=definition(slots))
    with sealings.world(sealing, place / "world") as world:
        desks.randomized(world.instance, world.desk)
        return sealings.kept(sealing, world, place / "begun")


def exactly(given: tuple[int, ...]) -> sealings.Change:
    """Put this list into the first stratum."""
    return lambda schedule, _: replace(schedule, chosen=bytes(given) + schedule.chosen[len(given) :])


def seen(place: Path, sealing: Sealing) -> tuple[bytes, ...]:
    """Break a code; gives all that can be seen behind the listed filter."""
    recording = Recording()
    with sealings.world(sealing, place) as world, logs_kept() as log:
        recording.add("answer", repr(broken(world)).encode())
        mails(world, recording)
        published(world, recording)
        copied(world, recording)
        recording.add("log", log.getvalue().encode())
    listed = Placeholders()
    return tuple(listed.put(content) for _, content in recording.seen)


def definition(slots: int) -> Any:  # noqa: ANN401 - a definition
    """MESEMS with one short stratum."""
    made = activated.small_definition()
    capacities = {"REL": slots, "PRO": 1}
    return replace(
        made, strata=tuple(replace(one, capacity=capacities[one.code], low_water=0) for one in made.strata)
    )


def broken(world: World) -> dict[str, Any]:
    """The code of the one who is randomized is broken; gives what was answered."""
    with world.instance.store.reading() as uow:
        [number] = [one.participant for one in uow.all(Allocation)]
    person, step_up = world.instance.person(Role.ON_CALL), world.instance.step_up(Role.ON_CALL)
    intent = unblinding.intend(world.desk, person, step_up, participant=number, reason="emergency", text="x")
    return unblinding.disclose(world.desk, person, intent).to_values()


def posterior(sizes: tuple[int, ...], trials: dict[Drawn, Sealing], place: Path, known: Known) -> Fraction:
    """The largest over all that can be seen, the other slots and both sequences."""
    chances = drawn(sizes, max(sizes))
    alike: dict[tuple[bytes, ...], list[tuple[tuple[int, ...], Fraction]]] = defaultdict(list)
    for number, (one, sealing) in enumerate(trials.items()):
        known.blocks, given = one
        alike[seen(place / str(number), sealing)].append((given, chances[one]))
    return max(
        sum((chance for given, chance in those if given[slot] == which), Fraction(0))
        / sum(chance for _, chance in those)
        for those in alike.values()
        for slot in range(OPENED + 1, max(sizes))
        for which in (FIRST, OTHER)
    )


@pytest.mark.promise(12)
@pytest.mark.requirement("games")
@pytest.mark.parametrize("sizes", SIZES)
def test_a_code_break_tells_of_the_neighbours_what_the_design_check_says(
    tmp_path: Path, sealed: Sealed, sizes: tuple[int, ...], record_property: Callable[[str, object], None]
) -> None:
    trials = sealed(sizes)
    found = posterior(sizes, trials, tmp_path, Known())
    figures = {
        "sizes": f"blocks of {' or '.join(map(str, sizes))}",
        "trials": len(trials),
        "statistic": f"posterior {found}",
        "bound": str(PUBLISHED[sizes]),
    }
    record_property("figures", figures)
    assert found == largest_posterior(blocks(sizes), 2, max(sizes)) == PUBLISHED[sizes]


@pytest.mark.parametrize("sizes", [(4,), (2, 4), (4, 6)])
def test_what_is_played_is_what_the_procedure_draws(sizes: tuple[int, ...]) -> None:
    found: dict[int, Fraction] = defaultdict(Fraction)
    for (_, given), chance in drawn(sizes, 6).items():
        found[sum((which == FIRST) << slot for slot, which in enumerate(given))] += chance

    assert found == odds.lists(blocks(sizes), 6)


def in_what_is_kept(patch: pytest.MonkeyPatch, known: Known) -> None:
    """The entry of a code break keeps where the block ends."""
    shipped = code_breaks.enter_disclosure

    def leaky(act: Any, *given: Any, **named: Any) -> None:  # noqa: ANN401
        act.note(left=known.left())
        shipped(act, *given, **named)

    patch.setattr(unblinding, "enter_disclosure", leaky)


def in_the_answer(patch: pytest.MonkeyPatch, known: Known) -> None:
    """The answer remarks how many of the block are still to come."""
    shipped = answers.build

    def leaky(*given: Any) -> answers.Answer:  # noqa: ANN401
        return replace(shipped(*given), remarks=(f"{known.left()} left",))

    patch.setattr(answers, "build", leaky)


TELL_MORE: dict[str, Leak] = {one.__name__: one for one in (in_what_is_kept, in_the_answer)}
"""Builds in which a code break tells more than the one participant's sequence."""


@pytest.mark.promise(12)
@pytest.mark.requirement("games")
@pytest.mark.parametrize("name", TELL_MORE)
def test_a_seeded_leak_is_reached_and_caught(
    tmp_path: Path, sealed: Sealed, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whoever learns where a block of a mix ends, knows more: here all of it, where a block of two ends."""
    known = Known()
    TELL_MORE[name](monkeypatch, known)
    found = posterior((2, 4), sealed((2, 4)), tmp_path, known)
    assert known.uses, "no code break reached the leak"
    assert found > PUBLISHED[2, 4]
