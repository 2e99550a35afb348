"""Every step of the verification, in order; the ids never change their meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Needs = Literal["public", "release", "pins"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Args:
        id: Stable name.
        needs: What it needs beside the public record.
        what: What holds if it holds, as a short sentence.
    """

    id: str
    needs: Needs
    what: str


PINS_CERTIFICATE = "pins.certificate"
PINS_CEREMONY_KEY = "pins.ceremony-key"
PINS_LOG_KEY = "pins.log-key"
CERTIFICATE_SIGNATURE = "certificate.signature"
CERTIFICATE_DEFINITION = "certificate.definition"
CERTIFICATE_QUORUMS = "certificate.quorums"
CERTIFICATE_ATTEMPTS = "certificate.attempts"
COMMITMENTS_SIGNATURES = "commitments.signatures"
COMMITMENTS_BEFORE_REVEAL = "commitments.before-reveal"
SEED_CONTRIBUTIONS = "seed.contributions"
SEED_COMBINATION = "seed.combination"
SCHEDULE_UNBLINDED = "schedule.unblinded"
SCHEDULE_CERTIFICATE = "schedule.fits-certificate"
SCHEDULE_REGENERATED = "schedule.regenerated"
LEAVES_ROOT = "leaves.root"
ROWS_PLACES = "rows.places"
ROWS_NUMBERS = "rows.numbers"
ROWS_LENGTHS = "rows.lengths"
ROWS_SEALED_ROOT = "rows.sealed-root"
ROWS_LASTING_ROOT = "rows.lasting-root"
ENTRIES_NUMBERING = "entries.numbering"
ENTRIES_ROLES = "entries.roles"
ENTRIES_SUBJECTS = "entries.subjects"
ENTRIES_ROOT = "entries.root"
CHECKPOINTS_SIGNATURES = "checkpoints.signatures"
CHECKPOINTS_CONSISTENCY = "checkpoints.consistency"
CHECKPOINTS_WITNESSED = "checkpoints.witnessed"
ORDER_SIGNED = "order.definition-signed-before-activation"
ORDER_ACTIVATED = "order.activated-once"
ORDER_SEALED = "order.sealed-before-first-allocation"
ORDER_WITNESSED = "order.witnessed-before-first-allocation"
RANDOMIZATIONS_ONCE = "randomizations.once"
DISPENSATIONS_AFTER = "dispensations.after-randomization"
BREAKS_INTENT = "code-breaks.intent-before-disclosure"
LOCK_NO_DATA_ACT = "lock.no-data-act-after"
VALUES_DIGESTS = "values.digests"
VALUES_RECORDS = "values.records"
VALUES_SUBJECTS = "values.subjects"
VALUES_HISTORY = "values.history"
VALUES_CERTIFICATE = "values.certificate"
VALUES_ROTATIONS = "values.rotations"
VALUES_SIGNATURES = "values.signatures"
VALUES_ERASURES = "values.erasures"
ALLOCATIONS_ONE_SLOT = "allocations.one-slot-each"
ALLOCATIONS_RIGHT_SLOT = "allocations.right-slot"
ALLOCATIONS_RIGHT_STRATUM = "allocations.right-stratum"
ALLOCATIONS_IN_ORDER = "allocations.in-order-without-gaps"
PACKS_ISSUED = "packs.issued-before-allocation"
KITS_RIGHT = "kits.right-kit"
KITS_IN_ORDER = "kits.periods-in-order"
BREAKS_RECORDS = "code-breaks.disclosure-of-its-intent"
ASSESSMENTS_BLIND = "assessments.blind"
FACTS_NOTED = "facts.as-noted"
PREPARATIONS_RIGHT = "preparations.right-content"
QUALITY_RECORDED = "quality.recorded-when-told"
TABLES_AGREE = "tables.csv-agree"

STEPS: tuple[Step, ...] = (
    Step(PINS_CERTIFICATE, "pins", "the certificate has the pinned digest"),
    Step(PINS_CEREMONY_KEY, "pins", "keys.json names the pinned key of the ceremony"),
    Step(PINS_LOG_KEY, "pins", "keys.json names the pinned key of the log"),
    Step(CERTIFICATE_SIGNATURE, "public", "the ceremony's key signed the certificate"),
    Step(CERTIFICATE_DEFINITION, "public", "definition.json is the one that was sealed for"),
    Step(CERTIFICATE_QUORUMS, "public", "both releases need the custodians whom the definition asks for"),
    Step(CERTIFICATE_ATTEMPTS, "public", "every earlier attempt at the ceremony is told, with its reason"),
    Step(COMMITMENTS_SIGNATURES, "public", "every contributor signed their own commitment"),
    Step(
        COMMITMENTS_BEFORE_REVEAL,
        "public",
        "the commitments are those of the certificate, the machine's first, all for this definition, "
        "generator and attempt",
    ),
    Step(SEED_CONTRIBUTIONS, "release", "every contribution is the one that was committed to"),
    Step(SEED_COMBINATION, "release", "the contributions give the seed"),
    Step(SCHEDULE_UNBLINDED, "release", "the unblinded definition is the one that was committed to"),
    Step(SCHEDULE_CERTIFICATE, "release", "the schedule is of the trial, version, size and sequences"),
    Step(SCHEDULE_REGENERATED, "release", "the seed gives every sequence, number, kit and salt again"),
    Step(LEAVES_ROOT, "release", "the leaves made of schedule and rows lead to the certificate's root"),
    Step(ROWS_PLACES, "release", "the sealed rows are those that the definition calls for, in order"),
    Step(ROWS_NUMBERS, "release", "numbers of slots and kits stand once each and have their check digit"),
    Step(ROWS_LENGTHS, "release", "envelopes and wraps have the one length of the design"),
    Step(ROWS_SEALED_ROOT, "release", "columns, envelopes and wraps lead to the root that is in force"),
    Step(ROWS_LASTING_ROOT, "release", "all that no rotation changes leads to the certificate's root"),
    Step(ENTRIES_NUMBERING, "public", "entries are numbered from 0 without a gap"),
    Step(ENTRIES_ROLES, "public", "every act was done in a role that may do it"),
    Step(ENTRIES_SUBJECTS, "public", "sites are of the definition, participants have a check digit"),
    Step(ENTRIES_ROOT, "public", "all entries lead to the root of the newest checkpoint"),
    Step(CHECKPOINTS_SIGNATURES, "public", "the log's key signed every checkpoint"),
    Step(CHECKPOINTS_CONSISTENCY, "public", "every older checkpoint is a beginning of the same trail"),
    Step(CHECKPOINTS_WITNESSED, "pins", "every pinned witness co-signed the newest checkpoint"),
    Step(ORDER_SIGNED, "public", "sponsor and unblinded statistician signed before the activation"),
    Step(ORDER_ACTIVATED, "public", "the trial was activated exactly once"),
    Step(
        ORDER_SEALED,
        "public",
        "sealing, activation and a checkpoint over it came before the first allocation",
    ),
    Step(ORDER_WITNESSED, "pins", "a pinned witness co-signed the activation before the first allocation"),
    Step(RANDOMIZATIONS_ONCE, "public", "nobody was randomized twice"),
    Step(DISPENSATIONS_AFTER, "public", "kits went to randomized participants, one a period at most"),
    Step(BREAKS_INTENT, "public", "an intent stands before every disclosure"),
    Step(LOCK_NO_DATA_ACT, "public", "no act changed data after the lock"),
    Step(VALUES_DIGESTS, "release", "salted values have the digests of their entries"),
    Step(VALUES_RECORDS, "release", "every record has the fields of its kind, none dated after its act"),
    Step(VALUES_SUBJECTS, "release", "every record is about the participant and site of its entry"),
    Step(VALUES_HISTORY, "release", "every record goes on from where its last entry left it"),
    Step(
        VALUES_CERTIFICATE,
        "release",
        "this certificate was activated, and the release of its sealing exported",
    ),
    Step(VALUES_ROTATIONS, "release", "every rotation of keys goes on from the root that was in force"),
    Step(VALUES_SIGNATURES, "release", "every signed act has a signature over what was signed"),
    Step(VALUES_ERASURES, "release", "every reason that was erased is one of an earlier entry, erased once"),
    Step(ALLOCATIONS_ONE_SLOT, "release", "each participant has one slot, each slot one participant"),
    Step(ALLOCATIONS_RIGHT_SLOT, "release", "each allocation names its slot's own stratum, place and number"),
    Step(ALLOCATIONS_RIGHT_STRATUM, "release", "each participant's levels lead to the stratum of the slot"),
    Step(ALLOCATIONS_IN_ORDER, "release", "slots of a stratum were taken in order without gaps"),
    Step(PACKS_ISSUED, "release", "a pack with the slot was at the site before each production allocation"),
    Step(KITS_RIGHT, "release", "each kit handed out was ready, of the slot and period, and went out once"),
    Step(KITS_IN_ORDER, "release", "no kit went out before the period before it was closed"),
    Step(BREAKS_RECORDS, "release", "each disclosure belongs to its own intent, for somebody randomized"),
    Step(ASSESSMENTS_BLIND, "release", "nobody signed a blinded assessment after they were shown an answer"),
    Step(
        FACTS_NOTED, "release", "what is told of preparations and products was noted as it was written down"
    ),
    Step(PREPARATIONS_RIGHT, "release", "each kit made ready held the treatment of its slot and period"),
    Step(
        QUALITY_RECORDED, "release", "each lot and result was recorded by its entry, and is of what there is"
    ),
    Step(TABLES_AGREE, "release", "the CSV files say what entries and schedule say"),
)
