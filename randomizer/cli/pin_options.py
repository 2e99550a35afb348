"""What a person knows from the trial master file: the options of every command that verifies."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from randomizer.cli.console import read_text
from randomizer.services.verification import pinning

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.services.verification.steps_certificate import Pins

    Command = Callable[..., None]

OPTIONS: Final = (
    click.option("--certificate-digest", default="", help="Digest in the trial master file, 64 hex digits."),
    click.option("--ceremony-key", default="", help="Verifier key of the ceremony, or a file with it."),
    click.option("--log-key", default="", help="Verifier key of the log, or a file with it."),
    click.option("--witness-key", "witness_keys", multiple=True, help="Key of a witness, or a file with it."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PinTexts:
    """Pins as they were given; texts, or files that hold them.

    Args:
        certificate_digest: 64 hex digits, or "".
        ceremony_key: Verifier key, or "".
        log_key: Verifier key, or "".
        witness_keys: Verifier keys.
    """

    certificate_digest: str
    ceremony_key: str
    log_key: str
    witness_keys: tuple[str, ...]

    def pins(self, directory: Path) -> Pins:
        """The pins; where none was given, those of ``pins.json`` in the directory, if it is there.

        Args:
            directory: Holds ``public``.

        Raises:
            Unreadable: One is malformed.
            Refused: A file that was named cannot be read.
        """
        if self.certificate_digest or self.ceremony_key or self.log_key or self.witness_keys:
            return pinning.given(
                certificate_digest=self.certificate_digest,
                ceremony_key=_text(self.ceremony_key),
                log_key=_text(self.log_key),
                witness_keys=[_text(key) for key in self.witness_keys],
            )
        path = directory / pinning.PINS_FILE
        return pinning.from_file(path) if path.exists() else pinning.given()


def pin_options(command: Command) -> Command:
    """Give a command the four options, and `PinTexts` as its argument ``known``."""

    @wraps(command)
    def pinned(**given: Any) -> None:  # noqa: ANN401 - options of any command
        names = [field.name for field in fields(PinTexts)]
        known = PinTexts(**{name: given.pop(name) for name in names})
        command(known=known, **given)

    for option in reversed(OPTIONS):  # the help lists the last one applied first
        pinned = option(pinned)
    return pinned


def _text(text_or_path: str) -> str:
    try:
        is_file = bool(text_or_path) and Path(text_or_path).is_file()
    except (OSError, ValueError):  # too long for a name
        is_file = False
    return read_text(Path(text_or_path)) if is_file else text_or_path
