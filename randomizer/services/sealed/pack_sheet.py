"""The emergency pack on paper: how to open it, whom to call, and every sealed answer that its file holds."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

from fpdf import XPos, YPos
from fpdf.enums import WrapMode

from randomizer.domain.numbers import group3
from randomizer.domain.trial import Kind
from randomizer.services import paper
from randomizer.services.sealed.bindings import EMERGENCY
from randomizer.services.sealed.certificate_fields import REHEARSAL_NOTICE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.trial import Slot, Trial
    from randomizer.services.paper import Paper

A4: Final = (210.0, 297.0)  # mm
MARGIN: Final = 18.0  # mm

BEFORE: Final = (
    "Where the service answers, break the code there: it knows what was given. This pack knows only what was "
    "planned."
)
RUN: Final = (
    "On a computer with Python, without a network: python open_pack.py FILE. Program and file of this pack "
    "lie on the medium beside this paper."
)
TAKE: Final = (
    "Take the sealed sheet with the code of this number, and no other. Note on its bag who opens it, when "
    "and why."
)
CALL: Final = (
    "Telephone the trial office. The trial manager enters the opening as soon as the service is back "
    "(randomizer emergency-pack record)."
)
SECTIONS: Final = (
    ("Before", (BEFORE,)),
    (
        "How to open one answer",
        (
            "Read the randomization number (8 digits) from the participant card.",
            TAKE,
            RUN,
            "Type the number, then the code. The answer names the planned treatment of each period.",
            "Compare its kit numbers with the labels that were kept: what was given stands on the kits.",
            CALL,
        ),
    ),
    (
        "What not to do",
        (
            "Do not open the sheet of anybody else, and none for practice: a rehearsal has its own pack.",
            "Do not write the answer on this paper, in an e-mail or where blinded people read it.",
            "Do not keep the sheets of codes in one bag with this pack: together they open everything.",
        ),
    ),
)
"""Headings, and what stands below each."""

ANSWERS: Final = (
    "Below each randomization number: its envelope and its emergency wrap in base64, as docs/sealing.md "
    "says; nothing but the code of the number opens them."
)


def pdf(
    trial: Trial, definition: Definition, site: str, slots: Sequence[Slot], *, content: bytes, at: datetime
) -> bytes:
    """Draw the paper of a pack; the same bytes for the same pack and moment.

    Args:
        trial: As activated.
        definition: Its blinded definition.
        site: Site code.
        slots: Those that the pack holds.
        content: The file of the pack, whose digest is printed.
        at: When the pack is issued.
    """
    named = f"{definition.trial_id}, emergency pack of site {site}"
    sheet = paper.document(named, at, size_mm=A4)
    sheet.foot = f"{named}, certificate {trial.certificate_digest[:16]}..."
    sheet.set_margin(MARGIN)
    sheet.set_auto_page_break(auto=True, margin=MARGIN)
    sheet.add_page()
    if trial.kind is Kind.REHEARSAL:
        sheet.set_fill_color(255, 210, 74)
        sheet.set_font(paper.FONT, style="B", size=11)
        sheet.multi_cell(w=0, text=REHEARSAL_NOTICE, fill=True, padding=2, **_below())
        sheet.ln(3)
    sheet.set_font(paper.FONT, style="B", size=20)
    sheet.cell(h=9, text="Emergency pack: sealed", **_below())
    for line in lines(trial, definition, site, len(slots)):
        sheet.set_font(paper.FONT, size=11)
        sheet.multi_cell(w=0, h=5.5, text=line, align="L", **_below())
    _digest(sheet, "Certificate of the sealing (SHA-256)", trial.certificate_digest)
    _digest(sheet, "File of this pack (SHA-256)", hashlib.sha256(content).hexdigest())
    for heading, items in SECTIONS:
        _section(sheet, heading, items)
    _answers(sheet, slots)
    return bytes(sheet.output())


def lines(trial: Trial, definition: Definition, site: str, count: int) -> tuple[str, ...]:
    """What the head of the paper says of the pack.

    Args:
        trial: As activated.
        definition: Its blinded definition.
        site: Site code.
        count: Sealed answers in the pack.
    """
    place = definition.site(site)
    return (
        f"Trial {definition.trial_id} ({trial.kind}): {definition.title}",
        f"Site {site}, {place.name}, {place.telephone}; {count} sealed answers.",
        f"Code-break telephone, day and night: {definition.code_break.telephone}",
        f"Trial office: {definition.telephone}",
        definition.code_break.emergency_text.strip(),
    )


def sealed_text(slot: Slot) -> str:
    """What is printed of a slot: its envelope and its emergency wrap, in base64."""
    return " ".join(b64encode(part).decode() for part in (slot.ciphertext, dict(slot.wraps)[EMERGENCY]))


def _digest(sheet: Paper, label: str, digest: str) -> None:
    sheet.ln(1)
    sheet.set_font(paper.FONT, style="B", size=10)
    sheet.cell(h=5, text=label, **_below())
    sheet.set_font("Courier", size=9)
    sheet.cell(h=4.5, text=" ".join(digest[at : at + 8] for at in range(0, len(digest), 8)), **_below())


def _section(sheet: Paper, heading: str, items: Sequence[str]) -> None:
    sheet.ln(3)
    sheet.set_font(paper.FONT, style="B", size=13)
    sheet.cell(h=7, text=heading, **_below())
    sheet.set_font(paper.FONT, size=11)
    for number, item in enumerate(items, start=1):
        sheet.multi_cell(
            w=0, h=5.5, text=f"{number}. {item}" if len(items) > 1 else item, align="L", **_below()
        )
        sheet.ln(1)


def _answers(sheet: Paper, slots: Sequence[Slot]) -> None:
    sheet.add_page()
    _section(sheet, "The sealed answers of the file, for whoever has lost it", (ANSWERS,))
    for slot in slots:
        sheet.ln(1)
        sheet.set_font(paper.FONT, style="B", size=10)
        sheet.cell(h=4.5, text=group3(slot.randomization_number), **_below())
        sheet.set_font("Courier", size=7)
        sheet.multi_cell(w=0, h=3, text=sealed_text(slot), align="L", wrapmode=WrapMode.CHAR, **_below())


def _below() -> dict[str, Any]:
    return {"new_x": XPos.LMARGIN, "new_y": YPos.NEXT}
