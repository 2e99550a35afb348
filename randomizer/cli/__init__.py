"""The command line: ``randomizer COMMAND``. Each command has a module of its own, loaded when it is called.

So ``randomizer serve site`` loads nothing that could open an envelope.
"""

from __future__ import annotations

import resource
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

import click

from randomizer.errors import RandomizerError

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMANDS: Final[Mapping[str, str]] = {
    "account": "Make accounts, grant and revoke roles.",
    "activate": "Load a sealed bundle into an instance.",
    "backup": "Copy the database while it is in use.",
    "certificate": "Print the certificate for the trial master file.",
    "demo": "Play a whole rehearsal trial, from record to verified release.",
    "draft": "Turn a registry record into a draft definition.",
    "emergency-pack": "Issue a site's sealed pack; record its use.",
    "erase-reason": "Erase the words of a reason that names somebody.",
    "init": "Make an instance that holds a draft.",
    "install-keys": "Put the keys of a bundle on the code-break host.",
    "key-inventory": "List every key: purpose, place, age; no secret.",
    "lock": "Lock the data, signed by the sponsor.",
    "prove": "Prove that an entry is in the trail, or that the trail only grew.",
    "release": "Release the allocation after the lock: export, import, write, open.",
    "rotate": "Wrap every slot key under a new code-break key.",
    "seal": "Hold a ceremony and seal the schedule.",
    "serve": "Run a door, the jobs, or a whole rehearsal.",
    "sign-definition": "Sign the definition before the ceremony.",
    "status": "Say how an instance stands.",
    "token-key": "Make the transport key of a code-break host in its token.",
    "verify": "Check a public record and a release.",
    "witnessed": "Take a checkpoint in that a witness co-signed.",
}
"""Every command, with what it does; ``some-command`` is `command` in the module ``some_command``."""


class Commands(click.Group):
    """The commands, each imported when it is called and not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the library's signature
        """Every name."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of a name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"{__name__}.{cmd_name.replace('-', '_')}")
        return cast("click.Command", module.command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list in the help, without loading any command."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="crossover-randomizer", prog_name="randomizer")
def randomizer() -> None:
    """Randomize a blinded crossover trial: seal it, run it, release it, verify it."""


def main() -> int:
    """Run a command and give its exit status; every error is one plain sentence on standard error."""
    # A crash must not leave a picture of the memory behind; the doors inherit it.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        status = randomizer.main(prog_name="randomizer", standalone_mode=False)
    except click.ClickException as error:
        return _fail(error.format_message())
    except click.Abort:
        return _fail("Stopped.")
    except RandomizerError as error:
        return _fail(error.message, error.next_step)
    except OSError as error:
        return _fail(f"{error.filename or 'A file'} cannot be used: {error.strerror}.")
    except Exception as error:
        # Named by its tree, not by its class: importing keys here would load it in every process.
        if type(error).__module__ != "keys.errors":
            raise
        return _fail(str(error))
    return status if isinstance(status, int) else 0


def _fail(sentence: str, next_step: str | None = None) -> int:
    sys.stderr.write(f"{sentence}\n")
    if next_step:
        sys.stderr.write(f"{next_step}\n")
    return 1
