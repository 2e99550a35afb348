"""The labels of a kit: what stands on the bag and on its over-bag, in the site's language, whatever is in it.

Nothing here takes a treatment: a label names every product of the trial, in the order of the definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from randomizer.domain.label_texts import TEXTS
from randomizer.domain.packaging import code_of
from randomizer.errors import Refused

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.supply import Kit

GTIN, BATCH, EXPIRY, SERIAL = "01", "10", "17", "21"
VARIABLE: Final = frozenset({BATCH, SERIAL})
"""GS1 application identifiers, and those whose content ends with a separator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """The content of both labels of a kit.

    Args:
        language: Of the site, a key of `randomizer.domain.label_texts.TEXTS`.
        rehearsal: Whether it says that it is not for use.
        kit: Kit number.
        participant: Participant number: who gave the cells and who receives the kit.
        trial: Trial and registry, and site: what identifies where it belongs.
        elements: GS1 application identifiers with their content, in the order of the symbol.
        products: Names of every product of the trial, joined by "or".
        first: Statements that stand on top, in order.
        lines: Label and value of each further line, in order.
        made_at: When the kit became ready, which the file names as its date.
    """

    language: str
    rehearsal: bool
    kit: str
    participant: str
    trial: str
    elements: tuple[tuple[str, str], ...]
    products: str
    first: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]
    made_at: datetime


def of(definition: Definition, kit: Kit, *, participant: str, site: str, rehearsal: bool) -> Label:
    """The labels of a kit that is, or was, ready.

    Args:
        definition: Says what every label of the trial says.
        kit: With its times.
        participant: For whom it is.
        site: Site code.
        rehearsal: Whether the instance is one.

    Raises:
        Refused: The definition has no section on labels, or the kit never became ready.
    """
    policy, place = definition.label, definition.site(site)
    if policy is None:
        raise Refused(
            "The definition of this trial has no section [label], so no label can be printed.",
            next_step="Use the labels of the trial's manual; the sponsor adds the section to the definition.",
        )
    if kit.ready_at is None or kit.expires_at is None:
        raise Refused("A kit that is not ready has no label yet.", field="kit", next_step="Prepare it first.")
    texts = TEXTS[place.language]
    names = [policy.name_of(one.code, place.language) or one.name for one in definition.treatments]
    code = code_of(definition.trial_id, kit.number)
    use = f"{texts.content.format(volume=definition.kits.volume_ml)} {texts.routes[policy.route]}"
    period = texts.period.format(period=kit.period, periods=definition.period_count)
    return Label(
        language=place.language,
        rehearsal=rehearsal,
        kit=kit.number,
        participant=participant,
        trial=f"{definition.trial_id.upper()} ({definition.registry_id}) · {place.code} · {place.name}",
        elements=_elements(policy.gtin, code, kit.expires_at, kit.number),
        products=f" {texts.or_} ".join(names),
        first=(texts.trial_use, *((texts.autologous,) if policy.autologous else ())),
        lines=(
            ("", texts.one_of),
            (texts.participant, f"{participant} · {period}"),
            ("", use),
            ("", texts.directions.format(minutes=definition.kits.infusion_minutes)),
            (texts.code, code),
            (texts.expiry, f"{kit.expires_at:%Y-%m-%d %H:%M} UTC"),
            ("", texts.storage.format(low=policy.store_from_c, high=policy.store_to_c)),
            (texts.sponsor, definition.sponsor),
            (texts.contact, definition.telephone),
            (texts.emergency, definition.code_break.telephone),
        ),
        made_at=kit.ready_at,
    )


def _elements(gtin: str, code: str, expires_at: datetime, kit: str) -> tuple[tuple[str, str], ...]:
    first = ((GTIN, gtin),) if gtin else ()
    return (*first, (BATCH, code), (EXPIRY, f"{expires_at:%y%m%d}"), (SERIAL, kit))
