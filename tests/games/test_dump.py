"""Whoever steals all but the keys guesses no better than by the design and the order of enrolment."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, cast

import pytest

from tests.games import adversaries, dumping, sealings
from tests.games.dumping import BLOCKS_OF_FOUR, blocks
from tests.games.leaks import CATALOGUE
from tests.games.leaks.secret import Secret
from tests.games.sizes import FULL, size

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from randomizer.domain.unblinded import Procedure
    from tests.games.adversaries import Trial, Verdict
    from tests.games.dumping import Staged
    from tests.games.sealings import World
    from tests.games.seeing import Doors

TRIALS = size(3, 16)
DESIGNS = (BLOCKS_OF_FOUR, *((blocks(6), blocks(4, 6)) if FULL else ()))
AT_THE_CEREMONY = "in_the_nonce_of_an_envelope"
OF_ANY_TWO = (
    "in_a_log_line",
    "in_an_entry",
    "in_a_blind_index",
    "in_the_number_of_rows",
    "in_the_expiry",
)
"""Leaks that show between two schedules as well: small games leave them to that one."""
CATCHES = (
    *(OF_ANY_TWO if FULL else ()),
    "in_the_order_of_kits",
    "in_the_write_ahead_log",
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
def staged(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Procedure], list[Staged]]:
    """A function that gives trials of a design, each sealed from its own bits, with all first kits begun."""

    @cache
    def stage(design: Procedure) -> list[Staged]:
        return dumping.stage(tmp_path_factory.mktemp("dump"), TRIALS, design, sealings.as_generated)

    return stage


def robbed(staged: list[Staged], place: Path, spoil: Callable[[World], None] = lambda _: None) -> list[Trial]:
    """Play every trial to where its code is broken and copy it."""
    trials = []
    for number, one in enumerate(staged):
        with dumping.stolen(one, place / str(number), spoil) as copy:
            trials.append(adversaries.trial(copy, one.sealing.schedule))
    return trials


def named(design: Procedure) -> str:
    """The design in words."""
    return f"blocks of {' or '.join(map(str, design.block_sizes))}"


def figures(design: Procedure, verdict: Verdict) -> dict[str, object]:
    """As they stand in the table of ``make games``."""
    return {
        "sizes": f"{named(design)}, {sum(dumping.SLOTS)} participants, {verdict.observed} observations",
        "trials": TRIALS,
        "statistic": f"tail {verdict.tail:.1e} ({verdict.guessed}), fortune {verdict.fortune:.2g}",
        "bound": f"{verdict.bound:.1e}, {2 / adversaries.ERROR:.0e}",
    }


@pytest.mark.promise(2)
@pytest.mark.requirement("games")
@pytest.mark.parametrize("design", DESIGNS, ids=named)
def test_nobody_guesses_better_than_by_the_design(
    tmp_path: Path,
    staged: Callable[[Procedure], list[Staged]],
    design: Procedure,
    record_property: Callable[[str, object], None],
) -> None:
    trials = robbed(staged(design), tmp_path)
    verdict = adversaries.judge(design, trials)
    record_property("figures", figures(design, verdict))
    assert not verdict.caught, verdict
    assert verdict.observed > 1000
    for one in trials:  # otherwise nothing that is guessed would say anything
        assert [name for name in EXPECTED if len(one.traits.get(name, {})) < len(one.numbers)] == []


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
    tmp_path: Path,
    staged: Callable[[Procedure], list[Staged]],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
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

        trials = robbed(staged(BLOCKS_OF_FOUR), tmp_path, spoil)
    assert all(secret.uses for secret in secrets), "the traffic did not reach the leak"
    verdict = adversaries.judge(BLOCKS_OF_FOUR, trials)
    assert verdict.caught, verdict
