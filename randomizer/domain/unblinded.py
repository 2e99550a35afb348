"""The unblinded definition: sequences and procedure, read by the ceremony only; nothing has a readable repr.

Faults of an unblinded file name place and rule and never repeat what the file says.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from randomizer.domain.canonical import read, write
from randomizer.domain.toml_table import Faults, Table, load
from randomizer.domain.trial import Kind
from randomizer.domain.williams import LARGEST, williams
from randomizer.errors import Refused

if TYPE_CHECKING:
    from randomizer.domain.definition_values import Definition

FORMAT = "crossover-randomizer/v1/unblinded-definition"
PROCEDURES = ("complete", "permuted-blocks", "big-stick")
LARGEST_BLOCK = 24
LARGEST_WEIGHT = 1000
LARGEST_LIMIT = 20
WILLIAMS = "williams"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SequencePlan:
    """The ordered treatments of one sequence."""

    code: str
    treatments: tuple[str, ...]  # treatment codes, one for each period

    def __repr__(self) -> str:
        return "Sequence(masked)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Procedure:
    """The randomization rule."""

    kind: str  # one of PROCEDURES
    block_sizes: tuple[int, ...] = ()
    weights: tuple[int, ...] = ()  # of the block sizes, in the same order
    limit: int = 0  # largest imbalance of the big stick

    def __repr__(self) -> str:
        return "Procedure(masked)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class UnblindedDefinition:
    """What only the ceremony reads, and what is then kept only sealed."""

    sequences: tuple[SequencePlan, ...]
    procedure: Procedure
    rehearsal_only: bool

    def __repr__(self) -> str:
        return "UnblindedDefinition(masked)"

    def demand_fit(self, kind: Kind) -> None:
        """Refuse a file that is for rehearsals only where the trial is real.

        Raises:
            Refused: The kind is production and the file says `rehearsal_only = true`.
        """
        if self.rehearsal_only and kind is Kind.PRODUCTION:
            raise Refused(
                "The unblinded definition says rehearsal_only = true; a production ceremony refuses it.",
                field="rehearsal_only",
                next_step="Have the unblinded statistician write one for this trial.",
            )


def parse_unblinded(
    text: str, definition: Definition, source: str = "unblinded definition"
) -> UnblindedDefinition:
    """Read an unblinded definition.

    Args:
        text: The TOML file.
        definition: The blinded definition that it belongs to.
        source: Name of the file, for the places of faults.

    Raises:
        DefinitionFaulty: With every fault; no sentence repeats what the file says.
    """
    faults = Faults(source, quote=False)
    root = load(text, faults)
    found = UnblindedDefinition(
        sequences=_sequences(root, definition, faults),
        procedure=_procedure(root.table("procedure"), definition.sequence_count),
        rehearsal_only=root.flag("rehearsal_only"),
    )
    root.done()
    faults.raise_any()
    return found


def canonical(unblinded: UnblindedDefinition) -> bytes:
    """Return the canonical form; it unblinds, so it is only ever sealed or committed to with a salt."""
    return write(FORMAT, unblinded)


def from_canonical(data: bytes) -> UnblindedDefinition:
    """Return the unblinded definition of a canonical form; the round trip is exact.

    Raises:
        DefinitionFaulty: The bytes are not the canonical form of any.
    """
    return read(data, FORMAT, UnblindedDefinition)


def salted_commitment(unblinded: UnblindedDefinition, salt: bytes) -> str:
    """Return SHA-256(salt || canonical form) in hex, for the certificate.

    Args:
        unblinded: What is committed to.
        salt: 32 random bytes that stay in the release envelope; without a salt the few plausible files
            could be tried one after the other.
    """
    return hashlib.sha256(salt + canonical(unblinded)).hexdigest()


def _sequences(root: Table, definition: Definition, faults: Faults) -> tuple[SequencePlan, ...]:
    if root.says("sequences", WILLIAMS):
        return _williams(root, definition)
    if not root.has("sequences"):
        root.absent("sequences", f'a list of sequences, or "{WILLIAMS}"')
        return ()
    tables = root.tables("sequences", least=2)
    found = tuple(
        SequencePlan(code=table.code("code"), treatments=_treatments(table, definition)) for table in tables
    )
    for table in tables:
        table.done()
    faults.unique([one.code for one in found], [table.place("code") for table in tables], "sequences")
    orders = [" ".join(one.treatments) for one in found]
    faults.unique(orders, [table.place("treatments") for table in tables], "sequences")
    if len(found) != definition.sequence_count:
        root.fault("sequences", f"must be {definition.sequence_count}: the design is {definition.design}")
    named = {code for one in found for code in one.treatments}
    if any(treatment.code not in named for treatment in definition.treatments):
        root.fault("sequences", "must use every treatment of the definition")
    return found


def _treatments(table: Table, definition: Definition) -> tuple[str, ...]:
    codes = table.texts("treatments")
    known = [treatment.code for treatment in definition.treatments]
    if any(code not in known for code in codes):
        table.fault("treatments", "must name treatments of the definition")
    if len(codes) != definition.period_count:
        table.fault("treatments", f"must name one treatment for each of {definition.period_count} periods")
    return codes


def _williams(root: Table, definition: Definition) -> tuple[SequencePlan, ...]:
    count = len(definition.treatments)
    if definition.period_count != count or count > LARGEST:
        root.fault(
            "sequences",
            f"must be listed: a Williams design has one period for each of at most {LARGEST} treatments",
        )
        return ()
    rows = williams(count)
    if len(rows) != definition.sequence_count:
        root.fault(
            "sequences",
            f"must be listed: a Williams design has {len(rows)} sequences, not {definition.sequence_count}",
        )
    return tuple(
        SequencePlan(
            code="".join("ABCDEFGHI"[index] for index in row),
            treatments=tuple(definition.treatments[index].code for index in row),
        )
        for row in rows
    )


def _procedure(table: Table, arms: int) -> Procedure:
    kind = table.choice("kind", PROCEDURES)
    found = Procedure(kind=kind)
    if kind == "permuted-blocks":
        found = _blocks(table, arms)
    elif kind == "big-stick":
        found = Procedure(kind=kind, limit=table.whole("limit", 1, LARGEST_LIMIT))
        if arms != 2:  # noqa: PLR2004 - an imbalance limit is about two counts
            table.fault("kind", "must be another procedure: the big stick is for 2 sequences")
    if kind:
        table.done()
    return found


def _blocks(table: Table, arms: int) -> Procedure:
    sizes = table.wholes("block_sizes", 2, LARGEST_BLOCK)
    weights = table.wholes("weights", 1, LARGEST_WEIGHT, optional=True)
    if any(size % arms for size in sizes):
        table.fault("block_sizes", f"must be multiples of the number of sequences, {arms}")
    if len(set(sizes)) != len(sizes):
        table.fault("block_sizes", "must not repeat a size; use weights")
    if table.has("weights") and table.sound("weights", "block_sizes") and len(weights) != len(sizes):
        table.fault("weights", "must have one weight for each block size")
    return Procedure(kind="permuted-blocks", block_sizes=sizes, weights=weights or (1,) * len(sizes))
