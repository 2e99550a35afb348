"""What the code-break host holds: the store, its keys, its pins, its second sink. Made once, at the edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keys import custody, self_test
from keys.errors import KeysError
from keys.key_file import KeyFile
from randomizer.errors import Refused
from randomizer.services.founding import host_token
from randomizer.services.sealed.pins import Pins
from randomizer.services.unblinded.sinks import IntentFile

if TYPE_CHECKING:
    from pathlib import Path

    from keys.custody import KeyProvider
    from randomizer.config import Pkcs11
    from randomizer.store.store import Store

KEY_FILE = "keys.json"
PINS_FILE = "pins.json"
INTENT_FILE = "intents.log"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Desk:
    """Everything that opening needs; it prints masked.

    Args:
        store: The database.
        keys: The key-encryption keys and what is done with them.
        pins: What opened slots are checked against.
        file: The second sink.
        directory: Directory of the code-break host's own files.
        public: Directory ``public`` of the instance, which allocations are compared with; None where nothing
            is opened for a person.
    """

    store: Store
    keys: KeyProvider
    pins: Pins
    file: IntentFile
    directory: Path
    public: Path | None = None

    def __repr__(self) -> str:
        return "Desk(masked)"


def open_desk(
    store: Store, directory: Path, pkcs11: Pkcs11 | None = None, public: Path | None = None
) -> Desk:
    """Read keys and pins, after a known answer of every primitive came out right.

    Args:
        store: The database.
        directory: ``codebreak`` of the instance directory.
        pkcs11: Names the token that holds the keys, where the settings name one.
        public: Directory ``public`` of the instance.

    Raises:
        BundleRefused: The pins are incomplete.
        Refused: Keys or pins are missing, malformed or open to others, or this machine computes wrongly.
    """
    try:
        self_test.run()
        held: KeyProvider = host_token.open_token(directory, pkcs11) or KeyFile(directory / KEY_FILE)
        pins = Pins.of_texts(custody.read_pins(directory / PINS_FILE))
    except KeysError as error:
        raise Refused(
            f"The keys of this host cannot be used: {error}",
            field="keys",
            next_step="Activation installs them on the code-break host.",
        ) from None
    file = IntentFile(directory / INTENT_FILE)
    return Desk(store=store, keys=held, pins=pins, file=file, directory=directory, public=public)
