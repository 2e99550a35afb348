"""The records of a released trial, for the statisticians: what they are, and the file itself."""

from __future__ import annotations

from contextlib import suppress
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, cast

from flask import current_app, render_template, send_file

from randomizer.domain.trial import Phase
from randomizer.errors import RandomizerError
from randomizer.services.unblinded import records
from randomizer.web.codebreak.pages import codebreak, desk, looking

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Response

ARCHIVE = "application/zip"


@codebreak.get("/records")
def released_records() -> str:
    """What the records hold, and how one's own copy is opened beside them."""
    with looking() as seen:
        records.demand(seen)
        return render_template(
            "codebreak/records.html", name=_name(seen.definition.trial_id), ready=records.covered(seen)
        )


@codebreak.get("/records/download")
def taken_records() -> Response:
    """The records as one file."""
    return take()


def take() -> Response:
    """The records as one file, for pages and API; the person is checked on the way.

    Raises:
        NotAllowed: They are not for the person's role.
        Refused: The trial is not released, or no checkpoint covers the release yet.
    """
    file = TemporaryFile()  # noqa: SIM115 - has no name, and is gone when the answer is closed
    try:
        with looking() as seen:
            records.pack(seen, desk(), cast("Path", current_app.extensions["public"]), file)
            name = _name(seen.definition.trial_id)
    except BaseException:
        file.close()
        raise
    return send_file(file, mimetype=ARCHIVE, as_attachment=True, download_name=f"{name}.zip")


def released() -> bool:
    """Whether the trial is released, for the links of a page; a page never fails for it."""
    with suppress(RandomizerError), looking() as seen:
        return seen.trial.phase is Phase.RELEASED
    return False


def _name(trial_id: str) -> str:
    return f"{trial_id}-records"
