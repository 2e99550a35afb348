"""What the two release envelopes hold; it unblinds, so it exists in the ceremony's memory or sealed. No I/O.

The final release holds all that the schedule was made of; the staged one holds the key of the staged wraps.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from randomizer.domain import unblinded as unblinded_definition
from randomizer.errors import BundleRefused, DefinitionFaulty

if TYPE_CHECKING:
    from randomizer.domain.schedule import Schedule
    from randomizer.domain.unblinded import UnblindedDefinition

RELEASE_FORMAT = "crossover-randomizer/v1/release"
STAGED_FORMAT = "crossover-randomizer/v1/staged-release"
SECRET_BYTES = 32
INTEGER_MAX = 1 << 53
PAD_BYTES = 4096  # so that the length tells nothing finer


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReleaseContent:
    """The final release.

    Args:
        trial_id: Identifier of the trial.
        version: Of the schedule, 1-based.
        seed: 32 bytes.
        contributions: Name of each contributor and their 32 bytes, in the order of the commitments.
        unblinded: The unblinded definition.
        unblinded_salt: Salt of its commitment in the certificate, 32 bytes.
        slots: Sequence code of each slot, slot 0 first.
        salts: Salt of each leaf, slot 0 first.
    """

    trial_id: str
    version: int
    seed: bytes
    contributions: tuple[tuple[str, bytes], ...]
    unblinded: UnblindedDefinition
    unblinded_salt: bytes
    slots: tuple[str, ...]
    salts: tuple[bytes, ...]

    def __repr__(self) -> str:
        return "ReleaseContent(masked)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StagedContent:
    """The staged release: the key of the staged wraps, 32 bytes."""

    trial_id: str
    version: int
    staged_key: bytes

    def __repr__(self) -> str:
        return "StagedContent(masked)"


def sequence_codes(schedule: Schedule) -> tuple[str, ...]:
    """The sequence code of each slot, slot 0 first."""
    return tuple(plan.sequence_code for plan in schedule)


def encode_release(content: ReleaseContent) -> bytes:
    """The plaintext of the release envelope: JSON, padded with spaces to a multiple of 4096 bytes."""
    return padded(
        {
            "format": RELEASE_FORMAT,
            "trial_id": content.trial_id,
            "schedule_version": content.version,
            "seed": content.seed.hex(),
            "contributions": [
                {"name": name, "contribution": secret.hex()} for name, secret in content.contributions
            ],
            "unblinded_definition": unblinded_definition.canonical(content.unblinded).decode(),
            "unblinded_salt": content.unblinded_salt.hex(),
            "slots": content.slots,
            "salts": [salt.hex() for salt in content.salts],
        }
    )


def decode_release(data: bytes) -> ReleaseContent:
    """The content of an opened release.

    Raises:
        BundleRefused: It is none. The message does not repeat it.
    """
    try:
        found = _read(data, RELEASE_FORMAT)
        return ReleaseContent(
            trial_id=str(found["trial_id"]),
            version=_version(found["schedule_version"]),
            seed=_bytes32(found["seed"]),
            contributions=tuple(
                (str(one["name"]), _bytes32(one["contribution"])) for one in found["contributions"]
            ),
            unblinded=unblinded_definition.from_canonical(found["unblinded_definition"].encode()),
            unblinded_salt=_bytes32(found["unblinded_salt"]),
            slots=tuple(str(code) for code in found["slots"]),
            salts=tuple(map(_bytes32, found["salts"])),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, DefinitionFaulty):
        raise BundleRefused("What was opened is not a release of this version.") from None


def encode_staged(content: StagedContent) -> bytes:
    """The plaintext of the staged release envelope."""
    return padded(
        {
            "format": STAGED_FORMAT,
            "trial_id": content.trial_id,
            "schedule_version": content.version,
            "staged_key": b64encode(content.staged_key).decode(),
        }
    )


def decode_staged(data: bytes) -> StagedContent:
    """The content of an opened staged release.

    Raises:
        BundleRefused: It is none. The message does not repeat it.
    """
    try:
        found = _read(data, STAGED_FORMAT)
        return StagedContent(
            trial_id=str(found["trial_id"]),
            version=int(found["schedule_version"]),
            staged_key=b64decode(found["staged_key"], validate=True),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BundleRefused("What was opened is not a staged release of this version.") from None


def padded(mapping: dict[str, Any]) -> bytes:
    """JSON with sorted names, padded with spaces to a multiple of 4096 bytes."""
    content = json.dumps(mapping, sort_keys=True, separators=(",", ":")).encode()
    return content.ljust(-(-len(content) // PAD_BYTES) * PAD_BYTES)


def _version(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > INTEGER_MAX:
        raise ValueError("no version")
    return value


def _bytes32(text: str) -> bytes:
    found = bytes.fromhex(text)
    if len(found) != SECRET_BYTES:
        raise ValueError("another length")
    return found


def _read(data: bytes, form: str) -> dict[str, Any]:
    found = json.loads(data)
    if not isinstance(found, dict) or found.get("format") != form:
        raise ValueError("another format")
    return found
