"""A pharmacist's counter: a browser, a keyboard-wedge scanner beside it, and what the printer gives."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import zxingcpp
from PIL import Image

from randomizer.domain.layouts import US, typed

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

    from randomizer.domain.layouts import Layout

DATA_URL = re.compile(r'src="data:image/png;base64,([^"]+)"')
PDF_IMAGE = re.compile(
    rb"/Height (?P<height>\d+)\n/Length (?P<length>\d+)\n/Subtype /Image\n"
    rb".*?/Width (?P<width>\d+)\n>>\nstream\n",
    re.DOTALL,
)
GREY_8_BIT = (8, 0, 0, 0, 0)


SECONDS_BETWEEN_KEYS = 0.005
NOW = "(performance.timeOrigin + performance.now()) / 1000"
ENDINGS: dict[str, dict[str, Any]] = {
    "Enter": {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"},
    "Tab": {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9},
}


@dataclass
class Counter:
    """A page, a scanner set to US beside it, and how often either was used."""

    page: Page
    keys: CDPSession
    scans: int = 0
    pressed: int = 0

    def scan(self, code: str, keyboard: Layout, ending: str = "Enter") -> None:
        """Strike the keys of a code as a scanner does, whatever has the focus."""
        self.scans += 1
        began = self.page.evaluate(NOW)
        signs = [{"key": sign, "text": sign} for sign in typed(code, US, keyboard)]
        for place, key in enumerate((*signs, *(ENDINGS[one] for one in ending.split()))):
            # On a busy machine a key is sent late, and the page has to take it for a scanner's all the same.
            # Nothing hears when it is let go.
            struck = {
                "type": "keyDown" if "text" in key else "rawKeyDown",
                "timestamp": began + place * SECONDS_BETWEEN_KEYS,
            }
            self.keys.send("Input.dispatchKeyEvent", key | struck)

    def press(self, key: str) -> None:
        self.pressed += 1
        self.page.keyboard.press(key)


def read(image: bytes) -> str:
    """What an independent decoder reads off a picture with one symbol, as a scanner would send it."""
    [found] = zxingcpp.read_barcodes(Image.open(BytesIO(image)))
    assert found.format is zxingcpp.BarcodeFormat.DataMatrix
    told = found.bytes.decode()
    return f"]d2{told}" if found.content_type is zxingcpp.ContentType.GS1 else told


def read_page(html: str) -> str:
    """The symbol on a printed page; one that stands there twice is the same twice."""
    [code] = {read(base64.b64decode(one)) for one in DATA_URL.findall(html)}
    return code


def read_pdf(pdf: bytes) -> str:
    """The symbol on a printed sheet; a grey picture lies in a PDF as it would in a PNG, without its frame."""
    [found] = PDF_IMAGE.finditer(pdf)
    size = struct.pack(">IIBBBBB", int(found["width"]), int(found["height"]), *GREY_8_BIT)
    data = pdf[found.end() : found.end() + int(found["length"])]
    return read(b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", size) + _chunk(b"IDAT", data) + _chunk(b"IEND", b""))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
