"""What sealing costs, beside the raw cost of the same primitives in the same run: ``make benchmark``.

The figure to look at is the ratio; seconds belong to the machine. Nothing here is a test.
"""

from __future__ import annotations

import hashlib
import resource
import secrets
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keys.stream import Stream
from randomizer.cli.console import progress
from randomizer.domain import preparation_record
from randomizer.domain.definition import parse_definition
from randomizer.domain.leaf import Content, Leaf, encode_content, encode_leaf
from randomizer.domain.unblinded import parse_unblinded
from randomizer.services.sealed import generator, sealing
from randomizer.services.sealed.bundle_writer import write_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.unblinded import UnblindedDefinition

CONFIG = Path(__file__).parents[2] / "config"
SEED = bytes(range(32))
WRAPS = 3
BINDING = 64  # bytes of associated data


@dataclass(frozen=True)
class Lengths:
    """Bytes that one slot's primitives work on."""

    leaf: int
    content: int
    record: int
    periods: int


def definitions(slots: int) -> tuple[Definition, UnblindedDefinition]:
    """MESEMS with that many slots."""
    made = parse_definition((CONFIG / "mesems.toml").read_text(encoding="utf-8"), "mesems.toml")
    each = -(-slots // len(made.strata))
    definition = replace(made, strata=tuple(replace(one, capacity=each) for one in made.strata))
    text = (CONFIG / "mesems.unblinded.toml").read_text(encoding="utf-8")
    return definition, parse_unblinded(text, definition)


def seal(slots: int, directory: Path) -> tuple[float, float, Lengths]:
    """Generate and seal; seconds of each, and how long one slot's parts are."""
    definition, unblinded = definitions(slots)
    began = time.process_time()
    schedule = generator.generate(definition, unblinded, SEED)
    generated = time.process_time() - began
    keys = sealing.SealingKeys(
        code_break=secrets.token_bytes(32),
        staged=secrets.token_bytes(32),
        preparation=secrets.token_bytes(32),
    )
    with progress("Sealing slots", len(schedule)) as advance:
        began = time.process_time()
        sealed = sealing.seal(
            definition,
            schedule,
            version=1,
            salts=generator.salts(SEED),
            keys=keys,
            entropy=secrets.token_bytes,
        )
        write_rows(directory, sealed, "codes of a benchmark", advance)
        took = time.process_time() - began
    return generated, took, _lengths(definition, schedule[0].kits)


def _lengths(definition: Definition, kits: tuple[tuple[str, ...], ...]) -> Lengths:
    leaf = Leaf(
        version=1, slot=0, stratum=0, ordinal=1, randomization_number="10000003", sequence_code="AB",
        kits=kits, salt=bytes(32),
    )  # fmt: skip
    content = Content(
        sequence_code="AB", treatments=tuple(one.code for one in definition.treatments), salt=bytes(32)
    )
    return Lengths(
        leaf=len(encode_leaf(leaf)),
        content=len(encode_content(content)),
        record=len(preparation_record.encode({})),
        periods=definition.period_count,
    )


def raw(slots: int, lengths: Lengths) -> float:
    """Seconds of the same primitives alone: random bytes, AES-GCM, HKDF, SHA-256; no row, no file."""
    staged, bound = AESGCM(secrets.token_bytes(32)), bytes(BINDING)
    leaf, content, record = bytes(lengths.leaf), bytes(lengths.content), bytes(lengths.record)
    began = time.process_time()
    for _ in range(slots):
        key = secrets.token_bytes(32)
        AESGCM(key).encrypt(secrets.token_bytes(12), content, bound)
        code = secrets.token_bytes(16)
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=bound).derive(code)
        AESGCM(derived).encrypt(secrets.token_bytes(12), key, bound)
        for _ in range(WRAPS - 1):
            staged.encrypt(secrets.token_bytes(12), key, bound)
        for _ in range(lengths.periods):
            staged.encrypt(secrets.token_bytes(12), record, bound)
        hashlib.sha256(leaf).digest()
        for _ in range(4):  # two trees: a leaf and, on average, one inner node each
            hashlib.sha256(leaf[:65]).digest()
    return time.process_time() - began


def raw_draws(slots: int) -> float:
    """Seconds of drawing as many key-stream bytes as the numbers of a schedule take."""
    stream = Stream(SEED, "benchmark")
    began = time.process_time()
    for _ in range(slots):
        stream.take(5 * 4)  # five numbers, at least four bytes each
    return time.process_time() - began


@contextmanager
def room() -> Iterator[Path]:
    """A directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="sealing-") as name:
        yield Path(name)


@click.command()
@click.option("--slots", default=100_000, show_default=True, help="How many to seal.")
def main(slots: int) -> None:
    """Seal a schedule and print its cost."""
    with room() as directory:
        generated, sealed, lengths = seal(slots, directory)
        written = sum(path.stat().st_size for path in directory.iterdir())
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    primitives, draws = raw(slots, lengths), raw_draws(slots)
    click.echo(f"slots                    {slots}")
    click.echo(f"generate                 {generated:.1f} s of CPU, {generated / draws:.1f} x its key stream")
    click.echo(f"seal and write           {sealed:.1f} s of CPU, {sealed / primitives:.1f} x its primitives")
    click.echo(f"written                  {written / 1e6:.0f} MB")
    click.echo(f"most memory of all this  {peak / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
