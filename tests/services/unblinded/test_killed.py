"""Code breaks that are killed: no answer without an intent on record, and always a way to the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.people import Role
from randomizer.domain.records import CodeBreak
from randomizer.errors import Unreadable
from randomizer.services.transactions import Store
from randomizer.services.unblinded import code_breaks, unblinding
from randomizer.services.unblinded.sinks import DENIED, DISCLOSED, INTENT, IntentFile
from randomizer.store.engine import open_engine
from tests import errands
from tests.breaker import OPENS, Breaker
from tests.stages import demand_sound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from randomizer.services.unblinded.answers import Answer
    from randomizer.services.unblinded.desk import Desk
    from tests.stages import Stage

pytestmark = [pytest.mark.promise(6), pytest.mark.promise(8), pytest.mark.requirement("code-break door")]

DOCTOR, COLLEAGUE = Role.INVESTIGATOR, Role.ON_CALL


@pytest.fixture(scope="module")
def breaker() -> Iterator[Breaker]:
    with errands.opened(Breaker) as running:
        yield running


@dataclass(frozen=True, kw_only=True)
class OnRecord:
    """What the two sinks hold together, whatever process wrote it."""

    intents: frozenset[str]
    disclosed: frozenset[str]


def on_record(stage: Stage, desk: Desk) -> OnRecord:
    stored = stage.all(CodeBreak)
    filed = {line["intent"] for line in desk.file.lines(INTENT)}
    shown = {one.intent for one in stored if one.disclosed_at is not None}
    return OnRecord(
        intents=frozenset(filed | {one.intent for one in stored}),
        disclosed=frozenset(shown | {line["intent"] for line in desk.file.lines(DISCLOSED)}),
    )


def started_again(stage: Stage) -> Desk:
    """The desk of a door that was started again: nothing of it is left but what is on the disk."""
    return replace(stage.desk, file=IntentFile(stage.desk.file.path))


def answer_of(stage: Stage, desk: Desk, role: Role, intent: str = "") -> Answer:
    """The way to the answer: by the intent that stands, or by a code break from the beginning."""
    person = stage.instance.person(role)
    if not intent:
        step_up = stage.step_up(person)
        intent = unblinding.intend(desk, person, step_up, participant=stage["second"], reason="emergency")
    return unblinding.disclose(desk, person, intent)


def demand_kept(said: list[dict[str, Any]], before: OnRecord, after: OnRecord) -> str:
    """No answer and no opening without an intent; returns the intent that the killed process left, or ""."""
    left = after.intents - before.intents
    assert len(left) <= 1
    if any(one.get("step") == OPENS or "answer" in one for one in said):
        assert left, said
    if any("answer" in one for one in said):
        assert after.disclosed - before.disclosed == left
    return next(iter(left), "")


@pytest.mark.parametrize("frozen", [False, True], ids=["writable", "read-only"])
@pytest.mark.parametrize("database", ["sqlite"])
def test_killed_at_every_step_no_answer_lacks_its_intent_and_everybody_gets_to_the_answer(
    stage: Stage,
    breaker: Breaker,
    frozen: bool,  # noqa: FBT001
) -> None:
    order = {
        "url": stage.store.engine.url.render_as_string(hide_password=False),
        "keys": str(stage.desk.directory),
        "file": str(stage.desk.file.path),
        "now": stage.clock().isoformat(),
        "account": stage.instance.number(DOCTOR),
        "number": stage["second"],
        "frozen": frozen,
    }
    plan = answer_of(stage, started_again(stage), COLLEAGUE).planned
    steps: list[tuple[str, str]] = []
    whole = False
    while not whole:
        before = on_record(stage, started_again(stage))
        said = breaker.break_code(**order, dies_at=len(steps) + 1)
        desk = started_again(stage)
        left = demand_kept(said, before, on_record(stage, desk))
        whole = said[-1] == {"whole": True}
        if not whole:
            steps.append((said[-1]["step"], said[-1]["when"]))
        assert answer_of(stage, desk, DOCTOR, left).planned == plan
        assert answer_of(stage, desk, COLLEAGUE).planned == plan
        code_breaks.reconcile(desk)
    desk = started_again(stage)
    assert code_breaks.reconcile(desk) == 0
    assert on_record(stage, desk).intents == {one.intent for one in stage.all(CodeBreak)}
    demand_sound(stage)
    passed = [name for name, when in steps if when == "before"]
    assert passed.index("fsync") < passed.index("open_slot") < passed.index(OPENS)
    assert passed[-1] == "write"  # of the answer
    assert passed.count("commit") == (0 if frozen else 2)


@pytest.mark.parametrize("database", ["sqlite"])
def test_nothing_opens_where_the_database_cannot_be_read(stage: Stage, tmp_path: Path) -> None:
    gone = open_engine(f"sqlite:///{tmp_path}/gone/trial.db")
    desk = replace(started_again(stage), store=Store(gone, stage.clock, stage.store.entropy))
    person = stage.instance.person(DOCTOR)
    with pytest.raises(Unreadable, match="Nothing was opened"):
        unblinding.intend(
            desk, person, stage.step_up(person), participant=stage["second"], reason="emergency"
        )
    assert [line["what"] for line in desk.file.lines()] == [DENIED]
    gone.dispose()
