"""No column of the sealed database, nor its length, goes with the sequence or with the blocks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.people import Role
from randomizer.services.sealed import release_content
from tests import activated, desks
from tests.games.seeing import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Seeded = Callable[[list[str]], dict[int, Any]]

BLOCK = 4
RANDOMIZED = 8
TRIALS = 3
MODULI = (2, 3, BLOCK)
MOST_DIGITS = 4000  # Python reads no number that is much longer; sealed bytes in hex can be
Features = dict[str, dict[int, Any]]


@dataclass(frozen=True)
class Trial:
    """What one trial's database tells of its slots, and the sequence of each."""

    sequences: list[str]
    found: Features


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trial, ...]:
    """Several trials, each sealed from its own bits, after eight randomizations.

    In one of them something goes with the sequence by chance, in all of them only what tells it.
    """
    return tuple(_play(tmp_path_factory.mktemp("columns"), f"columns {number}") for number in range(TRIALS))


def _play(place: Path, bits: str) -> Trial:
    definition = activated.small_definition()
    made = activated.small_unblinded(definition)
    unblinded = replace(made, procedure=replace(made.procedure, block_sizes=(BLOCK,), weights=(1,)))
    rehearsal = activated.seal_rehearsal(
        place / "bundle", definition=definition, unblinded=unblinded, text=bits
    )
    url = f"sqlite:///{place}/trial.db"
    activated.migrate(url)
    with activated.opened(url, definition) as instance:
        activated.draft(instance)
        activated.activate(instance, rehearsal)
        desk = desks.set_up_desk(instance, rehearsal, place / "host")
        for _ in range(RANDOMIZED):
            number = desks.randomized(instance, desk)
            desks.booked(instance, number)
            desks.prepared(instance, desk, number)
        assert instance.person(Role.PREPARER)
    opened = release_content.decode_release(desks.opened_release(rehearsal))
    return Trial(list(opened.slots), features(place / "trial.db"))


def features(database: Path) -> Features:
    """What each slot has in each column: value, length, remainders; by table and column."""
    found: Features = defaultdict(lambda: defaultdict(tuple))
    slots: dict[str, int] = {}
    for table, rows in sorted(tables(database), key=lambda one: one[0] != "allocation"):
        for row in rows:
            if table == "allocation":
                slots[row["participant"]] = row["slot"]
            number = (
                row["number"] if table == "slot" else row.get("slot", slots.get(row.get("participant", "")))
            )
            if number is None:
                continue
            for column, value in row.items():
                for name, told in _told(value):
                    found[f"{table}.{column} {name}"][number] += (told,)
            found[f"{table} rows"][number] += (1,)
    return {name: dict(by_slot) for name, by_slot in found.items()}


def _told(value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    yield "value", value
    yield "length", len(str(value))
    digits = "".join(sign for sign in str(value) if sign.isdigit())
    for modulus in MODULI:
        yield f"modulo {modulus}", int(digits[-MOST_DIGITS:] or 0) % modulus


def goes_with(told: dict[int, Any], labels: list[Any]) -> bool:
    """Whether what is told splits the slots into a few classes, each of one label, and tells labels apart."""
    classes = defaultdict(set)
    for slot, value in told.items():
        classes[value].add(labels[slot])
    few = 1 < len(classes) <= max(2, len(told) // 2)
    return few and all(len(one) == 1 for one in classes.values()) and len(set().union(*classes.values())) > 1


def telling(sequences: list[str], found: Features) -> list[str]:
    """Columns that go with the sequence, or with the blocks of a stratum."""
    first = activated.CAPACITIES["REL"]
    blocks = [
        slot // BLOCK if slot < first else (slot - first) // BLOCK + 100 for slot in range(len(sequences))
    ]
    names = []
    for name, told in found.items():
        # Where a stratum begins is public.
        inside = {slot: value for slot, value in told.items() if slot < first}
        if goes_with(told, sequences) or goes_with(inside, blocks) or goes_with(inside, sequences):
            names.append(name)
    return names


def telling_in_all(kept: tuple[Trial, ...], seeded: Seeded | None = None) -> list[str]:
    """Columns that go with sequence or blocks in every trial, one that is seeded among them."""
    told = [
        set(telling(one.sequences, one.found | ({"seeded": seeded(one.sequences)} if seeded else {})))
        for one in kept
    ]
    return sorted(set.intersection(*told))


@pytest.mark.promise(2)
@pytest.mark.promise(3)
@pytest.mark.requirement("games")
def test_no_column_goes_with_sequence_or_block(kept: tuple[Trial, ...]) -> None:
    for one in kept:
        assert len(one.found) > 100
        assert all(f"{table}.{column} length" in one.found for table, column in LOOKED_AT)
    assert telling_in_all(kept) == []


LOOKED_AT = (
    ("slot", "ciphertext"),
    ("slot", "wraps"),
    ("slot", "kits"),
    ("preparation_record", "ciphertext"),
    ("kit", "state"),
    ("allocation", "ordinal"),
    ("period", "kit"),
    ("product", "details"),
)
LEAKS: dict[str, Seeded] = {
    "sequence": lambda sequences: dict(enumerate(sequences)),
    "length by sequence": lambda sequences: {
        slot: len(code) + (code == "BA") for slot, code in enumerate(sequences)
    },
    "block": lambda sequences: {slot: slot // BLOCK for slot in range(len(sequences))},
    "block and sequence": lambda sequences: {
        slot: (slot // BLOCK, code) for slot, code in enumerate(sequences)
    },
    "sequence of some": lambda sequences: {
        slot: code for slot, code in enumerate(sequences) if slot < RANDOMIZED
    },
}


@pytest.mark.promise(2)
@pytest.mark.parametrize("leak", LEAKS)
def test_a_seeded_column_is_found(kept: tuple[Trial, ...], leak: str) -> None:
    assert telling_in_all(kept, LEAKS[leak]) == ["seeded"]
