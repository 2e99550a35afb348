"""The PKCS#11 provider: `keys.custody.KeyProvider` over keys that never leave a token; an optional extra.

The AES keys of the host are sensitive and not extractable; AES-256-GCM, and the AES-CMAC that bits are drawn
from, are computed in the token. What passes through this process are slot keys, one at a time.

Source:
    PKCS #11 3.0; NIST SP 800-38B; SP 800-108 (KDF in counter mode, with CMAC).
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import pkcs11
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import PKCS11Error
from pkcs11.mechanisms import MGF

from keys import envelope, transport, wraps
from keys.custody import CODE_BREAK, KEY_LENGTH, NEXT, PREPARATION
from keys.entropy import draw
from keys.errors import KeyFileRefused, SealBroken
from keys.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from keys.entropy import Entropy

TRANSPORT: Final = "transport"
_FINGERPRINT_LABEL: Final = b"crossover-randomizer/v1/key-fingerprint"
_DRAWS_LABEL: Final = b"crossover-randomizer/v1/token-draws"
_TIME_FORM: Final = "%Y-%m-%dT%H:%M:%SZ"
_TAG_BITS: Final = 8 * envelope.TAG_LENGTH
_KEPT: Final = {
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.ENCRYPT: True,
    Attribute.DECRYPT: True,
    Attribute.SIGN: True,
    Attribute.WRAP: False,
    Attribute.UNWRAP: False,
}


class Token:
    """A PKCS#11 token with the keys of a code-break host; one session, used by one thread at a time.

    Args:
        module: Path of the PKCS#11 library.
        label: Of the token.
        pin: Of its user.
        directory: Of the host's own files; kept locked while a rotation lasts.

    Raises:
        KeyFileRefused: The library, the token or the PIN do not fit.
    """

    def __init__(self, module: str, label: str, pin: str, directory: Path) -> None:
        self._directory = directory
        self._lock = Lock()
        try:
            self._session: Any = pkcs11.lib(module).get_token(token_label=label).open(rw=True, user_pin=pin)
        except (PKCS11Error, RuntimeError, OSError) as error:
            raise KeyFileRefused(
                f"The token {label!r} cannot be opened by {module}: {type(error).__name__}. A token of this "
                "label has to be there, with a PIN; for SoftHSM2: softhsm2-util --init-token --free --label "
                f"{label}."
            ) from None

    def __repr__(self) -> str:
        return "Token(masked)"

    def close(self) -> None:
        """End the session."""
        self._session.close()

    # ==== What the ceremony seals to, and what it sends

    def make_transport(self) -> bytes:
        """Make the RSA transport key in the token; its private half never leaves it.

        Returns:
            The public key as SubjectPublicKeyInfo in DER.

        Raises:
            KeyFileRefused: The token has one already, or makes none.
        """
        if self._all(TRANSPORT, ObjectClass.PRIVATE_KEY):
            raise KeyFileRefused("This token has a transport key already; nothing was changed.")
        self._do(
            lambda: self._session.generate_keypair(
                KeyType.RSA,
                transport.RSA_BITS,
                store=True,
                label=TRANSPORT,
                public_template={Attribute.ENCRYPT: False, Attribute.WRAP: True, Attribute.VERIFY: False},
                private_template={
                    Attribute.SENSITIVE: True,
                    Attribute.EXTRACTABLE: False,
                    Attribute.DECRYPT: False,
                    Attribute.SIGN: False,
                    Attribute.UNWRAP: True,
                },
            )
        )
        return self.transport_public

    @property
    def transport_public(self) -> bytes:
        """The public transport key as SubjectPublicKeyInfo in DER.

        Raises:
            KeyFileRefused: The token has none.
        """
        found = self._all(TRANSPORT, ObjectClass.PUBLIC_KEY)
        if not found:
            raise KeyFileRefused("This token has no transport key; make one with randomizer token-key.")
        modulus, exponent = (
            int.from_bytes(found[0][name], "big") for name in (Attribute.MODULUS, Attribute.PUBLIC_EXPONENT)
        )
        public = RSAPublicNumbers(exponent, modulus).public_key()
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def install(self, sealed: bytes) -> None:
        """Take the ceremony's keys in, each unwrapped inside the token; all of them or none.

        Args:
            sealed: As `keys.transport.seal_ring` made it.

        Raises:
            KeyFileRefused: The token holds keys already, or does not open or keep these.
        """
        keys = transport.wrapped_keys(sealed)
        if keys.keys() != {CODE_BREAK, PREPARATION}:
            raise KeyFileRefused("The ceremony sends a code-break key and a preparation key.")
        if self.holds(CODE_BREAK) or self.holds(PREPARATION) or self.rotating:
            raise KeyFileRefused("This token holds keys of a host already; nothing was changed.")
        private = self._one(TRANSPORT, ObjectClass.PRIVATE_KEY)
        made = []
        try:
            for purpose, (wrapped, made_at) in keys.items():
                made.append(self._unwrap_into(private, purpose, wrapped, made_at))
                self._demand_kept(made[-1], purpose)
        except KeyFileRefused:
            for key in made:
                self._do(key.destroy)
            raise

    def _unwrap_into(self, private: Any, purpose: str, wrapped: bytes, made_at: datetime) -> Any:  # noqa: ANN401
        return self._do(
            lambda: private.unwrap_key(
                ObjectClass.SECRET_KEY,
                KeyType.AES,
                wrapped,
                mechanism=Mechanism.RSA_PKCS_OAEP,
                mechanism_param=(Mechanism.SHA_1, MGF.SHA1, None),
                store=True,
                label=purpose,
                id=_identifier(made_at),
                template=_KEPT,
            )
        )

    @staticmethod
    def _demand_kept(key: Any, purpose: str) -> None:  # noqa: ANN401 - an object of the library
        if not key[Attribute.SENSITIVE] or key[Attribute.EXTRACTABLE]:
            raise KeyFileRefused(f"The token does not keep the {purpose} key as it must; it was not kept.")

    # ==== What is there

    def holds(self, purpose: str) -> bool:
        """Whether there is a key of a purpose."""
        return bool(self._all(purpose, ObjectClass.SECRET_KEY))

    def made_at(self, purpose: str) -> datetime:
        """When the key of a purpose was made: its identifier says so.

        Raises:
            KeyFileRefused: There is no such key, or it was put there by somebody else.
        """
        identifier: bytes = self._one(purpose).id
        try:
            return datetime.strptime(identifier.decode(), _TIME_FORM).replace(tzinfo=UTC)
        except ValueError:
            raise KeyFileRefused(f"The {purpose} key of the token does not say when it was made.") from None

    def fingerprint(self, purpose: str) -> str:
        """A name of a key that gives nothing of it away: 16 hex digits of its CMAC over a label."""
        return self._cmac(self._one(purpose), _FINGERPRINT_LABEL).hex()[:16]

    # ==== As `keys.custody.KeyProvider` says

    def unwrap(self, wrapped: bytes, associated: bytes) -> bytes:
        """Give the slot key of a code-break wrap."""
        return self._first(lambda key: self._unwrap(key, wrapped, associated))

    def open_envelope(self, sealed: bytes, associated: bytes) -> bytes:
        """Decrypt what was sealed under the code-break key itself."""
        return self._first(lambda key: self._open(key, sealed, associated))

    def open_record(self, sealed: bytes, associated: bytes) -> bytes:
        """Decrypt what was sealed under the preparation key."""
        return self._open(self._one(PREPARATION), sealed, associated)

    def seal_record(self, content: bytes, associated: bytes, entropy: Entropy) -> bytes:
        """Encrypt under the preparation key and a fresh nonce."""
        return self._seal(self._one(PREPARATION), content, associated, entropy)

    def draws(self, label: str) -> Stream:
        """Bits that follow from the preparation key and a label."""
        key, told = self._one(PREPARATION), label.encode()
        seed = b"".join(
            self._cmac(key, bytes([block]) + _DRAWS_LABEL + b"\0" + told + (256).to_bytes(4, "big"))
            for block in (1, 2)
        )
        return Stream(seed, label)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other rotation of this host off."""
        handle = os.open(self._directory, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise KeyFileRefused("Another rotation is under way on this host; wait until it ends.") from None
        try:
            yield
        finally:
            os.close(handle)

    @property
    def rotating(self) -> bool:
        """Whether a rotation was begun and not ended."""
        return self.holds(NEXT)

    @property
    def next_fingerprint(self) -> str:
        """A name of the next code-break key that gives nothing of it away."""
        return self.fingerprint(NEXT)

    def begin(self, entropy: Entropy, now: datetime) -> None:  # noqa: ARG002 - a token draws its own keys
        """Make the next code-break key in the token, beside the present one."""
        key = self._do(
            lambda: self._session.generate_key(
                KeyType.AES,
                8 * KEY_LENGTH,
                store=True,
                label=NEXT,
                id=_identifier(now),
                template=_KEPT,
            )
        )
        self._demand_kept(key, NEXT)

    def rewrap(self, wrapped: bytes, associated: bytes, entropy: Entropy) -> bytes:
        """Wrap a slot key anew under the next key."""
        slot_key = self._unwrap(self._one(CODE_BREAK), wrapped, associated)
        return self._seal(self._one(NEXT), slot_key, wraps.bound(associated), entropy)

    def reseal(self, sealed: bytes, associated: bytes, entropy: Entropy) -> bytes:
        """Seal anew, under the next key, what was sealed under the code-break key itself."""
        return self._seal(self._one(NEXT), self.open_envelope(sealed, associated), associated, entropy)

    def is_next(self, wrapped: bytes, associated: bytes) -> bool:
        """Whether a wrap opens under the next key."""
        try:
            self._unwrap(self._one(NEXT), wrapped, associated)
        except SealBroken:
            self._unwrap(self._one(CODE_BREAK), wrapped, associated)
            return False
        return True

    def end(self) -> None:
        """Destroy the former key, and let the next one take its place."""
        present = self._one(NEXT)
        for former in self._all(CODE_BREAK, ObjectClass.SECRET_KEY):
            self._do(former.destroy)
        self._do(lambda: present.__setitem__(Attribute.LABEL, CODE_BREAK))

    def abandon(self) -> None:
        """Destroy the next key."""
        for key in self._all(NEXT, ObjectClass.SECRET_KEY):
            self._do(key.destroy)

    # ==== In the token

    def _first(self, opens: Callable[[Any], bytes]) -> bytes:
        keys = [key for purpose in (CODE_BREAK, NEXT) for key in self._all(purpose, ObjectClass.SECRET_KEY)]
        for key in keys:
            try:
                return opens(key)
            except SealBroken:
                continue
        raise SealBroken("No code-break key of the token opens it.")

    def _unwrap(self, key: Any, wrapped: bytes, associated: bytes) -> bytes:  # noqa: ANN401
        if len(wrapped) != wraps.WRAP_LENGTH:
            raise SealBroken(f"A wrap has {wraps.WRAP_LENGTH} bytes, not {len(wrapped)}.")
        return self._open(key, wrapped, wraps.bound(associated))

    def _open(self, key: Any, sealed: bytes, associated: bytes) -> bytes:  # noqa: ANN401
        if len(sealed) < envelope.OVERHEAD:
            raise SealBroken(f"An envelope has at least {envelope.OVERHEAD} bytes; this has {len(sealed)}.")
        nonce, rest = sealed[: envelope.NONCE_LENGTH], sealed[envelope.NONCE_LENGTH :]
        params = GCMParams(nonce, associated, _TAG_BITS)
        try:
            with self._lock:
                return bytes(key.decrypt(rest, mechanism=Mechanism.AES_GCM, mechanism_param=params))
        except PKCS11Error:
            raise SealBroken(
                "The envelope does not open: wrong key, wrong place, or changed bytes."
            ) from None

    def _seal(self, key: Any, content: bytes, associated: bytes, entropy: Entropy) -> bytes:  # noqa: ANN401
        nonce = draw(entropy, envelope.NONCE_LENGTH)
        params = GCMParams(nonce, associated, _TAG_BITS)
        sealed = self._do(lambda: key.encrypt(content, mechanism=Mechanism.AES_GCM, mechanism_param=params))
        return nonce + bytes(sealed)

    def _cmac(self, key: Any, message: bytes) -> bytes:  # noqa: ANN401 - an object of the library
        return bytes(self._do(lambda: key.sign(message, mechanism=Mechanism.AES_CMAC)))

    def _one(self, label: str, kind: ObjectClass = ObjectClass.SECRET_KEY) -> Any:  # noqa: ANN401
        found = self._all(label, kind)
        if len(found) != 1:
            raise KeyFileRefused(f"The token holds {len(found)} {label} keys, not one.")
        return found[0]

    def _all(self, label: str, kind: ObjectClass) -> list[Any]:
        search = {Attribute.CLASS: kind, Attribute.LABEL: label}
        found: list[Any] = self._do(lambda: list(self._session.get_objects(search)))
        return found

    def _do(self, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the library gives
        try:
            with self._lock:
                return call()
        except PKCS11Error as error:
            raise KeyFileRefused(f"The token refuses: {type(error).__name__}.") from None


def _identifier(made_at: datetime) -> bytes:
    # Not the start date: SoftHSM2 keeps that of a private object and cannot read it back.
    return made_at.astimezone(UTC).strftime(_TIME_FORM).encode()
