"""The blinded definition: from TOML once, then frozen; its canonical form is what people sign."""

from __future__ import annotations

import hashlib

from randomizer.domain.canonical import read, write
from randomizer.domain.definition_parser import parse
from randomizer.domain.definition_values import (
    AssessmentPlan,
    AssessmentWindow,
    CarryOver,
    Check,
    CodeBreakPolicy,
    CodeBreakReason,
    Definition,
    EligibilityItem,
    Factor,
    KitPolicy,
    Level,
    NoticePolicy,
    PeriodPlan,
    QuorumPolicy,
    Site,
    StratumPlan,
    Treatment,
)

__all__ = [
    "AssessmentPlan",
    "AssessmentWindow",
    "CarryOver",
    "Check",
    "CodeBreakPolicy",
    "CodeBreakReason",
    "Definition",
    "EligibilityItem",
    "Factor",
    "KitPolicy",
    "Level",
    "NoticePolicy",
    "PeriodPlan",
    "QuorumPolicy",
    "Site",
    "StratumPlan",
    "Treatment",
    "canonical",
    "digest",
    "from_canonical",
    "parse_definition",
]

FORMAT = "crossover-randomizer/v1/definition"


def parse_definition(text: str, source: str) -> Definition:
    """Read a definition from the text of a TOML file.

    Args:
        text: The file.
        source: Its name, as it should stand in the places of faults.

    Raises:
        DefinitionFaulty: With *every* fault of the file, each with its place (lists count from 1).
    """
    return parse(text, source)


def canonical(definition: Definition) -> bytes:
    """Return the canonical form, which is what a digest and a signature are about."""
    return write(FORMAT, definition)


def digest(definition: Definition) -> str:
    """Return SHA-256 of the canonical form, in hex: what the sponsor and the statistician sign."""
    return hashlib.sha256(canonical(definition)).hexdigest()


def from_canonical(data: bytes) -> Definition:
    """Return the definition of a canonical form; the round trip is exact.

    Raises:
        DefinitionFaulty: The bytes are not the canonical form of any definition.
    """
    return read(data, FORMAT, Definition)
