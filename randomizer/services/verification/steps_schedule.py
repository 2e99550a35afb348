"""Seed, schedule, leaves and sealed rows: what the release opens against what the certificate fixed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keys import contribution
from keys.contribution import Commitment, Contribution, Terms
from keys.errors import KeysError
from keys.merkle import Frontier, leaf_hash
from randomizer.domain import unblinded as unblinded_definition
from randomizer.domain.leaf import CODE_BYTES, CONTENT_LABEL, SALT_BYTES, Leaf, encode_leaf
from randomizer.domain.numbers import KIT_DIGITS, RANDOMIZATION_DIGITS, damm
from randomizer.domain.trial import Kind
from randomizer.domain.unblinded import PROCEDURES
from randomizer.errors import Refused
from randomizer.services.sealed import bundle, generator
from randomizer.services.sealed.sealed_rows import RowRoots
from randomizer.services.verification import steps
from randomizer.services.verification.reading import PUBLIC, RELEASE, SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from randomizer.domain.trial import Slot
    from randomizer.domain.unblinded import UnblindedDefinition
    from randomizer.services.verification.reading import Advance, Progress, Public, Release
    from randomizer.services.verification.report import Findings

SCHEDULE_RECORD = f"{RELEASE}/{SCHEDULE}"
ROWS_RECORD = f"{RELEASE}/{bundle.SLOTS}"
SEALING_BYTES = 28
"""By so much a sealed text is longer: nonce and tag. Nothing here may import what opens an envelope."""

WRAP_BYTES = 32 + SEALING_BYTES
ENVELOPE_BYTES = SEALING_BYTES + len(CONTENT_LABEL) + CODE_BYTES + 1 + SALT_BYTES
"""Without the treatment codes, of which there is one for each period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainSlot:
    """The plain columns of a sealed row."""

    stratum: str
    ordinal: int
    randomization_number: str
    kits: tuple[tuple[str, ...], ...]


@dataclass(slots=True, kw_only=True)
class Slots:
    """What later steps need of the schedule.

    Args:
        plain: Plain columns of each slot.
        sequences: Sequence code of each slot, as released.
        treatments: Treatment codes of each sequence.
        root: Root over the sealed rows.
    """

    plain: list[PlainSlot] = field(default_factory=list)
    sequences: tuple[str, ...] = field(default=(), repr=False)
    treatments: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    root: str = ""

    def find(self, slot: int) -> PlainSlot | None:
        """The slot of this number, if there is one."""
        return self.plain[slot] if 0 <= slot < len(self.plain) else None

    def sequence(self, slot: int) -> str:
        """Sequence code of a slot, "" where there is none."""
        return self.sequences[slot] if 0 <= slot < len(self.sequences) else ""

    def treatment(self, slot: int, period: int) -> str:
        """Treatment code of a slot and period (1-based), "" where there is none."""
        treatments = self.treatments.get(self.sequence(slot), ())
        return treatments[period - 1] if 1 <= period <= len(treatments) else ""


def check(public: Public, release: Release, findings: Findings, progress: Progress) -> Slots:
    """Check what the release opens.

    Returns:
        The slots, for the steps about allocations.
    """
    content = release.content
    _check_contributions(public, release, findings)
    _check_combination(public, release, findings)
    salted = unblinded_definition.salted_commitment(content.unblinded, content.unblinded_salt)
    if salted != public.fields.unblinded_commitment:
        findings.fail(
            steps.SCHEDULE_UNBLINDED, SCHEDULE_RECORD, "The unblinded definition is not the one committed to."
        )
    findings.hold(steps.SCHEDULE_UNBLINDED, "It has the commitment that the certificate gives.")
    fits = _check_fit(public, release, findings)
    slots = Slots(
        sequences=content.slots,
        treatments={one.code: one.treatments for one in content.unblinded.sequences},
    )
    with progress("Sealed rows", public.fields.sizes.slots) as advance:
        _check_rows(public, release, slots, findings, advance)
    _check_regenerated(public, release, slots, findings, fits=fits)
    return slots


def _terms(public: Public) -> Terms:
    fields = public.fields
    return Terms(fields.schedule_version, fields.definition_digest, fields.generator.digest)


def _check_contributions(public: Public, release: Release, findings: Findings) -> None:
    step, listed = steps.SEED_CONTRIBUTIONS, public.fields.contributions
    given = release.content.contributions
    if [name for name, _ in given] != [one.name for one in listed]:
        findings.fail(step, SCHEDULE_RECORD, "Its contributors are not those of the certificate, in order.")
    for (name, secret), one in zip(given, listed, strict=False):
        try:
            made = Contribution(name, _terms(public), secret).commitment.value
        except KeysError as error:
            findings.fail(step, SCHEDULE_RECORD, str(error))
            continue
        if made != one.commitment:
            findings.fail(
                step, SCHEDULE_RECORD, f"The contribution of {name} is not the one that was committed to."
            )
    findings.hold(step, f"{len(given)} contributions.")


def _check_combination(public: Public, release: Release, findings: Findings) -> None:
    step, content = steps.SEED_COMBINATION, release.content
    if len(content.contributions) != len(public.fields.contributions):
        findings.skip(step, "Contributions are missing, so there is no seed to compare.")
        return
    try:
        terms = _terms(public)
        contributions = [Contribution(name, terms, secret) for name, secret in content.contributions]
        listed = [Commitment(one.name, terms, one.commitment) for one in public.fields.contributions]
        contribution.check_commitments(listed)
        seed = contribution.combine([made.commitment for made in contributions], contributions)
    except (KeysError, ValueError):
        findings.skip(step, "The contributions do not fit the certificate, so there is no seed to compare.")
        return
    if seed != content.seed:
        findings.fail(step, SCHEDULE_RECORD, "The contributions give another seed than the released one.")
    findings.hold(step, "The contributions give the released seed.")


def _check_fit(public: Public, release: Release, findings: Findings) -> bool:
    step, content, fields = steps.SCHEDULE_CERTIFICATE, release.content, public.fields
    known = {one.code for one in content.unblinded.sequences}
    treatments = {one.code for one in public.definition.treatments}
    periods = public.definition.period_count
    problems = []
    if (content.trial_id, content.version) != (fields.trial_id, fields.schedule_version):
        problems.append("It is of another trial or version.")
    if not len(content.slots) == len(content.salts) == fields.sizes.slots:
        problems.append(
            f"It has {len(content.slots)} slots and {len(content.salts)} salts; the certificate says "
            f"{fields.sizes.slots}."
        )
    if any(
        len(one.treatments) != periods or not treatments.issuperset(one.treatments)
        for one in content.unblinded.sequences
    ):
        problems.append("A sequence does not name one treatment of the definition for each period.")
    if len(known) != len(content.unblinded.sequences):
        problems.append("A sequence stands twice.")
    if content.unblinded.rehearsal_only and fields.instance_kind is Kind.PRODUCTION:
        problems.append("The unblinded definition is for rehearsals only, the sealing for production.")
    if not known.issuperset(content.slots):
        slot = next(number for number, code in enumerate(content.slots) if code not in known)
        problems.append(f"Slot {slot} has a sequence that the unblinded definition does not have.")
    for problem in problems:
        findings.fail(step, SCHEDULE_RECORD, problem)
    findings.hold(step, f"Version {content.version}, {len(content.slots)} slots, {len(known)} sequences.")
    return not problems


def _check_rows(public: Public, release: Release, slots: Slots, findings: Findings, advance: Advance) -> None:
    leaves, rows = Frontier(), RowRoots()
    places = _places(public)
    strata = {stratum.code: number for number, stratum in enumerate(public.definition.strata)}
    seen: set[str] = set()
    for slot in release.rows():
        number = len(slots.plain)
        record = f"{ROWS_RECORD} slot {number}"
        _check_place(public, slot, next(places, None), record, findings)
        _check_numbers(slot, seen, record, findings)
        _check_lengths(public, slot, record, findings)
        rows.add(slot)
        made = _leaf_hash(public, release, slot, number, strata)
        if made != slot.leaf_hash:
            findings.fail(steps.LEAVES_ROOT, record, "The released schedule does not give its leaf.")
        leaves.append(made or bytes(32))
        slots.plain.append(
            PlainSlot(
                stratum=slot.stratum,
                ordinal=slot.ordinal,
                randomization_number=slot.randomization_number,
                kits=slot.kits,
            )
        )
        advance(1)
    if next(places, None) is not None or rows.size != public.fields.sizes.slots:
        findings.fail(
            steps.ROWS_PLACES,
            ROWS_RECORD,
            f"It has {rows.size} rows; the certificate says {public.fields.sizes.slots}.",
        )
    for step, found, expected in (
        (steps.LEAVES_ROOT, leaves.root().hex(), public.fields.leaf_root),
        (steps.ROWS_LASTING_ROOT, rows.lasting, public.fields.lasting_root),
    ):
        if found != expected:
            findings.fail(step, ROWS_RECORD, f"The root is {found}, not {expected}.")
        findings.hold(step, f"{rows.size} slots, root {expected}.")
    slots.root = rows.sealed  # which root is in force is for the entries to say
    findings.hold(steps.ROWS_PLACES, f"{rows.size} rows.")
    findings.hold(steps.ROWS_NUMBERS, f"{len(seen)} numbers.")
    findings.hold(steps.ROWS_LENGTHS, f"{rows.size} rows.")


def _places(public: Public) -> Iterator[tuple[int, str, int]]:
    number = 0
    for stratum in public.definition.strata:
        for ordinal in range(1, stratum.capacity + 1):
            yield number, stratum.code, ordinal
            number += 1


def _check_place(
    public: Public, slot: Slot, expected: tuple[int, str, int] | None, record: str, findings: Findings
) -> None:
    sizes = public.fields.sizes
    if (slot.number, slot.stratum, slot.ordinal) != expected:
        findings.fail(
            steps.ROWS_PLACES,
            record,
            f"It is row {slot.number}, stratum {slot.stratum}, ordinal {slot.ordinal}; "
            f"the definition calls for {expected or 'no further row'}.",
        )
    if [len(period) for period in slot.kits] != [sizes.kits_per_period] * sizes.periods:
        findings.fail(steps.ROWS_PLACES, record, "It has another number of periods or kits.")


def _check_numbers(slot: Slot, seen: set[str], record: str, findings: Findings) -> None:
    numbers = [(slot.randomization_number, RANDOMIZATION_DIGITS)]
    numbers += [(kit, KIT_DIGITS) for period in slot.kits for kit in period]
    for number, length in numbers:
        if len(number) != length or not (number.isascii() and number.isdecimal()) or damm(number):
            findings.fail(
                steps.ROWS_NUMBERS, record, f"{number[:20]} is not {length} digits with a check digit."
            )
        elif number in seen:
            findings.fail(steps.ROWS_NUMBERS, record, f"Number {number} stands twice.")
        seen.add(number)
    for period in slot.kits:
        if list(period) != sorted(period):
            findings.fail(steps.ROWS_NUMBERS, record, "The kits of a period are not sorted.")


def _check_lengths(public: Public, slot: Slot, record: str, findings: Findings) -> None:
    # A length could tell a sequence to whoever knows the code, and a spoilt wrap opens nothing at 3 a.m.
    wanted = ENVELOPE_BYTES + public.definition.period_count * CODE_BYTES
    wraps_fit = all(len(wrap) == WRAP_BYTES for _, wrap in slot.wraps)
    if len(slot.ciphertext) != wanted or not wraps_fit:
        findings.fail(steps.ROWS_LENGTHS, record, "Its envelope or one of its wraps has another length.")


def _leaf_hash(
    public: Public, release: Release, slot: Slot, number: int, strata: dict[str, int]
) -> bytes | None:
    """The hash of the leaf that schedule and row give, or None where they give none."""
    content = release.content
    if number >= min(len(content.slots), len(content.salts)) or slot.stratum not in strata:
        return None
    try:
        encoded = encode_leaf(
            Leaf(
                version=public.fields.schedule_version,
                slot=number,
                stratum=strata[slot.stratum],
                ordinal=slot.ordinal,
                randomization_number=slot.randomization_number,
                sequence_code=content.slots[number],
                kits=slot.kits,
                salt=content.salts[number],
            )
        )
    except ValueError:
        return None
    return leaf_hash(encoded)


def _check_regenerated(
    public: Public, release: Release, slots: Slots, findings: Findings, *, fits: bool
) -> None:
    step, content = steps.SCHEDULE_REGENERATED, release.content
    kind = content.unblinded.procedure.kind
    if public.fields.generator.version != generator.VERSION:
        findings.fail(step, f"{PUBLIC}/{bundle.CERTIFICATE}", "No generator of this version is known.")
        return
    if kind not in PROCEDURES:
        findings.skip(step, "Leaves checked, not regenerated: this procedure is not known here.")
        return
    if not fits:
        findings.skip(step, "The schedule does not fit the certificate, so it cannot be made again.")
        return
    if public.definition.capacity != len(content.slots):
        findings.fail(step, SCHEDULE_RECORD, "The definition has another number of slots.")
        return
    if not _is_sound(content.unblinded):
        findings.fail(step, SCHEDULE_RECORD, "The procedure does not fit the number of sequences.")
        return
    try:
        made = generator.generate(public.definition, content.unblinded, content.seed)
        salts = generator.salts(content.seed)
    except (KeysError, Refused, ValueError):
        findings.fail(step, SCHEDULE_RECORD, "The generator refuses seed and unblinded definition.")
        return
    for plan, sequence, salt in zip(made, content.slots, content.salts, strict=True):
        plain = slots.find(plan.index)
        wrong = [
            name
            for name, same in (
                ("sequence", plan.sequence_code == sequence),
                ("salt", salts() == salt),
                ("number", plain is None or plan.randomization_number == plain.randomization_number),
                ("kits", plain is None or plan.kits == plain.kits),
            )
            if not same
        ]
        if wrong:
            findings.fail(
                step, f"{SCHEDULE_RECORD} slot {plan.index}", f"The seed gives another {', '.join(wrong)}."
            )
    findings.hold(step, f"{len(made)} slots made again from the seed.")


def _is_sound(unblinded: UnblindedDefinition) -> bool:
    """Whether a procedure ends: nobody has checked it since the ceremony."""
    procedure, arms = unblinded.procedure, len(unblinded.sequences)
    if procedure.kind == "permuted-blocks":
        sizes, weights = procedure.block_sizes, procedure.weights
        return (
            arms > 0
            and len(sizes) == len(weights) > 0
            and all(size > 0 and size % arms == 0 for size in sizes)
            and all(weight > 0 for weight in weights)
        )
    return arms > 0 and (procedure.kind != "big-stick" or procedure.limit > 0)
