"""No column of the sealed database, nor its length, goes with the sequence or with the blocks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.people import Role
from randomizer.services.sealed import release_content
from tests import activated, desks
from tests.games.seeing import tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK = 4
RANDOMIZED = 8
MODULI = (2, 3, BLOCK)
Features = dict[str, dict[int, Any]]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Features]:
    """Sequence of each slot, and what the database tells of each, after eight randomizations."""
    place = tmp_path_factory.mktemp("columns")
    definition = activated.small_definition()
    made = activated.small_unblinded(definition)
    unblinded = replace(made, procedure=replace(made.procedure, block_sizes=(BLOCK,), weights=(1,)))
    for attempt in count():
        rehearsal = activated.seal_rehearsal(
            place / f"bundle-{attempt}", definition=definition, unblinded=unblinded, text=f"columns {attempt}"
        )
        sequences = list(release_content.decode_release(desks.opened_release(rehearsal)).slots)
        if not telling(sequences, positions(len(sequences))):
            break  # places are public; in one schedule of many they happen to go with the sequence
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
    return sequences, features(place / "trial.db")


def positions(slots: int) -> Features:
    """What the place of a slot alone tells, of all and of those that were allocated."""
    found: Features = defaultdict(dict)
    for seen in (slots, RANDOMIZED):
        for slot in range(seen):
            for shift in (0, 1):  # slots count from 0, ordinals from 1
                for name, told in _told(slot + shift):
                    found[f"{seen} {shift} {name}"][slot] = told
    return found


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
        yield f"modulo {modulus}", int(digits or 0) % modulus


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


@pytest.mark.promise(2)
@pytest.mark.promise(3)
@pytest.mark.requirement("games")
def test_no_column_goes_with_sequence_or_block(kept: tuple[list[str], Features]) -> None:
    sequences, found = kept
    assert len(found) > 100
    assert all(f"{table}.{column} length" in found for table, column in LOOKED_AT)
    assert telling(sequences, found) == []


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


@pytest.mark.promise(2)
@pytest.mark.parametrize(
    "leak", ["sequence", "length by sequence", "block", "block and sequence", "sequence of some"]
)
def test_a_seeded_column_is_found(kept: tuple[list[str], Features], leak: str) -> None:
    sequences, found = kept
    seeded: dict[str, dict[int, Any]] = {
        "sequence": dict(enumerate(sequences)),
        "length by sequence": {slot: len(code) + (code == "BA") for slot, code in enumerate(sequences)},
        "block": {slot: slot // BLOCK for slot in range(len(sequences))},
        "block and sequence": {slot: (slot // BLOCK, code) for slot, code in enumerate(sequences)},
        "sequence of some": {slot: code for slot, code in enumerate(sequences) if slot < RANDOMIZED},
    }
    assert telling(sequences, found | {"seeded": seeded[leak]}) == ["seeded"]
