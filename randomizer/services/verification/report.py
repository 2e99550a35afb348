"""What the verification found: one result for each step, and the verdict. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

from randomizer.services.verification.steps import STEPS

if TYPE_CHECKING:
    from collections.abc import Mapping


class Status(StrEnum):
    """What came of a step."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_CHECKED = "not checked"


class Verdict(IntEnum):
    """The verdict; its number is the exit code."""

    OK = 0
    FAILED = 1
    NOT_PINNED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one step.

    Args:
        step: Its id.
        status: Holds, fails, or not checked.
        sentence: What was seen.
        record: File and record that a failure is about, else "".
        more: Further failures of the same step.
    """

    step: str
    status: Status
    sentence: str
    record: str = ""
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole verification.

    Args:
        results: One for each step, in order.
        pinned: Whether certificate and log key are pinned.
        released: Whether a release was there.
        facts: What was verified: trial, digests, counts.
    """

    results: tuple[Result, ...]
    pinned: bool
    released: bool
    facts: Mapping[str, Any]

    @property
    def failed(self) -> tuple[str, ...]:
        """Ids of the steps that fail."""
        return tuple(result.step for result in self.results if result.status is Status.FAILS)

    @property
    def verdict(self) -> Verdict:
        """The verdict over all steps."""
        if self.failed:
            return Verdict.FAILED
        return Verdict.OK if self.pinned else Verdict.NOT_PINNED

    def to_json(self) -> dict[str, Any]:
        """As one object."""
        return {
            "verdict": self.verdict.name.replace("_", " "),
            "verified": self.verdict is Verdict.OK,
            "pinned": self.pinned,
            "released": self.released,
            "failed": list(self.failed),
            "facts": dict(self.facts),
            "steps": [
                {
                    "id": result.step,
                    "status": str(result.status),
                    "sentence": result.sentence,
                    "record": result.record,
                    "more": result.more,
                }
                for result in self.results
            ],
        }


class Findings:
    """Collects what the steps find; a step that says nothing at all counts as failed."""

    def __init__(self) -> None:
        self._failed: dict[str, Result] = {}
        self._said: dict[str, Result] = {}

    def fail(self, step: str, record: str, sentence: str) -> None:
        """A step fails; the first failure is told, further ones are counted."""
        before = self._failed.get(step)
        self._failed[step] = (
            Result(step=step, status=Status.FAILS, sentence=sentence, record=record)
            if before is None
            else Result(
                step=step,
                status=Status.FAILS,
                sentence=before.sentence,
                record=before.record,
                more=before.more + 1,
            )
        )

    def hold(self, step: str, sentence: str) -> None:
        """A step was made to its end; it holds unless it failed."""
        self._said[step] = Result(step=step, status=Status.HOLDS, sentence=sentence)

    def hold_unless_said(self, step: str, sentence: str) -> None:
        """A step holds unless it was skipped or failed."""
        if step not in self._said:
            self.hold(step, sentence)

    def skip(self, step: str, why: str) -> None:
        """A step cannot or need not be made."""
        self._said[step] = Result(step=step, status=Status.NOT_CHECKED, sentence=why)

    def results(self) -> tuple[Result, ...]:
        """One result for each step, in the order of `STEPS`."""
        return tuple(self._result(step.id) for step in STEPS)

    def _result(self, step: str) -> Result:
        silent = Result(step=step, status=Status.FAILS, sentence="This step was not made.", record="verifier")
        return self._failed.get(step) or self._said.get(step, silent)
