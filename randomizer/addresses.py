"""Where a door listens, and under which name browsers find it."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Door(BaseModel):
    """Where a door listens and how many requests it serves at once.

    Args:
        host: Address to listen on.
        port: TCP port.
        url: Address that people type, where a reverse proxy stands before the door; "" for host and port.
        passkey_domain: Domain at which passkeys count: the host name of the url, or a domain above it; "" for
            the host name itself. Whoever changes it makes every passkey worthless.
        proxies: Reverse proxies in front, whose forwarded address and scheme are believed.
        threads: Threads of each process.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(ge=1, le=65535)
    url: str = ""
    passkey_domain: str = ""
    proxies: int = Field(default=0, ge=0, le=8)
    threads: int = Field(default=8, ge=1, le=256)

    @property
    def is_local(self) -> bool:
        """Whether it listens on this machine only."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def host_name(self) -> str:
        """Host name that requests must be for; "" for any, where the address is not known."""
        return urlsplit(self.url).hostname or ""

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.url.rstrip("/") or f"http://{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Origin of its pages where passkeys can be asked for; "" where no host name is known.

        Browsers ask for passkeys under a name and never under a bare address; ``localhost`` is one.
        """
        if self.url:
            parts = urlsplit(self.url)
            return f"{parts.scheme}://{parts.netloc}".lower() if _is_name(self.host_name) else ""
        return f"http://localhost:{self.port}" if self.is_local else ""

    @property
    def relying_party(self) -> str:
        """Domain at which passkeys count; "" where there can be none."""
        return (self.passkey_domain or urlsplit(self.origin).hostname or "") if self.origin else ""

    @model_validator(mode="after")
    def _check_passkey_domain(self) -> Self:
        name = self.host_name
        if self.passkey_domain and not (
            _is_name(name) and f".{name}".endswith(f".{self.passkey_domain}") and "." in self.passkey_domain
        ):
            raise ValueError("passkey_domain must be the host name of url, or a domain above it")
        return self


class SiteDoor(Door):
    """The site door; its sessions stand in the database, so it may run as several processes."""

    port: int = Field(default=8701, ge=1, le=65535)
    workers: int = Field(default=2, ge=1, le=64)


class CodebreakDoor(Door):
    """The code-break door; always one process, so that its sessions survive in memory."""

    port: int = Field(default=8702, ge=1, le=65535)
    threads: int = Field(default=16, ge=1, le=256)


def _is_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return bool(host)
    return False
