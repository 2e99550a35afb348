"""Codes that were used while the database could not be written, so that none works twice all the same.

The file of intents keeps them over a restart of the door, and `code_breaks.reconcile` brings them into the
database, where the site door sees them too. A file that takes nothing stops nobody: the door's memory has the
code, and without a sink nothing is opened anyway.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from randomizer.domain.housekeeping import RecoveryUse, TotpUse
from randomizer.services import recovery_codes, six_digits
from randomizer.services.recovery_codes import Recovered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from randomizer.services.unblinded.sinks import IntentFile
    from randomizer.store.work import UnitOfWork

SIX_DIGITS: Final = "six-digit code used"
RECOVERY: Final = "recovery code used"
SPENT: Final = frozenset({SIX_DIGITS, RECOVERY})
"""Lines of codes; unlike all others they are entered without an act."""


class SpentCodes:
    """What the file knows of codes.

    Args:
        file: The second sink of the code-break host.
    """

    def __init__(self, file: IntentFile) -> None:
        self._file = file

    def steps(self) -> dict[int, int]:
        """The last time step of each account whose six-digit code the file holds."""
        steps: dict[int, int] = {}
        for line in self._file.lines(SIX_DIGITS):
            with suppress(KeyError, ValueError):  # a line that says nothing keeps no door from opening
                account, step = int(line["account"]), int(line["step"])
                steps[account] = max(step, steps.get(account, step))
        return steps

    def recovered(self) -> set[str]:
        """Digests of the recovery codes that the file holds."""
        return {str(line.get("digest")) for line in self._file.lines(RECOVERY)}

    def file_step(self, account: int, step: int) -> bool:
        """Have the disk remember a six-digit code; says whether it does."""
        return self._append({"what": SIX_DIGITS, "account": account, "step": step})

    def file_recovered(self, recovered: Recovered) -> bool:
        """Have the disk remember a recovery code; says whether it does."""
        return self._append(
            {
                "what": RECOVERY,
                "account": recovered.account,
                "digest": recovered.digest,
                "left": recovered.left,
            }
        )

    def _append(self, line: Mapping[str, Any]) -> bool:
        filed = self._file.try_append(line)
        if filed:
            self._file.waiting = True
        return filed


def lacks(uow: UnitOfWork, line: Mapping[str, Any]) -> bool:
    """Whether the database does not know yet what a line of `SPENT` says."""
    if line["what"] == RECOVERY:
        return uow.find(RecoveryUse, str(line["digest"])) is None
    used = uow.find(TotpUse, int(line["account"]))
    return used is None or used.last_step < int(line["step"])


def enter(uow: UnitOfWork, line: Mapping[str, Any]) -> None:
    """Have the database remember what a line of `SPENT` says; does nothing where it knows."""
    if not lacks(uow, line):
        return
    account = int(line["account"])
    if line["what"] == RECOVERY:
        used = Recovered(account=account, digest=str(line["digest"]), left=int(line["left"]))
        recovery_codes.use(uow, used)
    else:
        six_digits.use(uow, account, int(line["step"]))
