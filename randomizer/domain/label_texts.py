"""The fixed texts of a label, in each language that a site may have; the same whatever the treatment.

Source: Regulation (EU) No 536/2014, Annex VI, section A; for cells of the participant, EudraLex volume 4,
part IV (autologous use, identification of the donor).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTexts:
    """What stands on every label; words in braces are filled in."""

    rehearsal: str
    trial_use: str
    autologous: str
    or_: str  # between the names of the products
    one_of: str  # that the trial is blinded
    participant: str  # who is donor and recipient
    kit: str
    period: str
    code: str
    expiry: str
    storage: str
    content: str
    routes: Mapping[str, str]
    directions: str
    sponsor: str
    contact: str
    emergency: str


ROUTES: Final = ("intravenous", "intrathecal", "intramuscular", "subcutaneous", "oral")
"""Ways of giving a product that the texts know."""

TEXTS: Final[Mapping[str, LabelTexts]] = {
    "en": LabelTexts(
        rehearsal="REHEARSAL: NOT FOR USE",
        trial_use="For clinical trial use only",
        autologous="For autologous use only",
        or_="or",
        one_of="Blinded: contains one or the other",
        participant="Participant (donor and recipient)",
        kit="Kit",
        period="Period {period} of {periods}",
        code="Packaging code (batch)",
        expiry="Use before",
        storage="Store at {low} °C to {high} °C",
        content="1 bag of {volume} mL",
        routes={
            "intravenous": "for intravenous infusion",
            "intrathecal": "for intrathecal use",
            "intramuscular": "for intramuscular use",
            "subcutaneous": "for subcutaneous use",
            "oral": "for oral use",
        },
        directions="Give over {minutes} minutes, as in the protocol",
        sponsor="Sponsor",
        contact="Trial office",
        emergency="Emergency, day and night",
    ),
    "fr": LabelTexts(
        rehearsal="RÉPÉTITION: NE PAS UTILISER",
        trial_use="Pour essai clinique uniquement",
        autologous="Pour usage autologue uniquement",
        or_="ou",
        one_of="En aveugle : contient l'un ou l'autre",
        participant="Participant (donneur et receveur)",
        kit="Kit",
        period="Période {period} sur {periods}",
        code="Code de conditionnement (lot)",
        expiry="À utiliser avant",
        storage="À conserver entre {low} °C et {high} °C",
        content="1 poche de {volume} mL",
        routes={
            "intravenous": "pour perfusion intraveineuse",
            "intrathecal": "pour voie intrathécale",
            "intramuscular": "pour voie intramusculaire",
            "subcutaneous": "pour voie sous-cutanée",
            "oral": "pour voie orale",
        },
        directions="Administrer en {minutes} minutes, selon le protocole",
        sponsor="Promoteur",
        contact="Bureau de l'essai",
        emergency="Urgence, jour et nuit",
    ),
    "it": LabelTexts(
        rehearsal="PROVA: NON USARE",
        trial_use="Solo per sperimentazione clinica",
        autologous="Solo per uso autologo",
        or_="o",
        one_of="In cieco: contiene l'uno o l'altro",
        participant="Partecipante (donatore e ricevente)",
        kit="Kit",
        period="Periodo {period} di {periods}",
        code="Codice di confezionamento (lotto)",
        expiry="Usare entro",
        storage="Conservare tra {low} °C e {high} °C",
        content="1 sacca da {volume} mL",
        routes={
            "intravenous": "per infusione endovenosa",
            "intrathecal": "per uso intratecale",
            "intramuscular": "per uso intramuscolare",
            "subcutaneous": "per uso sottocutaneo",
            "oral": "per uso orale",
        },
        directions="Somministrare in {minutes} minuti, secondo il protocollo",
        sponsor="Promotore",
        contact="Ufficio della sperimentazione",
        emergency="Emergenza, giorno e notte",
    ),
    "sv": LabelTexts(
        rehearsal="ÖVNING: FÅR EJ ANVÄNDAS",
        trial_use="Endast för klinisk prövning",
        autologous="Endast för autologt bruk",
        or_="eller",
        one_of="Blindad: innehåller det ena eller det andra",
        participant="Försöksperson (donator och mottagare)",
        kit="Kit",
        period="Period {period} av {periods}",
        code="Förpackningskod (sats)",
        expiry="Används före",
        storage="Förvaras vid {low} °C till {high} °C",
        content="1 påse med {volume} mL",
        routes={
            "intravenous": "för intravenös infusion",
            "intrathecal": "för intratekal användning",
            "intramuscular": "för intramuskulär användning",
            "subcutaneous": "för subkutan användning",
            "oral": "för oral användning",
        },
        directions="Ges under {minutes} minuter, enligt protokollet",
        sponsor="Sponsor",
        contact="Prövningskontor",
        emergency="Nödläge, dygnet runt",
    ),
    "da": LabelTexts(
        rehearsal="ØVELSE: MÅ IKKE ANVENDES",
        trial_use="Kun til klinisk forsøg",
        autologous="Kun til autolog anvendelse",
        or_="eller",
        one_of="Blindet: indeholder det ene eller det andet",
        participant="Forsøgsperson (donor og modtager)",
        kit="Kit",
        period="Periode {period} af {periods}",
        code="Pakningskode (batch)",
        expiry="Anvendes før",
        storage="Opbevares ved {low} °C til {high} °C",
        content="1 pose med {volume} mL",
        routes={
            "intravenous": "til intravenøs infusion",
            "intrathecal": "til intratekal anvendelse",
            "intramuscular": "til intramuskulær anvendelse",
            "subcutaneous": "til subkutan anvendelse",
            "oral": "til oral anvendelse",
        },
        directions="Gives over {minutes} minutter, ifølge protokollen",
        sponsor="Sponsor",
        contact="Forsøgskontor",
        emergency="Nødsituation, døgnet rundt",
    ),
    "es": LabelTexts(
        rehearsal="ENSAYO GENERAL: NO UTILIZAR",
        trial_use="Solo para uso en ensayo clínico",
        autologous="Solo para uso autólogo",
        or_="o",
        one_of="Enmascarado: contiene uno u otro",
        participant="Participante (donante y receptor)",
        kit="Kit",
        period="Periodo {period} de {periods}",
        code="Código de acondicionamiento (lote)",
        expiry="Usar antes de",
        storage="Conservar entre {low} °C y {high} °C",
        content="1 bolsa de {volume} mL",
        routes={
            "intravenous": "para perfusión intravenosa",
            "intrathecal": "para uso intratecal",
            "intramuscular": "para uso intramuscular",
            "subcutaneous": "para uso subcutáneo",
            "oral": "para uso oral",
        },
        directions="Administrar en {minutes} minutos, según el protocolo",
        sponsor="Promotor",
        contact="Oficina del ensayo",
        emergency="Urgencias, día y noche",
    ),
    "de": LabelTexts(
        rehearsal="PROBE: NICHT ANWENDEN",
        trial_use="Nur zur klinischen Prüfung bestimmt",
        autologous="Nur zur autologen Anwendung",
        or_="oder",
        one_of="Verblindet: enthält das eine oder das andere",
        participant="Teilnehmer (Spender und Empfänger)",
        kit="Kit",
        period="Periode {period} von {periods}",
        code="Verpackungscode (Charge)",
        expiry="Anwenden vor",
        storage="Bei {low} °C bis {high} °C lagern",
        content="1 Beutel mit {volume} mL",
        routes={
            "intravenous": "zur intravenösen Infusion",
            "intrathecal": "zur intrathekalen Anwendung",
            "intramuscular": "zur intramuskulären Anwendung",
            "subcutaneous": "zur subkutanen Anwendung",
            "oral": "zum Einnehmen",
        },
        directions="Über {minutes} Minuten geben, wie im Prüfplan",
        sponsor="Sponsor",
        contact="Studienbüro",
        emergency="Notfall, Tag und Nacht",
    ),
}
"""By language tag."""

LANGUAGES: Final = tuple(TEXTS)
