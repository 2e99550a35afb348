"""``release/facts.jsonl``: preparations and products as last written down, for the recipients alone.

The code-break host opens its sealed records, which it does for nobody before the release, compares each with
the digest that its entry noted, and seals the facts under the seed that only an opened release holds.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from keys import certificate, hpke
from keys.errors import KeysError
from keys.files import read_private
from keys.hpke import Identity
from keys.quorum import RELEASE, recipient_info
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues
from randomizer.domain.supply import PeriodRecord, Product
from randomizer.domain.trial import Allocation
from randomizer.errors import BundleRefused, Refused, Tampered
from randomizer.services import trail
from randomizer.services.sealed import facts, release_content
from randomizer.services.unblinded import quality
from randomizer.services.unblinded.opening import read_preparation
from randomizer.services.unblinded.release import IMPORTED, TRANSPORT_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from randomizer.services.sealed.facts import Facts
    from randomizer.services.unblinded.desk import Desk
    from randomizer.store.work import UnitOfWork

    Record = tuple[str, str, int]  # kind, participant, period or donation

WRITTEN_BY: Final = (
    Act.PREPARATION_ENDED,
    Act.QUALITY_RECORDED,
    Act.PRODUCT_CLEARED,
    Act.PRODUCT_FAILED,
    Act.QUALITY_ADDED,
)
"""Acts that write a preparation record or what is known of a product."""

PAGE: Final = 500  # entries held at once


def lines(uow: UnitOfWork, desk: Desk, covered: int) -> Iterator[bytes]:
    """The lines of the file, in the order of the entries that they are about.

    Args:
        uow: The unit of work; the trial is released.
        desk: Opens the records, and this host's own copy of the release.
        covered: Entries that the newest checkpoint covers.

    Raises:
        BundleRefused: The copy of the release is not the one that was imported.
        Refused: No checkpoint covers the last of these records yet.
        Tampered: A record is not the one that its entry tells of.
    """
    seed = _seed(uow, desk)
    last, added = _last(uow, covered)
    for (record, locked), (entry, noted) in last.items():
        told = _facts(uow, desk, *record)
        if added[record] and not locked:  # how it stood at the lock: without the addenda
            told["results"] = told["results"][: -added[record]]
        salted = facts.salt(desk.keys.draws, entry)
        if facts.digest(told, salted) != noted:
            raise Tampered(" ".join(map(str, record)))
        line = {"entry": entry, "sealed": b64encode(facts.seal(seed, told, salted)).decode()}
        yield certificate.canonical(line) + b"\n"


def _seed(uow: UnitOfWork, desk: Desk) -> bytes:
    """The seed of the schedule, from the copy that was imported and held to the certificate then."""
    imported = uow.all(Entry, act=str(Act.TRIAL_RELEASED), order="-number", limit=1)[0]
    try:
        sealed = read_private(desk.directory / IMPORTED)
        if trail.noted(uow, imported.number).get("imported_digest") == certificate.digest(sealed):
            identity = Identity.load(desk.directory / TRANSPORT_KEY)
            plaintext = hpke.open_sealed(identity, sealed, recipient_info(RELEASE))
            return release_content.decode_release(plaintext).seed
    except KeysError:
        pass
    raise BundleRefused(
        "This host's copy of the release is missing, or not the one that was imported. Nothing was written.",
        field=IMPORTED,
        next_step="Put the copy that the custodians made for this host back into its directory, as "
        f"{IMPORTED}.",
    )


def _last(
    uow: UnitOfWork, covered: int
) -> tuple[dict[tuple[Record, bool], tuple[int, str]], Counter[Record]]:
    """The last entries before the lock and after it that wrote each record, and how many addenda there are.

    Returns:
        By record and whether it was after the lock, in the order of entries: entry, and the digest noted
        there. By record: the number of results added after the lock.
    """
    written = [entry.number for entry in uow.all(Entry, act=[str(act) for act in WRITTEN_BY], order="number")]
    if written and written[-1] >= covered:
        raise Refused(
            f"No checkpoint covers entry {written[-1]} yet, by which something was recorded. "
            "Nothing was written.",
            next_step="Try again in a few seconds; if it lasts, see whether the jobs process runs.",
        )
    locked = uow.all(Entry, act=str(Act.TRIAL_LOCKED))[0].number
    last: dict[tuple[Record, bool], tuple[int, str]] = {}
    added: Counter[Record] = Counter()
    for start in range(0, len(written), PAGE):
        for values in uow.all(EntryValues, number=written[start : start + PAGE], order="number"):
            content: dict[str, Any] = json.loads(values.content)
            for row in content["rows"]:
                if row["kind"] in {PeriodRecord.__name__, Product.__name__}:
                    record, after = (row["kind"], *row["key"]), values.number > locked
                    added[record] += after
                    last.pop((record, after), None)  # so that the order is that of the last entries
                    last[record, after] = (values.number, content["details"][facts.NOTED])
    return last, added


def _facts(uow: UnitOfWork, desk: Desk, kind: str, number: str, which: int) -> Facts:
    if kind == Product.__name__:
        return facts.of_product(quality.read(desk, uow.get(Product, number, which, what="product")))
    slot = uow.get(Allocation, number, what="allocation").slot
    return facts.of_preparation(read_preparation(uow, desk, slot, which))
