"""A code-break host whose keys lie in a PKCS#11 token: installed, used, rotated."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from keys import files
from keys.key_file import KeyFile
from randomizer.config import PIN_FILE, Pkcs11
from randomizer.domain.people import Role
from randomizer.errors import BundleRefused, Refused, Tampered
from randomizer.services.founding import host_token, key_installation
from randomizer.services.sealed import sealed_rows
from randomizer.services.unblinded import rotation, unblinding
from randomizer.services.unblinded.desk import open_desk
from tests import activated, tokens
from tests.activated import seal_rehearsal
from tests.desks import infused, plan_of, randomized

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keys.token import Token
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal

pytestmark = pytest.mark.requirement("custody")


@pytest.fixture
def host(made_token: tokens.Made, tmp_path: Path) -> tuple[Path, Pkcs11]:
    """The directory of a host with a token, and its settings."""
    directory = tmp_path / "codebreak"
    directory.mkdir(mode=0o700)
    files.write_private(directory / PIN_FILE, f"{tokens.PIN}\n".encode())
    return directory, Pkcs11(module=made_token.module, token_label=made_token.label)


def opened(host: tuple[Path, Pkcs11]) -> Token:
    token = host_token.open_token(*host)
    assert token is not None
    return token


@pytest.fixture
def sealed(host: tuple[Path, Pkcs11], tmp_path: Path) -> Rehearsal:
    """A bundle whose keys the ceremony encrypted to the token; the release copy goes to an X25519 key."""
    token = opened(host)
    public = token.make_transport()
    token.close()
    return seal_rehearsal(tmp_path / "bundle", token=public)


@pytest.fixture
def desk(draft: Instance, sealed: Rehearsal, host: tuple[Path, Pkcs11]) -> Iterator[Desk]:
    activated.activate(draft, sealed)
    install(sealed, host)
    desk = open_desk(draft.store, *host)
    yield desk
    token_of(desk).close()


def install(sealed: Rehearsal, host: tuple[Path, Pkcs11]) -> None:
    token = opened(host)
    key_installation.install(sealed.bundle, host[0], key=sealed.key, pinned_digest=sealed.digest, token=token)
    token.close()


def token_of(desk: Desk) -> Token:
    """The one session that this process has."""
    assert not isinstance(desk.keys, KeyFile)
    return cast("Token", desk.keys)


def broken(instance: Instance, desk: Desk, number: str) -> tuple[str, ...]:
    doctor, step_up = instance.person(Role.ON_CALL), instance.step_up(Role.ON_CALL)
    intent = unblinding.intend(desk, doctor, step_up, participant=number, reason="emergency", text="Why.")
    shown = unblinding.disclose(desk, doctor, intent)
    assert unblinding.disclose(desk, doctor, intent) == shown
    return shown.planned


@pytest.mark.promise(14)
def test_the_whole_way_of_a_participant_on_a_token(
    draft: Instance, desk: Desk, sealed: Rehearsal, host: tuple[Path, Pkcs11]
) -> None:
    assert not (host[0] / "keys.json").exists()
    number = randomized(draft, desk)
    infused(draft, desk, number)
    planned = plan_of(draft, sealed, number)
    assert broken(draft, desk, number) == planned

    administrator = draft.person(Role.ADMINISTRATOR)
    rotated = rotation.rotate(desk, administrator, draft.step_up(Role.ADMINISTRATOR))
    assert rotated.key == token_of(desk).fingerprint("code-break")
    assert broken(draft, desk, number) == planned
    with draft.store.reading() as uow:
        assert sealed_rows.check(uow) == 20


def test_a_rotation_that_fails_leaves_the_token_as_it_was(
    draft: Instance, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_of(desk)
    before = token.fingerprint("code-break")
    monkeypatch.setattr(rotation, "sign", lambda *_, **__: (_ for _ in ()).throw(Tampered("Slot 7")))
    with pytest.raises(Tampered):
        rotation.rotate(desk, draft.person(Role.ADMINISTRATOR), draft.step_up(Role.ADMINISTRATOR))
    assert (token.rotating, token.fingerprint("code-break")) == (False, before)


def test_installing_again_changes_nothing_and_another_bundle_is_refused(
    sealed: Rehearsal, host: tuple[Path, Pkcs11], tmp_path: Path
) -> None:
    install(sealed, host)
    before = {path: path.read_bytes() for path in host[0].iterdir()}
    install(sealed, host)
    assert {path: path.read_bytes() for path in host[0].iterdir()} == before
    other = seal_rehearsal(tmp_path / "other", text="other")
    with pytest.raises(BundleRefused, match="keys of another sealing"):
        install(other, host)


def test_a_bundle_for_a_key_file_is_refused_by_a_token(
    rehearsal: Rehearsal, sealed: Rehearsal, host: tuple[Path, Pkcs11]
) -> None:
    with pytest.raises(BundleRefused, match="another host's transport key"):
        install(rehearsal, host)
    assert [path.name for path in host[0].iterdir()] == [PIN_FILE]


def test_the_pin_comes_from_a_private_file_or_the_environment(
    host: tuple[Path, Pkcs11], monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, settings = host
    (directory / PIN_FILE).chmod(0o644)
    with pytest.raises(Refused, match="must be 0600"):
        host_token.open_token(directory, settings)
    (directory / PIN_FILE).unlink()
    with pytest.raises(
        Refused, match=r"its PIN is neither in codebreak/token\.pin nor in RANDOMIZER_TOKEN_PIN"
    ):
        host_token.open_token(directory, settings)
    monkeypatch.setenv("RANDOMIZER_TOKEN_PIN", tokens.PIN)
    opened(host).close()


def test_a_host_without_a_token_loads_no_library(tmp_path: Path) -> None:
    assert host_token.open_token(tmp_path, None) is None
    assert host_token.open_token(tmp_path, Pkcs11()) is None
    with pytest.raises(ValueError, match="a token needs both"):
        Pkcs11(module="/usr/lib/softhsm/libsofthsm2.so")
