"""DataMatrix images, as bytes and as data: addresses."""

from __future__ import annotations

import base64

from pystrich.datamatrix import DataMatrixData, DataMatrixEncoder

CELL = 8  # pixels of one module


def data_matrix_png(digits: str) -> bytes:
    """A DataMatrix (ECC 200) of a number, with its quiet zone."""
    encoder = DataMatrixEncoder(DataMatrixData(digits, encoding="ascii"))
    return bytes(encoder.get_imagedata(CELL))


def data_matrix_url(digits: str) -> str:
    """The same as a data: address."""
    return "data:image/png;base64," + base64.b64encode(data_matrix_png(digits)).decode()
