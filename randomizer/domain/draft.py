"""A draft definition from a registry record: the facts as TOML, everything else as a marked open question.

What is open is left out, with a commented pattern in its place, so that reading the draft lists just that.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from randomizer.domain.criteria import Criterion, split
from randomizer.domain.openings import SECTION_OPENINGS, TRIAL_OPENINGS, Opening

if TYPE_CHECKING:
    from collections.abc import Iterator

    from randomizer.domain.registry_record import RegistryRecord

TREATMENTS = 2  # fewer interventions than that name no treatments
LONGEST_ITEM = 1900
_AGE = re.compile(r"(\d{1,3})\s*(years?|y|ans)?\.?", re.IGNORECASE)
_DIGIT = re.compile(r"\d")


def draft(record: RegistryRecord) -> str:
    """Return the draft as TOML; a person completes it.

    Args:
        record: Of a randomized crossover trial.
    """
    criteria = split(record.criteria)
    openings = [*_trial_openings(record), *_body_openings(record, criteria)]
    questions = [f"{opening.place}: {opening.question}" for opening in openings]
    questions += _doubts(record)
    lines = [
        f"# Draft from {record.source}, {record.registry_id}. Not a definition yet: answer each OPEN line,",
        "# then delete it, and its entry in open_questions. Check every fact against the protocol.",
        "",
        "[trial]",
        f"id = {_toml(_code(record.registry_id))}",
        f"registry_id = {_toml(record.registry_id[:40])}",
        *(
            [f"title = {_toml(_clip(record.title or record.scientific_title, 400))}"]
            if _title(record)
            else []
        ),
        *([f"phase = {_toml(record.phase[:40])}"] if record.phase else []),
        *([f"sponsor = {_toml(_clip(record.sponsor, 200))}"] if record.sponsor else []),
        *([f"masked_roles = {_toml_list(record.masked_roles)}"] if record.masked_roles else []),
        "open_questions = [",
        *(f"  {_toml(_clip(question, 400))}," for question in questions),
        "]",
        "",
        *(line for opening in _trial_openings(record) for line in opening.lines()),
        *_treatments(record),
        *(line for opening in _body_openings(record, criteria) for line in opening.lines()),
        *_eligibility(record, criteria),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _title(record: RegistryRecord) -> str:
    return record.title or record.scientific_title


def _trial_openings(record: RegistryRecord) -> Iterator[Opening]:
    for key, value in (("title", _title(record)), ("phase", record.phase), ("sponsor", record.sponsor)):
        if not value:
            yield Opening(
                place=f"trial.{key}", question="the record does not say", pattern=(f'{key} = "..."',)
            )
    if not record.masked_roles:
        yield Opening(
            place="trial.masked_roles",
            question="the record does not say who is masked",
            pattern=('masked_roles = ["participant", "care provider", "investigator", "outcomes assessor"]',),
        )
    yield from TRIAL_OPENINGS


def _body_openings(record: RegistryRecord, criteria: tuple[Criterion, ...]) -> Iterator[Opening]:
    if len(record.interventions) < TREATMENTS:
        named = ", ".join(record.interventions) or "none"
        yield Opening(
            place="treatments",
            question=f"the record names fewer than two interventions ({_clip(named, 120)})",
            pattern=("[[treatments]]", 'code = "A"', 'name = "..."'),
        )
    places = _clip(", ".join(record.places), 200) or "none"
    yield Opening(
        place="sites",
        question=f"codes and telephone numbers; places in the record: {places}",
        pattern=(
            "[[sites]]",
            'code = "S1"',
            'name = "..."',
            'country = "..."',
            'telephone = "+33 1 99 00 00 00"',
        ),
    )
    yield from SECTION_OPENINGS
    if not criteria and _age_limits(record) is None:
        yield Opening(
            place="eligibility",
            question="the record gives no criteria",
            pattern=("[[eligibility]]", 'code = "IN01"', 'kind = "inclusion"', 'text = "..."'),
        )


def _doubts(record: RegistryRecord) -> list[str]:
    """Return questions about what is there: registries name interventions and arms, not sequences."""
    doubts = ["eligibility: split and worded as in the record; merge, reword, and add machine checks"]
    if len(record.interventions) >= TREATMENTS:
        doubts.append("treatments: taken from the interventions of the record; is each of them a treatment?")
    if record.arms:
        arms = _clip("; ".join(record.arms), 200)
        doubts.append(
            f"sequences: the record registers these arms, which were not taken for sequences: {arms}"
        )
    return doubts


def _treatments(record: RegistryRecord) -> Iterator[str]:
    if len(record.interventions) < TREATMENTS:
        return
    yield "# OPEN: treatments: is each intervention of the record a treatment? Codes are placeholders."
    for number, name in enumerate(record.interventions, start=1):
        yield from ("[[treatments]]", f'code = "T{number}"', f"name = {_toml(_name(name, number))}", "")


def _name(name: str, number: int) -> str:
    clipped = _clip(name, 80)
    return clipped if clipped == name else f"{clipped[:75]} ({number})"


def _eligibility(record: RegistryRecord, criteria: tuple[Criterion, ...]) -> Iterator[str]:
    counts = {"inclusion": 0, "exclusion": 0}
    limits = _age_limits(record)
    if limits is not None:
        counts["inclusion"] += 1
        yield "[[eligibility]]"
        yield 'code = "IN01"'
        yield 'kind = "inclusion"'
        yield f"text = {_toml(f'Age: minimum {record.age_minimum}, maximum {record.age_maximum}.')}"
        yield f'checks = [{{ field = "age_years", label = "Age", unit = "years", {limits} }}]'
        yield ""
    for criterion in criteria:
        counts[criterion.kind] += 1
        yield "[[eligibility]]"
        yield f'code = "{criterion.kind[:2].upper()}{counts[criterion.kind]:02}"'
        yield f'kind = "{criterion.kind}"'
        yield f"text = {_toml(_clip(criterion.text, LONGEST_ITEM))}"
        question = _question(criterion)
        if question:
            yield f"# OPEN: {question}"
            yield f"open_question = {_toml(question)}"
        yield ""


def _question(criterion: Criterion) -> str:
    if len(criterion.text) > LONGEST_ITEM:
        return "The text was cut: take it from the protocol, as several items."
    if _DIGIT.search(criterion.text):
        return "A number stands here: add a machine check, or say why there is none."
    return ""


def _age_limits(record: RegistryRecord) -> str | None:
    low, high = (_AGE.fullmatch(text) for text in (record.age_minimum, record.age_maximum))
    if low and high and int(low[1]) <= int(high[1]):
        return f'operator = "between", low = {int(low[1])}, high = {int(high[1])}'
    if low and not high:
        return f'operator = "at least", low = {int(low[1])}'
    if high and not low:
        return f'operator = "at most", high = {int(high[1])}'
    return None


def _code(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")[:16].strip("-") or "draft"


def _clip(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml_list(texts: tuple[str, ...]) -> str:
    return "[" + ", ".join(_toml(text) for text in texts) + "]"
