"""What a registry record says, and whether it states a randomized crossover trial."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from randomizer.errors import RecordRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

LARGEST_FILE = 20_000_000  # bytes; an export of some thousand trials
NOT_A_RECORD = "The registry record cannot be read: "
FORMATS = "ClinicalTrials.gov v2 JSON, WHO ICTRP XML or WHO ICTRP portal text"

_BREAKS = re.compile(r"<br\s*/?>", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_NOT_RANDOMIZED = re.compile(
    r"^(n/?a|no|none|not applicable)\W*$|\b(non|not|un|quasi|pseudo)[\s_-]*randomi[sz]"
    r"|randomi[sz](ed|ation)\s*[:=?]\s*(no\b|n/?a\b|not applicable|none|false)",
    re.IGNORECASE,
)
_RANDOMIZED = re.compile(r"randomi[sz](ed|ation)", re.IGNORECASE)
_NO_CROSSOVER = (
    re.compile(  # in "Parallel group: no Cross over: yes" the "no" belongs to what stands before it
        r"cross[\s_-]*over\s*[:=?]\s*(no\b|false)"
        r"|(?<![:=]\s)(?<![:=])\b(no|not|non|without)[\s_-]+(a\s+)?cross[\s_-]*over",
        re.IGNORECASE,
    )
)
_CROSSOVER = re.compile(r"cross[\s_-]*over", re.IGNORECASE)
_MASKED = {
    "participant": r"participant|subject|patient",
    "care provider": r"care[\s_-]*(provider|giver)",
    "investigator": r"investigator",
    "outcomes assessor": r"outcomes?[\s_-]*assessor",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A text of the record and the field that it stands in."""

    field: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryRecord:
    """What a record says; a text that it does not give is empty. Arms are never taken for sequences."""

    source: str  # format
    registry_id: str
    title: str
    scientific_title: str
    sponsor: str
    phase: str
    study_type: Statement
    allocation: Statement
    model: Statement
    masking: str
    interventions: tuple[str, ...]
    arms: tuple[str, ...]
    places: tuple[str, ...]  # facilities where the record names them, else countries
    age_minimum: str
    age_maximum: str
    criteria: str  # lines, both kinds under their headings
    target_size: str

    @property
    def masked_roles(self) -> tuple[str, ...]:
        """Masked roles that the record names, in the words of a definition."""
        return tuple(role for role, words in _MASKED.items() if re.search(words, self.masking, re.IGNORECASE))


def clean(text: object) -> str:
    """Return one line of a record's value: no control characters, no padding, "" when it is no text."""
    return " ".join(clean_lines(text).split())


def clean_lines(text: object) -> str:
    """Return the lines of a record's value, each trimmed; `<br>` is a line break."""
    if isinstance(text, int) and not isinstance(text, bool) and text.bit_length() <= 64:  # noqa: PLR2004 - a count
        text = str(text)
    if not isinstance(text, str):
        return ""
    whole = text.encode("utf-8", "replace").decode("utf-8")  # a JSON escape can name half a character
    lines = _BREAKS.sub("\n", whole.replace("\r", "\n")).replace("\u00a0", " ").split("\n")
    return "\n".join(" ".join(_CONTROL.sub(" ", line).split()) for line in lines).strip()


def choose(candidates: Iterable[tuple[str, object]], trial_id: str | None, field: str) -> object:
    """Return the one record of a file that is meant.

    Args:
        candidates: Pairs of registry identifier and record.
        trial_id: The one that is asked for; None where the file holds one only.
        field: Where the identifier stands.

    Raises:
        RecordRefused: The file holds none, several and none is asked for, or not the one asked for.
    """
    held = list(candidates)
    if not held:
        raise RecordRefused(f"{NOT_A_RECORD}the file holds no trial.", field=field)
    shown = ", ".join(name or "(without identifier)" for name, _ in held[:5])
    if trial_id is None and len(held) > 1:
        raise RecordRefused(
            f"The file holds {len(held)} trials: {shown}{', ...' if len(held) > 5 else ''}.",  # noqa: PLR2004
            field=field,
            next_step="Say which one is meant by its registry identifier.",
        )
    for name, record in held:
        if trial_id is None or name == trial_id:
            return record
    raise RecordRefused(f"The file does not hold {trial_id}; it holds {shown}.", field=field)


def demand_randomized_crossover(record: RegistryRecord) -> None:
    """Refuse every record that does not state a randomized crossover trial.

    Raises:
        RecordRefused: Names the field, what it must say and what it says.
    """
    if not record.registry_id:
        raise RecordRefused(f"{NOT_A_RECORD}it has no registry identifier.", field="registry_id")
    kind = record.study_type
    if not kind.text.casefold().startswith("interventional"):
        raise _not(kind, "interventional")
    model = record.model
    if _NO_CROSSOVER.search(model.text) or not _CROSSOVER.search(model.text):
        raise _not(model, "a crossover trial")
    allocation = record.allocation
    titles = f"{record.title} {record.scientific_title}"
    if _NOT_RANDOMIZED.search(allocation.text):
        raise _not(allocation, "randomized")
    if not _RANDOMIZED.search(allocation.text) and (
        _NOT_RANDOMIZED.search(titles) or not _RANDOMIZED.search(titles)
    ):
        raise _not(allocation, "randomized")


def _not(statement: Statement, wanted: str) -> RecordRefused:
    got = f"got {statement.text[:200]!r}" if statement.text else "the field is empty or missing"
    return RecordRefused(
        f"{statement.field} must state that the trial is {wanted}; {got}.",
        field=statement.field,
        next_step="Only randomized crossover trials can be drafted; have a wrong record corrected.",
    )
