"""Every error a person can meet, as one tree; messages are plain sentences that never unblind.

RandomizerError
├── Refused            a rule of the trial says no
│   ├── Faulty         several rules say no, each about a field
│   ├── Exhausted      no slot is left in the stratum
│   └── HardStop       this kit is not handed out; there is no override
├── NotAllowed         the role may not do this
├── SignInRefused      name, password or code do not fit
├── StepUpRefused      the act needs a fresh re-authentication
├── NotFound           there is no such record, or not for this person
├── Conflict           somebody else was first; asking again is safe
├── Busy               too many ask for this at once; asking again in a moment is safe
├── Unwritable         the database cannot be written now; what was under way was undone
├── Unreadable         the database cannot be read now
├── Stopped            an alarm stands; the act waits until it is cleared
│   └── Tampered       a record differs from its entry or its certificate
│       └── SetBack    the database is not the one whose checkpoints were published or witnessed
├── DefinitionFaulty   a definition file has faults, all of them listed
├── RecordRefused      a registry record is not one of a randomized crossover trial
└── BundleRefused      a sealed bundle does not fit its certificate
"""

from __future__ import annotations

from typing import ClassVar


class RandomizerError(Exception):
    """The root of the tree.

    Args:
        message: What happened and why, as plain sentences.
        field: The input field that the rule is about, if one is.
        next_step: What the person can do now.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, field: str | None = None, next_step: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.next_step = next_step


class Refused(RandomizerError):
    """A rule of the trial says no; nothing was changed."""

    code = "refused"


class Faulty(Refused):
    """Several rules say no at once.

    Args:
        faults: Pairs of field and sentence, all of them.
        next_step: What the person can do now.
    """

    code = "faulty"

    def __init__(self, faults: tuple[tuple[str, str], ...], *, next_step: str | None = None) -> None:
        super().__init__(" ".join(sentence for _, sentence in faults), next_step=next_step)
        self.faults = faults


class HardStop(Refused):
    """This kit is not handed out; the same words whatever the treatment, and no override.

    Args:
        message: What is wrong, in plain words.
        scanned: What was scanned.
        needed: What is needed, or "" where nothing can be handed out.
        next_step: What to do now and whom to call.
    """

    code = "hard-stop"

    def __init__(self, message: str, *, scanned: str, needed: str = "", next_step: str) -> None:
        super().__init__(message, field="kit", next_step=next_step)
        self.scanned = scanned
        self.needed = needed


class Exhausted(Refused):
    """No slot is left in the stratum."""

    code = "stratum-exhausted"


class NotAllowed(RandomizerError):
    """The role of the person may not do this."""

    code = "not-allowed"


class SignInRefused(RandomizerError):
    """Name, password or code do not fit; the message never says which."""

    code = "sign-in-refused"


class StepUpRefused(RandomizerError):
    """The act needs a fresh re-authentication by the person who signs."""

    code = "step-up-refused"


class NotFound(RandomizerError):
    """There is no such record, or none that this person may see."""

    code = "not-found"


class Conflict(RandomizerError):
    """Somebody else was first; asking again is safe."""

    code = "conflict"


class Busy(RandomizerError):
    """Too many ask for this at once; nothing was checked or changed.

    Attributes:
        wait_seconds: After so long it is worth asking again.
    """

    code = "busy"
    wait_seconds: ClassVar[int] = 2


class Unwritable(RandomizerError):
    """The database cannot be written now: full, read-only, locked or gone; what was under way was undone."""

    code = "unwritable"

    def __init__(self) -> None:
        super().__init__(
            "The database cannot be written at this moment. Nothing was changed.",
            next_step="Try again in a minute. If it stays, call the administrator. A code break still works.",
        )


class Unreadable(RandomizerError):
    """The database cannot be read now."""

    code = "unreadable"

    def __init__(self) -> None:
        super().__init__(
            "The database cannot be read at this moment. Nothing was opened and nothing was changed.",
            next_step="In an emergency use the sealed emergency pack of the site. Call the administrator.",
        )


class Stopped(RandomizerError):
    """An alarm stands; the act waits until it is cleared."""

    code = "stopped"


class Tampered(Stopped):
    """A record differs from its entry or its certificate; whoever catches this raises the alarm.

    Args:
        about: The record, e.g. "Allocation 10013".
    """

    code = "tampered"

    def __init__(self, about: str) -> None:
        super().__init__(
            f"{about} differs from what was recorded. Nothing was changed and nothing was opened.",
            next_step="Call the trial office; in an emergency use the sealed emergency pack.",
        )
        self.about = about


class SetBack(Tampered):
    """A checkpoint that is kept outside the database is not in its trail: restored, cut or forked.

    Args:
        size: How many entries the checkpoint covers.
        witness: Name of who co-signed it, or "" where it was only published.
    """

    code = "set-back"

    def __init__(self, size: int, witness: str) -> None:
        shown = f"which {witness} co-signed" if witness else "which was published"
        sentence = (
            f"This database is not the newest one: the checkpoint over {size} entries, {shown}, is not in "
            "its trail. A restored backup, a cut trail or a fork looks like this. Nothing was changed."
        )
        next_step = (
            "Call whoever runs the service: nobody can be randomized before the newest database is back. "
            "Clearing the alarm does not help. A code break still works."
        )
        Stopped.__init__(self, sentence, next_step=next_step)
        self.about = f"Checkpoint {size}"


class DefinitionFaulty(RandomizerError):
    """A definition file has faults.

    Args:
        faults: Pairs of place (``file:key.path``) and sentence, every fault of the file.
    """

    code = "definition-faulty"

    def __init__(self, faults: tuple[tuple[str, str], ...]) -> None:
        lines = "\n".join(f"  {place}: {sentence}" for place, sentence in faults)
        super().__init__(f"The definition has {len(faults)} fault(s):\n{lines}")
        self.faults = faults


class RecordRefused(RandomizerError):
    """A registry record is not one of a randomized crossover trial, or cannot be read."""

    code = "record-refused"


class BundleRefused(RandomizerError):
    """A sealed bundle does not fit its certificate or its instance."""

    code = "bundle-refused"
