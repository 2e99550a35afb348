"""What each table of a release and each of its columns holds: the headings, and the codebook for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from randomizer.domain.definition_values import Definition

    Column = tuple[str, str]

ALLOCATION: Final = "allocation.csv"
DISPENSATION: Final = "dispensation.csv"
DEVIATIONS: Final = "deviations.csv"
ASSESSMENTS: Final = "assessments.csv"
ASSESSMENT_HISTORY: Final = "assessment_history.csv"
CODE_BREAKS: Final = "code_breaks.csv"
PARTICIPANTS: Final = "participants.csv"
PRODUCTS: Final = "products.csv"
PREPARATIONS: Final = "preparations.csv"
PRODUCT_LOTS: Final = "product_lots.csv"
QUALITY_RESULTS: Final = "quality_results.csv"
ORDER: Final[Mapping[str, str]] = {
    ALLOCATION: "One row per randomization, in the order of the entries.",
    DISPENSATION: "One row per kit that was handed out and not taken back, in the order of the entries.",
    DEVIATIONS: "One row per deviation, in the order of the entries.",
    ASSESSMENTS: "One row per blinded assessment that was signed for, as it stands, by its first entry.",
    ASSESSMENT_HISTORY: "One row per signature under a blinded assessment, in the order of the entries.",
    CODE_BREAKS: "One row per code break, in the order of the entries of intent.",
    PARTICIPANTS: "One row per participant, by number: everybody who consented.",
    PRODUCTS: "One row per donation, by participant and donation.",
    PREPARATIONS: "One row per participant and period for which a kit was prepared, as written down last, in "
    "the order of the entries. How much of the kit was given is in dispensation.csv; a dose in cells per kg "
    "follows from that, from the cell count and from a body weight that is not recorded here.",
    PRODUCT_LOTS: "One row per lot that was recorded of a product, by participant and donation.",
    QUALITY_RESULTS: "One row per quality result, by participant and donation, as they were recorded; "
    "one that was corrected stays.",
}
COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    ALLOCATION: (
        ("entry", "number of the entry that the row comes from"),
        ("participant", "participant number"),
        ("site", "site code at that time"),
        ("stratum", "stratum as randomized"),
        ("slot", "0-based position in the schedule"),
        ("ordinal", "1-based position within the stratum"),
        ("randomization_number", "eight digits"),
        ("allocated_at", "when the participant was randomized"),
        ("sequence", "sequence code"),
    ),
    DISPENSATION: (
        ("entry", "number of the entry that the row comes from"),
        ("participant", "participant number"),
        ("site", "site code at that time"),
        ("period", "1-based"),
        ("kit", "kit number"),
        ("treatment", "treatment code of the participant's slot in this period"),
        ("dispensed_at", "when the kit was handed out"),
        ("outcome", "given, partly given or not given; empty while nothing is recorded"),
        ("given_at", "start of the infusion"),
        ("stopped_at", "when an infusion given in part was stopped"),
        ("volume_ml", "volume given where it was given in part, else 0"),
    ),
    DEVIATIONS: (
        ("entry", "number of the entry that the row comes from"),
        ("participant", "participant number"),
        ("period", "1-based; 0 where it is about no period"),
        ("what", "kind of deviation"),
        ("recorded_at", "when"),
    ),
    ASSESSMENTS: (
        ("entry", "number of the entry in which it was signed"),
        ("participant", "participant number"),
        ("site", "site code at that time"),
        ("assessment", "code of the assessment in the definition"),
        ("time_point", "time point of the definition"),
        ("done_at", "when it was done"),
        ("account", "number of the account of whoever signed it as made"),
        ("signed_at", "when it was signed as made without knowledge of the treatment"),
        ("stands", "no where it was struck out and counts nowhere, else yes"),
        ("last_entry", "number of the entry that corrected it last or struck it out, else that of its own"),
    ),
    ASSESSMENT_HISTORY: (
        ("entry", "number of the entry that the row comes from"),
        ("assessment_entry", "number of the entry in which the assessment was signed"),
        ("participant", "participant number"),
        ("site", "site code at that time"),
        ("act", "whether the entry signed it, corrected it or struck it out"),
        ("assessment", "code of the assessment in the definition, as this entry leaves it"),
        ("time_point", "time point of the definition, as this entry leaves it"),
        ("done_at", "when it was done, as this entry leaves it"),
        ("account", "number of the account of whoever signed this entry"),
        ("signed_at", "when this entry was signed, without knowledge of the treatment"),
    ),
    CODE_BREAKS: (
        ("entry", "number of the entry of the intent"),
        ("participant", "participant number"),
        ("site", "site code at that time"),
        ("account", "number of the account of whoever broke the code"),
        ("reason", "code of the reason"),
        ("intended_at", "when the intent was on record"),
        ("disclosed_at", "when the answer was shown; empty where none was"),
        ("disclosure_entry", "number of the entry of the disclosure"),
    ),
    PARTICIPANTS: (
        ("participant", "participant number"),
        ("site", "site code at the end"),
        ("state", "where the participant is"),
        ("period", "the current or last period, 0 before randomization"),
        ("ending", "why treatment ended early"),
        ("follow_up", "whether follow-up goes on after an early end: yes or no"),
        ("attempts", "screening attempts"),
        ("replaces", "number of the participant who is replaced"),
        ("randomized_in_error", "yes or no"),
        ("consented_at", "when consent was given"),
        ("ended_at", "when treatment ended early or the participant completed"),
        ("stratum", "stratum as randomized"),
    ),
    PRODUCTS: (
        ("participant", "participant number"),
        ("donation", "1-based"),
        ("state", "harvested, cleared by the clearing person, cleared, failed"),
        ("harvested_at", "when the donation was taken"),
        ("cleared_at", "when the sponsor gave the go"),
        ("failed_at", "when the product was found unusable"),
    ),
    PREPARATIONS: (
        ("entry", "number of the entry that ended the preparation"),
        ("participant", "participant number"),
        ("site", "site code at that time"),
        ("period", "1-based"),
        ("account", "number of the account of whoever prepared"),
        ("ended_at", "when the preparation ended"),
        ("kit", "kit number that was made ready; empty where none was"),
        ("content", "treatment code of what was put into the kit (CDISC: ECTRT)"),
        ("lot", "lot of the content (CDISC: ECLOT)"),
        ("form", "product form, e.g. fresh or cryopreserved (CDISC: ECDOSFRM)"),
        ("cell_count", "as the preparer wrote it, with its unit"),
        ("viability", "as the preparer wrote it, with its unit"),
        ("thaw", "thaw record"),
        ("spoiled", "kit numbers that were begun and could not be used, with spaces between"),
    ),
    PRODUCT_LOTS: (
        ("participant", "participant number"),
        ("donation", "1-based"),
        ("lot", "as on its label"),
        ("form", "product form, e.g. fresh or cryopreserved"),
        ("cell_count", "as it was written, with its unit"),
        ("viability", "as it was written, with its unit"),
        ("recorded_at", "when it was recorded, its samples taken"),
        ("in_use", "whether it was cleared, so that kits might be made of it: yes or no"),
        ("struck_at", "when it was struck out, recorded by mistake; empty where it stands"),
    ),
    QUALITY_RESULTS: (
        ("participant", "participant number"),
        ("donation", "1-based"),
        ("subject", "lot, or kit number, that was tested"),
        ("test", "code of the test in the definition"),
        ("result", "passed or failed"),
        ("recorded_at", "when it was recorded"),
        ("account", "number of the account of whoever recorded it"),
        ("counts", "yes or no: no where a later row corrects it"),
        ("counted_at_lock", "yes or no: whether it counted when the database was locked"),
        ("addendum", "yes or no: whether it was added after the lock"),
    ),
}
"""Name and content of each column; `columns` adds those that a definition brings."""


def columns(table: str, definition: Definition) -> tuple[Column, ...]:
    """The columns of a table, each with what it holds.

    Args:
        table: Name of its file.
        definition: Brings a column for each period and factor.
    """
    more: list[Column] = []
    if table == ALLOCATION:
        more = [
            (f"treatment_{one.number}", f"treatment code of period {one.number}")
            for one in definition.periods
        ]
    if table == PARTICIPANTS:
        more = [(f"level_{one.code}", f"{one.name}, as randomized") for one in definition.factors]
        more += [(f"true_{one.code}", f"{one.name}, its true level") for one in definition.factors]
    return (*COLUMNS[table], *more)


PERIOD: Final = "period-1.csv"
PERIOD_COLUMNS: Final[tuple[Column, ...]] = (
    ("entry", "number of the entry of the randomization"),
    ("participant", "participant number"),
    ("site", "site code at that time"),
    ("stratum", "stratum as randomized"),
    ("slot", "0-based position in the schedule"),
    ("ordinal", "1-based position within the stratum"),
    ("randomization_number", "eight digits"),
    ("allocated_at", "when the participant was randomized"),
    ("treatment", "treatment code of period 1"),
    ("kit", "kit number that was handed out for period 1; empty where none was"),
    ("dispensed_at", "when the kit was handed out"),
    ("outcome", "given, partly given or not given; empty where nothing came of the period"),
    ("given_at", "start of the infusion"),
    ("stopped_at", "when an infusion given in part was stopped"),
    ("volume_ml", "volume given where it was given in part, else 0"),
)
"""Name and content of each column of the one table of a staged release."""


def period_codebook(definition: Definition) -> str:
    """What the table of a staged release holds, as Markdown."""
    lines = [f"| {column} | {meaning} |" for column, meaning in PERIOD_COLUMNS]
    parts = [
        f"# Codebook of the staged release of {definition.trial_id}\n",
        "Period 1 alone, as its data were locked; no seed, and no slot that nobody has, was opened for it.\n",
        *_conventions(definition),
        f"## {PERIOD}\n",
        "One row per randomization, in the order of the entries.\n",
        "| column | holds |\n| --- | --- |",
        *lines,
        "",
    ]
    return "\n".join(parts)


def codebook(definition: Definition) -> str:
    """What every table and column of a release holds, as Markdown."""
    parts = [
        f"# Codebook of the release of {definition.trial_id}\n",
        *_conventions(definition),
    ]
    for table, order in ORDER.items():
        lines = [f"| {column} | {meaning} |" for column, meaning in columns(table, definition)]
        parts += [f"## {table}\n", f"{order}\n", "| column | holds |\n| --- | --- |", *lines, ""]
    return "\n".join(parts)


def _conventions(definition: Definition) -> tuple[str, ...]:
    return (
        "Comma-separated, UTF-8, one heading line, quotes only where needed. Times are UTC.\n",
        "An empty cell means: there is none. Free text is left out of every table.\n",
        f"Treatments: {', '.join(f'{one.code} = {one.name}' for one in definition.treatments)}.\n",
    )
