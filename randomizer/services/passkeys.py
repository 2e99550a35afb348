"""Passkeys: added and removed by their holder, each answer of one good once.

A passkey is never throttled: nobody guesses a signature, and checking one takes less than a millisecond. What
counts is only what its holder added after their sign-in was last set and after they were given each role that
needs a second administrator: whoever prepared an account cannot have left a key in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from randomizer import masking
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import ChallengeUse, PasskeyUse, Session
from randomizer.domain.people import GUARDED, Account, Credential, Grant, Passkey
from randomizer.domain.records import AlarmKind
from randomizer.domain.trial import Phase, Trial
from randomizer.errors import NotFound, Refused, SignInRefused
from randomizer.services import alarms, notices, trail
from randomizer.services.challenges import FIELD, digest_of
from randomizer.services.relying_party import RelyingParty, refusal

if TYPE_CHECKING:
    from randomizer.domain.people import Person
    from randomizer.services.relying_party import Claim
    from randomizer.store.work import UnitOfWork

MOST_OF_A_PERSON = 10
LONGEST_NAME = 60  # characters
HANDLE_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Asserted:
    """A passkey that has answered a challenge.

    Args:
        account: Whose it is.
        passkey: Which.
        sign_count: How often it has signed, as it says itself.
        challenge: Digest of the challenge, to be kept so that the answer never counts twice.
    """

    account: Account
    passkey: Passkey
    sign_count: int
    challenge: str


def offer(uow: UnitOfWork, party: RelyingParty, by: Person, *, handle: str, name: str, session: str) -> str:
    """What the page needs to make a passkey; give it only to who has just re-authenticated.

    Args:
        uow: The unit of work.
        party: The door.
        by: Whose it will be.
        handle: 32 hex digits, new.
        name: What they call it.
        session: Names their session.

    Raises:
        Refused: The name cannot be one, or they have enough passkeys.
    """
    demand_name(name)
    held = [one for one in _kept(uow, by.account) if one.removed_at is None]
    if len(held) >= MOST_OF_A_PERSON:
        raise Refused(
            f"You have {MOST_OF_A_PERSON} passkeys, which is the most. Nothing was changed.",
            field="name",
            next_step="Remove one that you use no more.",
        )
    return party.offer(
        *_purpose(session, handle, name),
        username=by.username,
        name=by.printed_name,
        handle=handle,
        held=[one.credential for one in held if one.relying_party == party.id],
    )


def add(
    uow: UnitOfWork, party: RelyingParty, by: Person, answer: str, *, handle: str, name: str, session: str
) -> Passkey:
    """Add the passkey that an authenticator made; its holder is told.

    Args:
        uow: The unit of work.
        party: The door.
        by: Whose it is.
        answer: Of the browser to `offer`, whose challenge carries that the person had re-authenticated.
        handle: As offered.
        name: As offered.
        session: As offered.

    Raises:
        Conflict: It was added already.
        NotAllowed: The person holds no role.
        SignInRefused: The answer does not hold, or is to another offer.
    """
    registered = party.registered(answer, *_purpose(session, handle, name))
    with trail.act(uow, Act.PASSKEY_ADDED, by) as act:
        passkey = act.add(
            Passkey(
                handle=handle,
                account=by.account,
                credential=registered.credential,
                public_key=registered.public_key,
                relying_party=party.id,
                name=name,
                added_at=act.at,
            )
        )
        uow.insert(PasskeyUse(handle=handle, sign_count=registered.sign_count))
        notices.tell(
            uow,
            by.account,
            subject="A passkey was added to your account",
            body=f"Your account has a new passkey, for {party.id}. Whoever holds it can sign in and sign as "
            "you. If you did not add it, call the trial office now.",
        )
    return passkey


def remove(uow: UnitOfWork, by: Person, handle: str) -> Passkey:
    """Remove one of one's own passkeys; every session of its holder ends, and they are told.

    Raises:
        NotFound: The person has no such passkey.
    """
    with trail.act(uow, Act.PASSKEY_REMOVED, by) as act:
        removed = act.change(own(uow, by, handle), removed_at=act.at)
        uow.remove(Session, account=by.account)
        notices.tell(
            uow,
            by.account,
            subject="A passkey was removed from your account",
            body=f"A passkey of yours, for {removed.relying_party}, counts no more. If you did not remove "
            "it, call the trial office now.",
        )
    return removed


def own(uow: UnitOfWork, by: Person, handle: str) -> Passkey:
    """One of somebody's passkeys that was not removed.

    Raises:
        NotFound: The person has no such passkey.
    """
    found = uow.find(Passkey, handle)
    if found is None or found.account != by.account or found.removed_at is not None:
        raise NotFound("You have no such passkey.", next_step="Look at the list of your passkeys.")
    return found


def counting(uow: UnitOfWork, account: int, relying_party: str) -> tuple[Passkey, ...]:
    """The passkeys of an account that count at a domain."""
    credential = uow.find(Credential, account)
    if credential is None:
        return ()
    guarded = [one for one in uow.all(Grant, account=account, revoked_at=None) if one.role in GUARDED]
    since = max(credential.entry, *(one.entry for one in guarded), 0)
    return tuple(
        one
        for one in _kept(uow, account)
        if one.relying_party == relying_party and one.removed_at is None and one.entry > since
    )


def listing(uow: UnitOfWork, person: Person) -> list[dict[str, Any]]:
    """A person's own passkeys with when each was used last, and whether it still counts."""
    trial = uow.find(Trial, 1)
    phase = trial.phase if trial else Phase.DRAFT
    rows = []
    for one in _kept(uow, person.account):
        if one.removed_at is None:
            used = uow.find(PasskeyUse, one.handle)
            shown = masking.show(person.roles, phase, one) | masking.show(person.roles, phase, used)
            rows.append(shown | {"counts": one in counting(uow, person.account, one.relying_party)})
    return rows


def fit(uow: UnitOfWork, party: RelyingParty, claim: Claim, *, account: int | None = None) -> Asserted:
    """Check an answer against the passkey that it claims to be of; nothing is stored.

    Args:
        uow: The unit of work.
        party: The door.
        claim: From its `claimed`.
        account: Whose it has to be, or None at a sign-in.

    Raises:
        SignInRefused: It does not fit; the sentence never says what.
        Tampered: Account, credential or passkey differ from their entries.
    """
    named = uow.all(Passkey, credential=claim.credential)
    if not named or claim.handle not in {"", named[0].handle} or account not in {None, named[0].account}:
        raise refusal()
    holder, passkey = uow.get(Account, named[0].account), named[0]
    if not holder.active or passkey not in counting(uow, holder.number, party.id):
        raise refusal()
    count = party.verify(claim, passkey.public_key)
    trail.check(uow, holder, uow.get(Credential, holder.number), passkey)
    return Asserted(account=holder, passkey=passkey, sign_count=count, challenge=digest_of(claim.challenge))


def redeem(uow: UnitOfWork, asserted: Asserted) -> None:
    """Use an answer up, in the store.

    Raises:
        SignInRefused: It counted before, or account or passkey changed since it was checked.
    """
    confirm(uow, asserted)
    spend(uow, asserted)
    use(uow, asserted)


def confirm(uow: UnitOfWork, asserted: Asserted) -> None:
    """Refuse a passkey that was removed, or whose account was changed, since its answer was checked.

    Raises:
        SignInRefused: One of the two.
    """
    account, passkey = asserted.account, asserted.passkey
    same = uow.find(Account, account.number) == account and uow.find(Passkey, passkey.handle) == passkey
    if not same or passkey not in counting(uow, account.number, passkey.relying_party):
        raise refusal()


def spend(uow: UnitOfWork, asserted: Asserted) -> None:
    """Remember the challenge in the store, so that the answer never counts twice.

    Raises:
        SignInRefused: It was answered before.
    """
    if uow.find(ChallengeUse, asserted.challenge, locked=True) is not None:
        raise spent()
    uow.insert(ChallengeUse(digest=asserted.challenge, used_at=uow.clock()))


def use(uow: UnitOfWork, asserted: Asserted) -> None:
    """Keep how often a passkey has signed; one that counts backwards raises an alarm and goes on.

    Two copies of a key give themselves away so. Many passkeys do not count: they say 0 each time.
    """
    handle = asserted.passkey.handle
    before = uow.find(PasskeyUse, handle, locked=True)
    highest = before.sign_count if before is not None else 0
    now = PasskeyUse(handle=handle, sign_count=max(highest, asserted.sign_count), used_at=uow.clock())
    if before is None:
        uow.insert(now)
    else:
        uow.update(now)
    if highest and asserted.sign_count <= highest:
        _doubt(uow, asserted.account)


def spent() -> SignInRefused:
    """The refusal of an answer that counted before."""
    return SignInRefused(
        "This answer of the passkey was used already. Nothing was changed.",
        field=FIELD,
        next_step="Use the passkey again.",
    )


def demand_name(name: str) -> None:
    """Refuse what nobody could tell a passkey by.

    Raises:
        Refused: It is empty, too long, or has signs that cannot be shown.
    """
    if not (name.isprintable() and 0 < len(name) <= LONGEST_NAME):
        raise Refused(
            f"A passkey's name has 1 to {LONGEST_NAME} characters; got {len(name)}.",
            field="name",
            next_step="Call it what tells it from the others, such as Phone.",
        )


def _doubt(uow: UnitOfWork, holder: Account) -> None:
    alarms.raise_alarm(uow, AlarmKind.PASSKEY, f"account {holder.number}")
    notices.tell(
        uow,
        holder.number,
        subject="A passkey of yours may have been copied",
        body="One of your passkeys signed with a lower count than before, as a copy of it would. Remove it, "
        "add a new one, and call the trial office.",
    )


def _kept(uow: UnitOfWork, account: int) -> tuple[Passkey, ...]:
    return uow.all(Passkey, account=account, order="added_at")


def _purpose(session: str, handle: str, name: str) -> tuple[str, ...]:
    return (Act.PASSKEY_ADDED, session, handle, name)
