"""The settings of a deployment: what stands in an instance directory, and who may read which part of it.

    instance.toml            settings; nothing secret
    site/secrets.json        of the site door
    codebreak/secrets.json   of the code-break door
    jobs/secrets.json        of the jobs process
    public/                  what anybody may have

Each process loads the secrets of its own directory only. Key files are read where keys are used.
"""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from randomizer.addresses import CodebreakDoor, SiteDoor
from randomizer.domain.trial import Kind
from randomizer.errors import Faulty, Refused

if TYPE_CHECKING:
    from pydantic_settings import PydanticBaseSettingsSource

SETTINGS_FILE = "instance.toml"
SECRETS_FILE = "secrets.json"
DEFAULT_INSTANCE = Path("var/instance")
INSTANCE_VARIABLE = "RANDOMIZER_INSTANCE"
PREFIX = "RANDOMIZER_"
PIN_VARIABLE = "RANDOMIZER_TOKEN_PIN"
PIN_FILE = "token.pin"
OTHERS = 0o077
WITNESSES_MAX = 16
WITNESS_KEY = re.compile(r"[^\s+]+\+[0-9a-f]{8}\+B[A-P][A-Za-z0-9+/]{42}")
"""Name, key id, and 33 bytes in base64 of which the first is 04: the type of a cosignature (C2SP)."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Smtp(_Part):
    """The mail server that notices leave through.

    Args:
        host: Name; "" while the instance sends no mail, notices then wait.
        port: TCP port.
        sender: Address that notices come from.
        username: Name to sign in with; "" where the server asks for none.
        security: How the connection is encrypted.
        timeout_seconds: How long the server may take to answer.
    """

    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    sender: str = "randomizer@localhost"
    username: str = ""
    security: Literal["none", "starttls", "tls"] = "starttls"
    timeout_seconds: int = Field(default=15, ge=1, le=300)


class Pkcs11(_Part):
    """The PKCS#11 token that holds the keys of the code-break host in the place of a key file.

    Args:
        module: Path of the token's library; "" where the keys lie in ``codebreak/keys.json``.
        token_label: Label of the token.
    """

    module: str = ""
    token_label: str = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.module) != bool(self.token_label):
            raise ValueError("a token needs both, module and token_label")
        return self


class Settings(BaseSettings):
    """Settings of one instance; a variable ``RANDOMIZER_SITE__PORT`` stands above ``port`` of ``[site]``.

    Args:
        directory: The instance directory.
        kind: Rehearsal or production; never changed later.
        database_url: SQLAlchemy URL; the file of a relative SQLite URL lies in the instance directory.
        origin: Name of the log, which is also the name of its checkpoint key.
        plain_http: Whether cookies travel without TLS; only for a rehearsal on the loopback address.
        step_up_seconds: How long a re-authentication counts.
        checkpoint_seconds: How long an entry waits for a signed checkpoint at most.
        notice_seconds: How long a notice waits at most before it is sent.
        lease_seconds: After so long without a sign of life another process takes over the jobs.
        witness_keys: Verifier keys of the witnesses that co-sign the checkpoints, each of type 04.
        site: The site door.
        codebreak: The code-break door.
        pkcs11: Where the code-break host keeps its keys in a token.
        smtp: The mail server.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__", validate_default=True
    )

    directory: Path
    kind: Kind
    database_url: str = Field(default="sqlite:///trial.db", repr=False)
    origin: str = Field(min_length=1, pattern=r"^[^\s+]+$")
    plain_http: bool = False
    step_up_seconds: int = Field(default=120, ge=10, le=900)
    checkpoint_seconds: int = Field(default=5, ge=1, le=3600)
    notice_seconds: int = Field(default=5, ge=1, le=300)
    lease_seconds: int = Field(default=10, ge=2, le=300)
    witness_keys: tuple[str, ...] = Field(default=(), max_length=WITNESSES_MAX)
    site: SiteDoor = SiteDoor()
    codebreak: CodebreakDoor = CodebreakDoor()
    pkcs11: Pkcs11 = Pkcs11()
    smtp: Smtp = Smtp()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the names are the library's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment above file."""
        return env_settings, init_settings

    @field_validator("witness_keys")
    @classmethod
    def _check_witness_keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        for key in keys:
            if not WITNESS_KEY.fullmatch(key):
                raise ValueError("each is a witness's verifier key, of type 04, as in its witness.vkey")
        names = [key.partition("+")[0] for key in keys]
        if len(set(names)) < len(names):
            raise ValueError("each witness has a name of its own")
        return keys

    @model_validator(mode="after")
    def _check(self) -> Self:
        local = self.site.is_local and self.codebreak.is_local
        if self.plain_http and not (self.kind is Kind.REHEARSAL and local):
            raise ValueError(
                "plain_http is for a rehearsal whose doors listen on the loopback address; "
                f"this instance is a {self.kind} at {self.site.host} and {self.codebreak.host}."
            )
        return self

    @property
    def engine_url(self) -> str:
        """The URL to open, a relative SQLite file being one of the instance directory."""
        prefix = "sqlite:///"
        if not self.database_url.startswith(prefix):
            return self.database_url
        return f"{prefix}{(self.directory / self.database_url.removeprefix(prefix)).resolve()}"

    @property
    def public(self) -> Path:
        """The directory of what anybody may have."""
        return self.directory / "public"


class DoorSecrets(_Part):
    """Secrets of a door.

    Args:
        session_secret: Signs what the door gives to browsers; every door has its own.
        totp_key: Fernet key of the code secrets; the same at both doors.
    """

    session_secret: SecretStr
    totp_key: SecretStr


class JobsSecrets(_Part):
    """Secrets of the jobs process, beside its checkpoint key."""

    smtp_password: SecretStr = SecretStr("")


Secrets = TypeVar("Secrets", DoorSecrets, JobsSecrets)


def system_clock() -> datetime:
    """The current moment in UTC; commands, doors and jobs draw it here and hand it on as a clock."""
    return datetime.now(UTC)  # noqa: TID251 - the one place


def load_settings(directory: Path | None = None) -> Settings:
    """Read ``instance.toml``.

    Args:
        directory: The instance directory; None for that of RANDOMIZER_INSTANCE, or ``var/instance``.

    Raises:
        Faulty: The file has faults, all of them listed.
        Refused: It cannot be read.
    """
    place = directory or Path(os.environ.get(INSTANCE_VARIABLE, "") or DEFAULT_INSTANCE)
    path = place / SETTINGS_FILE
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refused(
            f"{path} cannot be read: {error.strerror}.",
            field="instance",
            next_step="Name the instance directory with --instance or RANDOMIZER_INSTANCE.",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{path} is not TOML: {error}.", field="instance") from None
    if _has_password(str(found.get("database_url", ""))):
        raise Refused(
            f"{path} holds no secrets, and its database_url has a password.",
            field="database_url",
            next_step="Give it in RANDOMIZER_DATABASE_URL, or let PostgreSQL know the user of the process.",
        )
    return settings_of(place, found, str(path))


def settings_of(directory: Path, found: dict[str, Any], source: str) -> Settings:
    """Check settings that were read or are about to be written.

    Args:
        directory: The instance directory.
        found: As of ``instance.toml``.
        source: Where they come from, for the messages.

    Raises:
        Faulty: With every fault.
    """
    try:
        return Settings(**{**found, "directory": directory})
    except ValidationError as error:
        raise Faulty(_faults(error, source), next_step=f"Correct {source}.") from None


def load_site_secrets(directory: Path) -> DoorSecrets:
    """Secrets of the site door.

    Raises:
        Refused: The file is missing, malformed, or open to others.
    """
    return _load(DoorSecrets, directory / "site" / SECRETS_FILE)


def load_codebreak_secrets(directory: Path) -> DoorSecrets:
    """Secrets of the code-break door.

    Raises:
        Refused: The file is missing, malformed, or open to others.
    """
    return _load(DoorSecrets, directory / "codebreak" / SECRETS_FILE)


def load_jobs_secrets(directory: Path) -> JobsSecrets:
    """Secrets of the jobs process.

    Raises:
        Refused: The file is missing, malformed, or open to others.
    """
    return _load(JobsSecrets, directory / "jobs" / SECRETS_FILE)


def load_token_pin(directory: Path) -> SecretStr:
    """PIN of the code-break host's token: RANDOMIZER_TOKEN_PIN, or else ``token.pin`` of its directory.

    Args:
        directory: ``codebreak`` of the instance directory.

    Raises:
        Refused: The file is missing, or open to others.
    """
    given = os.environ.get(PIN_VARIABLE, "")
    if given:
        return SecretStr(given)
    name = f"{directory.name}/{PIN_FILE}"
    if not (directory / PIN_FILE).exists():
        raise Refused(
            f"The settings name a PKCS#11 token, and its PIN is neither in {name} nor in {PIN_VARIABLE}.",
            field=name,
            next_step=f"Write the PIN into {directory / PIN_FILE}, with mode 0600.",
        )
    return SecretStr(_read_private(directory / PIN_FILE, name).decode(errors="replace").strip())


def _load(kind: type[Secrets], path: Path) -> Secrets:
    name = f"{path.parent.name}/{path.name}"
    try:
        return kind.model_validate(json.loads(_read_private(path, name)))
    except (ValueError, UnicodeDecodeError):  # a message of the parser could repeat a secret
        expected = ", ".join(kind.model_fields)
        raise Refused(f"{name} must be a JSON object with: {expected}.", field=name) from None


def _read_private(path: Path, name: str) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        raise Refused(f"{name} cannot be read: {error.strerror}.", field=name) from None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_mode & OTHERS:
            raise Refused(
                f"{name} has mode {stat.S_IMODE(status.st_mode):04o}; secrets must be 0600.",
                field=name,
                next_step=f"chmod 600 {path}",
            )
        return file.read()


def _faults(error: ValidationError, source: str) -> tuple[tuple[str, str], ...]:
    faults = []
    for found in error.errors(include_url=False):
        field = ".".join(str(part) for part in found["loc"])
        reason = found["msg"].removeprefix("Value error, ").rstrip(".")
        sentence = f"{reason}." if not field else f"{field} in {source}: {reason}, got {_shown(found)}."
        faults.append((field, sentence))
    return tuple(faults)


def _shown(found: Any) -> str:  # noqa: ANN401 - a TypedDict of the library
    return "nothing" if found["type"] == "missing" else repr(found["input"])


def _has_password(url: str) -> bool:
    credentials, at, _ = url.partition("://")[2].rpartition("@")
    return bool(at) and ":" in credentials
