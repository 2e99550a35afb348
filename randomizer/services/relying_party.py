"""What a door asks of a passkey, and whether an answer is what was asked for. Knows no store and no account.

Every answer is checked by the library: kind, challenge, origin, domain, that the person was there and was
verified by the authenticator (fingerprint, face or PIN), and the signature. Source: W3C, Web Authentication,
Level 3, sections 7.1 and 7.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from randomizer.errors import SignInRefused
from randomizer.services.challenges import FIELD, MINUTES, Challenges

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = "Crossover randomizer"
LONGEST_ANSWER = 16 * 1024  # characters
TIMEOUT_MS = MINUTES * 60 * 1000
ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
NOT_COUNTING = 0
"""The count that the library compares with: it would refuse a lower one, and here a code break goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A key pair that an authenticator has just made.

    Args:
        credential: What the authenticator calls it, base64url.
        public_key: In COSE form.
        sign_count: How often it has signed, as it says itself.
    """

    credential: str
    public_key: bytes
    sign_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An answer to a challenge of this door; whose it is, and its signature, are still to be checked.

    Args:
        answer: As the browser sent it.
        credential: Which key pair it says it is of, base64url.
        handle: Which passkey it says it is of, hex, or "" where it does not say.
        challenge: The challenge.
    """

    answer: AuthenticationCredential
    credential: str
    handle: str
    challenge: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """A door as WebAuthn sees it.

    Args:
        id: Domain at which its passkeys count.
        origin: The one address whose pages may ask for them, as a browser gives it.
        challenges: Of the door.
    """

    id: str
    origin: str
    challenges: Challenges

    def ask(self, credentials: Iterable[str], *bound_to: str) -> str:
        """What the page hands to ``navigator.credentials.get``, as JSON.

        Args:
            credentials: Those of the person who is signed in; none lets the authenticator offer what it has.
            *bound_to: See `Challenges.issue`.
        """
        options = generate_authentication_options(
            rp_id=self.id,
            challenge=self.challenges.issue(*bound_to),
            timeout=TIMEOUT_MS,
            allow_credentials=_descriptors(credentials),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json(options)

    def offer(self, *bound_to: str, username: str, name: str, handle: str, held: Iterable[str]) -> str:
        """What the page hands to ``navigator.credentials.create``, as JSON.

        Args:
            *bound_to: See `Challenges.issue`.
            username: Whose the passkey will be, as the authenticator shows it.
            name: The same as people read it.
            handle: Of the new passkey, hex.
            held: Credentials that the person has; an authenticator with one of them makes no second.
        """
        options = generate_registration_options(
            rp_id=self.id,
            rp_name=NAME,
            user_id=bytes.fromhex(handle),
            user_name=username,
            user_display_name=name,
            challenge=self.challenges.issue(*bound_to),
            timeout=TIMEOUT_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_descriptors(held),
            supported_pub_key_algs=ALGORITHMS,
        )
        return options_to_json(options)

    def registered(self, answer: str, *bound_to: str) -> Registered:
        """The key pair that an answer of ``navigator.credentials.create`` brings.

        Raises:
            SignInRefused: It is none, is not for this, or does not hold.
        """
        challenge = self._challenge(answer, created=True)
        self.challenges.demand(challenge, *bound_to)
        try:
            verified = verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self.id,
                expected_origin=self.origin,
                require_user_verification=True,
                supported_pub_key_algs=ALGORITHMS,
            )
        except Exception:  # noqa: BLE001 - whatever the parsers say of bytes that anybody may send
            raise refusal() from None
        return Registered(
            credential=bytes_to_base64url(verified.credential_id),
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
        )

    def claimed(self, answer: str, *bound_to: str) -> Claim:
        """What an answer of ``navigator.credentials.get`` claims; costs next to nothing.

        Raises:
            SignInRefused: It is none, or is not for this.
        """
        challenge = self._challenge(answer, created=False)
        self.challenges.demand(challenge, *bound_to)
        credential = parse_authentication_credential_json(answer)
        return Claim(
            answer=credential,
            credential=bytes_to_base64url(credential.raw_id),
            handle=(credential.response.user_handle or b"").hex(),
            challenge=challenge,
        )

    def verify(self, claim: Claim, public_key: bytes) -> int:
        """Check a claim with the public key of the passkey; returns how often it has signed.

        Raises:
            SignInRefused: It does not hold.
        """
        try:
            verified = verify_authentication_response(
                credential=claim.answer,
                expected_challenge=claim.challenge,
                expected_rp_id=self.id,
                expected_origin=self.origin,
                credential_public_key=public_key,
                credential_current_sign_count=NOT_COUNTING,
                require_user_verification=True,
            )
        except Exception:  # noqa: BLE001 - whatever the parsers say of bytes that anybody may send
            raise refusal() from None
        return verified.new_sign_count

    def _challenge(self, answer: str, *, created: bool) -> bytes:
        if len(answer) > LONGEST_ANSWER:
            raise refusal()
        parse = parse_registration_credential_json if created else parse_authentication_credential_json
        try:
            told = parse_client_data_json(parse(answer).response.client_data_json)
        except Exception:  # noqa: BLE001 - whatever the parsers say of bytes that anybody may send
            raise refusal() from None
        if told.cross_origin:  # asked for by a page that another site shows in a frame
            raise refusal()
        return told.challenge


def refusal() -> SignInRefused:
    """The refusal of a passkey, the same whatever did not fit."""
    return SignInRefused(
        "This passkey does not fit here, or it counts no more. Nothing was changed.",
        field=FIELD,
        next_step="Use another passkey, or password and six-digit code.",
    )


def _descriptors(credentials: Iterable[str]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in credentials]
