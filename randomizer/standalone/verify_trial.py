"""Verify the published record of a trial and, where it is there, its release.

    python verify_trial.py DIR [--certificate-digest H] [--log-key K] [--ceremony-key K]
                               [--witness-key K] [--json]

One file, for Python 3.11 or later with the library ``cryptography``. It shares no code with the service that
made the record and was written from docs/verification.md, docs/sealing.md and docs/procedures.md, so that a
fault in one verifier is not a fault in both.

Exit codes: 0, all holds against the pins. 1, a step fails. 2, something cannot be read. 3, all holds, but
certificate digest or log key are not pinned.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import csv
import hashlib
import hmac
import io
import json
import re
import stat
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Fields = dict[str, Any]
Hashes = dict[int, bytes]

# ==== What docs/verification.md says: steps, acts, roles, records

PUBLIC, RELEASE, PINS = "public", "release", "pins"
STEPS = dict(
    line.split()
    for line in """
pins.certificate pins
pins.ceremony-key pins
pins.log-key pins
certificate.signature public
certificate.definition public
certificate.quorums public
certificate.attempts public
commitments.signatures public
commitments.before-reveal public
seed.contributions release
seed.combination release
schedule.unblinded release
schedule.fits-certificate release
schedule.regenerated release
leaves.root release
rows.places release
rows.numbers release
rows.lengths release
rows.sealed-root release
rows.lasting-root release
entries.numbering public
entries.roles public
entries.subjects public
entries.root public
checkpoints.signatures public
checkpoints.consistency public
checkpoints.witnessed pins
order.definition-signed-before-activation public
order.activated-once public
order.sealed-before-first-allocation public
order.witnessed-before-first-allocation pins
randomizations.once public
dispensations.after-randomization public
code-breaks.intent-before-disclosure public
lock.no-data-act-after public
values.digests release
values.records release
values.subjects release
values.history release
values.certificate release
values.rotations release
values.signatures release
values.erasures release
allocations.one-slot-each release
allocations.right-slot release
allocations.right-stratum release
allocations.in-order-without-gaps release
packs.issued-before-allocation release
kits.right-kit release
kits.periods-in-order release
code-breaks.disclosure-of-its-intent release
assessments.blind release
facts.as-noted release
preparations.right-content release
quality.recorded-when-told release
tables.csv-agree release
""".strip().split("\n")
)


def listed(text: str) -> dict[str, list[str]]:
    """Names before a colon, and what is listed after it."""
    pairs = (line.split(":") for line in text.strip().split("\n"))
    return {name.strip(): [part.strip() for part in rest.split(",") if part.strip()] for name, rest in pairs}


SPONSOR, STATISTICIAN = "sponsor representative", "unblinded statistician"
ACTS = listed("""
account created: administrator
account closed: administrator
credential set: administrator
passkey added: investigator, care provider, outcomes assessor, coordinator, on-call clinician,\
 dispensing pharmacist, preparing pharmacist, clearing person, trial manager, data manager,\
 sponsor representative, safety physician, unblinded statistician, trial statistician, monitor, administrator
passkey removed: investigator, care provider, outcomes assessor, coordinator, on-call clinician,\
 dispensing pharmacist, preparing pharmacist, clearing person, trial manager, data manager,\
 sponsor representative, safety physician, unblinded statistician, trial statistician, monitor, administrator
role granted: administrator
role revoked: administrator
instance created:
definition signed: sponsor representative, unblinded statistician
trial activated: administrator
keys rotated: administrator
site opened: sponsor representative
site closed: sponsor representative
enrolment closed: trial manager, sponsor representative
trial terminated: sponsor representative
period 1 locked: sponsor representative
staged release exported: unblinded statistician
trial locked: sponsor representative
release exported: unblinded statistician
trial released: unblinded statistician
participant consented: investigator, coordinator
eligibility signed: investigator
screen failed: investigator, coordinator
re-screened: investigator, coordinator
harvested: investigator, coordinator
product cleared: clearing person
product go given: sponsor representative
product failed: clearing person
quality recorded: clearing person
quality result added: clearing person
randomized: investigator
randomized in error: investigator
factor corrected: investigator
site transferred: trial manager
infusion booked: investigator, coordinator
booking cancelled: investigator, coordinator
deviation signed: investigator
fit for infusion signed: investigator
preparation begun: preparing pharmacist
preparation ended: preparing pharmacist
replacement requested: investigator, coordinator, dispensing pharmacist
replacement answered: preparing pharmacist
labels printed: preparing pharmacist
kit received: dispensing pharmacist
kit dispensed: dispensing pharmacist
dispensation undone: dispensing pharmacist
kit expired:
kit returned: dispensing pharmacist
kit quarantined: dispensing pharmacist
quality alert opened:
quality alert acknowledged: investigator
quarantine lifted: clearing person
kit damaged: dispensing pharmacist
kit missing: dispensing pharmacist
kit found: dispensing pharmacist
kit destroyed: dispensing pharmacist
stock take opened: dispensing pharmacist
kit counted: dispensing pharmacist
stock take closed: dispensing pharmacist
stock take settled: dispensing pharmacist
infusion recorded: care provider, investigator
period missed: investigator
treatment stopped: investigator
consent withdrawn: investigator
lost to follow-up: investigator
died: investigator
completed: investigator
blinded assessment signed: investigator, outcomes assessor
blinded assessment corrected: investigator, outcomes assessor
blinded assessment struck out: investigator, outcomes assessor
code break intent: investigator, on-call clinician, safety physician
code break disclosed: investigator, on-call clinician, safety physician
code break denied:
code break aborted:
task opened:
receipt of a kit overdue:
overdue receipt settled:
impact assessment signed: investigator, safety physician
treatment decided after a code break: investigator
code break explained: investigator
emergency pack issued: trial manager
emergency pack opened: trial manager
emergency pack returned: trial manager
emergency drill: trial manager
preparation sheet opened: preparing pharmacist
alarm raised:
alarm cleared: trial manager
reason erased: trial manager
""")
SETS = listed("""
signed: definition signed, keys rotated, site opened, trial terminated, period 1 locked, trial locked,\
 eligibility signed, product cleared, product go given, randomized, deviation signed,\
 fit for infusion signed, dispensation undone, kit destroyed, blinded assessment signed,\
 blinded assessment corrected, blinded assessment struck out,\
 quality result added, quality alert acknowledged, quarantine lifted, code break intent,\
 impact assessment signed, treatment decided after a code break, code break explained, reason erased
by the service: instance created, kit expired, quality alert opened, code break denied,\
 code break aborted, task opened, receipt of a kit overdue, overdue receipt settled, alarm raised,\
 account created, credential set, role granted,\
 code break intent, code break disclosed
without values: account created, account closed, credential set, passkey added, passkey removed
after the lock: account created, account closed, credential set, passkey added, passkey removed,\
 role granted, role revoked, keys rotated, release exported, trial released, code break intent,\
 code break disclosed, code break denied, code break aborted, task opened, impact assessment signed,\
 quality result added, quality alert opened, quality alert acknowledged,\
 code break explained, emergency pack issued,\
 emergency pack opened, emergency pack returned, emergency drill, alarm raised, alarm cleared, reason erased
not after the lock of period 1: randomized, randomized in error, factor corrected, period 1 locked
""")
SIGNED, BY_SERVICE = SETS["signed"], SETS["by the service"]
WITHOUT_VALUES, AFTER_LOCK = SETS["without values"], SETS["after the lock"]
NOT_AFTER_PERIOD_LOCK = SETS["not after the lock of period 1"]
VALUES = listed("""
Alarm kind: a record differs from its entry, a sealed row differs from the certificate,\
 a stratum is nearly used up, a passkey counted backwards,\
 a quality result of a kit is out of limits
Grant role: investigator, care provider, outcomes assessor, coordinator, on-call clinician,\
 dispensing pharmacist, preparing pharmacist, clearing person, trial manager, data manager,\
 sponsor representative, safety physician, unblinded statistician, trial statistician, monitor, administrator
Kit state: reserved, shipped, ready, dispensed, administered, partly administered, not administered,\
 returned, expired, quarantined, damaged, to be destroyed, missing, destroyed
Participant state: consented, screen failed, eligible, harvested, product cleared, randomized, in period,\
 between, completed
Participant ending: null, treatment stopped, consent withdrawn, lost to follow-up, died
PeriodRecord outcome: null, given, partly given, not given
Product state: harvested, cleared by the clearing person, cleared, failed
SiteStatus state: planned, open, closed
Task kind: impact assessment of a code break, decision on treatment after a code break,\
 explanation of a code break to the sponsor, receipt of a kit that should have arrived,\
 quality alert of a kit that was handed out
Telling role: investigator, on-call clinician, safety physician
Telling way: to who broke the code, by telephone, by a one-time page, to a colleague
Trial kind: rehearsal, production
Trial phase: draft, active, enrolment closed, terminated, locked, released
""")
# The fields of each kind of record; those that name it stand first, with a star. Each has "entry" beside.
RECORDS = listed("""
Alarm: number* int, kind one, about text, raised_at time, cleared_at time?
Allocation: participant* text, slot int, stratum text, ordinal int, randomization_number text,\
 allocated_at time
Assessment: number* int, participant text, assessment text, time_point text, done_at time,\
 struck flag
CodeBreak: intent* text, participant text, account int, reason text, intended_at time,\
 disclosed_at time?, shown bytes
CountedKit: take* int, kit* text, counted_at time
Deviation: number* int, participant text, period int, what text, recorded_at time
Grant: account* int, role* one, site* text, granted_at time, revoked_at time?
Kit: number* text, slot int, period int, state one, ready_at time?, expires_at time?
Participant: number* text, site text, attempt int, state one, period int, levels text,\
 corrected_levels text, stratum text, ending one, follow_up flag, randomized_in_error flag, replaces text,\
 consented_at time, ended_at time?
PeriodLock: period* int, locked_at time
PeriodRecord: participant* text, period* int, booked_for time?, fit_signed_at time?,\
 deviation_signed_at time?, preparation_begun_at time?, preparation_ended_at time?, asked_at time?,\
 answered_at time?, available_at time?, kit text, dispensed_at time?, checked_by int, given_at time?,\
 stopped_at time?, volume_ml int, outcome one, closed_at time?
Product: participant* text, donation* int, identifier text, state one, harvested_at time, cleared_at time?,\
 failed_at time?, details bytes
Signature: number* int, account int, printed_name text, meaning text, about text, digest text, signed_at time
SiteStatus: code* text, state one, opened_at time?
StockTake: number* int, site text, opened_at time, closed_at time?, matched int, missing text,\
 unexpected text, settled_at time?
StratumStatus: code* text, capacity int, next_ordinal int, reserved int, low_water int
Telling: intent* text, participant text, role one, way one, reader int, page_opened_at time?
Task: number* int, kind one, participant text, opened_at time, done_at time?
Trial: number* int, kind one, phase one, definition text, definition_digest text, certificate bytes,\
 certificate_digest text, activation_entry int, locked_at time?
""")
PLANNED = {"available_at", "booked_for", "expires_at"}
AT_THE_ACT = {"Allocation": "allocated_at", "Deviation": "recorded_at", "Signature": "signed_at"}
AS_ACTIVATED = {"entry": 0, "expires_at": None, "ready_at": None, "state": "reserved"}

HEX = re.compile(r"[0-9a-f]{64}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
BYTES = re.compile(r"(sha256:[0-9a-f]{64})?")


def is_text(value: object) -> bool:
    """Whether a value is a text."""
    return isinstance(value, str)


def is_number(value: object) -> bool:
    """Whether a value is a whole number."""
    return type(value) is int


def is_flag(value: object) -> bool:
    """Whether a value is true or false."""
    return isinstance(value, bool)


def is_hex(value: object) -> bool:
    """Whether a value is 32 bytes in hex."""
    return isinstance(value, str) and HEX.fullmatch(value) is not None


def is_moment(value: object) -> bool:
    """Whether a value is a moment as entries write it."""
    if not isinstance(value, str) or MOMENT.fullmatch(value) is None:
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def is_second(value: str) -> bool:
    """Whether a text is a moment in whole seconds."""
    return SECONDS.fullmatch(value) is not None and is_moment(f"{value[:-1]}.000000Z")


def is_moment_or_null(value: object) -> bool:
    """Whether a value is a moment or null."""
    return value is None or is_moment(value)


def is_bytes(value: object) -> bool:
    """Whether a value stands for bytes that are not shown."""
    return isinstance(value, str) and BYTES.fullmatch(value) is not None


def one_of(*values: str | None) -> Callable[[object], bool]:
    """Whether a value is among some."""
    return lambda value: (value is None or isinstance(value, str)) and value in values


SHAPES = {
    "text": is_text,
    "int": is_number,
    "flag": is_flag,
    "bytes": is_bytes,
    "time": is_moment,
    "time?": is_moment_or_null,
}


def _fields(kind: str) -> tuple[list[str], dict[str, Callable[[object], bool]]]:
    key: list[str] = []
    shapes: dict[str, Callable[[object], bool]] = {"entry": is_number}
    for part in RECORDS[kind]:
        star, word = part.split(" ")
        name = star.rstrip("*")
        key += [name] if star != name else []
        values = (None if value == "null" else value for value in VALUES.get(f"{kind} {name}", ()))
        shapes[name] = SHAPES.get(word) or one_of(*values)
    return key, shapes


FIELDS = {kind: _fields(kind) for kind in RECORDS}

# ==== The report

HOLDS, FAILS, NOT_CHECKED = "holds", "fails", "not checked"
EXIT = {"OK": 0, "FAILED": 1, "UNREADABLE": 2, "NOT PINNED": 3}


class UnreadableError(Exception):
    """A file is missing or not of its format.

    Args:
        place: File and line or field.
        sentence: What is wrong.
    """

    def __init__(self, place: str, sentence: str) -> None:
        super().__init__(f"{place}: {sentence}")
        self.place = place


@dataclass
class Report:
    """What each step found."""

    failures: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    sentences: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def fail(self, step: str, record: str, sentence: str) -> None:
        """Note that a step fails at a record; only the first is kept whole."""
        self.counts[step] += 1
        if not self.failures[step]:
            self.failures[step].append((record, sentence))

    def check(self, step: str, record: str, sentence: str, *, holds: bool) -> bool:
        """Fail a step unless something holds; say whether it does."""
        if not holds:
            self.fail(step, record, sentence)
        return holds

    def saw(self, step: str, sentence: str) -> None:
        """Say what a step saw if it holds."""
        self.sentences[step] = sentence

    def skip(self, step: str, why: str) -> None:
        """Say why a step was not made."""
        self.skipped[step] = why

    def failed(self) -> list[str]:
        """Ids of the steps that fail, in their order."""
        return [step for step in STEPS if self.counts[step]]

    def results(self) -> list[Fields]:
        """What every step says, in their order."""
        return [self._result(step) for step in STEPS]

    def _result(self, step: str) -> Fields:
        record, status, sentence = "", HOLDS, self.sentences.get(step, "")
        if self.counts[step]:
            status, (record, sentence) = FAILS, self.failures[step][0]
        elif step in self.skipped:
            status, sentence = NOT_CHECKED, self.skipped[step]
        more = max(self.counts[step] - 1, 0)
        return {"id": step, "more": more, "record": record, "sentence": sentence, "status": status}


# ==== Files and JSON

LARGEST = 2**53
LONGEST_NOTE = 1 << 20
MOST_SIGNATURES = 100
LONGEST_LINE = 1 << 24
LONGEST_NAME = 255
LARGEST_SCHEDULE = 1_000_000


def demand_plain(directory: Path, name: str) -> None:
    """Refuse a pipe or a device, which would be read for ever.

    Raises:
        UnreadableError: It is one.
    """
    if (directory / name).exists() and not (directory / name).is_file():
        raise UnreadableError(name, "It is no file.")


def _why(error: OSError | ValueError) -> str:
    return f"It cannot be read: {getattr(error, 'strerror', None) or error}."


def read_bytes(directory: Path, name: str) -> bytes:
    """The bytes of a file of the record.

    Raises:
        UnreadableError: It is missing or cannot be read.
    """
    demand_plain(directory, name)
    try:
        return (directory / name).read_bytes()
    except (OSError, ValueError) as error:
        raise UnreadableError(name, _why(error)) from None


def read_lines(directory: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """Place and bytes of each line of a file, without its end.

    Raises:
        UnreadableError: The file is missing, or its last line does not end.
    """
    demand_plain(directory, name)
    try:
        with (directory / name).open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b"")):
                place = f"{name} line {number}"
                if not line.endswith(b"\n"):
                    raise UnreadableError(place, "It does not end with a newline.")
                yield place, line[:-1]
    except OSError as error:
        raise UnreadableError(name, _why(error)) from None


def _ordered(value: object) -> object:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return {name: _ordered(value[name]) for name in names}
    if isinstance(value, list):
        return [_ordered(part) for part in value]
    if isinstance(value, float) or (type(value) is int and abs(value) > LARGEST):
        raise ValueError("a number that is no whole number within 2^53")
    return value


def canonical(value: object) -> bytes:
    """The canonical JSON of a value.

    Raises:
        ValueError: It holds what canonical JSON cannot say here.

    Source: RFC 8785, for texts, whole numbers, booleans, null, lists and objects.
    """
    return json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":")).encode()


def parse_json(text: bytes, place: str) -> Any:  # noqa: ANN401 - any JSON value
    """The value of a text in JSON.

    Raises:
        UnreadableError: It is none.
    """
    try:
        return json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise UnreadableError(place, f"It is not JSON: {type(error).__name__}.") from None


def parse_canonical(text: bytes, place: str) -> Any:  # noqa: ANN401 - any JSON value
    """The value of a text in canonical JSON.

    Raises:
        UnreadableError: It is not JSON, or not in its canonical form.
    """
    value = parse_json(text, place)
    try:
        exact = canonical(value) == text
    except (ValueError, RecursionError):
        exact = False
    if not exact:
        raise UnreadableError(place, "It is not canonical JSON.")
    return value


def parse_ascii(text: bytes, place: str) -> Any:  # noqa: ANN401 - any JSON value
    """The value of a text in JSON with sorted names, without spaces, in ASCII.

    Raises:
        UnreadableError: It is not JSON, or written otherwise.
    """
    value = parse_json(text, place)
    try:
        exact = json.dumps(_ordered(value), sort_keys=True, separators=(",", ":")).encode() == text
    except (ValueError, RecursionError):
        exact = False
    if not exact:
        raise UnreadableError(place, "It is not JSON with sorted names, without spaces, in ASCII.")
    return value


Shape = Any  # a predicate, or a dict or one-item list of shapes


def expect(value: object, shape: Shape, place: str, *, more: bool = False) -> None:
    """Compare a value with its shape.

    Args:
        value: A JSON value.
        shape: A predicate, an object of shapes by name, or a list of the one shape of all parts.
        place: Where the value stands.
        more: Whether objects may have further names.

    Raises:
        UnreadableError: It does not fit; the place is named.
    """
    if isinstance(shape, dict):
        if not isinstance(value, dict) or not (shape.keys() <= value.keys()):
            raise UnreadableError(place, f"It needs the names {', '.join(shape)}.")
        if not more and value.keys() != shape.keys():
            raise UnreadableError(place, f"It may have the names {', '.join(shape)} alone.")
        for name, part in shape.items():
            expect(value[name], part, f"{place} {name}", more=more)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            raise UnreadableError(place, "It is no list.")
        for number, part in enumerate(value):
            expect(part, shape[0], f"{place} {number}", more=more)
    elif not shape(value):
        raise UnreadableError(place, "It is not of its format.")


def by_name(shape: Shape) -> Callable[[object], bool]:
    """Whether a value is an object whose values all pass a predicate."""
    return lambda value: isinstance(value, dict) and all(shape(part) for part in value.values())


def is_object(value: object) -> bool:
    """Whether a value is an object."""
    return isinstance(value, dict)


def from_base64(text: str) -> bytes:
    """The bytes of a text in base64, in the one spelling that an encoder would give.

    Raises:
        ValueError: It is none.
    """
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    if base64.b64encode(found).decode() != text:
        raise ValueError("another spelling")
    return found


def is_base64(value: object) -> bool:
    """Whether a value is a text in base64."""
    try:
        return isinstance(value, str) and from_base64(value) is not None
    except ValueError:
        return False


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


# ==== docs/sealing.md: labels, streams, seeds, trees, notes

V1 = "crossover-randomizer/v1/"


def encode(label: str, *parts: bytes) -> bytes:
    """Label and parts, each with its length before it."""
    return b"".join(len(part).to_bytes(4) + part for part in (label.encode(), *parts))


def digest(label: str, *parts: bytes) -> bytes:
    """SHA-256 of label and parts."""
    return sha256(encode(label, *parts))


def commitment_of(terms: Fields, name: str, contribution: bytes) -> bytes:
    """What somebody commits to.

    Args:
        terms: The certificate.
        name: Of the contributor.
        contribution: 32 bytes.
    """
    return digest(
        f"{V1}commitment",
        terms["schedule_version"].to_bytes(4),
        bytes.fromhex(terms["definition_digest"]),
        bytes.fromhex(terms["generator"]["digest"]),
        name.encode(),
        contribution,
    )


def combined(commitments: Sequence[bytes], contributions: Sequence[bytes]) -> bytes:
    """The seed of all contributions."""
    label = f"{V1}seed"
    return hmac.digest(digest(label, *commitments), encode(label, *contributions), "sha256")


class Stream:
    """Bits of a seed under a label.

    Args:
        seed: 32 bytes.
        label: Its use.

    Source: HKDF of RFC 5869, AES-256 in counter mode of SP 800-38A.
    """

    BULK = 1 << 16

    def __init__(self, seed: bytes, label: str) -> None:
        extracted = hmac.digest(bytes(32), seed, "sha256")
        key = hmac.digest(extracted, label.encode() + b"\x01", "sha256")
        self._cipher = Cipher(AES(key), CTR(bytes(16))).encryptor()
        self._bytes = b""
        self._at = 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        while self._at + count > len(self._bytes):
            self._bytes = self._bytes[self._at :] + self._cipher.update(bytes(self.BULK))
            self._at = 0
        self._at += count
        return self._bytes[self._at - count : self._at]

    def below(self, limit: int) -> int:
        """A uniform whole number from 0 to limit - 1."""
        width = 4 if limit <= 1 << 32 else 8
        usable = (1 << 8 * width) - (1 << 8 * width) % limit
        while True:
            word = int.from_bytes(self.take(width))
            if word < usable:
                return word % limit


class Tree:
    """A tree to which hashes of leaves are appended.

    Source: RFC 6962 section 2.1.
    """

    def __init__(self) -> None:
        self.size = 0
        self._full: list[tuple[int, bytes]] = []

    def append(self, leaf_hash: bytes) -> None:
        """Add the hash of a leaf."""
        height, node = 0, leaf_hash
        while self._full and self._full[-1][0] == height:
            node = sha256(b"\x01" + self._full.pop()[1] + node)
            height += 1
        self._full.append((height, node))
        self.size += 1

    def root(self) -> bytes:
        """The root of what was appended so far."""
        if not self._full:
            return sha256(b"")
        node = self._full[-1][1]
        for _, left in reversed(self._full[:-1]):
            node = sha256(b"\x01" + left + node)
        return node


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\x00" + leaf)


SIGNS, COSIGNS = 1, 4


@dataclass(frozen=True)
class Verifier:
    """A public key that verifies notes.

    Args:
        text: As it is written.
        name: Of the key.
        identifier: First bytes of its hash.
        kind: 1 signs, 4 co-signs with a time.
        public: 32 bytes.
    """

    text: str
    name: str
    identifier: bytes
    kind: int
    public: bytes

    @classmethod
    def parse(cls, text: str, place: str) -> Verifier:
        """Read a key.

        Raises:
            UnreadableError: It is none.
        """
        try:
            name, identifier, rest = text.split("+", 2)
            data = from_base64(rest)
            name_bytes = name.encode()
        except ValueError:
            raise UnreadableError(place, "It is no verifier key.") from None
        wanted = sha256(name_bytes + b"\n" + data)[:4]
        if not is_key_name(name) or identifier != wanted.hex() or len(data) != 33 or data[0] not in {1, 4}:  # noqa: PLR2004
            raise UnreadableError(place, "It is no verifier key.")
        return cls(text, name, wanted, data[0], data[1:])

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Whether a signature over a text is of this key."""
        signed = text
        if self.kind == COSIGNS:
            seconds, signature = int.from_bytes(signature[:8]), signature[8:]
            signed = b"cosignature/v1\ntime %d\n" % seconds + text
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, signed)
        except (InvalidSignature, ValueError):
            return False
        return True


def is_key_name(name: str) -> bool:
    """Whether a text can name a key."""
    return name != "" and not any(sign.isspace() or sign == "+" for sign in name)


def is_verifier(value: object) -> bool:
    """Whether a value is a key of contributor, ceremony or log as text."""
    try:
        return isinstance(value, str) and Verifier.parse(value, "").kind == SIGNS
    except UnreadableError:
        return False


@dataclass(frozen=True)
class Note:
    """A signed note.

    Args:
        place: Its file.
        text: What is signed.
        signatures: Key name, key identifier and signature of each line.
    """

    place: str
    text: bytes
    signatures: tuple[tuple[str, bytes, bytes], ...]

    @classmethod
    def read(cls, directory: Path, place: str) -> Note:
        """Read a note.

        Raises:
            UnreadableError: It is none.

        Source: C2SP signed-note.
        """
        data = read_bytes(directory, place)
        try:
            whole = data.decode()
        except ValueError:
            raise UnreadableError(place, "It is not UTF-8.") from None
        text, gap, lines = whole.rpartition("\n\n")
        if len(data) > LONGEST_NOTE or not gap or not lines.endswith("\n"):
            raise UnreadableError(place, "It is no signed note.")
        if any(sign < " " and sign != "\n" for sign in whole) or lines.count("\n") > MOST_SIGNATURES:
            raise UnreadableError(place, "It is no signed note.")
        signatures = tuple(cls._signature(line, place) for line in lines[:-1].split("\n"))
        return cls(place, f"{text}\n".encode(), signatures)

    @staticmethod
    def _signature(line: str, place: str) -> tuple[str, bytes, bytes]:
        dash, _, rest = line.partition(" ")
        name, _, text = rest.partition(" ")
        try:
            data = from_base64(text)
        except ValueError:
            data = b""
        if dash != "\u2014" or not is_key_name(name) or len(data) <= 4:  # noqa: PLR2004
            raise UnreadableError(place, "A signature line is not of its format.")
        return name, data[:4], data[4:]

    def signed_by(self, key: Verifier) -> bool:
        """Whether a key signed the note, and every signature in its name is true."""
        found = [
            key.verifies(self.text, signature)
            for name, identifier, signature in self.signatures
            if (name, identifier) == (key.name, key.identifier)
        ]
        return bool(found) and all(found)


DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


def check_digit(digits: str) -> str:
    """The check digit of a number, or 0 where it ends in its own.

    Source: H. M. Damm, Total anti-symmetrische Quasigruppen, Marburg 2004.
    """
    state = "0"
    for digit_ in digits:
        state = DAMM[int(state)][int(digit_)]
    return state


def is_checked(text: str, least: int, most: int) -> bool:
    """Whether a text is a number of some length whose check digit fits."""
    return least <= len(text) <= most and text.isascii() and text.isdigit() and check_digit(text) == "0"


# ==== The public record

QUORUM = {
    "k": is_number,
    "n": is_number,
    "public_key": is_text,
    "recipients": by_name(is_hex),
    "share_digests": [is_hex],
}
CERTIFICATE = {
    "attempts": [{"attempt": is_number, "commitments": [is_hex], "reason": is_text}],
    "contributions": [{"commitment": is_hex, "name": is_text, "verifier": is_verifier}],
    "definition_digest": is_hex,
    "files": by_name(is_hex),
    "format": one_of(f"{V1}certificate"),
    "generator": {"digest": is_hex, "version": is_text},
    "kind": one_of("production", "rehearsal"),
    "lasting_root": is_hex,
    "leaf_root": is_hex,
    "rehearsal": is_text,
    "release": QUORUM,
    "schedule_version": lambda value: is_number(value) and 1 <= value < 1 << 16,
    "sealed_at": is_text,
    "sealed_root": is_hex,
    "sizes": {
        "kits_per_period": is_number,
        "periods": is_number,
        "slots": is_number,
        "strata": by_name(is_number),
    },
    "staged": QUORUM,
    "transport_key": is_hex,
    "trial_id": is_text,
    "unblinded_commitment": is_hex,
}
DEFINITION = {
    "format": one_of(f"{V1}definition"),
    "value": {
        "factors": [{"code": is_text, "levels": [{"code": is_text}]}],
        "kits": {"kits_per_period": lambda value: is_number(value) and 1 <= value < 1 << 8},
        "periods": [{"number": is_number}],
        "quorum": {"k": is_number, "n": is_number},
        "sites": [{"code": is_text}],
        "strata": [
            {
                "capacity": lambda value: is_number(value) and value >= 0,
                "code": is_text,
                "levels": [lambda value: isinstance(value, list) and [*map(type, value)] == [str, str]],
            }
        ],
        "treatments": [{"code": is_text}],
        "trial_id": is_text,
    },
}
KEYS = {
    "ceremony": is_verifier,
    "contributors": [is_verifier],
    "log": is_verifier,
    "type": one_of(f"{V1}public-keys"),
}
COMMITMENT = {
    "attempt": is_number,
    "commitment": is_hex,
    "definition_digest": is_hex,
    "generator_digest": is_hex,
    "name": is_text,
    "type": one_of(f"{V1}commitment"),
}
ENTRY = {
    "act": is_text,
    "actor": is_number,
    "at": is_moment,
    "digest": is_hex,
    "number": is_number,
    "participant": is_text,
    "role": is_text,
    "site": is_text,
}
RECIPIENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
SIZE = re.compile(r"0|[1-9]\d{0,15}", re.ASCII)
CERTIFICATE_NOTE, DEFINITION_FILE = "public/certificate.note", "public/definition.json"
KEYS_FILE, ENTRIES_FILE = "public/keys.json", "public/entries.jsonl"


@dataclass(frozen=True)
class Checkpoint:
    """A signed checkpoint.

    Args:
        note: As it was published.
        named: The size that its file name says.
        origin: Name of the log.
        size: Number of entries.
        root: Over them.
    """

    note: Note
    named: int
    origin: str
    size: int
    root: bytes


@dataclass
class Public:
    """The public record.

    Args:
        note: The certificate as a note.
        certificate: Its fields.
        digest: Of the certificate, in hex.
        definition_bytes: The blinded definition.
        definition: Its value.
        keys: What ``keys.json`` says.
        commitments: Each note with its fields.
        checkpoints: By the size in the file name, ascending.
        entries: The trail.
        roots: Root of the entries up to each size that a checkpoint names.
    """

    note: Note
    certificate: Fields
    digest: str
    definition_bytes: bytes
    definition: Fields
    keys: Fields
    commitments: list[tuple[Note, Fields]]
    checkpoints: list[Checkpoint]
    entries: list[Fields] = field(default_factory=list)
    roots: Hashes = field(default_factory=dict)

    def places(self) -> Iterator[tuple[str, int]]:
        """Stratum and ordinal of each slot by the definition."""
        for stratum in self.definition["strata"]:
            for ordinal in range(1, stratum["capacity"] + 1):
                yield stratum["code"], ordinal

    def capacity(self) -> int:
        """Number of slots by the definition."""
        return sum(stratum["capacity"] for stratum in self.definition["strata"])

    def first(self, act: str) -> int | None:
        """Line of the first entry of an act."""
        return next((line for line, entry in enumerate(self.entries) if entry["act"] == act), None)


def read_public(directory: Path) -> Public:
    """Read the public record.

    Raises:
        UnreadableError: A file is missing or not of its format.
    """
    note = Note.read(directory, CERTIFICATE_NOTE)
    certificate = parse_canonical(note.text[:-1], CERTIFICATE_NOTE)
    expect(certificate, CERTIFICATE, CERTIFICATE_NOTE)
    if not is_second(certificate["sealed_at"]):
        raise UnreadableError(f"{CERTIFICATE_NOTE} sealed_at", "It is no moment.")
    if (certificate["kind"] == "production") != (certificate["rehearsal"] == ""):
        raise UnreadableError(f"{CERTIFICATE_NOTE} rehearsal", "A rehearsal, and nothing else, says so.")
    definition_bytes = read_bytes(directory, DEFINITION_FILE)
    definition = parse_canonical(definition_bytes, DEFINITION_FILE)
    expect(definition, DEFINITION, DEFINITION_FILE, more=True)
    if sum(one["capacity"] for one in definition["value"]["strata"]) > LARGEST_SCHEDULE:
        raise UnreadableError(DEFINITION_FILE, "No schedule has so many slots.")
    keys_bytes = read_bytes(directory, KEYS_FILE)
    if not keys_bytes.endswith(b"\n"):
        raise UnreadableError(KEYS_FILE, "It does not end with a newline.")
    keys = parse_canonical(keys_bytes[:-1], KEYS_FILE)
    expect(keys, KEYS, KEYS_FILE)
    public = Public(
        note=note,
        certificate=certificate,
        digest=sha256(note.text[:-1]).hex(),
        definition_bytes=definition_bytes,
        definition=definition["value"],
        keys=keys,
        commitments=list(_read_commitments(directory)),
        checkpoints=_read_checkpoints(directory),
    )
    _read_entries(directory, public)
    return public


def _read_commitments(directory: Path) -> Iterator[tuple[Note, Fields]]:
    number = 1
    while (directory / f"public/commitments/{number}.note").exists():
        place = f"public/commitments/{number}.note"
        note = Note.read(directory, place)
        made = parse_canonical(note.text[:-1], place)
        expect(made, COMMITMENT, place)
        yield note, made
        number += 1


def _read_checkpoints(directory: Path) -> list[Checkpoint]:
    place = "public/checkpoints"
    try:
        names = [path.name for path in (directory / place).iterdir() if path.suffix == ".note"]
    except OSError as error:
        raise UnreadableError(place, _why(error)) from None
    return sorted(
        (_read_checkpoint(directory, f"{place}/{name}") for name in names), key=lambda one: one.named
    )


def _read_checkpoint(directory: Path, place: str) -> Checkpoint:
    note = Note.read(directory, place)
    named = Path(place).stem
    lines = note.text.decode().split("\n")
    if SIZE.fullmatch(named) is None or len(lines) != 4 or SIZE.fullmatch(lines[1]) is None:  # noqa: PLR2004
        raise UnreadableError(place, "It is no checkpoint.")
    try:
        root = from_base64(lines[2])
    except ValueError:
        root = b""
    if len(root) != 32:  # noqa: PLR2004
        raise UnreadableError(place, "It is no checkpoint.")
    return Checkpoint(note, int(named), lines[0], int(lines[1]), root)


def _read_entries(directory: Path, public: Public) -> None:
    wanted, tree = {one.named for one in public.checkpoints}, Tree()
    if 0 in wanted:
        public.roots[0] = tree.root()
    for place, line in read_lines(directory, ENTRIES_FILE):
        entry = parse_canonical(line, place)
        expect(entry, ENTRY, place)
        public.entries.append(entry)
        tree.append(leaf_hash(line))
        if tree.size in wanted:
            public.roots[tree.size] = tree.root()


# ==== The release

SCHEDULE_FILE, SLOTS_FILE, VALUES_FILE, FACTS_FILE = (
    "release/schedule.json",
    "release/slots.jsonl",
    "release/values.jsonl",
    "release/facts.jsonl",
)
PAGE = 4096
SCHEDULE = {
    "contributions": [{"contribution": is_hex, "name": is_text}],
    "format": one_of(f"{V1}release"),
    "salts": [is_hex],
    "schedule_version": is_number,
    "seed": is_hex,
    "slots": [is_text],
    "trial_id": is_text,
    "unblinded_definition": is_text,
    "unblinded_salt": is_hex,
}
UNBLINDED = {
    "format": one_of(f"{V1}unblinded-definition"),
    "value": {
        "procedure": {
            "block_sizes": [is_number],
            "kind": is_text,
            "limit": is_number,
            "weights": [is_number],
        },
        "rehearsal_only": is_flag,
        "sequences": [{"code": is_text, "treatments": [is_text]}],
    },
}
LEFT_OUT = {"block_sizes": [], "limit": 0, "weights": []}  # what a procedure has that does not name it
WRAPS = ("code-break", "staged", "emergency")
LASTING = WRAPS[1:]
SEALING = 28  # by so many bytes a sealed text is longer: nonce and tag
ROW = {
    "ciphertext": is_base64,
    "index": is_number,
    "kits": [[is_text]],
    "leaf_hash": is_hex,
    "ordinal": is_number,
    "randomization_number": is_text,
    "stratum": is_text,
    "wraps": dict.fromkeys(WRAPS, is_base64),
}
LINE = {"content": is_text, "number": is_number, "salt": is_hex}
FACTS_LABEL = f"{V1}facts"
PREPARATION = {
    "cell_count": is_text,
    "content": is_text,
    "form": is_text,
    "kit": is_text,
    "lot": is_text,
    "spoiled": [is_text],
    "thaw": is_text,
    "viability": is_text,
}
PRODUCT = {
    "lots": [
        {
            "cell_count": is_text,
            "form": is_text,
            "in_use": is_flag,
            "number": is_text,
            "recorded_at": is_moment_or_null,
            "struck_at": is_moment_or_null,
            "viability": is_text,
        }
    ],
    "results": [
        {
            "at": is_moment,
            "by": is_number,
            "result": one_of("passed", "failed"),
            "subject": is_text,
            "test": is_text,
        }
    ],
}


@dataclass(frozen=True)
class Slot:
    """What the later steps need of a sealed row."""

    stratum: str
    ordinal: int
    number: str
    kits: tuple[tuple[str, ...], ...]


@dataclass
class Release:
    """The release.

    Args:
        directory: Holds ``release``.
        schedule: What ``schedule.json`` says.
        unblinded: Value of the unblinded definition.
        slots: The sealed rows, once they were read.
        root: Root over all of the sealed rows.
    """

    directory: Path
    schedule: Fields
    unblinded: Fields
    slots: list[Slot] = field(default_factory=list)
    root: str = ""

    def treatments(self, slot: int) -> list[str]:
        """Treatments of a slot; none where the schedule does not say."""
        codes = self.schedule["slots"]
        if not 0 <= slot < len(codes):
            return []
        found: dict[str, list[str]] = {one["code"]: one["treatments"] for one in self.unblinded["sequences"]}
        return found.get(codes[slot], [])

    def sequence(self, slot: int) -> str:
        """Sequence code of a slot."""
        codes: list[str] = self.schedule["slots"]
        return codes[slot] if 0 <= slot < len(codes) else ""


def read_release(directory: Path) -> Release:
    """Read the schedule of the release.

    Raises:
        UnreadableError: The file is missing or not of its format.
    """
    data = read_bytes(directory, SCHEDULE_FILE)
    text = data.rstrip(b" ")
    schedule = parse_ascii(text, SCHEDULE_FILE)
    expect(schedule, SCHEDULE, SCHEDULE_FILE)
    if len(data) % PAGE or len(data) - len(text) >= PAGE:
        raise UnreadableError(SCHEDULE_FILE, f"It is not padded to a multiple of {PAGE} bytes.")
    place = f"{SCHEDULE_FILE} unblinded_definition"
    unblinded = parse_canonical(schedule["unblinded_definition"].encode(errors="replace"), place)
    expect(unblinded, {"value": {"procedure": is_object}}, place, more=True)
    unblinded["value"]["procedure"] = LEFT_OUT | unblinded["value"]["procedure"]
    expect(unblinded, UNBLINDED, place)
    return Release(directory, schedule, unblinded["value"])


def read_rows(directory: Path) -> Iterator[tuple[str, Fields]]:
    """Place and fields of each sealed row.

    Raises:
        UnreadableError: The file is missing or not of its format.
    """
    for place, line in read_lines(directory, SLOTS_FILE):
        row = parse_ascii(line, place)
        expect(row, ROW, place)
        yield place, row


def read_values(directory: Path) -> Iterator[tuple[str, Fields]]:
    """Place and fields of each line of values.

    Raises:
        UnreadableError: The file is missing or not of its format.
    """
    for place, line in read_lines(directory, VALUES_FILE):
        values = parse_canonical(line, place)
        expect(values, LINE, place)
        yield place, values


def read_content(text: str, place: str) -> Fields:
    """The values of an entry.

    Raises:
        UnreadableError: They are not of their format.
    """
    content: Fields = parse_canonical(text.encode(errors="replace"), place)
    expect(content, {"details": is_object, "rows": [is_object], "why_digest": is_hex}, place)
    for number, row in enumerate(content["rows"]):
        shape: Fields = {
            "key": lambda value: (
                isinstance(value, list) and all(is_text(part) or is_number(part) for part in value)
            ),
            "kind": is_text,
            "new": is_object,
        }
        if "old" in row:
            shape["old"] = is_object
        expect(row, shape, f"{place} rows {number}")
    return content


# ==== Pins


@dataclass(frozen=True)
class Pins:
    """What the trial master file says.

    Args:
        certificate_digest: In hex, or empty.
        ceremony_key: Of the ceremony, or None.
        log_key: Of the log, or None.
        witness_keys: Of witnesses.
    """

    certificate_digest: str = ""
    ceremony_key: Verifier | None = None
    log_key: Verifier | None = None
    witness_keys: tuple[Verifier, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether digest and log key are pinned."""
        return bool(self.certificate_digest) and self.log_key is not None


def make_pins(digest_text: str, ceremony: str, log: str, witnesses: Iterable[str], place: str) -> Pins:
    """Pins from their texts; an empty one is none.

    Raises:
        UnreadableError: One is not of its format.
    """
    digest_text = "".join(digest_text.split()).lower()
    if digest_text and not is_hex(digest_text):
        raise UnreadableError(f"{place} certificate digest", "It needs 64 hex digits.")
    return Pins(
        certificate_digest=digest_text,
        ceremony_key=_pinned(ceremony, f"{place} ceremony key", SIGNS) if ceremony else None,
        log_key=_pinned(log, f"{place} log key", SIGNS) if log else None,
        witness_keys=tuple(_pinned(text, f"{place} witness key", COSIGNS) for text in witnesses if text),
    )


def _pinned(text: str, place: str, kind: int) -> Verifier:
    found = Verifier.parse(text, place)
    if found.kind != kind:
        raise UnreadableError(place, "It is a key of another use.")
    return found


def pins_of_file(path: Path) -> Pins:
    """Pins of a pins file.

    Raises:
        UnreadableError: It is not of its format, or others can write it.
    """
    place = path.name
    try:
        state = path.stat()
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableError(place, _why(error)) from None
    mode = stat.S_IMODE(state.st_mode)
    if not stat.S_ISREG(state.st_mode) or mode & 0o022:
        raise UnreadableError(place, f"Others can write it: mode {mode:04o}.")
    fields = parse_canonical(data[:-1] if data.endswith(b"\n") else b"", place)
    expect(fields, {"pins": by_name(is_text), "type": one_of(f"{V1}pins")}, place)
    pins = fields["pins"]
    return make_pins(
        pins.get("certificate_digest", ""),
        pins.get("ceremony_key", ""),
        pins.get("log_key", ""),
        pins.get("witness_keys", "").split(),
        place,
    )


# ==== Steps: pins, certificate, commitments


def check_pins(public: Public, pins: Pins, report: Report) -> None:
    """``pins.*``."""
    report.saw("pins.certificate", f"Digest {public.digest}.")
    if not pins.certificate_digest:
        report.skip("pins.certificate", "No digest is pinned.")
    elif pins.certificate_digest != public.digest:
        sentence = f"Its digest is {public.digest}, pinned is {pins.certificate_digest}."
        report.fail("pins.certificate", CERTIFICATE_NOTE, sentence)
    for step, name, pinned in (
        ("pins.ceremony-key", "ceremony", pins.ceremony_key),
        ("pins.log-key", "log", pins.log_key),
    ):
        report.saw(step, f"Key {public.keys[name]}.")
        if pinned is None:
            report.skip(step, f"No key of the {name} is pinned.")
        elif pinned.text != public.keys[name]:
            report.fail(step, KEYS_FILE, f"It names the key {public.keys[name]}, pinned is {pinned.text}.")


def check_certificate(public: Public, pins: Pins, report: Report) -> None:
    """``certificate.*``."""
    key = pins.ceremony_key or Verifier.parse(public.keys["ceremony"], KEYS_FILE)
    report.saw("certificate.signature", f"Signed by {key.name}.")
    signed = public.note.signed_by(key)
    report.check("certificate.signature", CERTIFICATE_NOTE, f"{key.name} did not sign it.", holds=signed)
    _check_definition(public, report)
    certificate = public.certificate
    attempts = [one["attempt"] for one in certificate["attempts"]]
    report.saw("certificate.attempts", f"Attempts before: {len(attempts)}.")
    if attempts != list(range(1, certificate["schedule_version"])):
        sentence = f"Attempts {attempts} lead to no version {certificate['schedule_version']}."
        report.fail("certificate.attempts", CERTIFICATE_NOTE, sentence)
    elif not all(one["reason"].strip() for one in certificate["attempts"]):
        report.fail("certificate.attempts", CERTIFICATE_NOTE, "An attempt was given up without a reason.")


def _check_definition(public: Public, report: Report) -> None:
    step, certificate, definition = "certificate.definition", public.certificate, public.definition
    found = sha256(public.definition_bytes).hex()
    report.saw(step, f"Digest {found}.")
    for name, value in (
        ("definition_digest", certificate["definition_digest"]),
        ("files", certificate["files"].get("definition.json")),
    ):
        report.check(step, DEFINITION_FILE, f"It is not what {name} says.", holds=value == found)
    sizes = {
        "kits_per_period": definition["kits"]["kits_per_period"],
        "periods": len(definition["periods"]),
        "slots": public.capacity(),
        "strata": {one["code"]: one["capacity"] for one in definition["strata"]},
    }
    fits = (sizes, definition["trial_id"]) == (certificate["sizes"], certificate["trial_id"])
    report.check(step, CERTIFICATE_NOTE, "Trial or sizes do not follow from the definition.", holds=fits)


def check_quorums(public: Public, report: Report) -> None:
    """``certificate.quorums``."""
    step, wanted, keys = "certificate.quorums", public.definition["quorum"], set()
    report.saw(step, f"{wanted['k']} of {wanted['n']} custodians for each release.")
    for purpose in ("release", "staged"):
        found = public.certificate[purpose]
        digests, recipients = found["share_digests"], found["recipients"]
        keys.add(found["public_key"])
        fits = is_release_key(found["public_key"]) and all(map(RECIPIENT.fullmatch, recipients))
        sentence = f"The {purpose} key, or the name of one of its recipients, is none."
        report.check(step, CERTIFICATE_NOTE, sentence, holds=fits)
        fits = (found["k"], found["n"]) == (wanted["k"], wanted["n"])
        sentence = f"The {purpose} key is split {found['k']} of {found['n']}."
        report.check(step, CERTIFICATE_NOTE, sentence, holds=fits)
        fits = 1 <= found["k"] <= found["n"] == len(digests) == len(set(digests))
        sentence = f"The {purpose} key has not the shares of its quorum, one digest each."
        report.check(step, CERTIFICATE_NOTE, sentence, holds=fits)
    sentence = "Both releases are sealed to the same key."
    report.check(step, CERTIFICATE_NOTE, sentence, holds=len(keys) > 1)


def is_release_key(text: str) -> bool:
    """Whether a text is a public key that something can be sealed to."""
    prefix, _, rest = text.partition(":")
    return prefix == "x25519" and is_base64(rest) and len(from_base64(rest)) == 32  # noqa: PLR2004


def check_commitments(public: Public, report: Report) -> None:
    """``commitments.*``."""
    listed = public.certificate["contributions"]
    step = "commitments.signatures"
    report.saw(step, f"{len(public.commitments)} commitments.")
    for (note, made), one in zip(public.commitments, listed, strict=False):
        key = Verifier.parse(one["verifier"], CERTIFICATE_NOTE)
        sentence = f"It is not signed by {one['verifier']} in the name of {made['name']}."
        report.check(step, note.place, sentence, holds=note.signed_by(key) and key.name == made["name"])
    if public.keys["contributors"] != [one["verifier"] for one in listed]:
        report.fail(step, KEYS_FILE, "It names other contributors than the certificate.")
    _check_before_reveal(public, listed, report)


def in_order(listed: Sequence[Fields]) -> bool:
    """Whether contributions begin with the machine's, have another, and have none twice."""
    names = [one["name"] for one in listed]
    values = [one["commitment"] for one in listed]
    return (
        len(names) > 1
        and names[0] == "machine"
        and len(set(names)) == len(names)
        and len(set(values)) == len(values)
    )


def _check_before_reveal(public: Public, listed: Sequence[Fields], report: Report) -> None:
    step, certificate = "commitments.before-reveal", public.certificate
    report.saw(step, f"{len(listed)} contributors, the machine first.")
    if len(public.commitments) != len(listed):
        sentence = f"{len(public.commitments)} commitments, and {len(listed)} contributions."
        report.fail(step, "public/commitments", sentence)
    report.check(step, CERTIFICATE_NOTE, "The order of contributions is wrong.", holds=in_order(listed))
    terms = {
        "attempt": certificate["schedule_version"],
        "definition_digest": certificate["definition_digest"],
        "generator_digest": certificate["generator"]["digest"],
    }
    for (note, made), one in zip(public.commitments, listed, strict=False):
        for name, value in (terms | {"name": one["name"], "commitment": one["commitment"]}).items():
            sentence = f"Its {name} is {made[name]}, in the certificate {value}."
            report.check(step, note.place, sentence, holds=made[name] == value)


# ==== Steps: seed, schedule, leaves, rows


def check_seed(public: Public, release: Release, report: Report) -> None:
    """``seed.*``."""
    certificate, schedule = public.certificate, release.schedule
    listed, revealed = certificate["contributions"], schedule["contributions"]
    report.saw("seed.contributions", f"{len(revealed)} contributions.")
    report.saw("seed.combination", "The contributions give the released seed.")
    made = [commitment_of(certificate, one["name"], bytes.fromhex(one["contribution"])) for one in revealed]
    for number, (one, shown, found) in enumerate(zip(listed, revealed, made, strict=False)):
        holds = (one["name"], one["commitment"]) == (shown["name"], found.hex())
        sentence = f"Contribution {number + 1} does not give the commitment of {one['name']}."
        report.check("seed.contributions", SCHEDULE_FILE, sentence, holds=holds)
    if len(listed) != len(revealed):
        sentence = f"{len(revealed)} contributions, and {len(listed)} commitments."
        report.fail("seed.contributions", SCHEDULE_FILE, sentence)
    again = [one | {"commitment": found.hex()} for one, found in zip(revealed, made, strict=True)]
    if len(listed) != len(revealed) or not in_order(listed) or not in_order(again):
        report.skip("seed.combination", "Contributions are missing or in a wrong order.")
        return
    seed = combined(made, [bytes.fromhex(one["contribution"]) for one in revealed])
    holds = seed.hex() == schedule["seed"]
    report.check("seed.combination", SCHEDULE_FILE, "The contributions give another seed.", holds=holds)


def check_schedule(public: Public, release: Release, report: Report) -> None:
    """``schedule.unblinded`` and ``schedule.fits-certificate``."""
    schedule, certificate = release.schedule, public.certificate
    salted = bytes.fromhex(schedule["unblinded_salt"]) + schedule["unblinded_definition"].encode()
    holds = sha256(salted).hex() == certificate["unblinded_commitment"]
    report.saw("schedule.unblinded", "It has the commitment of the certificate.")
    report.check("schedule.unblinded", SCHEDULE_FILE, "It has another commitment.", holds=holds)
    step, slots = "schedule.fits-certificate", certificate["sizes"]["slots"]
    report.saw(step, f"Version {certificate['schedule_version']}, {slots} slots.")
    for name in ("trial_id", "schedule_version"):
        sentence = f"Its {name} is {schedule[name]}, in the certificate {certificate[name]}."
        report.check(step, SCHEDULE_FILE, sentence, holds=schedule[name] == certificate[name])
    for name in ("slots", "salts"):
        sentence = f"{len(schedule[name])} {name}, in the certificate {slots}."
        report.check(step, SCHEDULE_FILE, sentence, holds=len(schedule[name]) == slots)
    treatments = {one["code"] for one in public.definition["treatments"]}
    periods = len(public.definition["periods"])
    codes = [one["code"] for one in release.unblinded["sequences"]]
    for one in release.unblinded["sequences"]:
        holds = set(one["treatments"]) <= treatments and len(one["treatments"]) == periods
        report.check(step, SCHEDULE_FILE, f"Sequence {one['code']} is none of this design.", holds=holds)
    report.check(step, SCHEDULE_FILE, "A sequence stands twice.", holds=len(set(codes)) == len(codes))
    real = certificate["kind"] == "rehearsal" or not release.unblinded["rehearsal_only"]
    report.check(step, SCHEDULE_FILE, "Its unblinded definition is for rehearsals only.", holds=real)
    for number, code in enumerate(schedule["slots"]):
        if code not in codes:
            report.fail(step, f"{SCHEDULE_FILE} slot {number}", "Its sequence is not of the design.")


def draw_complete(count: int, arms: int, procedure: Fields, stream: Stream) -> list[int]:  # noqa: ARG001
    """Complete randomization."""
    return [stream.below(arms) for _ in range(count)]


def draw_blocks(count: int, arms: int, procedure: Fields, stream: Stream) -> list[int]:
    """Permuted blocks."""
    sizes, weights = procedure["block_sizes"], procedure["weights"]
    drawn: list[int] = []
    while len(drawn) < count:
        size = sizes[0]
        if len(sizes) > 1:
            r = stream.below(sum(weights))
            owned = accumulate(weights)
            size = next(size for size, end in zip(sizes, owned, strict=True) if r < end)
        block = [place % arms for place in range(size)]
        for i in range(size - 1, 0, -1):
            j = stream.below(i + 1)
            block[i], block[j] = block[j], block[i]
        drawn += block
    return drawn[:count]


def draw_stick(count: int, arms: int, procedure: Fields, stream: Stream) -> list[int]:
    """Big stick."""
    drawn: list[int] = []
    difference, limit = 0, procedure["limit"]
    for _ in range(count):
        forced = 1 if difference > 0 else 0
        arm = forced if abs(difference) >= limit else stream.below(arms)
        difference += 1 if arm == 0 else -1
        drawn.append(arm)
    return drawn


GENERATOR = "crossover-randomizer/v1"
DRAWS = {"complete": draw_complete, "permuted-blocks": draw_blocks, "big-stick": draw_stick}


def can_be_drawn(procedure: Fields, arms: int) -> bool:
    """Whether the parameters of a procedure are such that drawing ends."""
    sizes, weights = procedure["block_sizes"], procedure["weights"]
    if procedure["kind"] == "permuted-blocks":
        return (
            0 < len(sizes) == len(weights)
            and arms > 0
            and all(1 <= size <= LARGEST_SCHEDULE and size % arms == 0 for size in sizes)
            and all(1 <= weight <= LARGEST_SCHEDULE for weight in weights)
        )
    return arms > 0 and (procedure["kind"] != "big-stick" or (arms == 2 and procedure["limit"] >= 1))  # noqa: PLR2004


def draw_numbers(count: int, lowest: int, stream: Stream) -> list[str]:
    """Different numbers with their check digits."""
    drawn: dict[int, None] = {}
    while len(drawn) < count:
        drawn[lowest + stream.below(9 * lowest)] = None
    return [f"{number}{check_digit(str(number))}" for number in drawn]


def regenerate(
    public: Public, release: Release
) -> Iterator[tuple[str, str, tuple[tuple[str, ...], ...], str]]:
    """Sequence, randomization number, kits and salt of each slot, made from the seed."""
    seed = bytes.fromhex(release.schedule["seed"])
    unblinded, definition = release.unblinded, public.definition
    codes = [one["code"] for one in unblinded["sequences"]]
    procedure, stream = unblinded["procedure"], Stream(seed, f"{V1}schedule")
    arms = [
        arm
        for stratum in definition["strata"]
        for arm in DRAWS[procedure["kind"]](stratum["capacity"], len(codes), procedure, stream)
    ]
    periods, each = len(definition["periods"]), definition["kits"]["kits_per_period"]
    numbers, salts = Stream(seed, f"{V1}kits"), Stream(seed, f"{V1}salts")
    randomization = draw_numbers(len(arms), 1_000_000, numbers)
    kits = draw_numbers(len(arms) * periods * each, 10_000_000, numbers)
    for slot, arm in enumerate(arms):
        first = slot * periods * each
        of_slot = (kits[first + period * each : first + (period + 1) * each] for period in range(periods))
        yield (
            codes[arm],
            randomization[slot],
            tuple(tuple(sorted(one)) for one in of_slot),
            salts.take(32).hex(),
        )


def check_regenerated(public: Public, release: Release, report: Report) -> None:
    """``schedule.regenerated``; the rows were read before."""
    step, schedule = "schedule.regenerated", release.schedule
    procedure, codes = release.unblinded["procedure"], release.unblinded["sequences"]
    if public.certificate["generator"]["version"] != GENERATOR:
        report.fail(step, CERTIFICATE_NOTE, "No generator of this version is known.")
        return
    if procedure["kind"] not in DRAWS:
        report.skip(step, f"Procedure {procedure['kind']}: leaves checked, not regenerated.")
        return
    if report.counts["schedule.fits-certificate"]:
        report.skip(step, "The schedule does not fit the certificate.")
        return
    if public.capacity() != len(schedule["slots"]):
        report.fail(step, DEFINITION_FILE, "The definition has another number of slots.")
        return
    report.saw(step, f"{len(schedule['slots'])} slots made again from the seed.")
    if not can_be_drawn(procedure, len(codes)):
        report.fail(step, f"{SCHEDULE_FILE} unblinded_definition", "The procedure cannot be drawn.")
        return
    for number, (code, randomization, kits, salt) in enumerate(regenerate(public, release)):
        place = f"{SCHEDULE_FILE} slot {number}"
        report.check(step, place, "The seed gives another sequence.", holds=code == schedule["slots"][number])
        report.check(step, place, "The seed gives another salt.", holds=salt == schedule["salts"][number])
        if number < len(release.slots):
            row = release.slots[number]
            holds = (row.number, row.kits) == (randomization, kits)
            report.check(step, f"{SLOTS_FILE} line {number}", "The seed gives other numbers.", holds=holds)


def leaf_of(public: Public, release: Release, number: int, row: Fields) -> bytes | None:
    """The leaf of a slot, or None where row and schedule cannot make one."""
    schedule, strata = release.schedule, [one["code"] for one in public.definition["strata"]]
    if number >= min(len(schedule["slots"]), len(schedule["salts"])) or row["stratum"] not in strata:
        return None
    try:
        parts = (
            public.certificate["schedule_version"].to_bytes(2),
            number.to_bytes(4),
            strata.index(row["stratum"]).to_bytes(2),
            row["ordinal"].to_bytes(4),
            row["randomization_number"].encode("ascii"),
            schedule["slots"][number].encode("ascii").ljust(16, b"\0"),
            bytes([len(row["kits"]), len(row["kits"][0]) if row["kits"] else 0]),
            "".join(kit for period in row["kits"] for kit in period).encode("ascii"),
            bytes.fromhex(schedule["salts"][number]),
        )
    except (ValueError, OverflowError):
        return None
    kits = len(row["kits"]) * (len(row["kits"][0]) if row["kits"] else 0)
    wanted = 28 + 2 + 4 + 2 + 4 + 8 + 16 + 2 + 9 * kits + 32
    leaf = f"{V1}leaf".encode() + b"".join(parts)
    return leaf if len(leaf) == wanted and len(row["randomization_number"]) == 8 else None  # noqa: PLR2004


def sealed_row(row: Fields, purposes: Sequence[str] = WRAPS) -> bytes:
    """The bytes of a sealed row, with the wraps of some purposes."""
    texts = [
        str(row["index"]),
        row["stratum"],
        str(row["ordinal"]),
        row["randomization_number"],
        str(len(row["kits"])),
    ]
    for period in row["kits"]:
        texts += [str(len(period)), *period]
    parts = [text.encode() for text in texts] + [from_base64(row["ciphertext"])]
    for purpose in purposes:
        parts += [purpose.encode(), from_base64(row["wraps"][purpose])]
    return f"{V1}row".encode() + b"".join(len(part).to_bytes(4) + part for part in parts)


def check_rows(public: Public, release: Release, report: Report) -> None:
    """``leaves.root`` and ``rows.*``, in one pass over the sealed rows.

    Which root over all of them is in force, the entries say: `Rotations`.
    """
    leaves, sealed, lasting = Tree(), Tree(), Tree()
    places, sizes, seen = public.places(), public.certificate["sizes"], _Seen()
    for number, (place, row) in enumerate(read_rows(release.directory)):
        leaf = leaf_of(public, release, number, row)
        made = leaf is not None and leaf_hash(leaf).hex() == row["leaf_hash"]
        report.check("leaves.root", place, "Row, sequence and salt give another leaf.", holds=made)
        leaves.append(bytes.fromhex(row["leaf_hash"]))
        sealed.append(leaf_hash(sealed_row(row)))
        lasting.append(leaf_hash(sealed_row(row, LASTING)))
        there = row["index"] == number and next(places, None) == (row["stratum"], row["ordinal"])
        report.check("rows.places", place, "It is not the slot of this place.", holds=there)
        counts = [len(period) for period in row["kits"]] == [sizes["kits_per_period"]] * sizes["periods"]
        report.check("rows.places", place, "It has not the periods and kits of a slot.", holds=counts)
        _check_numbers(place, row, seen, report)
        wanted = 28 + 16 + 1 + 16 * len(public.definition["periods"]) + 32 + SEALING
        lengths = [len(from_base64(text)) for text in (row["ciphertext"], *row["wraps"].values())]
        fits = lengths == [wanted] + [32 + SEALING] * len(WRAPS)
        sentence = "Its envelope or one of its wraps has another length."
        report.check("rows.lengths", place, sentence, holds=fits)
        kits = tuple(tuple(period) for period in row["kits"])
        release.slots.append(Slot(row["stratum"], row["ordinal"], row["randomization_number"], kits))
    count = len(release.slots)
    report.saw("rows.places", f"{count} rows.")
    report.saw("rows.lengths", f"{count} rows.")
    report.saw("rows.numbers", f"{len(seen.randomization) + len(seen.kits)} numbers.")
    report.check("rows.places", SLOTS_FILE, f"{count} rows.", holds=count == sizes["slots"])
    for step, tree, name in (
        ("leaves.root", leaves, "leaf_root"),
        ("rows.lasting-root", lasting, "lasting_root"),
    ):
        root = tree.root().hex()
        report.saw(step, f"{count} slots, root {root}.")
        report.check(step, SLOTS_FILE, f"Their root is {root}.", holds=root == public.certificate[name])
    release.root = sealed.root().hex()


@dataclass
class _Seen:
    randomization: set[str] = field(default_factory=set)
    kits: set[str] = field(default_factory=set)


def _check_numbers(place: str, row: Fields, seen: _Seen, report: Report) -> None:
    step, number = "rows.numbers", row["randomization_number"]
    fits = is_checked(number, 8, 8) and number not in seen.randomization
    report.check(step, place, f"Randomization number {number} is wrong or stands twice.", holds=fits)
    seen.randomization.add(number)
    for period in row["kits"]:
        report.check(step, place, "The kits of a period are not sorted.", holds=period == sorted(period))
        for kit in period:
            fits = is_checked(kit, 9, 9) and kit not in seen.kits
            report.check(step, place, f"Kit number {kit} is wrong or stands twice.", holds=fits)
            seen.kits.add(kit)


# ==== Steps: entries, checkpoints, order of events


def line_of(number: int) -> str:
    """Where an entry stands."""
    return f"{ENTRIES_FILE} line {number}"


def check_entries(public: Public, report: Report) -> None:
    """``entries.*``."""
    count = len(public.entries)
    for step in ("entries.numbering", "entries.roles", "entries.subjects"):
        report.saw(step, f"{count} entries.")
    latest, back = "", []
    sites = {one["code"] for one in public.definition["sites"]} | {""}
    for line, entry in enumerate(public.entries):
        place, role = line_of(line), entry["role"]
        numbered = entry["number"] == line
        report.check("entries.numbering", place, f"It is entry {entry['number']}.", holds=numbered)
        back += [line] if entry["at"] < latest else []
        latest = max(latest, entry["at"])
        known = entry["act"] in ACTS
        report.check("entries.roles", place, f"There is no act {entry['act']}.", holds=known)
        service = (entry["actor"], role) == (0, "") and entry["act"] in BY_SERVICE
        may = service or (entry["actor"] > 0 and (not known or role in ACTS[entry["act"]]))
        report.check("entries.roles", place, f"Nobody may do this as {role or 'nobody'}.", holds=may)
        known = entry["site"] in sites
        report.check("entries.subjects", place, f"There is no site {entry['site']}.", holds=known)
        typed = entry["act"] == "code break denied"  # it names whoever was asked about, known or not
        right = typed or entry["participant"] == "" or is_checked(entry["participant"], 5, 7)
        sentence = f"{entry['participant']} is no participant number."
        report.check("entries.subjects", place, sentence, holds=right)
    order = f"; {len(back)} dated before one above them, the first is entry {back[0]}" if back else ""
    order = order or ", none dated before one above it"
    report.saw("entries.numbering", f"{count} entries{order}.")


def check_checkpoints(public: Public, pins: Pins, report: Report) -> None:
    """``entries.root`` and ``checkpoints.*``."""
    key = pins.log_key or Verifier.parse(public.keys["log"], KEYS_FILE)
    count, newest = len(public.entries), public.checkpoints[-1] if public.checkpoints else None
    report.saw("entries.root", f"{count} entries.")
    report.saw("checkpoints.signatures", f"{len(public.checkpoints)} checkpoints.")
    report.saw("checkpoints.consistency", f"{len(public.checkpoints) - 1} older checkpoints.")
    same = newest is not None and (newest.size, newest.root) == (count, public.roots.get(count))
    sentence = f"It is not over {count} entries with the root of these."
    place = newest.note.place if newest else "public/checkpoints"
    report.check("entries.root", place, sentence, holds=same)
    for one in public.checkpoints:
        signed = one.note.signed_by(key) and one.origin == key.name and one.size == one.named
        sentence = f"It is not signed by {key.name} for {one.named} entries."
        report.check("checkpoints.signatures", one.note.place, sentence, holds=signed)
    for one in public.checkpoints[:-1]:
        same = public.roots.get(one.named) == one.root
        sentence = f"The first {one.named} entries have another root."
        report.check("checkpoints.consistency", one.note.place, sentence, holds=same)
    if not pins.witness_keys:
        report.skip("checkpoints.witnessed", "No witness is pinned: self-witnessed.")
    for witness in pins.witness_keys:
        report.saw("checkpoints.witnessed", f"Co-signed by {len(pins.witness_keys)} witnesses.")
        signed = newest is not None and newest.note.signed_by(witness)
        sentence = f"{witness.name} did not co-sign it."
        report.check("checkpoints.witnessed", place, sentence, holds=signed)


def check_order(public: Public, pins: Pins, report: Report) -> None:
    """``order.*``."""
    activations = [line for line, entry in enumerate(public.entries) if entry["act"] == "trial activated"]
    allocation = public.first("randomized")
    step = "order.activated-once"
    if activations:
        report.saw(step, f"Activated by entry {activations[0]}.")
        place, sentence = line_of(activations[-1]), f"{len(activations)} entries activate the trial."
        report.check(step, place, sentence, holds=len(activations) == 1)
    else:
        report.fail(step, ENTRIES_FILE, "No entry activates the trial.")
    activation = activations[0] if activations else len(public.entries)
    before = public.entries[:activation] if activations else []
    signers = {one["role"] for one in before if one["act"] == "definition signed"}
    step = "order.definition-signed-before-activation"
    report.saw(step, "Both signed before the activation.")
    for role in (SPONSOR, STATISTICIAN):
        sentence = f"No {role} signed the definition before."
        report.check(step, line_of(activation), sentence, holds=role in signers)
    _check_sealed(public, pins, report, activation, allocation)


def _check_sealed(
    public: Public, pins: Pins, report: Report, activation: int, allocation: int | None
) -> None:
    step, witnessed = "order.sealed-before-first-allocation", "order.witnessed-before-first-allocation"
    last = len(public.entries) if allocation is None else allocation
    between = [one for one in public.checkpoints if activation < one.named <= last]
    place = ENTRIES_FILE if allocation is None else line_of(allocation)
    report.saw(step, f"{len(between)} checkpoints between activation and first allocation.")
    sentence = "No checkpoint covers the activation and not yet the first allocation."
    report.check(step, place, sentence, holds=bool(between))
    if allocation is not None:
        sealed, at = public.certificate["sealed_at"], public.entries[allocation]["at"]
        sentence = f"Sealed at {sealed}, first allocation at {at}."
        report.check(step, place, sentence, holds=sealed[:-1] < at[:-1])
    if not pins.witness_keys:
        report.skip(witnessed, "No witness is pinned: self-witnessed.")
        return
    signed = any(one.note.signed_by(key) for one in between for key in pins.witness_keys)
    report.saw(witnessed, "A witness co-signed before the first allocation.")
    report.check(witnessed, place, "No pinned witness co-signed such a checkpoint.", holds=signed)


def check_acts(public: Public, report: Report) -> None:
    """Steps that follow from acts and participants of the entries alone."""
    randomized: set[str] = set()
    kits: dict[str, int] = defaultdict(int)
    open_intents: dict[str, int] = defaultdict(int)
    locked = period_locked = False
    periods = len(public.definition["periods"])
    for line, entry in enumerate(public.entries):
        act, who, place = entry["act"], entry["participant"], line_of(line)
        if locked and act not in AFTER_LOCK:
            report.fail("lock.no-data-act-after", place, f"{act} after the lock.")
        period_locked = _check_period_lock(act, place, report, locked=period_locked)
        if act == "randomized":
            sentence = f"{who} was randomized before."
            report.check("randomizations.once", place, sentence, holds=who not in randomized)
            randomized.add(who)
        elif act == "kit dispensed":
            kits[who] += 1
            sentence = f"{who} was not randomized, or had a kit for each period."
            fits = who in randomized and kits[who] <= periods
            report.check("dispensations.after-randomization", place, sentence, holds=fits)
        elif act == "dispensation undone":
            kits[who] -= 1
            sentence = f"{who} had no kit that could be taken back."
            report.check("dispensations.after-randomization", place, sentence, holds=kits[who] >= 0)
        elif act == "code break intent":
            open_intents[who] += 1
        elif act == "code break disclosed":
            open_intents[who] -= 1
            fits = open_intents[who] >= 0
            step = "code-breaks.intent-before-disclosure"
            report.check(step, place, f"No intent for {who} stands before it.", holds=fits)
        locked = locked or act == "trial locked"
    report.saw("randomizations.once", f"{len(randomized)} participants.")
    report.saw("dispensations.after-randomization", f"{sum(kits.values())} kits.")
    report.saw("code-breaks.intent-before-disclosure", f"{len(open_intents)} participants.")
    report.saw("lock.no-data-act-after", "Nothing but what may follow.")
    if not locked:
        report.skip("lock.no-data-act-after", "The trial is not locked yet.")


def _check_period_lock(act: str, place: str, report: Report, *, locked: bool) -> bool:
    """Check an act against the lock of period 1; whether that is locked from here on."""
    step = "lock.no-data-act-after"
    sentence = f"{act} after the lock of period 1."
    report.check(step, place, sentence, holds=not (locked and act in NOT_AFTER_PERIOD_LOCK))
    sentence = f"{act} before the lock of period 1."
    report.check(step, place, sentence, holds=locked or act != "staged release exported")
    return locked or act == "period 1 locked"


# ==== Steps: values of the entries


@dataclass(frozen=True)
class Row:
    """A record in the values of an entry.

    Args:
        kind: What it is.
        key: What names it among its kind.
        new: The record whole.
        before: As it was before the act, or None where it is new.
    """

    kind: str
    key: tuple[str | int, ...]
    new: Fields
    before: Fields | None


@dataclass(frozen=True)
class Event:
    """An entry with its values.

    Args:
        line: Of the entry, from 0.
        entry: Its fields.
        details: What the act noted.
        rows: The records that it made or changed.
    """

    line: int
    entry: Fields
    details: Fields
    rows: tuple[Row, ...]

    @property
    def place(self) -> str:
        """Where the entry stands."""
        return line_of(self.line)

    @property
    def act(self) -> str:
        """What happened."""
        return str(self.entry["act"])

    @property
    def account(self) -> object:
        """Who acted: of what the service entered from the file of intents, whose it was."""
        from_file = self.entry["actor"] == 0 and self.details.get("from_file") is True
        return self.details.get("account") if from_file else self.entry["actor"]

    def of(self, kind: str) -> list[Row]:
        """Records of a kind."""
        return [row for row in self.rows if row.kind == kind]


def events(public: Public, release: Release, report: Report) -> Iterator[Event]:
    """``values.digests``: each entry whose values are there."""
    step, seen = "values.digests", 0
    lines = read_values(release.directory)
    place, values = next(lines, ("", None))
    for line, entry in enumerate(public.entries):
        while values is not None and values["number"] < entry["number"]:
            report.fail(step, place, f"No entry {values['number']} is due here.")
            place, values = next(lines, ("", None))
        if values is None or values["number"] != entry["number"]:
            missing = entry["act"] not in WITHOUT_VALUES
            report.check(step, line_of(line), "Its values are missing.", holds=not missing)
            continue
        content = read_content(values["content"], place)
        found = sha256(bytes.fromhex(values["salt"]) + values["content"].encode()).hex()
        sentence = f"They are not the values of entry {entry['number']}."
        report.check(step, place, sentence, holds=found == entry["digest"])
        seen += 1
        yield Event(line, entry, content["details"], tuple(_row(row) for row in content["rows"]))
        place, values = next(lines, ("", None))
    while values is not None:
        report.fail(step, place, f"No entry {values['number']} is due here.")
        place, values = next(lines, ("", None))
    report.saw(step, f"{seen} entries.")


def _row(row: Fields) -> Row:
    before = row["new"] | row["old"] if "old" in row else None
    return Row(row["kind"], tuple(row["key"]), row["new"], before)


def text_of(fields: Fields | None, name: str) -> str:
    """A text of a record; empty where there is none, which other steps tell."""
    value = fields.get(name) if fields else None
    return value if isinstance(value, str) else ""


def number_of(fields: Fields | None, name: str) -> int:
    """A number of a record; -1 where there is none, which other steps tell."""
    value = fields.get(name) if fields else None
    return value if type(value) is int else -1


def cell_of(kind: str, fields: Fields, name: str) -> object:
    """A field of a record as a table shows it, whatever else stands there, which other steps tell."""
    shape = FIELDS[kind][1][name]
    if shape is is_number:
        return number_of(fields, name)
    return fields.get(name) is True if shape is is_flag else text_of(fields, name)


def check_records(event: Event, report: Report) -> None:
    """``values.records``."""
    step, at = "values.records", event.entry["at"]
    for row in event.rows:
        if not report.check(step, event.place, f"There is no record {row.kind}.", holds=row.kind in FIELDS):
            continue
        _, shapes = FIELDS[row.kind]
        if row.new.keys() != shapes.keys() or not (row.before or {}).keys() <= shapes.keys():
            names = ", ".join(sorted((row.new | (row.before or {})).keys() ^ shapes.keys()))
            report.fail(step, event.place, f"The {row.kind} has other fields: {names}.")
            continue
        for name, shape in shapes.items():
            value = row.new[name]
            sentence = f"The {name} of the {row.kind} is not of its kind."
            if report.check(step, event.place, sentence, holds=shape(value)) and shape in _MOMENTS:
                sentence = f"The {name} of the {row.kind} is after its act."
                late = value is not None and name not in PLANNED and value > at
                report.check(step, event.place, sentence, holds=not late)
        if row.kind in AT_THE_ACT and event.entry["actor"] != 0:
            dated = row.new[AT_THE_ACT[row.kind]] == at
            report.check(step, event.place, f"The {row.kind} is dated otherwise than its act.", holds=dated)


_MOMENTS = (is_moment, is_moment_or_null)


class Subjects:
    """``values.subjects``.

    Args:
        report: Takes what fails.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self.sites: dict[str, list[str]] = {}  # of each participant, where they are now last

    def see(self, event: Event) -> None:
        """Check the next entry."""
        if event.act != "code break denied":  # it names whoever was asked about, known or not
            self._check(event)
        for row in event.of("Participant"):
            self.sites.setdefault(text_of(row.new, "number"), []).append(text_of(row.new, "site"))

    def _check(self, event: Event) -> None:
        step, entry = "values.subjects", event.entry
        consent = event.act == "participant consented"
        who = self._consented(event) if consent else entry["participant"]
        known = consent or who == "" or who in self.sites
        self._report.check(step, event.place, f"{who} had not consented.", holds=known)
        for row in event.rows:
            about = row.new.get("number" if row.kind == "Participant" else "participant", who)
            sentence = f"A record is about {about}, its entry about {who or 'nobody'}."
            self._report.check(step, event.place, sentence, holds=about == who)
            there = not consent or row.new.get("site", entry["site"]) == entry["site"]
            self._report.check(step, event.place, f"The {row.kind} is of another site.", holds=there)
        been = self.sites.get(entry["participant"])
        if been and entry["site"] != "":
            # What the file of intents held may be entered, or shown, after the participant has moved on.
            late = entry["actor"] == 0 or event.act == "code break disclosed"
            sentence = f"{who} was at {been[-1]}, the act is at {entry['site']}."
            there = entry["site"] in (been if late else been[-1:])
            self._report.check(step, event.place, sentence, holds=there)

    def _consented(self, event: Event) -> str:
        """The number that a consent gave; empty where it gave none that is new."""
        number = text_of(event.details, "participant")
        return number if event.entry["participant"] == "" and number not in self.sites else ""


def is_same(one: Fields, other: Fields | None) -> bool:
    """Whether two records have the same fields; in Python true and 1 are equal, in JSON they are not."""
    return one == other and all(type(value) is type(other[name]) for name, value in one.items())


class History:
    """``values.history``.

    Args:
        report: Takes what fails.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self.records: dict[tuple[str, tuple[str | int, ...]], Fields] = {}

    def see(self, event: Event) -> None:
        """Check the next entry."""
        step = "values.history"
        for row in event.rows:
            name, last = (row.kind, row.key), self.records.get((row.kind, row.key))
            if row.before is None:
                fits = last is None
            elif last is None and row.kind == "Kit":
                fits = all(row.before.get(part) == value for part, value in AS_ACTIVATED.items())
            else:
                fits = is_same(row.before, last)
            called = " ".join([row.kind, *map(str, row.key)])
            sentence = f"{called} was left otherwise by its last entry."
            self._report.check(step, event.place, sentence, holds=fits)
            key = tuple(row.new.get(part) for part in FIELDS.get(row.kind, ([], {}))[0])
            sentence = f"{called} has another key."
            self._report.check(step, event.place, sentence, holds=row.kind in FIELDS and key == row.key)
            numbered = row.new.get("entry") == event.entry["number"]
            self._report.check(
                step, event.place, f"{called} has not the number of its entry.", holds=numbered
            )
            self.records[name] = row.new


class Rotations:
    """``values.rotations``, and at the end ``rows.sealed-root``.

    Args:
        public: The public record.
        release: The release, its rows read.
        report: Takes what fails.
    """

    def __init__(self, public: Public, release: Release, report: Report) -> None:
        self._slots = public.certificate["sizes"]["slots"]
        before = public.entries[: public.first("trial activated")]
        self._early = {line_of(line) for line, entry in enumerate(before) if entry["act"] == "keys rotated"}
        self._release = release
        self._report = report
        self._root: object = public.certificate["sealed_root"]
        self._count = 0

    def see(self, event: Event) -> None:
        """Check the next entry."""
        if event.act != "keys rotated":
            return
        step, told = "values.rotations", event.details
        late = event.place not in self._early
        self._report.check(step, event.place, "The trial was not activated yet.", holds=late)
        fits = told.get("former_root") == self._root
        self._report.check(step, event.place, f"The root in force was {self._root}.", holds=fits)
        fits = told.get("slots") == self._slots
        self._report.check(step, event.place, f"There are {self._slots} slots.", holds=fits)
        self._root = told.get("sealed_root")
        self._count += 1

    def end(self) -> None:
        """Compare the rows with the root that is in force after all entries."""
        self._report.saw("values.rotations", f"{self._count} rotations.")
        step, root = "rows.sealed-root", self._release.root
        self._report.saw(step, f"{len(self._release.slots)} slots, root {root}.")
        self._report.check(step, SLOTS_FILE, f"Their root is {root}.", holds=root == self._root)


class Certified:
    """``values.certificate`` and ``values.signatures``.

    Args:
        public: The public record.
        report: Takes what fails.
    """

    def __init__(self, public: Public, report: Report) -> None:
        self._public = public
        self._report = report
        self._activation = public.first("trial activated")
        self._activated = False
        self.signatures = 0

    def see(self, event: Event) -> None:
        """Check the next entry."""
        self._certificate(event)
        self._signatures(event)

    def _certificate(self, event: Event) -> None:
        step, certificate = "values.certificate", self._public.certificate
        wanted: Fields = {}
        if self._activation is not None and event.place == line_of(self._activation):
            wanted = {name: certificate[name] for name in ("leaf_root", "schedule_version", "sealed_root")}
            wanted |= {
                "ceremony_key": self._public.keys["ceremony"],
                "certificate_digest": self._public.digest,
            }
            self._activated = True
            holds = bool(event.of("Trial"))
            self._report.check(step, event.place, "The activation did not change the trial.", holds=holds)
        elif event.act == "release exported":
            wanted = {"release_digest": certificate["files"].get("release.sealed")}
        elif event.act == "staged release exported":
            wanted = {"staged_digest": certificate["files"].get("staged.sealed")}
        for name, value in wanted.items():
            sentence = f"The {name} that it noted is not that of the certificate."
            self._report.check(step, event.place, sentence, holds=event.details.get(name) == value)
        activated = self._activation is not None and event.line >= self._activation
        for row in event.of("Trial"):
            digests = (text_of(row.new, "definition_digest"), text_of(row.new, "certificate_digest"))
            wanted_digest = self._public.digest if activated else ""
            told = sha256(text_of(row.new, "definition").encode()).hex() == digests[0]
            fits = told and digests == (certificate["definition_digest"], wanted_digest)
            self._report.check(step, event.place, "The trial has other digests.", holds=fits)

    def end(self) -> None:
        """Demand that the values of the activation were there."""
        sentence = "No values say which certificate was activated."
        self._report.check("values.certificate", VALUES_FILE, sentence, holds=self._activated)

    def _signatures(self, event: Event) -> None:
        step, rows, signed = "values.signatures", event.of("Signature"), event.details.get("signed")
        if event.act in SIGNED and len(rows) != 1:
            self._report.fail(step, event.place, f"{event.act} has {len(rows)} signatures.")
        entry = event.entry
        for row in rows:
            self.signatures += 1
            own = (number_of(row.new, "account"), number_of(row.new, "number"))
            fits = own == (event.account, entry["number"])
            self._report.check(step, event.place, "The signature is of another account or entry.", holds=fits)
            fits = isinstance(signed, dict) and sha256(canonical(signed)).hex() == row.new.get("digest")
            self._report.check(step, event.place, "The signature is over something else.", holds=fits)
        if event.act == "definition signed":
            digest_ = signed.get("definition_digest") if isinstance(signed, dict) else None
            fits = digest_ == self._public.certificate["definition_digest"]
            self._report.check(step, event.place, "Another definition was signed.", holds=fits)


# ==== Steps: allocations, kits, code breaks


class Packs:
    """``packs.issued-before-allocation``.

    Args:
        public: The public record.
        report: Takes what fails.
    """

    STEP = "packs.issued-before-allocation"

    def __init__(self, public: Public, report: Report) -> None:
        self._production = public.certificate["kind"] == "production"
        self._report = report
        self._held: dict[str, set[str]] = defaultdict(set)
        self._count = 0

    def see(self, event: Event) -> None:
        """Check the next entry."""
        site, strata = event.entry["site"], event.details.get("strata")
        if event.act == "emergency pack issued" and isinstance(strata, list):
            self._held[site].update(map(str, strata))
        if event.act == "emergency pack returned" and event.details.get("whole") is True:
            self._held[site].clear()
        for row in event.of("Allocation") if self._production else ():
            self._count += 1
            stratum = text_of(row.new, "stratum")
            sentence = f"No pack at {site} held the slots of stratum {stratum}."
            self._report.check(self.STEP, event.place, sentence, holds=stratum in self._held[site])

    def end(self) -> None:
        """Say what came of it."""
        if self._production:
            self._report.saw(self.STEP, f"{self._count} allocations.")
        else:
            self._report.skip(self.STEP, "A rehearsal asks for no pack.")


@dataclass(frozen=True)
class Line:
    """What a line of a table comes from.

    Args:
        entry: The entry.
        new: The record.
    """

    entry: Fields
    new: Fields


class Ledger:
    """``allocations.*``, ``kits.*``, ``code-breaks.disclosure-of-its-intent``; and what tables are made of.

    Args:
        public: The public record.
        release: The release.
        report: Takes what fails.
    """

    def __init__(self, public: Public, release: Release, report: Report) -> None:
        self._release = release
        self._report = report
        self._strata = {
            tuple(sorted(f"{factor}={level}" for factor, level in one["levels"])): one["code"]
            for one in public.definition["strata"]
        }
        self._periods = len(public.definition["periods"])
        self._slots: set[int] = set()
        self._next: dict[str, int] = defaultdict(lambda: 1)
        self._given: set[tuple[str, int]] = set()
        self._kits: set[str] = set()
        self.participants: dict[str, Fields] = {}
        self.products: dict[tuple[str, int], Fields] = {}
        self.periods: dict[tuple[str, int], Fields] = {}
        self.allocations: dict[str, Line] = {}
        self.dispensed: list[tuple[Fields, Fields, Fields]] = []
        self.deviations: list[Line] = []
        self.intents: dict[str, Line] = {}
        self.readers: dict[str, int] = {}
        self.disclosures: dict[str, Line] = {}

    def see(self, event: Event) -> None:
        """Check the next entry."""
        for row in event.of("Participant"):
            self.participants[text_of(row.new, "number")] = row.new
        for row in event.of("Product"):
            self.products[text_of(row.new, "participant"), number_of(row.new, "donation")] = row.new
        self._allocate(event)
        self._hand_out(event)
        self._break(event)
        self.deviations += [Line(event.entry, row.new) for row in event.of("Deviation")]
        for row in event.of("PeriodRecord"):
            self.periods[text_of(row.new, "participant"), number_of(row.new, "period")] = row.new

    def _allocate(self, event: Event) -> None:
        step, rows = "allocations.one-slot-each", event.of("Allocation")
        wanted = 1 if event.act == "randomized" else 0
        sentence = f"It made {len(rows)} allocations."
        if not self._report.check(step, event.place, sentence, holds=len(rows) == wanted):
            return
        for row in rows:
            who, slot = event.entry["participant"], number_of(row.new, "slot")
            fits = who not in self.allocations and slot not in self._slots
            sentence = f"Participant {who} or slot {slot} was allocated before."
            self._report.check(step, event.place, sentence, holds=fits)
            self._slots.add(slot)
            self.allocations.setdefault(who, Line(event.entry, row.new))
            self._place(event, row.new, slot)

    def _place(self, event: Event, new: Fields, slot: int) -> None:
        stratum, ordinal = text_of(new, "stratum"), number_of(new, "ordinal")
        row = self._release.slots[slot] if 0 <= slot < len(self._release.slots) else None
        told = (stratum, ordinal, text_of(new, "randomization_number"))
        fits = row is not None and told == (row.stratum, row.ordinal, row.number)
        sentence = f"Slot {slot} is another."
        self._report.check("allocations.right-slot", event.place, sentence, holds=fits)
        participant = self.participants.get(event.entry["participant"])
        levels = text_of(participant, "levels")
        called_for = self._strata.get(tuple(sorted(levels.split(";"))))
        fits = participant is not None and called_for == stratum == text_of(participant, "stratum")
        sentence = f"The levels {levels} lead to stratum {called_for}, not {stratum}."
        self._report.check("allocations.right-stratum", event.place, sentence, holds=fits)
        sentence = f"Ordinal {ordinal} of {stratum}; {self._next[stratum]} was due."
        step = "allocations.in-order-without-gaps"
        self._report.check(step, event.place, sentence, holds=ordinal == self._next[stratum])
        self._next[stratum] += 1

    def _hand_out(self, event: Event) -> None:
        if event.act == "dispensation undone":
            self._take_back(event)
            return
        kits, records = event.of("Kit"), event.of("PeriodRecord")
        dispensation = event.act == "kit dispensed"
        one = len(kits) == len(records) == 1 and text_of(kits[0].new, "state") == "dispensed"
        if dispensation and one:
            self._dispense(event, kits[0], records[0].new)
            return
        out = any(text_of(row.new, "state") == "dispensed" != text_of(row.before, "state") for row in kits)
        sentence = "It hands out a kit otherwise than a dispensation, which hands out one, and alone does."
        self._report.check("kits.right-kit", event.place, sentence, holds=not dispensation and not out)

    def _dispense(self, event: Event, kit: Row, record: Fields) -> None:
        who, period = event.entry["participant"], number_of(record, "period")
        number = text_of(kit.new, "number")
        fits = text_of(record, "kit") == number and self._right_kit(kit, event, period)
        sentence = f"Kit {number} is not one of this slot and period {period}, or was not ready."
        self._report.check("kits.right-kit", event.place, sentence, holds=fits)
        self._kits.add(number)
        before = (
            self.periods.get((who, earlier), {}) for earlier in range(1, min(period, self._periods + 1))
        )
        fits = all(text_of(one, "outcome") != "" for one in before) and (who, period) not in self._given
        sentence = f"Period {period} of {who} was not the next."
        self._report.check("kits.periods-in-order", event.place, sentence, holds=fits)
        self._given.add((who, period))
        self.dispensed.append((event.entry, kit.new, record))

    def _take_back(self, event: Event) -> None:
        kits, records = event.of("Kit"), event.of("PeriodRecord")
        moved = [(text_of(row.before, "state"), text_of(row.new, "state")) for row in kits]
        told = [
            (text_of(row.new, "number"), event.entry["participant"], number_of(records[0].new, "period"))
            for row in kits
            if records
        ]
        out = [line for line in self.dispensed if self._told(line) in told]
        period = self.periods.get(self._told(out[0])[1:], {}) if out else {}
        fits = moved == [("dispensed", "returned")] and len(out) == 1 and text_of(period, "outcome") == ""
        sentence = "It takes back no kit that was out and not recorded."
        self._report.check("kits.right-kit", event.place, sentence, holds=fits)
        self._given -= {self._told(line)[1:] for line in out}
        self.dispensed = [line for line in self.dispensed if line not in out]

    @staticmethod
    def _told(line: tuple[Fields, Fields, Fields]) -> tuple[str, str, int]:
        """Kit, participant and period of a dispensation."""
        entry, kit, record = line
        return text_of(kit, "number"), entry["participant"], number_of(record, "period")

    def _right_kit(self, row: Row, event: Event, period: int) -> bool:
        number, slot = text_of(row.new, "number"), self._slot_of(event.entry["participant"])
        if slot is None or not 1 <= period <= len(self._release.slots[slot].kits):
            return False
        return (
            text_of(row.before, "state") == "ready"
            and (number_of(row.new, "slot"), number_of(row.new, "period")) == (slot, period)
            and number in self._release.slots[slot].kits[period - 1]
            and number not in self._kits
        )

    def _slot_of(self, who: str) -> int | None:
        slot = number_of(self.allocations[who].new, "slot") if who in self.allocations else -1
        return slot if 0 <= slot < len(self._release.slots) else None

    def _break(self, event: Event) -> None:
        step, rows = "code-breaks.disclosure-of-its-intent", event.of("CodeBreak")
        intent = event.act == "code break intent"
        wanted = 1 if intent or event.act == "code break disclosed" else 0
        sentence = f"It tells of {len(rows)} code breaks."
        if not self._report.check(step, event.place, sentence, holds=len(rows) == wanted):
            return
        for row in rows:
            who = text_of(row.new, "participant")
            own = who == event.entry["participant"] and who in self.allocations
            account = number_of(row.new, "account")
            # An answer may be for a colleague, or for somebody without an account: then the service shows it.
            reader = account if intent else self.readers.get(text_of(row.new, "intent"), account)
            own = own and (event.entry["actor"] == reader or event.account == account)
            sentence = "It is of another account, or not about a participant who has a slot."
            self._report.check(step, event.place, sentence, holds=own)
            fits = self._intend(event, row) if intent else self._disclose(event, row)
            sentence = "It is no new intent, or follows none of the same account and participant."
            self._report.check(step, event.place, sentence, holds=fits)

    def _intend(self, event: Event, row: Row) -> bool:
        name = text_of(row.new, "intent")
        fits = row.before is None and text_of(row.new, "disclosed_at") == "" and name not in self.intents
        self.intents.setdefault(name, Line(event.entry, row.new))
        for telling in event.of("Telling"):
            self.readers[text_of(telling.new, "intent")] = number_of(telling.new, "reader")
        return fits

    def _disclose(self, event: Event, row: Row) -> bool:
        name, at = text_of(row.new, "intent"), text_of(row.new, "disclosed_at")
        intent = self.intents.get(name)
        if intent is None or name in self.disclosures or at == "":
            return False
        told = (text_of(row.new, "participant"), number_of(row.new, "account"))
        if told != (intent.entry["participant"], number_of(intent.new, "account")):
            return False
        self.disclosures[name] = Line(event.entry, row.new)
        return at >= text_of(intent.new, "intended_at")


# ==== Step: blinded assessments

SIGNED_ANEW, CORRECTED = "blinded assessment signed", "blinded assessment corrected"
STRUCK_OUT = "blinded assessment struck out"
TOLD = ("assessment", "time_point", "done_at")


@dataclass
class Assessed:
    """A blinded assessment: every signature under it, the first one making it."""

    lines: list[Line]

    @property
    def now(self) -> Fields:
        """How it stands."""
        return self.lines[-1].new


class Assessments:
    """``assessments.blind``.

    Args:
        public: The public record.
        report: Takes what fails.
    """

    def __init__(self, public: Public, report: Report) -> None:
        self._report = report
        self._declared = {one["code"]: one for one in public.definition.get("assessments", [])}
        self._readers: dict[str, int] = {}
        self._shown: dict[tuple[str, object], list[str]] = defaultdict(list)  # since when, by who and account
        self.found: dict[int, Assessed] = {}
        self.lines: list[Line] = []

    def see(self, event: Event) -> None:
        """Check the next entry."""
        who = event.entry["participant"]
        for telling in event.of("Telling"):
            self._readers[text_of(telling.new, "intent")] = number_of(telling.new, "reader")
        if event.act == "code break disclosed":
            for row in event.of("CodeBreak"):
                reader = self._readers.get(text_of(row.new, "intent"), number_of(row.new, "account"))
                self._shown[who, reader].append(text_of(row.new, "disclosed_at"))
        opener = event.details.get("opener")
        if event.act == "emergency pack opened" and is_number(opener):
            self._shown[who, opener].append(text_of(event.details, "reported_at"))
        self._check(event, who)

    def end(self) -> None:
        """Hold what was entered late against what was signed before its entry."""
        step, told = "assessments.blind", [f"{len(self.found)} blinded assessments."]
        for line in self.lines:
            who, by, at = (line.entry[name] for name in ("participant", "actor", "at"))
            if not any(since and since < at for since in self._shown.get((who, by), ())):
                continue
            number = number_of(line.new, "number")
            if self.found[number].now["struck"] is True:
                told.append(f"Entry {number}: account {by} knew, and the assessment is struck out.")
                continue
            sentence = f"Account {by} had been shown before {at} what {who} was given."
            self._report.fail(step, line_of(line.entry["number"]), sentence)
        self._report.saw(step, " ".join(told))

    def _check(self, event: Event, who: str) -> None:
        step, rows = "assessments.blind", event.of("Assessment")
        wanted = 1 if event.act in {SIGNED_ANEW, CORRECTED, STRUCK_OUT} else 0
        sentence = f"It tells of {len(rows)} blinded assessments."
        if not self._report.check(step, event.place, sentence, holds=len(rows) == wanted):
            return
        for row in rows:
            earlier = self.found.get(number_of(row.new, "number"))
            follows = self._follows(event, row.new, earlier)
            sentence = "It neither makes a blinded assessment nor changes one that stands."
            if not self._report.check(step, event.place, sentence, holds=follows):
                return
            names = {text_of(one, "assessment") for one in (row.new, *((earlier.now,) if earlier else ()))}
            plans = [self._declared.get(name, {"roles": (), "time_points": ()}) for name in names]
            fits = all(event.entry["role"] in plan["roles"] for plan in plans)
            point = text_of(row.new, "time_point")
            plan = self._declared.get(text_of(row.new, "assessment"), {"time_points": ()})
            sentence = "The definition has no such assessment and time point for this role."
            self._report.check(step, event.place, sentence, holds=fits and point in plan["time_points"])
            blind = (who, event.entry["actor"]) not in self._shown
            sentence = f"Account {event.entry['actor']} had been shown what {who} was given."
            self._report.check(step, event.place, sentence, holds=blind)
            line = Line(event.entry, row.new)
            self.lines.append(line)
            self.found.setdefault(number_of(row.new, "number"), Assessed([])).lines.append(line)

    @staticmethod
    def _follows(event: Event, new: Fields, earlier: Assessed | None) -> bool:
        """Whether the act does with the assessment what it says."""
        if event.act == SIGNED_ANEW:
            return number_of(new, "number") == event.entry["number"] and new.get("struck") is False
        if earlier is None or earlier.now["struck"] is True:
            return False
        if earlier.lines[0].entry["participant"] != event.entry["participant"]:
            return False
        differs = any(text_of(new, name) != text_of(earlier.now, name) for name in TOLD)
        if event.act == CORRECTED:
            return differs and new.get("struck") is False
        return not differs and new.get("struck") is True


# ==== Steps: preparations, lots and results


@dataclass(frozen=True)
class Written:
    """The last entry before the lock, or after it, that wrote the record of a preparation or a product.

    Args:
        event: The entry with its values.
        row: The record of the period, or the product.
        facts: What the release tells of it.
    """

    event: Event
    row: Row
    facts: Fields


class Facts:
    """``facts.as-noted``, ``preparations.right-content``, ``quality.recorded-when-told``.

    Args:
        release: The release.
        ledger: Knows the allocations.
        report: Takes what fails.
    """

    def __init__(self, release: Release, ledger: Ledger, report: Report) -> None:
        self._release = release
        self._ledger = ledger
        self._report = report
        self._locked = False
        self._last: dict[tuple[str, str, int, bool], tuple[Event, Row]] = {}
        self._recorded: set[tuple[str, str, int]] = set()
        self._addenda: set[int] = set()
        self._to_be_told: list[tuple[tuple[str, int], Fields]] = []
        self.preparations: list[Written] = []
        self.stood: dict[tuple[str, int], Fields] = {}
        self.products: dict[tuple[str, int], Fields] = {}

    def see(self, event: Event) -> None:
        """Take the next entry."""
        self._locked = self._locked or event.act == "trial locked"
        ended = event.of("PeriodRecord") if event.act == "preparation ended" else []
        changed = [row for row in event.of("Product") if has_other_details(row)]
        sentence = "It wrote several records of preparations or products."
        self._report.check("facts.as-noted", event.place, sentence, holds=len(ended) + len(changed) <= 1)
        for row in (ended + changed)[:1]:
            which = number_of(row.new, "period" if row.kind == "PeriodRecord" else "donation")
            self._last[row.kind, text_of(row.new, "participant"), which, self._locked] = (event, row)
        self._addenda |= {event.entry["number"]} if self._locked else set()
        if changed:
            self._recorded.add((event.entry["participant"], event.entry["at"], event.entry["actor"]))
        if changed and event.act in {"quality recorded", "quality result added"}:
            product = text_of(changed[0].new, "participant"), number_of(changed[0].new, "donation")
            self._to_be_told.append((product, event.entry))

    def end(self) -> None:
        """Open what is told, and compare it with what was noted."""
        waiting = {event.entry["number"]: (event, row) for event, row in self._last.values()}
        for place, line in read_lines(self._release.directory, FACTS_FILE):
            told = parse_canonical(line, place)
            expect(told, {"entry": is_number, "sealed": is_base64}, place)
            event, row = waiting.pop(told["entry"], (None, None))
            sentence = "Its entry wrote no such record, or not the last one."
            known = self._report.check("facts.as-noted", place, sentence, holds=event is not None)
            if known and event is not None and row is not None:
                self._take(event, row, from_base64(told["sealed"]), place)
        for number in waiting:
            sentence = f"Nothing is told of what entry {number} wrote."
            self._report.fail("facts.as-noted", FACTS_FILE, sentence)
        for key, told in self.products.items():
            stood = self.stood.get(key, {"lots": [], "results": []})
            first = told["results"][: len(stood["results"])]
            sentence = f"What was added to the product of {key[0]} changed what stood at the lock."
            holds = (told["lots"], first) == (stood["lots"], stood["results"])
            self._report.check("quality.recorded-when-told", FACTS_FILE, sentence, holds=holds)
        for key, entry in self._to_be_told:
            told = self.products.get(key)
            sentence = f"What entry {entry['number']} recorded is not told."
            holds = told is None or entry["at"] in moments_of(told)
            self._report.check("quality.recorded-when-told", FACTS_FILE, sentence, holds=holds)
        self.preparations.sort(key=lambda one: int(one.event.entry["number"]))

    def _take(self, event: Event, row: Row, sealed: bytes, place: str) -> None:
        preparation = row.kind == "PeriodRecord"
        found = opened_facts(self._release.schedule["seed"], event.details.get("facts_digest"), sealed)
        fits = found is not None and fits_shape(found, PREPARATION if preparation else PRODUCT)
        sentence = "It does not open to such facts as the entry noted."
        if not self._report.check("facts.as-noted", place, sentence, holds=fits) or found is None:
            return
        written = Written(event, row, found)
        if preparation:
            self._check_preparation(written, place)
            self.preparations.append(written)
        else:
            self._check_product(written, place)
            key = (text_of(row.new, "participant"), number_of(row.new, "donation"))
            added = event.entry["number"] in self._addenda
            if not added:
                self.stood[key] = found
            if added or key not in self.products:
                self.products[key] = found

    def _kits(self, who: str) -> tuple[int, Sequence[Sequence[str]]]:
        allocation = self._ledger.allocations.get(who)
        number = number_of(allocation.new, "slot") if allocation else -1
        return number, self._release.slots[number].kits if 0 <= number < len(self._release.slots) else ()

    def _check_preparation(self, written: Written, place: str) -> None:
        step, told, row = "preparations.right-content", written.facts, written.row.new
        period = number_of(row, "period")
        slot, kits = self._kits(text_of(row, "participant"))
        sentence = "Nobody was randomized to it."
        if not self._report.check(step, place, sentence, holds=1 <= period <= len(kits)):
            return
        sentence = "Another kit was made ready."
        self._report.check(step, place, sentence, holds=told["kit"] == text_of(row, "kit"))
        named = {*told["spoiled"], told["kit"]} - {""}
        sentence = "It names a kit of another slot or period."
        self._report.check(step, place, sentence, holds=named <= set(kits[period - 1]))
        treatments = self._release.treatments(slot)
        planned = treatments[period - 1] if period <= len(treatments) else ""
        sentence = "The kit held another treatment than the schedule says."
        self._report.check(step, place, sentence, holds=told["kit"] == "" or told["content"] == planned)

    def _check_product(self, written: Written, place: str) -> None:
        step, who = "quality.recorded-when-told", text_of(written.row.new, "participant")
        moments = {at for whose, at, _ in self._recorded if whose == who} if written.facts["lots"] else set()
        for lot in written.facts["lots"]:
            holds = {lot["recorded_at"], lot["struck_at"]} <= {*moments, None}
            sentence = "A lot was recorded or struck out at another moment."
            self._report.check(step, place, sentence, holds=holds)
            holds = lot["struck_at"] is None or not lot["in_use"]
            self._report.check(step, place, "A lot that was struck out is in use.", holds=holds)
        subjects = {lot["number"] for lot in written.facts["lots"]}
        subjects |= {kit for period in self._kits(who)[1] for kit in period}
        for one in written.facts["results"]:
            holds = (who, one["at"], one["by"]) in self._recorded
            self._report.check(step, place, "A result was recorded otherwise.", holds=holds)
            sentence = "A result is of no lot and no kit of the participant."
            self._report.check(step, place, sentence, holds=one["subject"] in subjects)


def moments_of(product: Fields) -> set[str | None]:
    """When something was recorded of a product, as it is told."""
    struck_or_recorded = {lot[name] for lot in product["lots"] for name in ("recorded_at", "struck_at")}
    return struck_or_recorded | {one["at"] for one in product["results"]}


def has_other_details(row: Row) -> bool:
    """Whether an act changed what was written down of a product."""
    return row.before is not None and row.before.get("details") != row.new.get("details")


def opened_facts(seed: str, noted: object, sealed: bytes) -> Fields | None:
    """The facts whose digest an entry noted, or None where this does not open to them."""
    if not is_hex(noted):
        return None
    bits = Stream(bytes.fromhex(seed), f"{FACTS_LABEL}/{noted}")
    try:
        filled = AESGCM(bits.take(32)).decrypt(sealed[:12], sealed[12:], FACTS_LABEL.encode())
        found: Fields = parse_canonical(filled.rstrip(b" "), FACTS_FILE)
        expect(found, {"facts": is_object, "salt": is_hex}, FACTS_FILE)
    except (InvalidTag, UnreadableError, ValueError):
        return None
    told: Fields = found["facts"]
    return told if sha256(bytes.fromhex(found["salt"]) + canonical(told)).hex() == noted else None


def fits_shape(value: object, shape: Shape) -> bool:
    """Whether a value has a shape."""
    try:
        expect(value, shape, FACTS_FILE)
    except UnreadableError:
        return False
    return True


# ==== Step: tables

Cells = list[object]


def tables(
    public: Public, release: Release, ledger: Ledger, assessments: Assessments, facts: Facts
) -> dict[str, list[Cells]]:
    """The lines of each table, headings first."""
    return {
        "allocation.csv": _allocation_table(public, release, ledger),
        "dispensation.csv": _dispensation_table(release, ledger),
        "deviations.csv": _deviation_table(ledger),
        "assessments.csv": _assessment_table(assessments),
        "assessment_history.csv": _history_table(assessments),
        "code_breaks.csv": _code_break_table(ledger),
        "participants.csv": _participant_table(public, ledger),
        "products.csv": _product_table(ledger),
        "preparations.csv": _preparation_table(facts),
        "product_lots.csv": _lot_table(facts),
        "quality_results.csv": _result_table(facts),
    }


def _allocation_table(public: Public, release: Release, ledger: Ledger) -> list[Cells]:
    periods = len(public.definition["periods"])
    names = ["participant", "site", "stratum", "slot", "ordinal", "randomization_number", "allocated_at"]
    lines: list[Cells] = [["entry", *names, "sequence", *(f"treatment_{n + 1}" for n in range(periods))]]
    for line in ledger.allocations.values():
        slot, about = number_of(line.new, "slot"), [line.entry[name] for name in names[:2]]
        cells = [line.entry["number"], *about, *(cell_of("Allocation", line.new, name) for name in names[2:])]
        treatments = (release.treatments(slot) + [""] * periods)[:periods]
        lines.append([*cells, release.sequence(slot), *treatments])
    return lines


def _dispensation_table(release: Release, ledger: Ledger) -> list[Cells]:
    last = ["outcome", "given_at", "stopped_at", "volume_ml"]
    lines: list[Cells] = [
        ["entry", "participant", "site", "period", "kit", "treatment", "dispensed_at", *last]
    ]
    for entry, kit, record in ledger.dispensed:
        who, period = entry["participant"], number_of(record, "period")
        allocation = ledger.allocations.get(who)
        treatments = release.treatments(number_of(allocation.new, "slot")) if allocation else []
        treatment = treatments[period - 1] if 1 <= period <= len(treatments) else ""
        cells: Cells = [entry["number"], who, entry["site"], period, text_of(kit, "number"), treatment]
        ended = ledger.periods.get((who, period), {"volume_ml": 0})
        cells += [text_of(record, "dispensed_at"), *(cell_of("PeriodRecord", ended, name) for name in last)]
        lines.append(cells)
    return lines


def _deviation_table(ledger: Ledger) -> list[Cells]:
    names = ["participant", "period", "what", "recorded_at"]
    lines: list[Cells] = [["entry", *names]]
    lines += [
        [line.entry["number"], *(cell_of("Deviation", line.new, name) for name in names)]
        for line in ledger.deviations
    ]
    return lines


def _assessment_table(assessments: Assessments) -> list[Cells]:
    heading: Cells = ["entry", "participant", "site", *TOLD, "account", "signed_at", "stands", "last_entry"]
    lines = [heading]
    for one in assessments.found.values():
        made, last = one.lines[0].entry, one.lines[-1].entry
        about = [made[name] for name in ("number", "participant", "site")]
        told = [cell_of("Assessment", one.now, name) for name in TOLD]
        lines.append([*about, *told, made["actor"], made["at"], not one.now["struck"], last["number"]])
    return lines


def _history_table(assessments: Assessments) -> list[Cells]:
    about = ["participant", "site", "act"]
    lines: list[Cells] = [["entry", "assessment_entry", *about, *TOLD, "account", "signed_at"]]
    for line in assessments.lines:
        entry = line.entry
        told = [cell_of("Assessment", line.new, name) for name in TOLD]
        named = [entry[name] for name in about]
        number = number_of(line.new, "number")
        lines.append([entry["number"], number, *named, *told, entry["actor"], entry["at"]])
    return lines


def _code_break_table(ledger: Ledger) -> list[Cells]:
    names = ["account", "reason", "intended_at"]
    lines: list[Cells] = [["entry", "participant", "site", *names, "disclosed_at", "disclosure_entry"]]
    for intent, line in ledger.intents.items():
        cells = [line.entry["number"], line.entry["participant"], line.entry["site"]]
        shown = ledger.disclosures.get(intent)
        told = [shown.new.get("disclosed_at"), shown.entry["number"]] if shown else ["", ""]
        lines.append([*cells, *(cell_of("CodeBreak", line.new, name) for name in names), *told])
    return lines


def _by_number(text: str) -> tuple[int, str]:
    return len(text), text


def _levels(text: str) -> dict[str, str]:
    return dict(part.partition("=")[::2] for part in text.split(";"))


def _participant_table(public: Public, ledger: Ledger) -> list[Cells]:
    factors = [one["code"] for one in public.definition["factors"]]
    names = ["site", "state", "period", "ending", "follow_up", "attempt", "replaces"]
    names += ["randomized_in_error", "consented_at", "ended_at", "stratum"]
    heading = ["attempts" if name == "attempt" else name for name in names]
    prefixes = [*(f"level_{code}" for code in factors), *(f"true_{code}" for code in factors)]
    lines: list[Cells] = [["participant", *heading, *prefixes]]
    for number in sorted(ledger.participants, key=_by_number):
        new = ledger.participants[number]
        levels = _levels(text_of(new, "levels"))
        true = levels | _levels(text_of(new, "corrected_levels"))
        cells = [number, *(cell_of("Participant", new, name) for name in names)]
        lines.append([*cells, *(levels.get(code) for code in factors), *(true.get(code) for code in factors)])
    return lines


def _product_table(ledger: Ledger) -> list[Cells]:
    names = ["participant", "donation", "state", "harvested_at", "cleared_at", "failed_at"]
    keys = sorted(ledger.products, key=lambda key: (_by_number(key[0]), key[1]))
    lines: list[Cells] = [list(names)]
    lines += [[cell_of("Product", ledger.products[key], name) for name in names] for key in keys]
    return lines


def _preparation_table(facts: Facts) -> list[Cells]:
    names = ["kit", "content", "lot", "form", "cell_count", "viability", "thaw"]
    lines: list[Cells] = [
        ["entry", "participant", "site", "period", "account", "ended_at", *names, "spoiled"]
    ]
    for one in facts.preparations:
        entry, row = one.event.entry, one.row.new
        cells = [entry["number"], text_of(row, "participant"), entry["site"], number_of(row, "period")]
        told = [one.facts[name] for name in names]
        lines.append([*cells, entry["actor"], entry["at"], *told, " ".join(one.facts["spoiled"])])
    return lines


def _by_donation(facts: Facts) -> list[tuple[str, int]]:
    return sorted(facts.products, key=lambda key: (_by_number(key[0]), key[1]))


def _lot_table(facts: Facts) -> list[Cells]:
    names = ["form", "cell_count", "viability", "recorded_at", "in_use", "struck_at"]
    lines: list[Cells] = [["participant", "donation", "lot", *names]]
    lines += [
        [*key, lot["number"], *(lot[name] for name in names)]
        for key in _by_donation(facts)
        for lot in facts.products[key]["lots"]
    ]
    return lines


def _result_table(facts: Facts) -> list[Cells]:
    heading = ["subject", "test", "result", "recorded_at", "account", "counts", "counted_at_lock", "addendum"]
    lines: list[Cells] = [["participant", "donation", *heading]]
    for key in _by_donation(facts):
        results = facts.products[key]["results"]
        at_lock = len(facts.stood.get(key, {"results": []})["results"])
        last = {(one["subject"], one["test"]): number for number, one in enumerate(results)}
        then = {(one["subject"], one["test"]): number for number, one in enumerate(results[:at_lock])}
        for number, one in enumerate(results):
            told = [one[name] for name in ("subject", "test", "result", "at", "by")]
            what = one["subject"], one["test"]
            lines.append([*key, *told, last[what] == number, then.get(what) == number, number >= at_lock])
    return lines


def encode_line(cells: Cells) -> bytes:
    """A line of a table."""
    words = {None: "", True: "yes", False: "no"}
    texts = [words[cell] if cell is None or isinstance(cell, bool) else str(cell) for cell in cells]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(texts)
    return out.getvalue().encode(errors="replace")


def check_tables(release: Release, made: dict[str, list[Cells]], report: Report) -> None:
    """``tables.csv-agree``."""
    step, count = "tables.csv-agree", 0
    for name, lines in made.items():
        place = f"release/{name}"
        data = read_bytes(release.directory, place)
        if data and not data.endswith(b"\n"):
            raise UnreadableError(place, "It does not end with a newline.")
        found = data.split(b"\n")
        wanted = b"".join(map(encode_line, lines)).split(b"\n")
        count += len(lines)
        for number, (told, follows) in enumerate(zip(found, wanted, strict=False), start=1):
            sentence = f"It should be: {follows.decode(errors='replace')}"
            report.check(step, f"{place} line {number}", sentence, holds=told == follows)
        sentence = f"It has {len(found)} lines, {len(wanted)} follow."
        report.check(step, place, sentence, holds=len(found) == len(wanted))
    report.saw(step, f"{count} lines.")


def check_erasure(event: Event, erased: dict[int, int], report: Report) -> None:
    """``values.erasures``: which reason went, and by which entry."""
    number, gone = event.entry["number"], number_of(event.details, "erased")
    known = 0 <= gone < number and gone not in erased
    sentence = "It names no earlier entry, or one whose reason was erased before."
    if report.check("values.erasures", event.place, sentence, holds=known):
        erased[gone] = number


def check_values(public: Public, release: Release, report: Report) -> None:
    """Steps over the values of the entries, in one pass, and the tables made of them."""
    subjects, history = Subjects(report), History(report)
    certified, ledger = Certified(public, report), Ledger(public, release, report)
    erased: dict[int, int] = {}
    rotations, packs = Rotations(public, release, report), Packs(public, report)
    assessments = Assessments(public, report)
    facts = Facts(release, ledger, report)
    count = 0
    for event in events(public, release, report):
        count += len(event.rows)
        check_records(event, report)
        subjects.see(event)
        history.see(event)
        certified.see(event)
        if event.act == "reason erased":
            check_erasure(event, erased, report)
        rotations.see(event)
        packs.see(event)
        ledger.see(event)
        assessments.see(event)
        facts.see(event)
    facts.end()
    rotations.end()
    packs.end()
    certified.end()
    report.saw("values.records", f"{count} records.")
    report.saw("values.subjects", f"{len(subjects.sites)} participants.")
    report.saw("values.history", f"{len(history.records)} records.")
    report.saw("values.certificate", f"Certificate {public.digest}.")
    report.saw("values.signatures", f"{certified.signatures} signatures.")
    gone = "; ".join(f"entry {one}: its reason was erased by entry {by}" for one, by in erased.items())
    report.saw("values.erasures", gone or "No reason was erased.")
    for step in (step for step in STEPS if step.startswith("allocations.")):
        report.saw(step, f"{len(ledger.allocations)} allocations.")
    for step in ("kits.right-kit", "kits.periods-in-order"):
        report.saw(step, f"{len(ledger.dispensed)} kits handed out.")
    seen = f"{len(ledger.intents)} intents, {len(ledger.disclosures)} disclosures."
    report.saw("code-breaks.disclosure-of-its-intent", seen)
    assessments.end()
    seen = f"{len(facts.preparations)} preparations and {len(facts.products)} products."
    for step in ("facts.as-noted", "preparations.right-content", "quality.recorded-when-told"):
        report.saw(step, seen)
    check_tables(release, tables(public, release, ledger, assessments, facts), report)


# ==== Everything together


def verify(directory: Path, pins: Pins) -> Fields:
    """Make every step that can be made.

    Args:
        directory: Holds ``public`` and maybe ``release``.
        pins: What the trial master file says.

    Returns:
        What ``--json`` prints.

    Raises:
        UnreadableError: A file is missing or not of its format.
    """
    report = Report()
    public = read_public(directory)
    release = read_release(directory) if (directory / "release").exists() else None
    check_pins(public, pins, report)
    check_certificate(public, pins, report)
    check_quorums(public, report)
    check_commitments(public, report)
    check_entries(public, report)
    check_checkpoints(public, pins, report)
    check_order(public, pins, report)
    check_acts(public, report)
    if release is None:
        for step in (step for step, needs in STEPS.items() if needs == RELEASE):
            report.skip(step, "Needs the release.")
    else:
        check_seed(public, release, report)
        check_schedule(public, release, report)
        check_rows(public, release, report)
        check_regenerated(public, release, report)
        check_values(public, release, report)
    return answer(public, pins, report, released=release is not None)


def answer(public: Public, pins: Pins, report: Report, *, released: bool) -> Fields:
    """What ``--json`` prints."""
    certificate, failed = public.certificate, report.failed()
    verdict = "FAILED" if failed else "OK" if pins.enough else "NOT PINNED"
    return {
        "facts": {
            "certificate_digest": public.digest,
            "checkpoints": len(public.checkpoints),
            "entries": len(public.entries),
            "kind": certificate["kind"],
            "schedule_version": certificate["schedule_version"],
            "sealed_at": certificate["sealed_at"],
            "slots": certificate["sizes"]["slots"],
            "trial": public.definition["trial_id"],
        },
        "failed": failed,
        "pinned": pins.enough,
        "released": released,
        "steps": report.results(),
        "verdict": verdict,
        "verified": verdict == "OK",
    }


def in_words(found: Fields) -> Iterator[str]:
    """A line for each step, then the verdict."""
    marks = {HOLDS: "holds      ", FAILS: "FAILS      ", NOT_CHECKED: "not checked"}
    facts = found["facts"]
    yield (f"Trial {facts['trial']} ({facts['kind']}), schedule version {facts['schedule_version']}")
    for one in found["steps"]:
        where = f"{one['record']}: " if one["record"] else ""
        more = f" And {one['more']} more." if one["more"] else ""
        yield (f"{one['id']:<42} {marks[one['status']]} {where}{one['sentence']}{more}")
    scope = "Everything" if found["released"] else "Everything that needs no release"
    yield (
        {
            "FAILED": f"FAILED: {', '.join(found['failed'])}.",
            "OK": f"OK: {scope} holds against the pins.",
            "NOT PINNED": f"NOT PINNED: {scope} is consistent. Give certificate digest and log key from the "
            "trial master file: without them, a whole record that was replaced looks the same.",
        }[found["verdict"]]
    )


def text_or_file(given: str) -> str:
    """The text that was given, or that of the file that was named.

    Raises:
        UnreadableError: The file is no text.
    """
    try:
        is_file = bool(given) and len(given) < LONGEST_NAME and Path(given).is_file()
        return (Path(given).read_text(encoding="utf-8") if is_file else given).strip()
    except (OSError, ValueError) as error:
        raise UnreadableError(given, _why(error)) from None


def demand_public(directory: Path) -> None:
    """Refuse a directory that is not the one around the record.

    Raises:
        UnreadableError: It holds no folder ``public``.
    """
    if not (directory / "public").is_dir():
        raise UnreadableError("public", f"{directory} holds no such folder; name the one around it.")


def pins_given(given: argparse.Namespace) -> Pins:
    """Pins of the command line, or else of the pins file beside the record.

    Raises:
        UnreadableError: A pin is not of its format.
    """
    beside = given.directory / "pins.json"
    if any((given.certificate_digest, given.log_key, given.ceremony_key, given.witness_key)):
        witnesses = [text_or_file(key) for key in given.witness_key]
        ceremony, log = text_or_file(given.ceremony_key), text_or_file(given.log_key)
        return make_pins(given.certificate_digest, ceremony, log, witnesses, "pin")
    return pins_of_file(beside) if beside.exists() else Pins()


def main(arguments: Sequence[str]) -> int:
    """Verify and print; give the exit code."""
    parser = argparse.ArgumentParser(
        description="Check DIR/public and, where it is there, DIR/release.",
        epilog="Exit codes: 0 all holds, 1 a step fails, 2 something cannot be read, 3 not pinned.",
    )
    parser.add_argument("directory", metavar="DIR", type=Path)
    parser.add_argument("--certificate-digest", default="", metavar="H", help="64 hex digits")
    parser.add_argument("--log-key", default="", metavar="K", help="verifier key, or a file with it")
    parser.add_argument("--ceremony-key", default="", metavar="K", help="verifier key, or a file with it")
    parser.add_argument("--witness-key", default=[], metavar="K", action="append", help="may be repeated")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    given = parser.parse_args(arguments)
    try:
        demand_public(given.directory)
        found = verify(given.directory, pins_given(given))
    except UnreadableError as error:
        if given.json:
            said = {"error": str(error), "field": error.place, "verdict": "UNREADABLE", "verified": False}
            sys.stdout.write(f"{json.dumps(said, sort_keys=True)}\n")
        else:
            sys.stderr.write(f"Cannot be verified. {error}\n")
        return EXIT["UNREADABLE"]
    lines = [json.dumps(found, sort_keys=True)] if given.json else in_words(found)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return EXIT[found["verdict"]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
