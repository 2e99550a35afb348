"""The three formats of registry records: ClinicalTrials.gov v2 JSON, WHO ICTRP XML, WHO ICTRP portal text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError  # the error class; the parser is defusedxml

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from randomizer.domain.registry_record import (
    FORMATS,
    LARGEST_FILE,
    NOT_A_RECORD,
    RegistryRecord,
    Statement,
    choose,
    clean,
    clean_lines,
    demand_randomized_crossover,
)
from randomizer.errors import RecordRefused

__all__ = ["RegistryRecord", "read_record"]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from xml.etree.ElementTree import Element

_MODEL = re.compile(r"(?:intervention(?:al)?(?: study)? model|\bassignment)\s*:\s*([^.;\n]*)", re.IGNORECASE)
_ALLOCATION = re.compile(r"\ballocation\s*:\s*([^.;\n]*)", re.IGNORECASE)
_MASKING = re.compile(r"\b(?:masking|blinding)\s*:\s*([^.;\n]*)", re.IGNORECASE)
_PORTAL_MARK = "Main ID:"
_SECTIONS = {
    "Countries of recruitment",
    "Contacts",
    "Key inclusion & exclusion criteria",
    "Health Condition(s) or Problem(s) studied",
    "Intervention(s)",
    "Primary Outcome(s)",
    "Secondary Outcome(s)",
    "Secondary ID(s)",
    "Source(s) of Monetary Support",
    "Secondary Sponsor(s)",
    "Ethics review",
    "Results",
}
_LABEL = re.compile(r"([A-Z][A-Za-z ]{2,30}):[ \t]*(.*)")


def read_record(data: bytes, trial_id: str | None = None) -> RegistryRecord:
    """Read a registry record of a randomized crossover trial.

    Args:
        data: The file, in one of the three formats.
        trial_id: Registry identifier, needed where the file holds several trials.

    Raises:
        RecordRefused: The file cannot be read, or the trial is no randomized crossover; names the field.
    """
    if len(data) > LARGEST_FILE:
        raise RecordRefused(
            f"{NOT_A_RECORD}it has {len(data)} bytes, more than {LARGEST_FILE}.", field="file"
        )
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((b"{", b"[")):
        record = _read_json(start, trial_id)
    elif start.startswith(b"<"):
        record = _read_xml(start, trial_id)
    else:
        record = _read_portal(start, trial_id)
    demand_randomized_crossover(record)
    return record


def _unreadable(what: str) -> RecordRefused:
    return RecordRefused(f"{NOT_A_RECORD}{what}. It must be {FORMATS}.", field="file")


def _read_json(data: bytes, trial_id: str | None) -> RegistryRecord:
    try:
        loaded = json.loads(data)
    except (ValueError, RecursionError):
        raise _unreadable("it is not JSON") from None
    studies = loaded if isinstance(loaded, list) else _at(loaded, "studies") or [loaded]
    found = studies if isinstance(studies, list) else []
    field = "protocolSection.identificationModule.nctId"
    pairs = [(clean(_at(one, *field.split("."))), one) for one in found if isinstance(one, dict)]
    study = choose(pairs, trial_id, field)
    protocol = _at(study, "protocolSection")
    if not isinstance(protocol, dict):
        raise RecordRefused(f"{NOT_A_RECORD}protocolSection is missing.", field="protocolSection")
    return _from_protocol(protocol)


def _from_protocol(protocol: dict[str, Any]) -> RegistryRecord:
    def text(*path: str) -> str:
        return clean(_at(protocol, *path))

    def statement(*path: str) -> Statement:
        return Statement(field=".".join(("protocolSection", *path)), text=text(*path))

    design = ("designModule", "designInfo")
    return RegistryRecord(
        source="ClinicalTrials.gov v2 JSON",
        registry_id=text("identificationModule", "nctId"),
        title=text("identificationModule", "briefTitle"),
        scientific_title=text("identificationModule", "officialTitle"),
        sponsor=text("sponsorCollaboratorsModule", "leadSponsor", "name"),
        phase="/".join(_texts(protocol, ("designModule", "phases"))),
        study_type=statement("designModule", "studyType"),
        allocation=statement(*design, "allocation"),
        model=statement(*design, "interventionModel"),
        masking=", ".join(_texts(protocol, (*design, "maskingInfo", "whoMasked"))),
        interventions=_texts(protocol, ("armsInterventionsModule", "interventions"), "name"),
        arms=_texts(protocol, ("armsInterventionsModule", "armGroups"), "label"),
        places=_texts(protocol, ("contactsLocationsModule", "locations"), "facility"),
        age_minimum=text("eligibilityModule", "minimumAge"),
        age_maximum=text("eligibilityModule", "maximumAge"),
        criteria=clean_lines(_at(protocol, "eligibilityModule", "eligibilityCriteria")),
        target_size=text("designModule", "enrollmentInfo", "count"),
    )


def _at(value: object, *path: str) -> object:
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _texts(value: object, path: tuple[str, ...], key: str | None = None) -> tuple[str, ...]:
    found = _at(value, *path)
    if not isinstance(found, list):
        return ()
    return _filled(clean(one if key is None else _at(one, key)) for one in found)


def _filled(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def _read_xml(data: bytes, trial_id: str | None) -> RegistryRecord:
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise _unreadable("it is not plain XML") from None
    trials = [root] if root.tag == "Trial" else root.findall("Trial")
    pairs = [(clean(trial.findtext("TrialID")), trial) for trial in trials]
    chosen = choose(pairs, trial_id, "TrialID")
    fields = {child.tag: child.text or "" for child in chosen} if chosen in trials else {}
    both = [clean_lines(fields.get(key, "")) for key in ("Inclusion_Criteria", "Exclusion_Criteria")]
    return _from_ictrp(
        "WHO ICTRP XML", lambda key: fields.get(key, ""), _XML, criteria="\n".join(both).strip()
    )


_XML = {
    "id": "TrialID",
    "title": "Public_title",
    "scientific title": "Scientific_title",
    "sponsor": "Primary_sponsor",
    "phase": "Phase",
    "type": "Study_type",
    "design": "Study_design",
    "interventions": "Intervention",
    "countries": "Countries",
    "from age": "Inclusion_agemin",
    "to age": "Inclusion_agemax",
    "size": "Target_size",
}
_PORTAL = {
    "id": "Main ID",
    "title": "Public title",
    "scientific title": "Scientific title",
    "sponsor": "Primary sponsor",
    "phase": "Phase",
    "type": "Study type",
    "design": "Study design",
    "interventions": "Intervention(s)",
    "countries": "Countries of recruitment",
    "from age": "Age minimum",
    "to age": "Age maximum",
    "size": "Target sample size",
}


def _read_portal(data: bytes, trial_id: str | None) -> RegistryRecord:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise _unreadable("it is not UTF-8 text") from None
    if _PORTAL_MARK not in text.replace("\u00a0", " "):
        raise _unreadable(f'it has no "{_PORTAL_MARK}"')
    fields = _portal_fields(clean_lines(text).split("\n"))
    choose([(fields.get("Main ID", ""), fields)], trial_id, "Main ID")
    criteria = fields.get("Key inclusion & exclusion criteria", "")
    return _from_ictrp("WHO ICTRP portal text", lambda key: fields.get(key, ""), _PORTAL, criteria=criteria)


def _portal_fields(lines: list[str]) -> dict[str, str]:
    """Take labels before the first section, and sections up to the next; the first of a name counts."""
    fields: dict[str, str] = {}
    section = ""
    held: list[str] = []
    for line in [*lines, "Results"]:
        label = _LABEL.fullmatch(line)
        ends_criteria = section.startswith("Key") and label and label[1] == "Age minimum"
        if line in _SECTIONS or ends_criteria:
            if section:
                fields.setdefault(section, "\n".join(held).strip())
            section, held = ("" if ends_criteria else line), []
        elif section:
            held.append(line)
        if label and not section:
            fields.setdefault(label[1], label[2])
    return fields


def _from_ictrp(
    source: str, get: Callable[[str], str], names: dict[str, str], *, criteria: str
) -> RegistryRecord:
    def text(key: str) -> str:
        return clean(get(names[key]))

    def part(pattern: re.Pattern[str]) -> Statement:
        found = pattern.search(text("design"))
        return Statement(field=names["design"], text=found[1].strip() if found else text("design"))

    def entries(key: str) -> tuple[str, ...]:
        return _filled(entry.strip() for entry in re.split(r"[;\n]", clean_lines(get(names[key]))))

    masking = _MASKING.search(text("design"))
    return RegistryRecord(
        source=source,
        registry_id=text("id"),
        title=text("title"),
        scientific_title=text("scientific title"),
        sponsor=text("sponsor"),
        phase=text("phase"),
        study_type=Statement(field=names["type"], text=text("type")),
        allocation=part(_ALLOCATION),
        model=part(_MODEL),
        masking=masking[1] if masking else "",
        interventions=entries("interventions"),
        arms=(),
        places=entries("countries"),
        age_minimum=text("from age"),
        age_maximum=text("to age"),
        criteria=criteria,
        target_size=text("size"),
    )
