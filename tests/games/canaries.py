"""Texts that stand nowhere by chance, and the search for them in whatever form they may have been kept."""

from __future__ import annotations

import base64
import re
import zlib
from typing import TYPE_CHECKING

from randomizer.domain.definition import canonical, parse_definition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from randomizer.domain.definition_values import Definition

SEQUENCES = ("XANTHIC7Q", "BRUMOUS3V")
TREATMENTS = ("QZOLITE", "UMBRETTE")
NAMES = ("Quillwort cells of the participant", "Umbrette medium without cells")
LOT = "Vexillum-4471"
NOTE = "Thrutch and gallimaufry"
THAW = "Zwodder 37.4171"
FAILED = "Fipple cells too few"
UNBLINDED = (*SEQUENCES, LOT, NOTE, THAW, FAILED)
"""What nobody may find before the release."""

BOUND = (*TREATMENTS, *NAMES)
"""What stands in the definition, and nowhere beside a participant, slot or kit."""

BLOCK_SIZES = (10, 14)
BLOCK = re.compile(rb"block.?size|\[10, ?14\]|permuted|\bblocks?\b", re.IGNORECASE)
WORDS_OF_PAGES = re.compile(rb"<style.*?</style>|class=\"[^\"]*\"|<!--.*?-->", re.DOTALL)
"""What is left out of a page when its words are looked at."""
ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
LEAST_NOTHING = 4
NOTHING = re.compile(rb"\0{%d,}" % LEAST_NOTHING)
"""Zeros in a row: no form of a canary has two, a PDF is half made of them, and they are slow to search."""
LONGEST = 1 << 22  # bytes of an inflated part
CONTEXT = 12  # bytes around a treatment, by which the definition is recognized


def write_config(shipped: Path, directory: Path) -> None:
    """Write the example's definition files with canaries in the place of its codes and names.

    Args:
        shipped: ``config``.
        directory: Where the copies go.
    """
    directory.mkdir()
    for path in shipped.iterdir():
        if path.is_file():
            (directory / path.name).write_bytes(path.read_bytes())
    blinded = (shipped / "mesems.toml").read_text(encoding="utf-8")
    names = ("Autologous mesenchymal stem cells", "Suspension medium")
    for old, new in zip(("MSC", "MEDIUM", *names), BOUND, strict=True):
        assert f'"{old}"' in blinded
        blinded = blinded.replace(f'"{old}"', f'"{new}"')
    (directory / "mesems.toml").write_text(blinded, encoding="utf-8")
    first, second = TREATMENTS
    unblinded = f"""
rehearsal_only = true
sequences = [
  {{ code = "{SEQUENCES[0]}", treatments = ["{first}", "{second}"] }},
  {{ code = "{SEQUENCES[1]}", treatments = ["{second}", "{first}"] }},
]
[procedure]
kind = "permuted-blocks"
block_sizes = {list(BLOCK_SIZES)}
weights = [3, 5]
"""
    (directory / "mesems.unblinded.toml").write_text(unblinded, encoding="utf-8")


def forms(text: str) -> dict[str, bytes]:
    """A text in each form in which it may have been kept; base64 at each of its three offsets."""
    plain = text.encode()
    found = {
        "UTF-8": plain,
        "UTF-16 little-endian": text.encode("utf-16-le"),
        "UTF-16 big-endian": text.encode("utf-16-be"),
        "hex": plain.hex().encode(),
        "hex in capitals": plain.hex().upper().encode(),
    }
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + plain)
        # What is encoded together with its neighbours is left out on both sides.
        found[f"base64 at offset {offset}"] = encoded[-(-offset * 4 // 3) : (offset + len(plain)) * 4 // 3]
    return found


FORMS = {canary: forms(canary) for canary in (*UNBLINDED, *BOUND)}


def search(content: bytes, canaries: tuple[str, ...] = UNBLINDED) -> list[str]:
    """Canary and form of everything that is found, also inside of what was compressed by zlib."""
    found = []
    for how, part in (("", content), *(("in zlib, ", inner) for inner in inflated(content))):
        thinned = NOTHING.sub(bytes(LEAST_NOTHING), part)
        found += [
            f"{canary} ({how}{name})"
            for canary in canaries
            for name, wanted in FORMS[canary].items()
            if wanted in thinned
        ]
    return found


def inflated(content: bytes) -> Iterator[bytes]:
    """Everything inside of some bytes that zlib can inflate, as far as it goes."""
    for start in ZLIB.finditer(content):
        part = zlib.decompressobj()
        try:
            yield part.decompress(memoryview(content)[start.start() :], LONGEST)
        except zlib.error:
            continue


def bindings(content: bytes, definition: bytes) -> list[str]:
    """Treatments that stand elsewhere than in the definition.

    Args:
        content: Bytes of a file.
        definition: The canonical definition, in which treatments may be named.
    """
    allowed = definition + b"\n" + definition.replace(b'"', b'\\"')
    found = []
    for canary in BOUND:
        for name, wanted in FORMS[canary].items():
            at = content.find(wanted)
            while at >= 0:
                before = content[max(0, at - CONTEXT) : at + len(wanted)]
                after = content[at : at + len(wanted) + CONTEXT]
                if before not in allowed and after not in allowed:  # a page may end on one side
                    found.append(f"{canary} ({name})")
                at = content.find(wanted, at + 1)
    return found


def definition_of(directory: Path) -> tuple[Definition, bytes]:
    """The definition in a directory, and its canonical bytes."""
    text = (directory / "mesems.toml").read_text(encoding="utf-8")
    made = parse_definition(text, "mesems.toml")
    return made, canonical(made)
