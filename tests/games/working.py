"""The work that the doors do for one kit, from its sheet to its infusion: our own lines as they run."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import keys
import randomizer
from randomizer.domain.people import Role
from randomizer.domain.trial import Allocation
from randomizer.web.codebreak.padding import ANSWER_BYTES
from tests.games import leaks
from tests.games.placeholders import compared
from tests.games.seeing import Recording, watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any

    from tests.games.sealings import World
    from tests.games.seeing import Doors, Watched

    Line = tuple[str, int]

OWN = tuple(f"{Path(str(package.__file__)).parent}/" for package in (keys, randomizer, leaks))
"""Where the lines stand that are counted: shipped code, templates included, and what is seeded into it."""
ANY_ENCODING = {"HTTP_ACCEPT_ENCODING": "gzip, deflate, br, zstd"}
"""What a browser says of itself in each request."""
STEPS = ("prepare", "receive", "hand out", "give", "break the code", "look")
UNBLINDING = re.compile(
    r"GET /preparation/\d+$|POST /api/v1/preparations/\d+/sheet$"
    r"|POST /api/v1/participants/\d+/code-break$|GET /code-break/answer/"
)
"""Names, in a recording, of what may unblind."""


@dataclass
class Work:
    """What was done, and what was answered.

    Args:
        lines: The lines that were executed, in order, repetitions included.
        recording: Every answer, and the log.
    """

    lines: list[Line] = field(default_factory=list)
    recording: Recording = field(default_factory=Recording)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note every line of ours until the block ends."""
        before = sys.gettrace()
        sys.settrace(self._begun)
        try:
            yield
        finally:
            sys.settrace(before)

    def files(self) -> set[str]:
        """Names of the files that were at work, each from its package on."""
        return {name.removeprefix(own) for name, _ in self.lines for own in OWN if name.startswith(own)}

    def answers(self) -> dict[str, bytes]:
        """Every answer that may unblind, head and body, by what was asked for."""
        return {name: content for name, content in self.recording.seen if UNBLINDING.search(name)}

    def log(self) -> list[tuple[str, bytes]]:
        """The lines of the log."""
        [content] = [content for name, content in self.recording.seen if name == "log"]
        return [("log", line) for line in content.splitlines()]

    def _begun(self, frame: FrameType, _event: str, _given: object) -> Any:  # noqa: ANN401 - a trace function
        return self._went_on if frame.f_code.co_filename.startswith(OWN) else None

    def _went_on(self, frame: FrameType, event: str, _given: object) -> Any:  # noqa: ANN401 - a trace function
        if event == "line":
            self.lines.append((frame.f_code.co_filename, frame.f_lineno))
        return self._went_on


def told_apart(one: Work, other: Work) -> list[str]:
    """Everything by which the work for one content is known from that for another.

    Args:
        one: The work over one schedule.
        other: The same over another.
    """
    found = [_parting(one.lines, other.lines)]
    for work in (one, other):
        for name, content in work.answers().items():
            head, _, body = content.partition(b"\n\n")
            if len(body) != ANSWER_BYTES:
                found.append(f"{name}: {len(body)} bytes")
            if b"Content-Encoding" in head or b"no-transform" not in head:
                found.append(f"{name}: may be compressed")
    found += [f"{name} {number}" for number, name in enumerate(compared(one.log(), other.log()))]
    return [sentence for sentence in found if sentence]


def _parting(one: list[Line], other: list[Line]) -> str:
    """Where two works part, or "" where they are line by line the same."""
    for number, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return f"step {number}: {left[0]}:{left[1]}, not {right[0]}:{right[1]}"
    return "" if len(one) == len(other) else f"{len(one)} steps, not {len(other)}"


def work_of(world: World, spoil: Callable[[Doors], None] | None = None, *, until: str = STEPS[-1]) -> Work:
    """The work of both doors for the first kit of a participant, and of the site door after a code break.

    Args:
        world: An instance with one participant, booked for now.
        spoil: Makes the build a leaky one.
        until: The last step that is taken, one of `STEPS`.
    """
    work = Work()
    with world.instance.store.reading() as uow:
        [number] = [one.participant for one in uow.all(Allocation)]
    with watched(world, work.recording) as doors:
        if spoil is not None:
            spoil(doors)
        preparer, clinician = doors.at_codebreak(Role.PREPARER), doors.at_codebreak(Role.ON_CALL)
        for somebody in (preparer, clinician):
            somebody.client.environ_base |= ANY_ENCODING
        pharmacist = doors.at_site(Role.PHARMACIST)
        nurse, investigator = doors.at_site(Role.CARE_PROVIDER), doors.at_site(Role.INVESTIGATOR)
        for somebody in (preparer, clinician, pharmacist, nurse, investigator):
            somebody.bearer()
        with work.watched():
            kit = _prepare(preparer, number)
            steps = {
                "prepare": lambda: None,
                "receive": lambda: _receive(pharmacist, number, kit),
                "hand out": lambda: _hand_out(pharmacist, number, kit, _another(world, kit), nurse),
                "give": lambda: _give(nurse, number),
                "break the code": lambda: _break_the_code(clinician, number),
                "look": lambda: _look(investigator, number),
            }
            for name in STEPS[: STEPS.index(until) + 1]:
                steps[name]()
    return work


def _prepare(preparer: Watched, number: str) -> str:
    """The sheet as call and as page, and the kit made ready; gives its number."""
    path = f"/preparations/{number}"
    sheet = preparer.tell(f"{path}/sheet", {}).get_json()
    preparer.get(f"/preparation/{number}", 200)
    preparer.tell(f"{path}/begin", {})
    told = {"ready": True, "kit": sheet["kit"], "content": sheet["treatment"], "lot": "L-1"}
    preparer.tell(f"{path}/end", told)
    return str(sheet["kit"])


def _receive(pharmacist: Watched, number: str, kit: str) -> None:
    """Scanned at home, which leads to the page of the receipt."""
    receive = f"/participants/{number}/receive"
    pharmacist.get("/", 200)
    pharmacist.get(f"/scan?scan={kit}", 303)
    pharmacist.get(receive, 200)
    pharmacist.tell(receive, {"kit": kit, "arrival": "sound"})


def _hand_out(pharmacist: Watched, number: str, kit: str, other: str, second: Watched) -> None:
    """The wrong kit, the right one that nobody has checked, and the right one that somebody has."""
    path = f"/participants/{number}"
    pharmacist.get("/", 200)
    pharmacist.get(f"{path}/dispense", 200)
    pharmacist.tell(f"{path}/dispense", {"kit": other}, 409)
    pharmacist.tell(f"{path}/dispense", {"kit": kit}, 422)
    pharmacist.tell(f"{path}/dispense", {"kit": kit} | second.beside())
    pharmacist.get(f"{path}/dispense", 409)
    for page in ("", "/slip.pdf"):
        pharmacist.get(f"{path}/dispensed/1{page}", 200)


def _give(nurse: Watched, number: str) -> None:
    now = nurse.instance.clock()
    nurse.tell(f"/participants/{number}/infusion", {"outcome": "given", "given_at": now.isoformat()})


def _look(investigator: Watched, number: str) -> None:
    for path in ("/", "/participants", f"/participants/{number}", f"/participants/{number}/card.pdf"):
        investigator.get(path, 200)
    for path in ("/participants?format=csv", f"/participants/{number}", "/tasks"):
        investigator.ask(path)


def _break_the_code(clinician: Watched, number: str) -> None:
    told = {"reason": "emergency"}
    answer = clinician.tell(f"/participants/{number}/code-break", told, 201, sign=True).get_json()
    clinician.get(f"/code-break/answer/{answer['intent']}", 200)


def _another(world: World, kit: str) -> str:
    kits = sorted(one for plan in world.schedule for period in plan.kits for one in period)
    return kits[kits.index(kit) - 1]
