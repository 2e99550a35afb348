from __future__ import annotations

import pytest

from keys import self_test
from keys.errors import SelfTestFailed


@pytest.mark.promise(8)
def test_every_known_answer_holds_on_this_machine() -> None:
    self_test.run()


@pytest.mark.promise(8)
@pytest.mark.parametrize(
    ("module", "function", "named"),
    [
        ("envelope", "open_envelope", "AES-256-GCM"),
        ("envelope", "seal", "AES-256-GCM"),
        ("notes", "signature", "Ed25519"),
        ("merkle", "node_hash", "Merkle"),
        ("merkle", "leaf_hash", "Merkle"),
        ("shares", "combine", "SLIP-39"),
        ("hpke", "open_sealed", "HPKE"),
        ("wraps", "unwrap", "wrap"),
        ("wraps", "emergency_key", "emergency code"),
        ("contribution", "combine", "seed"),
        ("checkpoint", "sign", "checkpoint"),
    ],
)
def test_a_primitive_that_answers_wrongly_is_named(
    monkeypatch: pytest.MonkeyPatch, module: str, function: str, named: str
) -> None:
    monkeypatch.setattr(getattr(self_test, module), function, lambda *_: bytes(32))
    with pytest.raises(SelfTestFailed, match=named):
        self_test.run()


@pytest.mark.promise(8)
@pytest.mark.parametrize(("name", "named"), [("Stream", "bit stream"), ("HKDF", "HKDF")])
def test_a_primitive_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, name: str, named: str) -> None:
    monkeypatch.setattr(self_test, name, None)
    with pytest.raises(SelfTestFailed, match=named):
        self_test.run()
