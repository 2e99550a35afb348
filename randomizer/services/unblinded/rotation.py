"""Rotating the code-break key: every slot key is wrapped anew, and nothing that a slot key seals is opened.

On the disk the new key stands beside the former one before the first wrap is made under it, and the former
one goes only after the commit. So whenever the process dies, this host can open every slot, and the next
rotation takes up what was left.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from keys import files
from keys.errors import KeysError
from randomizer.domain import acts
from randomizer.domain.acts import Act
from randomizer.domain.trial import Slot
from randomizer.errors import RandomizerError, Refused, Tampered
from randomizer.services import acting, trail
from randomizer.services.sealed import bundle, certificate_fields, sealed_rows
from randomizer.services.sealed.bindings import CODE_BREAK, slot_binding, unblinded_binding
from randomizer.services.sealed.sealed_rows import RowRoots
from randomizer.services.signatures import StepUp, sign
from randomizer.services.unblinded import wrapped_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from randomizer.domain.people import Person
    from randomizer.domain.trial import Trial
    from randomizer.services.unblinded.desk import Desk
    from randomizer.store.work import UnitOfWork

ROTATE_MEANING: Final = "I had the slot keys of this trial wrapped under a new code-break key."
PAGE: Final = 500
"""Rows held at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What a rotation left.

    Args:
        entry: Number of its entry.
        sealed_root: The root that is in force from now on, 64 hex digits.
        slots: How many slot keys were wrapped anew.
        key: Fingerprint of the new key.
    """

    entry: int
    sealed_root: str
    slots: int
    key: str


def rotate(
    desk: Desk, person: Person, step_up: StepUp, progress: Callable[[int], None] | None = None
) -> Rotated:
    """Make a new code-break key and wrap every slot key under it, in one transaction.

    Args:
        desk: The code-break host's own.
        person: An administrator.
        step_up: Their re-authentication.
        progress: Told the number of slots after each page.

    Raises:
        KeyFileRefused: The keys cannot be read or written, or another rotation is under way.
        NotAllowed: The person is no administrator.
        Refused: There is nothing to rotate yet, or the keys of this host are not those of this trial.
        StepUpRefused: The re-authentication does not count.
        Tampered: A record or a sealed row differs from what was recorded, or the last rotation was none of
            this host's; the keys are as they were.
    """
    with desk.keys.alone(), _settled(desk), desk.store.writing() as uow:
        trial, _ = acting.in_trial(uow, Act.KEYS_ROTATED)
        acts.demand(person, Act.KEYS_ROTATED, None)
        _demand_own(desk, trial)
        sealed_rows.check(uow)
        _settle(uow, desk)
        wrapped_rows.check(uow, desk)
        _demand_openable(desk)
        desk.keys.begin(uow.entropy, uow.clock())
        former = sealed_rows.root_in_force(uow, certificate_fields.read(trial.certificate))
        with trail.act(uow, Act.KEYS_ROTATED, person) as act:
            roots = _rewrap(uow, desk, progress)
            wrapped_rows.begin(desk, roots.sealed)
            noted = {"former_root": former, "sealed_root": roots.sealed, "slots": roots.size}
            act.note(**noted)
            sign(act, step_up, meaning=ROTATE_MEANING, about="slot keys", values=noted)
        return Rotated(
            entry=act.number, sealed_root=roots.sealed, slots=roots.size, key=desk.keys.next_fingerprint
        )


@contextmanager
def _settled(desk: Desk) -> Iterator[None]:
    """Leave one code-break key behind, once it is known whether the transaction inside was committed."""
    try:
        yield
    except RandomizerError:
        with suppress(RandomizerError, KeysError), desk.store.reading() as uow:
            _settle(uow, desk)  # as far as it goes: the next rotation does it otherwise
        raise
    with desk.store.reading() as uow:
        _settle(uow, desk)


def _demand_own(desk: Desk, trial: Trial) -> None:
    if trial.certificate_digest != desk.pins.certificate_digest:
        raise Refused(
            "The keys of this host belong to another sealing than the trial. Nothing was changed.",
            field="keys",
            next_step="Rotate on the code-break host of this trial.",
        )


def _demand_openable(desk: Desk) -> None:
    """Refuse while a file under the code-break key would be lost with it."""
    try:
        _open_unblinded(desk)
    except KeysError:
        raise Refused(
            f"{bundle.UNBLINDED} of this host does not open and would be lost for good. Nothing was changed.",
            field=bundle.UNBLINDED,
            next_step="Copy it again from a backup of this host; before the first rotation, from the bundle.",
        ) from None


def _rewrap(uow: UnitOfWork, desk: Desk, progress: Callable[[int], None] | None) -> RowRoots:
    roots = RowRoots()
    while page := uow.page(Slot, after=roots.size, limit=PAGE):
        anew = [_with_new_wrap(uow, desk, slot) for slot in page]
        uow.update_all(anew, "wraps")
        for slot in anew:
            roots.add(slot)
        if progress is not None:
            progress(len(page))
    return roots


def _with_new_wrap(uow: UnitOfWork, desk: Desk, slot: Slot) -> Slot:
    try:
        wrapped = desk.keys.rewrap(_wrap_of(slot), _bound(desk, slot), uow.entropy)
    except KeysError:
        raise Tampered(f"Slot {slot.number}") from None
    kept = ((purpose, wrapped if purpose == CODE_BREAK else wrap) for purpose, wrap in slot.wraps)
    return replace(slot, wraps=tuple(kept))


def _settle(uow: UnitOfWork, desk: Desk) -> None:
    """End a rotation that was committed, or forget one that was not: the wrap of a slot tells."""
    if not desk.keys.rotating:
        return
    first = uow.get(Slot, 0, what="slot")
    try:
        committed = desk.keys.is_next(_wrap_of(first), _bound(desk, first))
    except KeysError:
        raise Tampered("Slot 0") from None
    if not committed:
        wrapped_rows.abandon(desk)
        desk.keys.abandon()
        return
    path = desk.directory / bundle.UNBLINDED
    if path.exists():
        bound = unblinded_binding(desk.pins.trial_id)
        files.write_public(path, desk.keys.reseal(path.read_bytes(), bound, uow.entropy), replace=True)
    wrapped_rows.end(desk)
    # Last: until here, both keys are needed.
    desk.keys.end()


def _open_unblinded(desk: Desk) -> None:
    path = desk.directory / bundle.UNBLINDED
    if path.exists():
        desk.keys.open_envelope(path.read_bytes(), unblinded_binding(desk.pins.trial_id))


def _wrap_of(slot: Slot) -> bytes:
    return dict(slot.wraps).get(CODE_BREAK, b"")


def _bound(desk: Desk, slot: Slot) -> bytes:
    return slot_binding(desk.pins.trial_id, desk.pins.schedule_version, slot.number, CODE_BREAK)
