"""The certificate on paper, for the trial master file: what a person pins a verification to."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from fpdf import XPos, YPos
from pystrich.qrcode import QRCodeEncoder

from randomizer.services import paper
from randomizer.services.sealed import certificate_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keys.notes import VerifierKey
    from randomizer.services.paper import Paper
    from randomizer.services.sealed.certificate_fields import CertificateFields, QuorumFields

A4: Final = (210.0, 297.0)  # mm
MARGIN: Final = 18.0  # mm
CODE: Final = 34.0  # side of the QR code, mm
LABEL: Final = 42.0  # width of the left column, mm
LINE: Final = 4.5  # height of a line of the two columns, mm
MODULE: Final = 8  # pixels of one module of the code
SIGNED: Final = "Name ______________________   Date ______________   Signature ______________________"
SEALED_AT: Final = "%Y-%m-%dT%H:%M:%SZ"

Row = tuple[str, str]
"""What it is, and the value; ("Heading", "") begins a section."""


def pdf(note: bytes, key: VerifierKey) -> bytes:
    """Draw the sheet of a certificate; the same bytes for the same certificate.

    Args:
        note: The certificate as the ceremony signed it.
        key: Verifier key of the ceremony.

    Raises:
        BundleRefused: The signature does not hold, or the note is no certificate.
    """
    fields = certificate_fields.verify(note, key)
    digest = certificate_fields.digest(fields)
    sealed_at = datetime.strptime(fields.sealed_at, SEALED_AT).replace(tzinfo=UTC)
    sheet = paper.document(f"Certificate of sealing, {fields.trial_id}", sealed_at, size_mm=A4)
    sheet.foot = f"{fields.trial_id}, certificate {digest[:16]}…"
    sheet.set_margin(MARGIN)
    sheet.set_auto_page_break(auto=True, margin=MARGIN)
    sheet.add_page()
    _head(sheet, fields, digest)
    for label, value in rows(fields, key):
        _row(sheet, label, value)
    return bytes(sheet.output())


def rows(fields: CertificateFields, key: VerifierKey) -> Iterator[Row]:
    """Everything that the certificate says, in the order of the sheet.

    Args:
        fields: The certificate.
        key: Verifier key of the ceremony.
    """
    yield ("What was sealed", "")
    yield ("Ceremony key", key.encode())
    yield ("Definition", fields.definition_digest)
    yield ("Unblinded definition", f"{fields.unblinded_commitment} (salted commitment)")
    yield ("Generator", f"{fields.generator.version}, {fields.generator.digest}")
    strata = ", ".join(f"{code} {capacity}" for code, capacity in sorted(fields.sizes.strata.items()))
    yield ("Slots", f"{fields.sizes.slots} ({strata})")
    yield ("Periods", f"{fields.sizes.periods}, with {fields.sizes.kits_per_period} kits each")
    yield ("Root of the leaves", fields.leaf_root)
    yield ("Root of the sealed rows", fields.sealed_root)
    yield ("Lasting root of the sealed rows", fields.lasting_root)
    yield ("Transport key", fields.transport_key)
    yield ("Contributions", "")
    for one in fields.contributions:
        yield (one.name, f"commitment {one.commitment}\nkey {one.verifier}")
    for earlier in fields.attempts:
        yield (f"Attempt {earlier.attempt}", f"given up: {earlier.reason}")
    yield from _quorum("Final release", fields.release)
    yield from _quorum("Staged release", fields.staged)
    yield ("Files of the bundle", "")
    yield from sorted(fields.files.items())


def code(digest: str) -> bytes:
    """PNG of the QR code of a digest."""
    return bytes(QRCodeEncoder(digest).get_imagedata(MODULE))


def _quorum(name: str, quorum: QuorumFields) -> Iterator[Row]:
    yield (name, "")
    yield ("Quorum", f"{quorum.k} of {quorum.n} custodians")
    yield ("Public key", quorum.public_key)
    for number, share in enumerate(quorum.share_digests, start=1):
        yield (f"Share of custodian {number}", share)
    for recipient, digest in sorted(quorum.recipients.items()):
        yield (f"Recipient {recipient}", digest)


def _head(sheet: Paper, fields: CertificateFields, digest: str) -> None:
    if fields.rehearsal:
        sheet.set_fill_color(255, 210, 74)
        sheet.set_font(paper.FONT, style="B", size=11)
        sheet.multi_cell(w=0, text=fields.rehearsal, fill=True, padding=2, **_below())
        sheet.ln(3)
    top = sheet.get_y()
    code = BytesIO(QRCodeEncoder(digest).get_imagedata(MODULE))
    sheet.image(
        code,
        x=A4[0] - MARGIN - CODE,
        y=top,
        w=CODE,
        h=CODE,
        alt_text="QR code of the digest",
    )
    sheet.set_font(paper.FONT, style="B", size=20)
    sheet.cell(h=9, text="Certificate of sealing", **_below())
    sheet.set_font(paper.FONT, size=12)
    sheet.cell(
        h=6, text=f"Trial {fields.trial_id} ({fields.kind}), version {fields.schedule_version}", **_below()
    )
    sheet.cell(h=6, text=f"Sealed {fields.sealed_at.replace('T', ' ').replace('Z', ' UTC')}", **_below())
    sheet.ln(2)
    sheet.set_font(paper.FONT, style="B", size=11)
    sheet.cell(h=6, text="Digest of the certificate (SHA-256; the QR code holds the same)", **_below())
    sheet.set_font("Courier", style="B", size=13)
    for start in (0, 32):
        half = digest[start : start + 32]
        sheet.cell(h=6, text=" ".join(half[at : at + 8] for at in range(0, 32, 8)), **_below())
    sheet.set_y(max(sheet.get_y(), top + CODE))
    _signatures(sheet)


def _row(sheet: Paper, label: str, value: str) -> None:
    if not value:
        sheet.ln(3)
        sheet.set_font(paper.FONT, style="B", size=12)
        sheet.cell(h=7, text=label, **_below())
        sheet.line(MARGIN, sheet.get_y(), A4[0] - MARGIN, sheet.get_y())
        sheet.ln(1)
        return
    sheet.set_font(paper.FONT, size=9)
    if sheet.will_page_break(LINE * (value.count("\n") + 2)):
        sheet.add_page()
    top = sheet.get_y()
    sheet.multi_cell(w=LABEL, h=LINE, text=label, align="L", **_below())
    under = sheet.get_y()
    sheet.set_xy(MARGIN + LABEL, top)
    sheet.multi_cell(w=0, h=LINE, text=value, align="L", **_below())
    sheet.set_y(max(under, sheet.get_y()))


def _signatures(sheet: Paper) -> None:
    sheet.ln(4)
    sheet.set_font(paper.FONT, size=10)
    sheet.multi_cell(
        w=0,
        h=5,
        text="I compared this digest with the one that the ceremony showed, and filed this sheet before the "
        "first participant was randomized.",
        **_below(),
    )
    for _ in range(2):
        sheet.ln(8)
        sheet.cell(
            h=5,
            text="Name ______________________   Date ______________   Signature ______________________",
            **_below(),
        )


def _below() -> dict[str, Any]:
    return {"new_x": XPos.LMARGIN, "new_y": YPos.NEXT}
