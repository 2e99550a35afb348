"""An authenticator in software: ES256, attestation "none", and every lie that one could tell."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, encode_cbor

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
CREATE, GET = "webauthn.create", "webauthn.get"
KEYS = count(0x5EED)


@dataclass
class Authenticator:
    """Somebody's phone.

    Args:
        origin: Of the page that asks it, as the browser would say it.
        verified: Whether fingerprint, face or PIN were given.
        counts: Whether it counts its signatures.
    """

    origin: str
    verified: bool = True
    counts: bool = True
    signed: int = 0
    handle: str = ""
    credential: bytes = b""
    key: EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.derive_private_key(next(KEYS), ec.SECP256R1())
    )

    def create(self, options: str, **lies: Any) -> str:  # noqa: ANN401
        """The answer of ``navigator.credentials.create``."""
        asked = json.loads(options)
        self.handle = asked["user"]["id"]
        self.credential = hashlib.sha256(self.handle.encode()).digest()
        numbers = self.key.public_key().public_numbers()
        point = {-2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        cose = encode_cbor({1: 2, 3: -7, -1: 1} | point)
        attested = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + cose
        data = self._data(asked["rp"]["id"], ATTESTED, lies) + attested
        told = self._told(CREATE, asked["challenge"], lies)
        statement = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer({"clientDataJSON": told, "attestationObject": statement})

    def get(self, options: str, **lies: Any) -> str:  # noqa: ANN401
        """The answer of ``navigator.credentials.get``.

        Args:
            options: As the page hands them over.
            **lies: Any of `origin`, `rp_id`, `challenge`, `verified`, `kind`, `cross_origin` and `signed`.
        """
        asked = json.loads(options)
        self.signed += self.counts
        data = self._data(asked["rpId"], 0, lies)
        told = self._told(GET, asked["challenge"], lies)
        signature = self.key.sign(data + hashlib.sha256(told).digest(), ec.ECDSA(SHA256()))
        parts = {"clientDataJSON": told, "authenticatorData": data, "signature": signature}
        return self._answer(parts | {"userHandle": base64url_to_bytes(self.handle)})

    def _data(self, rp_id: str, flags: int, lies: dict[str, Any]) -> bytes:
        told = hashlib.sha256(lies.get("rp_id", rp_id).encode()).digest()
        flags |= PRESENT | (VERIFIED if lies.get("verified", self.verified) else 0)
        return told + bytes([flags]) + int(lies.get("signed", self.signed)).to_bytes(4, "big")

    def _told(self, kind: str, challenge: str, lies: dict[str, Any]) -> bytes:
        return json.dumps(
            {
                "type": lies.get("kind", kind),
                "challenge": lies.get("challenge", challenge),
                "origin": lies.get("origin", self.origin),
                "crossOrigin": lies.get("cross_origin", False),
            }
        ).encode()

    def _answer(self, response: dict[str, bytes]) -> str:
        name = bytes_to_base64url(self.credential)
        parts = {one: bytes_to_base64url(content) for one, content in response.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": parts})
