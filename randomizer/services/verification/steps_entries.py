"""The trail as a tree: numbering, roots, checkpoints and who co-signed them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keys import checkpoint as tlog
from keys import notes
from keys.errors import KeysError
from keys.merkle import Frontier
from randomizer.domain.acts import BY_SERVICE, MAY, Act
from randomizer.domain.numbers import parse_participant_number
from randomizer.errors import Refused
from randomizer.services.verification import steps
from randomizer.services.verification.reading import CHECKPOINTS, ENTRIES, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Mapping

    from randomizer.services.verification.reading import Public
    from randomizer.services.verification.report import Findings
    from randomizer.services.verification.steps_certificate import Pins
    from randomizer.services.verification.trail_lines import TrailEntry

ENTRIES_RECORD = f"{PUBLIC}/{ENTRIES}"
_ROLES: Mapping[str, frozenset[str]] = {str(act): frozenset(map(str, roles)) for act, roles in MAY.items()}


class TreeSteps:
    """Follows the entries and compares each checkpoint with the tree at its size.

    Args:
        public: The public record.
        pins: Keys of log and witnesses.
        findings: Where failures go.
    """

    def __init__(self, public: Public, pins: Pins, findings: Findings) -> None:
        self._public = public
        self._findings = findings
        self._log = pins.log_key or public.keys.log
        self._witnesses = pins.witness_keys
        self._sites = frozenset(site.code for site in public.definition.sites)
        self._frontier = Frontier()
        self._waiting = list(reversed(public.checkpoint_sizes))
        self._latest = ""  # of the moments so far
        self._back: list[int] = []  # entries that are dated before one above them
        self._activation = -1
        self._first_allocation = -1
        self._witnessed_in_time = False
        self.covering = -1  # size of the first checkpoint over the activation

    def see(self, entry: TrailEntry) -> None:
        """Take the next entry."""
        self._compare()
        position = self._frontier.size
        if entry.number != position:
            self._findings.fail(
                steps.ENTRIES_NUMBERING,
                f"{ENTRIES_RECORD} line {position + 1}",
                f"It is numbered {entry.number}, not {position}.",
            )
        if entry.at < self._latest:
            self._back.append(position)
        self._latest = max(self._latest, entry.at)
        self._check_role(entry)
        self._check_subject(entry)
        if entry.act == Act.TRIAL_ACTIVATED and self._activation < 0:
            self._activation = position
        if entry.act == Act.RANDOMIZED and self._first_allocation < 0:
            self._first_allocation = position
        self._frontier.append(entry.hash)

    def end(self) -> None:
        """Say what came of it."""
        self._compare()
        findings, size = self._findings, self._frontier.size
        newest = max(self._public.checkpoint_sizes, default=0)
        if newest != size:
            findings.fail(
                steps.ENTRIES_ROOT,
                ENTRIES_RECORD,
                f"It has {size} entries; the newest checkpoint covers {newest}.",
            )
        for beyond in self._waiting:
            note, head = self._public.checkpoint(beyond)
            self._check_signature(beyond, note, head)
            if beyond != newest:
                findings.fail(
                    steps.CHECKPOINTS_CONSISTENCY, _record(beyond), f"There are {size} entries alone."
                )
        findings.hold(steps.ENTRIES_NUMBERING, f"{size} entries{self._set_back()}.")
        for step in (steps.ENTRIES_ROLES, steps.ENTRIES_SUBJECTS):
            findings.hold(step, f"{size} acts.")
        findings.hold(steps.ENTRIES_ROOT, f"{size} entries, root {self._frontier.root().hex()}.")
        count = len(self._public.checkpoint_sizes)
        findings.hold(steps.CHECKPOINTS_SIGNATURES, f"{count} checkpoints by {self._log.name}.")
        findings.hold(steps.CHECKPOINTS_CONSISTENCY, f"{count} checkpoints.")
        self._end_witnesses(newest)

    def _set_back(self) -> str:
        """A clock may be set back, so this fails nothing; but whoever reads should know where."""
        if not self._back:
            return ", none dated before one above it"
        return f"; {len(self._back)} dated before one above them, the first is entry {self._back[0]}"

    def _compare(self) -> None:
        if not self._waiting or self._waiting[-1] != self._frontier.size:
            return
        size = self._waiting.pop()
        note, head = self._public.checkpoint(size)
        self._check_signature(size, note, head)
        is_newest = not self._waiting
        if head.root != self._frontier.root() or (is_newest and head.size != size):
            step = steps.ENTRIES_ROOT if is_newest else steps.CHECKPOINTS_CONSISTENCY
            self._findings.fail(step, _record(size), "Its root is not that of the entries up to there.")
        if 0 <= self._activation < size:
            if self.covering < 0:
                self.covering = size
            if self._witnesses and (self._first_allocation < 0 or size <= self._first_allocation):
                self._witnessed_in_time = self._witnessed_in_time or bool(self._cosigners(note))

    def _check_signature(self, size: int, note: bytes, head: tlog.Checkpoint) -> None:
        if head.size != size:
            self._findings.fail(
                steps.CHECKPOINTS_SIGNATURES, _record(size), f"It is a checkpoint over {head.size} entries."
            )
        try:
            tlog.verify(note, [self._log])
        except KeysError as error:
            self._findings.fail(steps.CHECKPOINTS_SIGNATURES, _record(size), str(error))

    def _cosigners(self, note: bytes) -> frozenset[str]:
        """Which pinned witnesses signed; a false signature counts as none."""
        found = set()
        for key in self._witnesses:
            try:
                notes.verify(note, [key])
            except KeysError:
                continue
            found.add(key.encode())
        return frozenset(found)

    def _end_witnesses(self, newest: int) -> None:
        step, findings = steps.CHECKPOINTS_WITNESSED, self._findings
        if not self._witnesses:
            for one in (step, steps.ORDER_WITNESSED):
                findings.skip(one, "Self-witnessed: no key of a witness was given.")
            return
        signed = self._cosigners(self._public.checkpoint(newest)[0]) if newest else frozenset()
        for key in self._witnesses:
            if key.encode() not in signed:
                findings.fail(step, _record(newest), f"Witness {key.name} has not co-signed it.")
        findings.hold(step, f"Co-signed by {', '.join(key.name for key in self._witnesses)}.")
        if not self._witnessed_in_time:
            findings.fail(
                steps.ORDER_WITNESSED,
                f"{PUBLIC}/{CHECKPOINTS}",
                "No witness co-signed a checkpoint over the activation before the first allocation.",
            )
        findings.hold(steps.ORDER_WITNESSED, "Co-signed in time.")

    def _check_role(self, entry: TrailEntry) -> None:
        roles = _ROLES.get(entry.act)
        by_service = entry.actor == 0 and not entry.role and entry.act in BY_SERVICE
        if roles is None:
            self._findings.fail(steps.ENTRIES_ROLES, entry.record, f"There is no act {entry.act[:40]!r}.")
        elif not by_service and (entry.actor < 1 or entry.role not in roles):
            self._findings.fail(
                steps.ENTRIES_ROLES,
                entry.record,
                f"{entry.act} was done by account {entry.actor} as {entry.role[:40] or 'nobody'!r}; "
                f"it is for: {', '.join(sorted(roles)) or 'the service itself'}.",
            )

    def _check_subject(self, entry: TrailEntry) -> None:
        if entry.site and entry.site not in self._sites:
            self._findings.fail(
                steps.ENTRIES_SUBJECTS, entry.record, f"The definition has no site {entry.site[:16]!r}."
            )
        if not entry.participant or entry.act == Act.CODE_BREAK_DENIED:
            return
        try:
            whole = parse_participant_number(entry.participant) == entry.participant
        except Refused:
            whole = False
        if not whole:
            self._findings.fail(
                steps.ENTRIES_SUBJECTS, entry.record, f"{entry.participant[:16]!r} is no participant number."
            )


def _record(size: int) -> str:
    return f"{PUBLIC}/{CHECKPOINTS}/{size}.note"
