"""``python -m keys``: the offline commands of contributors, custodians, witnesses and readers of proofs."""

from __future__ import annotations

import resource
import sys

import click

from keys.commands.check import check
from keys.commands.combine import combine
from keys.commands.contribute import contribute
from keys.commands.identity import identity, receive
from keys.commands.inspect import inspect
from keys.commands.split import split
from keys.commands.witness import witness
from keys.errors import KeysError


@click.group()
def keys() -> None:
    """Contribute to a ceremony, hold a share, open a release, witness a log: offline, without the service."""


for command in (contribute, split, identity, receive, combine, inspect, check, witness):
    keys.add_command(command)


def main() -> int:
    """Run a command and give its exit status; every error is one plain sentence on standard error."""
    # A crash must not leave a picture of the memory behind.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        status = keys.main(prog_name="python -m keys", standalone_mode=False)
    except click.ClickException as error:
        return _fail(error.format_message())
    except click.Abort:
        return _fail("Stopped; nothing more was written.")
    except KeysError as error:
        return _fail(str(error))
    except UnicodeError:
        return _fail("Something that was given is not text in UTF-8.")
    except OSError as error:
        return _fail(f"{error.filename or 'A file'} cannot be used: {error.strerror}.")
    return status if isinstance(status, int) else 0


def _fail(sentence: str) -> int:
    click.echo(sentence, err=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
