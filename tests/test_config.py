from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from pydantic import ValidationError

from keys.notes import COSIGNATURE, NoteKey
from randomizer.addresses import CodebreakDoor
from randomizer.config import (
    DoorSecrets,
    Settings,
    load_codebreak_secrets,
    load_jobs_secrets,
    load_settings,
    load_site_secrets,
    load_token_pin,
    settings_of,
)
from randomizer.domain.trial import Kind
from randomizer.errors import Faulty, Refused
from randomizer.services.founding.instance_files import read_checkpoint_key, write_instance

pytestmark = pytest.mark.requirement("rehearsal")

LEAST: dict[str, object] = {"kind": "rehearsal", "origin": "example.org/mesems"}
SECRETS = {
    "site/secrets.json": load_site_secrets,
    "codebreak/secrets.json": load_codebreak_secrets,
    "jobs/secrets.json": load_jobs_secrets,
}


def witness_key(name: str) -> str:
    return NoteKey(name, bytes(range(32)), COSIGNATURE).verifier.encode()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    write_instance(tmp_path / "instance", LEAST, entropy=secrets.token_bytes, smtp_password="hush")
    return tmp_path / "instance"


def test_what_was_written_is_what_every_process_reads(tmp_path: Path) -> None:
    found: dict[str, object] = {
        "kind": "production",
        "origin": "example.org/mesems",
        "database_url": "postgresql+psycopg://trial@db.example.org/mesems",
        "checkpoint_seconds": 30,
        "site": {"port": 9001, "url": "https://mesems.example.org", "proxies": 1, "workers": 4},
        "codebreak": {"port": 9002},
        "smtp": {"host": "mail.example.org", "sender": 'Trial "MESEMS" <trial@example.org>'},
    }
    written = write_instance(tmp_path / "instance", found, entropy=secrets.token_bytes)
    assert load_settings(tmp_path / "instance") == written
    assert written.kind is Kind.PRODUCTION
    assert written.site.workers == 4
    assert written.site.address == "https://mesems.example.org"
    assert written.site.host_name == "mesems.example.org"
    assert written.smtp.sender == 'Trial "MESEMS" <trial@example.org>'
    assert written.engine_url == found["database_url"]


@pytest.mark.parametrize(
    ("door", "origin", "domain"),
    [
        ({}, "http://localhost:8702", "localhost"),
        ({"host": "0.0.0.0"}, "", ""),  # noqa: S104 - nothing listens
        ({"url": "https://b.example.org"}, "https://b.example.org", "b.example.org"),
        ({"url": "https://B.example.org:8443/"}, "https://b.example.org:8443", "b.example.org"),
        (
            {"url": "https://b.example.org", "passkey_domain": "example.org"},
            "https://b.example.org",
            "example.org",
        ),
        ({"url": "https://192.0.2.7"}, "", ""),
    ],
)
def test_passkeys_need_the_name_of_a_door(door: dict[str, str], origin: str, domain: str) -> None:
    found = CodebreakDoor(**door)  # type: ignore[arg-type]
    assert (found.origin, found.relying_party) == (origin, domain)


@pytest.mark.promise(18)
@pytest.mark.parametrize("url", ["", "https://192.0.2.7", "https://b.example.com", "https://notexample.org"])
def test_a_domain_for_passkeys_that_is_not_the_doors_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="host name of url, or a domain above it"):
        CodebreakDoor(url=url, passkey_domain="example.org")
    with pytest.raises(ValidationError):
        CodebreakDoor(url="https://b.example.org", passkey_domain="org")


def test_a_relative_database_file_lies_in_the_instance(directory: Path) -> None:
    assert load_settings(directory).engine_url == f"sqlite:///{directory}/trial.db"


def test_the_environment_names_the_instance_and_stands_above_the_file(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANDOMIZER_INSTANCE", str(directory))
    monkeypatch.setenv("RANDOMIZER_SITE__PORT", "9009")
    monkeypatch.setenv("RANDOMIZER_STEP_UP_SECONDS", "60")
    monkeypatch.setenv("RANDOMIZER_PASSWORD", "of somebody who signs in")
    settings = load_settings()
    assert settings.site.port == 9009
    assert settings.step_up_seconds == 60
    assert settings.directory == directory


def test_settings_are_frozen(directory: Path) -> None:
    settings = load_settings(directory)
    with pytest.raises(ValueError, match="frozen"):
        settings.kind = Kind.PRODUCTION


@pytest.mark.promise(18)
def test_every_fault_is_listed_with_its_field(directory: Path) -> None:
    (directory / "instance.toml").write_text(
        'kind = "real"\nplain_http = "perhaps"\ncolour = 1\n[site]\nport = 0\n[smtp]\nsecurity = "some"\n'
    )
    with pytest.raises(Faulty) as raised:
        load_settings(directory)
    fields = {field for field, _ in raised.value.faults}
    assert fields == {"kind", "origin", "plain_http", "colour", "site.port", "smtp.security"}
    assert "got 'real'" in raised.value.message
    assert raised.value.next_step == f"Correct {directory}/instance.toml."


@pytest.mark.parametrize("origin", ["", "two words", "a+b"])
def test_an_origin_that_could_not_name_a_key_is_refused(tmp_path: Path, origin: str) -> None:
    with pytest.raises(Faulty, match="origin"):
        settings_of(tmp_path, {**LEAST, "origin": origin}, "instance.toml")


def test_witnesses_are_named_by_their_keys(tmp_path: Path) -> None:
    keys = [witness_key("example.org/one"), witness_key("example.org/two")]
    written = write_instance(
        tmp_path / "instance", {**LEAST, "witness_keys": keys}, entropy=secrets.token_bytes
    )
    assert load_settings(tmp_path / "instance") == written
    assert written.witness_keys == tuple(keys)


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["no key"], "of type 04"),
        ([NoteKey("example.org/log", bytes(32)).verifier.encode()], "of type 04"),
        ([NoteKey("example.org/one", bytes(32), COSIGNATURE).encode()], "of type 04"),
        (["example.org/one"], "of type 04"),
        ([witness_key("example.org/one")] * 2, "a name of its own"),
    ],
)
def test_a_key_that_is_no_witness_s_is_refused(tmp_path: Path, keys: list[str], said: str) -> None:
    with pytest.raises(Faulty, match=said) as raised:
        settings_of(tmp_path, {**LEAST, "witness_keys": keys}, "instance.toml")
    ((field, _),) = raised.value.faults
    assert field == "witness_keys"


@pytest.mark.requirement("web security")
@pytest.mark.parametrize(
    "changes",
    [{"kind": "production"}, {"site": {"host": "0.0.0.0"}}, {"codebreak": {"host": "192.0.2.1"}}],  # noqa: S104
)
def test_cookies_without_tls_are_for_a_rehearsal_on_this_machine(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    assert settings_of(tmp_path, {**LEAST, "plain_http": True}, "instance.toml").plain_http
    with pytest.raises(Faulty, match="plain_http is for a rehearsal"):
        settings_of(tmp_path, {**LEAST, "plain_http": True, **changes}, "instance.toml")


def test_the_code_break_door_has_no_number_of_processes_to_set(tmp_path: Path) -> None:
    with pytest.raises(Faulty, match=r"codebreak\.workers"):
        settings_of(tmp_path, {**LEAST, "codebreak": {"workers": 2}}, "instance.toml")


def test_a_password_in_the_settings_file_is_refused_and_not_repeated(directory: Path) -> None:
    with (directory / "instance.toml").open("a") as file:
        file.write('database_url = "postgresql+psycopg://trial:hushhush@db/mesems"\n')
    with pytest.raises(Refused, match="database_url has a password") as raised:
        load_settings(directory)
    assert "hushhush" not in f"{raised.value.message} {raised.value.next_step}"


@pytest.mark.parametrize("text", [b"kind = ", b"\xff", None])
def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(directory: Path, text: bytes | None) -> None:
    path = directory / "instance.toml"
    path.unlink()
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(Refused, match=r"instance\.toml"):
        load_settings(directory)


@pytest.mark.promise(5)
def test_each_process_has_secrets_of_its_own(directory: Path) -> None:
    site, codebreak = load_site_secrets(directory), load_codebreak_secrets(directory)
    assert site.session_secret != codebreak.session_secret
    assert site.totp_key == codebreak.totp_key  # one credential signs in at both
    assert load_jobs_secrets(directory).smtp_password.get_secret_value() == "hush"
    public = (directory / "public" / "log.vkey").read_text().strip()
    assert read_checkpoint_key(directory).verifier.encode() == public
    assert {path.name for path in (directory / "site").iterdir()} == {"secrets.json"}


def test_two_instances_share_no_secret(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_instance(tmp_path / name, LEAST, entropy=secrets.token_bytes)
    one, two = load_site_secrets(tmp_path / "one"), load_site_secrets(tmp_path / "two")
    assert one.session_secret != two.session_secret
    assert one.totp_key != two.totp_key


def test_nothing_secret_is_open_to_others_or_printed(directory: Path) -> None:
    for name in ("site", "codebreak", "jobs"):
        assert (directory / name).stat().st_mode & 0o777 == 0o700
        for path in (directory / name).iterdir():
            assert path.stat().st_mode & 0o777 == 0o600
    for held in (load_site_secrets(directory), load_jobs_secrets(directory)):
        for secret in held.model_dump().values():
            assert secret.get_secret_value() not in repr(held)
    outside = [path for path in directory.rglob("*") if path.is_file() and path.parent.name == "public"]
    text = "".join(path.read_text() for path in (*outside, directory / "instance.toml"))
    assert "PRIVATE" not in text
    assert "hush" not in text


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    "fault", ["0644", "0640", "missing", "a link", "no JSON", "another field", "too short"]
)
def test_secrets_that_are_open_to_others_or_malformed_are_refused(
    directory: Path, name: str, fault: str
) -> None:
    path = directory / name
    original = path.read_bytes()
    if fault.startswith("0"):
        path.chmod(int(fault, 8))
    elif fault == "missing":
        path.unlink()
    elif fault == "a link":
        path.rename(path.with_suffix(".elsewhere"))
        path.symlink_to(path.with_suffix(".elsewhere"))
    elif fault == "no JSON":
        path.write_bytes(original[:-5])
    elif fault == "another field":
        path.write_bytes(original.replace(b"{", b'{"colour": "blue",', 1))
    else:
        path.write_bytes(b"[]")
    with pytest.raises(Refused, match=name) as raised:
        SECRETS[name](directory)
    assert raised.value.field == name
    for secret in original.decode().split('"')[3::4]:
        assert not secret or secret not in f"{raised.value}{raised.value.next_step}{raised.value.__cause__}"


def test_a_directory_that_holds_something_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "keep").write_text("me")
    with pytest.raises(Refused, match="is not empty"):
        write_instance(tmp_path, LEAST, entropy=secrets.token_bytes)
    assert [path.name for path in tmp_path.iterdir()] == ["keep"]


def test_faulty_settings_leave_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(Faulty):
        write_instance(tmp_path / "instance", {"kind": "rehearsal"}, entropy=secrets.token_bytes)
    assert not (tmp_path / "instance").exists()


def test_types_name_what_they_hold() -> None:
    assert set(DoorSecrets.model_fields) == {"session_secret", "totp_key"}
    assert "database_url" not in repr(Settings(directory=Path(), kind=Kind.REHEARSAL, origin="o"))


def test_the_example_of_a_deployment_holds(tmp_path: Path) -> None:
    example = Path(__file__).parents[1] / "config" / "deploy" / "instance.toml"
    (tmp_path / "instance.toml").write_bytes(example.read_bytes())
    settings = load_settings(tmp_path)
    assert settings.kind is Kind.PRODUCTION
    assert not settings.plain_http
    assert settings.codebreak.host_name == "codebreak.mesems.example.org"


@pytest.mark.promise(18)
def test_a_missing_pin_of_the_token_says_where_it_goes(directory: Path) -> None:
    with pytest.raises(Refused, match=r"its PIN is neither in codebreak/token\.pin nor in") as refusal:
        load_token_pin(directory / "codebreak")
    assert refusal.value.next_step is not None
    assert refusal.value.next_step.endswith("with mode 0600.")
