"""The labels of a kit as PDF and as images, for over-bag and bag; the same bytes for one kit."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import TYPE_CHECKING, Any

from fpdf import XPos, YPos
from pystrich.datamatrix import DataMatrixData, DataMatrixEncoder
from pystrich.gs1 import GS1Fixed, GS1Variable

from randomizer.domain.label_texts import TEXTS
from randomizer.domain.labels import VARIABLE
from randomizer.domain.numbers import group3
from randomizer.services import paper

if TYPE_CHECKING:
    from randomizer.services.paper import Paper

WIDTH, HEIGHT, MARGIN = 105, 148, 6  # the over-bag's label, A6 portrait, mm
SMALL_HEIGHT = 100  # the bag's label, mm
CODE = 22  # side of the DataMatrix, mm
CELL = 8  # pixels of one module


def symbol_png(elements: tuple[tuple[str, str], ...]) -> bytes:
    """A GS1 DataMatrix with its quiet zone.

    Args:
        elements: Application identifiers with their content, in order.
    """
    fields = [GS1Variable(*one) if one[0] in VARIABLE else GS1Fixed(*one) for one in elements]
    return bytes(DataMatrixEncoder(DataMatrixData.gs1(*fields)).get_imagedata(CELL))


def symbol_url(elements: tuple[tuple[str, str], ...]) -> str:
    """The same as a data: address."""
    return "data:image/png;base64," + base64.b64encode(symbol_png(elements)).decode()


def readable(elements: tuple[tuple[str, str], ...]) -> str:
    """The symbol's content as people read it, e.g. "(10)12345678(17)270107(21)222471255"."""
    return "".join(f"({identifier}){content}" for identifier, content in elements)


def shown(label: dict[str, Any]) -> dict[str, Any]:
    """What the page of the labels is made of.

    Args:
        label: A `randomizer.domain.labels.Label`, as the person may see it.
    """
    return label | {"symbol": symbol_url(label["elements"]), "readable": readable(label["elements"])}


def pdf(label: dict[str, Any]) -> bytes:
    """Draw both labels, each on a page of its own size.

    Args:
        label: A `randomizer.domain.labels.Label`, as the person may see it.
    """
    title = f"Labels of kit {group3(label['kit'])}"
    page = paper.document(title, label["made_at"], size_mm=(WIDTH, HEIGHT))
    page.set_lang(label["language"])
    page.set_auto_page_break(auto=False)
    page.set_margin(MARGIN)
    image = symbol_png(label["elements"])
    page.add_page(format=(WIDTH, HEIGHT))
    _draw(page, label, image, size=11)
    page.add_page(format=(WIDTH, SMALL_HEIGHT))
    _draw(page, label, image, size=8)
    return bytes(page.output())


def _draw(page: Paper, label: dict[str, Any], image: bytes, *, size: float) -> None:
    texts = TEXTS[label["language"]]
    page.set_y(MARGIN)
    if label["rehearsal"]:
        page.set_fill_color(255, 210, 74)
        page.rect(0, 0, WIDTH, 6, style="F")
        page.set_y(1)
        _line(page, texts.rehearsal, 9, bold=True, align="C")
        page.set_y(MARGIN + 2)
    for statement in label["first"]:
        _line(page, statement, size + 1, bold=True)
    _line(page, label["trial"], size)
    top = page.get_y() + 1
    page.image(BytesIO(image), x=WIDTH - MARGIN - CODE, y=top, w=CODE, h=CODE)
    page.set_y(top)
    beside = WIDTH - 2 * MARGIN - CODE - 3
    _line(page, texts.kit, size, width=beside)
    _line(page, group3(label["kit"]), size * 2.4, bold=True, width=beside)
    _line(page, label["products"], size + 1, bold=True, width=beside)
    page.set_y(max(page.get_y(), top + CODE) + 1)
    for name, value in label["lines"]:
        _line(page, f"{name}: {value}" if name else value, size)
    _line(page, readable(label["elements"]), size - 1)


def _line(
    page: Paper, text: str, size: float, *, bold: bool = False, width: float = 0, align: str = "L"
) -> None:
    page.set_font(paper.FONT, style="B" if bold else "", size=size)
    page.multi_cell(w=width, h=size * 0.46, text=text, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
