"""What the running processes have loaded: asked of each of them while they serve people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import keys.envelope
from randomizer.services import unblinded

if TYPE_CHECKING:
    from tests.games.lively import Lively, Told

OPENINGS = ("keys.envelope", "keys.wraps", "keys.custody", "keys.shares", "randomizer.services.unblinded")
FILES = (keys.envelope.__file__, str(Path(unblinded.__file__).parent))


def opens(told: Told) -> list[str]:
    """Modules, and code in memory under whatever name, that could open an envelope."""
    modules = [one for one in told["modules"] if one.startswith(OPENINGS)]
    return modules + [path for path in told["code"] if path.startswith(FILES)]


@pytest.mark.promise(5)
@pytest.mark.requirement("games")
@pytest.mark.parametrize("name", ["site", "jobs"])
def test_the_running_process_has_loaded_nothing_that_opens(lively: Lively, name: str) -> None:
    assert [opens(one) for one in lively.told[name]] == [[]] * len(lively.told[name])


@pytest.mark.promise(5)
@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("site", "randomizer.web.site.app"),
        ("site", "randomizer.services.care.dispensing"),
        ("site", "randomizer.services.views.participant_views"),
        ("jobs", "randomizer.jobs.tasks"),
        ("jobs", "randomizer.services.upkeep.nightly"),
        ("codebreak", "randomizer.web.codebreak.app"),
        ("codebreak", "keys.envelope"),
        ("codebreak", "randomizer.services.unblinded.opening"),
    ],
)
def test_the_process_that_was_asked_is_the_one_that_serves(lively: Lively, name: str, module: str) -> None:
    """A listener in another process would find nothing, too."""
    assert [one for one in lively.told[name] if module in one["modules"]]


@pytest.mark.promise(5)
def test_what_opens_is_seen_where_it_is(lively: Lively) -> None:
    """By its module, and by its code alone: a module that was taken off the list would still be found."""
    serving = [one for one in lively.told["codebreak"] if "randomizer.web.codebreak.app" in one["modules"]]
    assert serving
    for one in serving:
        assert opens({"modules": one["modules"], "code": []})
        assert opens({"modules": [], "code": one["code"]})
