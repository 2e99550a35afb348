"""Answers of one length: nobody who sees sizes alone learns what an answer says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g

if TYPE_CHECKING:
    from flask import Flask, Response

ANSWER_BYTES = 48 * 1024
"""Length of every answer that may unblind; twice the longest of them."""


def fill_up(app: Flask) -> None:
    """Fill marked answers up to one length, and keep proxies from compressing them again.

    Call it before the furniture is put in: what is registered first is done last.
    """

    @app.after_request
    def _fill(response: Response) -> Response:
        if not g.get("of_one_length") or response.is_streamed:
            return response
        body = response.get_data()
        missing = -len(body) % ANSWER_BYTES
        if response.mimetype == "text/html":
            opening, closing = b"\n<!--", b"-->\n"
            if missing < len(opening) + len(closing):
                missing += ANSWER_BYTES
            response.set_data(body + opening + b" " * (missing - len(opening) - len(closing)) + closing)
        else:
            response.set_data(body + b" " * missing)
        response.headers["Cache-Control"] = "no-store, no-transform"
        return response
