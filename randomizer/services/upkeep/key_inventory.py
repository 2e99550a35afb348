"""Every key of an instance, as far as it is on this host: purpose, place, age, and whose the other half is.

A directory that is not here belongs to another host of the instance; its keys are listed there. What is told
of a key is never secret: a public half, or the fingerprint of a key that has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from keys import custody, files, hpke
from keys.errors import KeysError
from keys.hpke import Identity
from keys.notes import VerifierKey
from randomizer.config import SECRETS_FILE, load_codebreak_secrets, load_jobs_secrets, load_site_secrets
from randomizer.errors import RandomizerError
from randomizer.services.founding import host_token
from randomizer.services.founding.instance_files import CHECKPOINT_KEY, TRANSPORT_KEY, read_checkpoint_key
from randomizer.services.sealed import bundle, certificate_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from randomizer.config import DoorSecrets, Settings
    from randomizer.services.sealed.certificate_fields import CertificateFields, QuorumFields

KEY_RING: Final = "codebreak/keys.json"
ALONE: Final = "nobody: it has one half"
SEALED_AT: Final = "%Y-%m-%dT%H:%M:%SZ"
PURPOSES: Final = {
    custody.CODE_BREAK: "wraps the slot keys for code breaks",
    custody.PREPARATION: "seals preparation records, product details and what a code break showed",
    custody.NEXT: "a rotation was begun and has not ended; the next one ends it",
}
RELEASE_PURPOSES: Final = {
    "release": "opens the release: seed, schedule and salts",
    "staged": "opens the slots that are in use, for the staged release",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedKey:
    """One key.

    Args:
        name: What it is called.
        purpose: What it does.
        place: File in the instance directory, or who keeps it where it is on no host.
        made_at: When it was made, as far as that is recorded, or else when its file was written.
        other_half: Who holds what belongs to it.
        known_as: Its public half or fingerprint; "" where there is neither.
        fault: What is wrong with how it is kept, "" where nothing is.
    """

    name: str
    purpose: str
    place: str
    made_at: datetime | None
    other_half: str
    known_as: str = ""
    fault: str = ""

    def age_days(self, now: datetime) -> int | None:
        """Whole days since it was made, if that is known."""
        return None if self.made_at is None else max(0, (now - self.made_at).days)


def inventory(settings: Settings) -> tuple[ListedKey, ...]:
    """Every key that an instance knows of, by the process that holds it, then those that people hold.

    Args:
        settings: The deployment; its directory is looked at and nothing in it changed.
    """
    directory = settings.directory
    return (
        *(_token(settings) if settings.pkcs11.module else _ring(directory)),
        *_transport(directory),
        *_checkpoint(directory),
        *_secrets(directory),
        *_of_people(directory),
        *_witnesses(settings),
    )


def _ring(directory: Path) -> Iterator[ListedKey]:
    path = directory / KEY_RING
    if not _is_here(path):
        return
    try:
        ring = custody.read_key_file(path)
    except KeysError as error:
        yield _faulty("key ring", "wraps slot keys and seals records", KEY_RING, path, str(error))
        return
    for held in ring.keys:
        yield ListedKey(
            name=f"{held.purpose} key",
            purpose=PURPOSES.get(held.purpose, "not known to this version"),
            place=KEY_RING,
            made_at=held.made_at,
            other_half=ALONE,
            known_as=held.fingerprint,
        )


def _token(settings: Settings) -> Iterator[ListedKey]:
    place = f"token {settings.pkcs11.token_label}"
    directory = settings.directory / "codebreak"
    if not _is_here(directory):
        return
    try:
        token = host_token.open_token(directory, settings.pkcs11)
        purposes = [purpose for purpose in PURPOSES if token is not None and token.holds(purpose)]
        for purpose in purposes:
            yield ListedKey(
                name=f"{purpose} key",
                purpose=PURPOSES[purpose],
                place=place,
                made_at=token.made_at(purpose) if token else None,
                other_half=ALONE,
                known_as=token.fingerprint(purpose) if token else "",
            )
    except (KeysError, RandomizerError) as error:
        yield _faulty("key ring", "wraps slot keys and seals records", place, directory, str(error))


def _transport(directory: Path) -> Iterator[ListedKey]:
    place = f"codebreak/{TRANSPORT_KEY}"

    def known_as() -> str:
        return hpke.public_text(Identity.load(directory / place).public)

    yield from _file(
        directory,
        place,
        name="transport key",
        purpose="opens what is sealed to this host: the key ring and its copy of the release",
        other_half="the ceremony and the custodians have the public half, public/transport.pub",
        known_as=known_as,
    )


def _checkpoint(directory: Path) -> Iterator[ListedKey]:
    def known_as() -> str:
        return read_checkpoint_key(directory).verifier.encode()

    yield from _file(
        directory,
        f"jobs/{CHECKPOINT_KEY}",
        name="checkpoint key",
        purpose="signs the checkpoints of the trail",
        other_half="everybody has the public half, public/log.vkey",
        known_as=known_as,
    )


def _secrets(directory: Path) -> Iterator[ListedKey]:
    doors: tuple[tuple[str, Callable[[Path], DoorSecrets]], ...] = (
        ("site", load_site_secrets),
        ("codebreak", load_codebreak_secrets),
    )
    for door, load in doors:
        for name, purpose, other_half in (
            ("session secret", f"signs what the door {door} gives to browsers", ALONE),
            ("key of the code secrets", "seals the secrets of the six-digit codes", "the same at both doors"),
        ):
            yield from _file(
                directory,
                f"{door}/{SECRETS_FILE}",
                name=f"{name} ({door})",
                purpose=purpose,
                other_half=other_half,
                known_as=_checked(load, directory),
            )
    yield from _file(
        directory,
        f"jobs/{SECRETS_FILE}",
        name="password of the mail server",
        purpose="signs in to send notices",
        other_half="the mail server",
        known_as=_checked(load_jobs_secrets, directory),
    )


def _of_people(directory: Path) -> Iterator[ListedKey]:
    path = directory / "public" / bundle.CERTIFICATE
    if not _is_here(path):
        return
    try:
        fields = certificate_fields.read(path.read_bytes())
        sealed_at = datetime.strptime(fields.sealed_at, SEALED_AT).replace(tzinfo=UTC)
    except (RandomizerError, OSError, ValueError) as error:
        place = f"public/{bundle.CERTIFICATE}"
        yield _faulty("keys of the sealing", "release, staged release, contributors", place, path, str(error))
        return
    for name, quorum in (("release", fields.release), ("staged", fields.staged)):
        yield _quorum(name, quorum, sealed_at)
    yield from _of_ceremony(directory, fields, sealed_at)


def _quorum(name: str, quorum: QuorumFields, sealed_at: datetime) -> ListedKey:
    recipients = ", ".join(sorted(quorum.recipients))
    return ListedKey(
        name=f"{name} key",
        purpose=f"{RELEASE_PURPOSES[name]}; for {recipients}",
        place=f"shares of {quorum.n} custodians, {quorum.k} of them needed; on no host",
        made_at=sealed_at,
        other_half="the ceremony sealed to the public half",
        known_as=quorum.public_key,
    )


def _of_ceremony(directory: Path, fields: CertificateFields, sealed_at: datetime) -> Iterator[ListedKey]:
    path = directory / "public" / bundle.CEREMONY_KEY
    yield ListedKey(
        name="ceremony key",
        purpose="signed the certificate, once",
        place="forgotten by the ceremony",
        made_at=sealed_at,
        other_half=f"everybody has the public half, public/{bundle.CEREMONY_KEY}",
        known_as=path.read_text(encoding="utf-8").strip() if _is_here(path) else "",
    )
    for one in fields.contributions:
        yield ListedKey(
            name=f"contributor key ({one.name})",
            purpose="signed a commitment",
            place=f"with {one.name}",
            made_at=sealed_at,
            other_half="everybody has the public half, public/commitments/",
            known_as=one.verifier,
        )
    yield ListedKey(
        name=f"emergency codes ({fields.sizes.slots})",
        purpose="open one slot each, where the service is down",
        place="printed, in the sealed emergency packs; on no host",
        made_at=sealed_at,
        other_half="the database holds the wrap of each",
    )


def _witnesses(settings: Settings) -> Iterator[ListedKey]:
    for text in settings.witness_keys:
        yield ListedKey(
            name=f"witness key ({VerifierKey.parse(text).name})",
            purpose="co-signs checkpoints",
            place="with the witness; on no host",
            made_at=None,
            other_half="the public half stands in the settings",
            known_as=text,
        )


def _file(
    directory: Path, place: str, *, name: str, purpose: str, other_half: str, known_as: Callable[[], str]
) -> Iterator[ListedKey]:
    """A key that is a file of its own, where its directory is on this host."""
    path = directory / place
    if not _is_here(path.parent):
        return
    try:
        files.read_private(path)
        told = known_as()
    except (KeysError, RandomizerError) as error:
        yield _faulty(name, purpose, place, path, str(error))
        return
    yield ListedKey(
        name=name,
        purpose=purpose,
        place=place,
        made_at=_written_at(path),
        other_half=other_half,
        known_as=told,
    )


def _faulty(name: str, purpose: str, place: str, path: Path, fault: str) -> ListedKey:
    return ListedKey(
        name=name,
        purpose=purpose,
        place=place,
        made_at=_written_at(path),
        other_half="not looked at",
        fault=fault,
    )


def _checked(load: Callable[[Path], object], directory: Path) -> Callable[[], str]:
    """Read secrets as their process does, and tell nothing of them."""

    def known_as() -> str:
        load(directory)
        return ""

    return known_as


def _is_here(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        return True  # and reading it will say why not


def _written_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(microsecond=0)
    except OSError:
        return None
