"""A record taken apart, bent in one place, and put together again as well as an attacker could."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

from keys import certificate, checkpoint
from keys.checkpoint import Checkpoint
from keys.merkle import Frontier, leaf_hash
from keys.notes import NoteKey
from randomizer.domain import definition as definitions
from randomizer.domain.leaf import Leaf, encode_leaf
from randomizer.services.sealed import bundle, facts, release_content
from randomizer.services.sealed.sealed_rows import RowRoots
from randomizer.services.verification import reading, steps_schedule, tables, trail_lines
from randomizer.services.verification.report import Findings
from randomizer.services.verification.steps_allocations import AllocationSteps
from randomizer.services.verification.steps_assessments import AssessmentSteps
from randomizer.services.verification.steps_facts import FactSteps
from tests.activated import entropy_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Forged:
    """The record of a trial, in memory.

    Args:
        directory: Holds ``public`` and ``release``.
        log: The real key of the log.
    """

    def __init__(self, directory: Path, log: NoteKey) -> None:
        self.directory = directory
        self.public = directory / "public"
        self.release = directory / "release"
        self.log = log
        self.ceremony = NoteKey.generate("forged-ceremony", entropy_of("forged ceremony"))
        self.certificate: dict[str, Any] = certificate.parse(
            (self.public / "certificate.note").read_text().partition("\n\n")[0] + "\n"
        )
        self.old_digest = self.digest()
        self.entries = [json.loads(line) for line in self._lines(self.public / "entries.jsonl")]
        self.values = {
            line["number"]: (line["salt"], json.loads(line["content"]))
            for line in map(json.loads, self._lines(self.release / "values.jsonl"))
        }
        self.rows = [json.loads(line) for line in self._lines(self.release / "slots.jsonl")]
        self.schedule: dict[str, Any] = json.loads((self.release / "schedule.json").read_bytes())
        self.facts = {line["entry"]: self._opened(line) for line in self._facts()}
        self.salt_bytes = facts.SALT_BYTES
        self.sizes = sorted(int(path.stem) for path in (self.public / "checkpoints").iterdir())

    def numbers(self, act: str) -> list[int]:
        """Entries of an act."""
        return [entry["number"] for entry in self.entries if entry["act"] == act]

    def last_randomization(self) -> int:
        """Entry of the last randomization; nothing happens to that participant afterwards."""
        return self.numbers("randomized")[-1]

    def row(self, number: int, kind: str) -> dict[str, Any]:
        """The record of a kind in the values of an entry."""
        found: dict[str, Any] = next(row for row in self.values[number][1]["rows"] if row["kind"] == kind)
        return found

    def details(self, number: int) -> dict[str, Any]:
        """What the act noted."""
        found: dict[str, Any] = self.values[number][1]["details"]
        return found

    def change(self, number: int, kind: str, **changes: object) -> None:
        """Let an entry have left a record otherwise, and every later one have gone on from there."""
        key = self.row(number, kind)["key"]
        mentions = [
            row
            for entry in sorted(self.values)
            if entry >= number
            for row in self.values[entry][1]["rows"]
            if (row["kind"], row["key"]) == (kind, key)
        ]
        for name, value in changes.items():
            mentions[0].get("old", {}).setdefault(name, mentions[0]["new"][name])
            mentions[0]["new"][name] = value
            for row in mentions[1:]:
                if name in row["old"]:
                    row["old"][name] = value
                    break
                row["new"][name] = value

    def digest(self) -> str:
        """Digest of the certificate as it is now."""
        return certificate.digest(certificate.canonical(self.certificate))

    def write_trail(self) -> None:
        """Entries with fitting digests, values, and checkpoints signed with the real key of the log."""
        self.write_facts()
        for entry in self.entries:
            if entry["number"] in self.values:
                salt, content = self.values[entry["number"]]
                entry["digest"] = hashlib.sha256(
                    bytes.fromhex(salt) + trail_lines.canonical(content)
                ).hexdigest()
        self.write_entries()
        self.write_values()
        self.write_tables()

    def write_entries(self) -> None:
        """Entries as they are, under checkpoints signed with the real key of the log."""
        lines = [trail_lines.canonical(entry) + b"\n" for entry in self.entries]
        (self.public / "entries.jsonl").write_bytes(b"".join(lines))
        for path in (self.public / "checkpoints").iterdir():
            path.unlink()
        self.sizes = [*(size for size in self.sizes if size < len(lines)), len(lines)]
        for size in self.sizes:
            self.sign_checkpoint(size, lines[:size])

    def sign_checkpoint(self, size: int, lines: list[bytes]) -> None:
        """A checkpoint over some lines."""
        tree = Frontier()
        for line in lines:
            tree.append(leaf_hash(line[:-1]))
        head = Checkpoint(self.log.name, size, tree.root())
        path = self.public / "checkpoints" / f"{size}.note"
        path.write_bytes(checkpoint.sign(head, self.log))

    def write_values(self) -> None:
        """Values as they are."""
        lines = [
            trail_lines.canonical(
                {"content": trail_lines.canonical(content).decode(), "number": number, "salt": salt}
            )
            for number, (salt, content) in self.values.items()
        ]
        (self.release / "values.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))

    def write_facts(self) -> None:
        """Facts as they are, noted by their entries and sealed under the seed."""
        lines = []
        for number, told in sorted(self.facts.items()):
            salt = hashlib.sha256(trail_lines.canonical(told)).digest()[: self.salt_bytes]
            if number in self.values:
                self.details(number)["facts_digest"] = facts.digest(told, salt)
            sealed = b64encode(facts.seal(bytes.fromhex(self.schedule["seed"]), told, salt)).decode()
            lines.append(trail_lines.canonical({"entry": number, "sealed": sealed}) + b"\n")
        (self.release / "facts.jsonl").write_bytes(b"".join(lines))

    def _facts(self) -> Iterator[dict[str, Any]]:
        return map(json.loads, self._lines(self.release / "facts.jsonl"))

    def _opened(self, line: dict[str, Any]) -> dict[str, Any]:
        seed, noted = bytes.fromhex(self.schedule["seed"]), self.details(line["entry"])["facts_digest"]
        return facts.unseal(seed, noted, b64decode(line["sealed"]))

    def write_schedule(self) -> None:
        """The released schedule as it is."""
        (self.release / "schedule.json").write_bytes(release_content.padded(self.schedule))

    def unblinded(self) -> dict[str, Any]:
        """The unblinded definition."""
        found: dict[str, Any] = json.loads(self.schedule["unblinded_definition"])
        return found

    def write_unblinded(self, unblinded: dict[str, Any]) -> None:
        """Another unblinded definition, under a commitment that fits."""
        text = trail_lines.canonical(unblinded)
        self.schedule["unblinded_definition"] = text.decode()
        salt = bytes.fromhex(self.schedule["unblinded_salt"])
        self.certificate["unblinded_commitment"] = hashlib.sha256(salt + text).hexdigest()
        self.write_schedule()
        self.write_certificate()

    def write_rows(self) -> None:
        """The sealed rows as they are."""
        lines = [json.dumps(row, sort_keys=True, separators=(",", ":")) + "\n" for row in self.rows]
        (self.release / "slots.jsonl").write_text("".join(lines))

    def make_leaves(self) -> None:
        """Leaf hashes and all roots that fit rows and schedule."""
        definition = definitions.from_canonical((self.public / "definition.json").read_bytes())
        strata = [stratum.code for stratum in definition.strata]
        for number, row in enumerate(self.rows):
            leaf = Leaf(
                version=self.certificate["schedule_version"],
                slot=number,
                stratum=strata.index(row["stratum"]),
                ordinal=row["ordinal"],
                randomization_number=row["randomization_number"],
                sequence_code=self.schedule["slots"][number],
                kits=tuple(tuple(period) for period in row["kits"]),
                salt=bytes.fromhex(self.schedule["salts"][number]),
            )
            row["leaf_hash"] = leaf_hash(encode_leaf(leaf)).hex()
        self.make_roots()

    def make_roots(self) -> None:
        """All roots that fit the rows; that of all their wraps is the last rotation's."""
        leaves, rows = Frontier(), RowRoots()
        for row in self.rows:
            leaves.append(bytes.fromhex(row["leaf_hash"]))
            rows.add(bundle.decode_slot(json.dumps(row)))
        self.certificate["leaf_root"] = leaves.root().hex()
        self.certificate["lasting_root"] = rows.lasting
        self.details(self.numbers("keys rotated")[-1])["sealed_root"] = rows.sealed

    def write_certificate(self) -> None:
        """The certificate as it is, signed anew, published with its key, and put into the trail."""
        old = certificate.parse((self.public / "certificate.note").read_text().partition("\n\n")[0] + "\n")
        self.sign_certificate()
        for number in self.values:
            salt, content = self.values[number]
            text = json.dumps(content).replace(self.old_digest, self.digest())
            for name in ("leaf_root", "definition_digest"):
                text = text.replace(old[name], self.certificate[name])
            self.values[number] = (salt, json.loads(text))
        for number in self.numbers("trial activated"):
            self.details(number).update(
                ceremony_key=self.ceremony.verifier.encode(),
                schedule_version=self.certificate["schedule_version"],
            )
        self.sign_signatures()
        self.write_trail()

    def sign_certificate(self) -> None:
        """The certificate as it is, signed anew and published with its key."""
        (self.public / "certificate.note").write_bytes(certificate.sign(self.certificate, self.ceremony))
        self.write_keys(
            ceremony=self.ceremony.verifier.encode(),
            contributors=[one["verifier"] for one in self.certificate["contributions"]],
        )

    def sign_signatures(self) -> None:
        """Signatures that fit what is said to have been signed."""
        for _, content in self.values.values():
            for row in content["rows"]:
                if row["kind"] == "Signature":
                    signed = trail_lines.canonical(content["details"]["signed"])
                    row["new"]["digest"] = hashlib.sha256(signed).hexdigest()

    def write_keys(self, **changes: object) -> None:
        """Other public keys."""
        path = self.public / "keys.json"
        path.write_bytes(certificate.canonical(json.loads(path.read_text()) | changes) + b"\n")

    def write_tables(self) -> None:
        """Tables that fit what was written."""
        public = reading.read_public(self.public)
        released = reading.Release(
            directory=self.release,
            content=release_content.decode_release((self.release / "schedule.json").read_bytes()),
        )
        slots = steps_schedule.Slots(
            sequences=released.content.slots,
            treatments={one.code: one.treatments for one in released.content.unblinded.sequences},
        )
        steps = AllocationSteps(public, slots, Findings())
        assessments = AssessmentSteps(public, steps.ledger, Findings())
        told = FactSteps(released, slots, steps.ledger, Findings())
        entries = trail_lines.entries(self.public)
        for entry, values in trail_lines.together(entries, trail_lines.values(self.release)):
            if entry is not None and values is not None:
                steps.see(entry, values)
                assessments.see(entry, values)
                told.see(entry, values)
        told.end()
        for name, lines in tables.tables(steps.ledger, slots, public.definition).items():
            (self.release / name).write_bytes(b"".join(tables.encode(line) for line in lines))

    def renumber(self, before: list[int]) -> None:
        """Number the entries by their present order, in values and records too.

        Args:
            before: For each present position the number that the entry had.
        """
        after = {old: new for new, old in enumerate(before)}
        values = {}
        self.facts = {after[number]: told for number, told in self.facts.items()}
        for new, old in enumerate(before):
            self.entries[new]["number"] = new
            if old in self.values:
                salt, content = self.values[old]
                for row in content["rows"]:
                    row["new"]["entry"] = new
                    if row.get("old", {}).get("entry") in after:
                        row["old"]["entry"] = after[row["old"]["entry"]]
                    if row["kind"] in {"Signature", "Deviation"}:
                        row["new"]["number"], row["key"] = new, [new]
                    if row["kind"] == "Assessment":  # a later entry may change one of an earlier
                        row["new"]["number"] = after[row["new"]["number"]]
                        row["key"] = [row["new"]["number"]]
                values[new] = (salt, content)
        self.values = values

    @staticmethod
    def _lines(path: Path) -> Iterator[str]:
        return iter(path.read_text(encoding="utf-8").splitlines())
