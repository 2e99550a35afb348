"""The salted values of each entry: digests, the history of every record, signatures, the certificate."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import rfc8785

from randomizer.domain.acts import ABOUT_PEOPLE, SIGNED, Act
from randomizer.domain.supply import Kit
from randomizer.services.sealed import bundle
from randomizer.services.trail import ERASED, plain, values_digest
from randomizer.services.verification import steps
from randomizer.services.verification.reading import RELEASE, VALUES
from randomizer.services.verification.steps_records import KEY_FIELDS
from randomizer.services.verification.steps_schedule import ROWS_RECORD
from randomizer.services.verification.trail_lines import acting, canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from randomizer.services.verification.reading import Public
    from randomizer.services.verification.report import Findings
    from randomizer.services.verification.steps_schedule import Slots
    from randomizer.services.verification.trail_lines import Row, TrailEntry, Values

VALUES_RECORD = f"{RELEASE}/{VALUES}"


EXPORTED: Mapping[str, tuple[str, str]] = {
    Act.RELEASE_EXPORTED: ("release_digest", bundle.RELEASE),
    Act.STAGED_EXPORTED: ("staged_digest", bundle.STAGED),
}
"""What an export notes, and of which file of the bundle."""


class ValueSteps:
    """Follows the entries with their values.

    Args:
        public: The public record.
        slots: The sealed rows, read.
        findings: Where failures go.
    """

    def __init__(self, public: Public, slots: Slots, findings: Findings) -> None:
        self._public = public
        self._slots = slots
        self._findings = findings
        self._states: dict[tuple[Any, ...], bytes] = {}  # digest of each record as its last entry left it
        self._checked = 0
        self._withheld = 0
        self._signatures = 0
        self._activated = False
        self._erased: dict[int, int] = {}  # by the entry whose reason went
        self._active = False
        self._root: object = public.fields.sealed_root  # the one in force
        self._rotations = 0

    def see(self, entry: TrailEntry | None, values: Values | None) -> None:
        """Take the next entry with its values."""
        if entry is None:
            record = values.record if values is not None else VALUES_RECORD
            self._findings.fail(steps.VALUES_DIGESTS, record, "They are of no entry at this place.")
            return
        self._active = self._active or entry.act == Act.TRIAL_ACTIVATED
        if values is None:
            self._see_missing(entry)
            return
        self._checked += 1
        if values_digest(values.salt, values.content) != entry.digest:
            self._findings.fail(
                steps.VALUES_DIGESTS, values.record, "Its values are not those that its entry was made of."
            )
        for row in values.rows:
            self._follow(row, values)
        self._check_signatures(entry, values)
        if entry.act == Act.REASON_ERASED:
            self._check_erased(entry, values)
        if entry.act in EXPORTED:
            self._check_exported(values, *EXPORTED[entry.act])
        if entry.act == Act.KEYS_ROTATED:
            self._rotate(values)
        if entry.act == Act.TRIAL_ACTIVATED and not self._activated:
            self._activated = True
            self._check_certificate(values)
        self._check_trials(values)

    def end(self) -> None:
        """Say what came of it."""
        findings = self._findings
        if not self._activated:
            findings.fail(
                steps.VALUES_CERTIFICATE, VALUES_RECORD, "No values say which certificate was activated."
            )
        findings.hold(
            steps.VALUES_DIGESTS, f"{self._checked} entries; {self._withheld} about accounts keep theirs."
        )
        findings.hold(steps.VALUES_HISTORY, f"{len(self._states)} records.")
        findings.hold(steps.VALUES_ROTATIONS, f"{self._rotations} rotations.")
        if self._slots.root != self._root:
            findings.fail(
                steps.ROWS_SEALED_ROOT, ROWS_RECORD, f"The root is {self._slots.root}, not {self._root}."
            )
        findings.hold(steps.ROWS_SEALED_ROOT, f"{len(self._slots.plain)} slots, root {self._root}.")
        findings.hold(steps.VALUES_SIGNATURES, f"{self._signatures} signatures.")
        findings.hold(steps.VALUES_CERTIFICATE, f"Certificate {self._public.digest}.")
        told = [f"The reason of entry {one} was erased by entry {by}." for one, by in self._erased.items()]
        findings.hold(steps.VALUES_ERASURES, " ".join(told) or "No reason was erased.")

    def _see_missing(self, entry: TrailEntry) -> None:
        if entry.act in ABOUT_PEOPLE:
            self._withheld += 1
            return
        self._findings.fail(
            steps.VALUES_DIGESTS, f"{VALUES_RECORD} entry {entry.number}", "Its values are missing."
        )

    def _follow(self, row: Row, values: Values) -> None:
        """Compare what a row says was there with what the record's last entry left."""
        named = f"{row.kind[:40]} {' '.join(str(part)[:40] for part in row.key)}"
        fields = KEY_FIELDS.get(row.kind)
        if fields is None or tuple(row.new.get(name) for name in fields) != row.key:
            self._findings.fail(steps.VALUES_HISTORY, values.record, f"{named} is no record of this key.")
            return
        if row.new.get("entry") != values.number:
            self._findings.fail(
                steps.VALUES_HISTORY, values.record, f"{named} does not carry the number of its entry."
            )
        key = (row.kind, *row.key)
        before = self._states.get(key)
        if before is None and row.kind == "Kit" and row.old is not None:
            reserved = Kit(number=row.text("number"), slot=row.whole("slot"), period=row.whole("period"))
            before = _digest(plain(reserved))  # activation loads the kits of the sealed rows without an entry
        told = None if row.before is None else _digest(row.before)
        if told != before:
            self._findings.fail(
                steps.VALUES_HISTORY, values.record, f"{named} does not go on from its last entry."
            )
        self._states[key] = _digest(row.new)

    def _check_signatures(self, entry: TrailEntry, values: Values) -> None:
        step, found = steps.VALUES_SIGNATURES, [row for row in values.rows if row.kind == "Signature"]
        if entry.act in SIGNED and len(found) != 1:
            self._findings.fail(
                step, values.record, f"{entry.act} is signed once and has {len(found)} signatures."
            )
        signed = values.details.get("signed")
        for row in found:
            self._signatures += 1
            if row.whole("number") != entry.number or row.whole("account") != acting(entry, values):
                self._findings.fail(step, values.record, "The signature is of another entry or account.")
            if not isinstance(signed, dict) or row.text("digest") != _signed_digest(signed):
                self._findings.fail(step, values.record, "The signature is not over what was signed.")
            elif entry.act == Act.DEFINITION_SIGNED and (
                signed.get("definition_digest") != self._public.fields.definition_digest
            ):
                self._findings.fail(step, values.record, "Another definition was signed than the sealed one.")

    def _check_erased(self, entry: TrailEntry, values: Values) -> None:
        erased = values.details.get(ERASED)
        if type(erased) is not int or not 0 <= erased < entry.number:
            self._findings.fail(steps.VALUES_ERASURES, values.record, "It names no entry before it.")
        elif erased in self._erased:
            self._findings.fail(
                steps.VALUES_ERASURES, values.record, f"The reason of entry {erased} was erased before."
            )
        else:
            self._erased[erased] = entry.number

    def _check_certificate(self, values: Values) -> None:
        step, fields = steps.VALUES_CERTIFICATE, self._public.fields
        expected = {
            "certificate_digest": self._public.digest,
            "leaf_root": fields.leaf_root,
            "sealed_root": fields.sealed_root,
            "schedule_version": fields.schedule_version,
            "ceremony_key": self._public.keys.ceremony.encode(),
        }
        for name, value in expected.items():
            if values.details.get(name) != value:
                self._findings.fail(step, values.record, f"The activation noted another {name}.")
        if not any(row.kind == "Trial" for row in values.rows):
            self._findings.fail(step, values.record, "The activation did not change the trial.")

    def _check_trials(self, values: Values) -> None:
        digest = self._public.fields.definition_digest
        expected = (digest, digest, self._public.digest if self._active else "")
        for row in values.rows:
            if row.kind == "Trial":
                definition = hashlib.sha256(row.text("definition").encode()).hexdigest()
                told = (definition, row.text("definition_digest"), row.text("certificate_digest"))
                if told != expected:
                    self._findings.fail(
                        steps.VALUES_CERTIFICATE,
                        values.record,
                        "The trial is of another certificate or definition.",
                    )

    def _rotate(self, values: Values) -> None:
        """Compare a rotation with the root that was in force; its own is from here on."""
        self._rotations += 1
        step, told = steps.VALUES_ROTATIONS, values.details
        if not self._active:
            self._findings.fail(step, values.record, "The keys were rotated before the activation.")
        if told.get("former_root") != self._root:
            self._findings.fail(step, values.record, "It goes on from another root than the one in force.")
        if told.get("slots") != self._public.fields.sizes.slots:
            self._findings.fail(step, values.record, "It wrapped another number of slot keys.")
        self._root = told.get("sealed_root")

    def _check_exported(self, values: Values, noted: str, name: str) -> None:
        if values.details.get(noted) != self._public.fields.files.get(name):
            self._findings.fail(
                steps.VALUES_CERTIFICATE,
                values.record,
                "Another sealed release was exported than was sealed.",
            )


def _digest(record: dict[str, Any]) -> bytes:
    return hashlib.sha256(canonical(record)).digest()


def _signed_digest(signed: dict[str, Any]) -> str:
    try:
        return hashlib.sha256(rfc8785.dumps(signed)).hexdigest()
    except (ValueError, RecursionError):
        return ""
