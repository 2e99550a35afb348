"""Whoever steals all but the keys guesses no better than by the design and the order of enrolment."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from tests.games import adversaries, dumping, sealings
from tests.games.dumping import BLOCKS_OF_FOUR
from tests.games.leaks import CATALOGUE
from tests.games.leaks.secret import Secret
from tests.games.sizes import size

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.games.adversaries import Trial, Verdict
    from tests.games.dumping import Staged
    from tests.games.sealings import World
    from tests.games.seeing import Doors

TRIALS = size(3, 24)
AT_THE_CEREMONY = "in_the_nonce_of_an_envelope"
CATCHES = (
    "in_a_log_line",
    "in_an_entry",
    "in_a_blind_index",
    "in_the_order_of_kits",
    "in_the_number_of_rows",
    "in_the_write_ahead_log",
    "in_the_expiry",
    "in_the_time_of_a_preparation",
    "in_the_length_of_a_sealed_record",
    "in_a_remembered_answer",
    "in_an_alarm",
    "in_a_name_of_a_file",
    "in_a_nonce",
    "in_the_order_of_rows",
    AT_THE_CEREMONY,
)
"""Leaks that this game must catch: those that leave something in a copy of every trial."""


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> list[Staged]:
    """Trials, each sealed from its own bits, with everybody's first kit being prepared."""
    place = tmp_path_factory.mktemp("dump")
    return dumping.stage(place, TRIALS, BLOCKS_OF_FOUR, sealings.as_generated)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory, staged: list[Staged]) -> list[Trial]:
    """What the adversaries see of the shipped build."""
    return robbed(staged, tmp_path_factory.mktemp("clean"))


def robbed(staged: list[Staged], place: Path, spoil: Callable[[World], None] = lambda _: None) -> list[Trial]:
    """Play every trial to where its code is broken and copy it."""
    trials = []
    for number, one in enumerate(staged):
        with dumping.stolen(one, place / str(number), spoil) as copy:
            trials.append(adversaries.trial(copy, one.sealing.schedule))
    return trials


def figures(verdict: Verdict) -> dict[str, object]:
    """As they stand in the table of ``make games``."""
    return {
        "sizes": f"{TRIALS} trials of {sum(dumping.SLOTS)}, {verdict.observed} observations",
        "trials": TRIALS,
        "statistic": f"tail {verdict.tail:.1e} ({verdict.guessed}), fortune {verdict.fortune:.2g}",
        "bound": f"{verdict.bound:.1e}, {2 / adversaries.ERROR:.0e}",
    }


@pytest.mark.promise(2)
@pytest.mark.requirement("games")
def test_nobody_guesses_better_than_by_the_design(
    clean: list[Trial], record_property: Callable[[str, object], None]
) -> None:
    verdict = adversaries.judge(BLOCKS_OF_FOUR, clean)
    record_property("figures", figures(verdict))
    assert not verdict.caught, verdict
    assert verdict.observed > 1000


def test_the_adversaries_see_what_the_game_is_about(clean: list[Trial]) -> None:
    """Otherwise nothing that they guess would say anything."""
    for one in clean:
        for name in EXPECTED:
            assert len(one.traits[name]) == len(one.numbers), name


EXPECTED = (
    "slot  1 ciphertext length",
    "slot  1 wraps length",
    "slot  1 leaf_hash first 0 bit 0",
    "slot  1 proof last 1 bit 7",
    "slot  1 row",
    "preparation_record 1 1 ciphertext length",
    "preparation_record 1 1 ciphertext first 0 bit 7",
    "kit 1.administered 1 expires_at moment 0 since",
    "kit 2.reserved 1 state words",
    "period 1 1 ordinal of kit",
    "allocation  1 ordinal",
    "product cleared 1 details length",
    "entry preparation ended 1 digest whole",
    "entry_values preparation ended 1 content words",
    "entry_values preparation ended 1 salt first 0 bit 0",
    "answered  1 body length",
    "frames of commit 0",
    "log of commit 1 length",
    "shown.state length",
    "rows of kit 1.reserved",
    "rows of entry preparation ended",
    "9 digits in trial.db: how often",
    "9 digits in trial.db-wal: last page",
    "5 digits in trial.db: first offset",
    "9 digits in backup/trial.db: how often",
    "public/entries.jsonl line 1 length",
)
"""Something of each kind: lengths, bits, places, counts, order, times, words; of every file."""


@pytest.mark.promise(2)
@pytest.mark.requirement("games")
@pytest.mark.parametrize("name", CATCHES)
def test_a_seeded_leak_is_reached_and_caught(
    tmp_path: Path, staged: list[Staged], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    secrets: list[Secret] = []
    leak, no_doors = CATALOGUE[name], cast("Doors", None)  # nothing here is served
    if name == AT_THE_CEREMONY:
        secrets.append(Secret(cast("World", None)))  # a ceremony has no world yet
        leak(monkeypatch, secrets[0], no_doors)
        again = dumping.stage(tmp_path / "staged", TRIALS, BLOCKS_OF_FOUR, sealings.as_generated)
        trials = robbed(again, tmp_path)
    else:

        def spoil(world: World) -> None:
            monkeypatch.undo()
            secrets.append(Secret(world))
            leak(monkeypatch, secrets[-1], no_doors)

        trials = robbed(staged, tmp_path, spoil)
    assert all(secret.uses for secret in secrets), "the traffic did not reach the leak"
    verdict = adversaries.judge(BLOCKS_OF_FOUR, trials)
    assert verdict.caught, verdict
