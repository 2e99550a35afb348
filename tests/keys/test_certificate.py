from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import certificate, notes
from keys.errors import NoteRefused
from keys.notes import NoteKey

KEY = NoteKey("example.org/log", bytes(range(32)))
MAPPING = {"b": 1, "a": ["é", None, True]}
NOTE = certificate.sign(MAPPING, KEY)
text = st.text(st.characters(codec="utf-8"), max_size=10)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=10,
)


def test_known_answers() -> None:
    assert certificate.canonical(MAPPING) == '{"a":["é",null,true],"b":1}'.encode()
    assert certificate.digest(certificate.canonical(MAPPING)) == (
        "e89900f4be0e71e6b3516a895ada589e1134b6377e096e91ff9821fd93ed293d"
    )
    assert NOTE.decode() == (
        '{"a":["é",null,true],"b":1}\n\n— example.org/log '
        "mK8CO+GM7RwiH3x2jINRZd1t3//vtHQpO+0MSRUZXe3CS2f/38YrB5DkxHOvqhn5edjVmRGvrum9GsBSk4i8XZV8MwM=\n"
    )


def test_names_are_sorted_by_utf_16_and_controls_escaped() -> None:
    names = {"\ufb33": 1, "\U0001f600": 2, "\u20ac": 3, "1": 4, "\r": 5}
    expected = '{"\\r":5,"1":4,"\u20ac":3,"\U0001f600":2,"\ufb33":1}'
    assert certificate.canonical(names).decode() == expected


@pytest.mark.promise(15)
@given(st.dictionaries(text, plain, max_size=4))
def test_a_signed_mapping_comes_back(mapping: dict[str, object]) -> None:
    assert certificate.verify(certificate.sign(mapping, KEY), [KEY.verifier]) == mapping


@pytest.mark.promise(15)
def test_every_flipped_bit_is_refused() -> None:
    for at in range(len(NOTE)):
        for bit in range(8):
            flipped = NOTE[:at] + bytes([NOTE[at] ^ 1 << bit]) + NOTE[at + 1 :]
            with pytest.raises(NoteRefused):
                certificate.verify(flipped, [KEY.verifier])


@pytest.mark.promise(15)
@pytest.mark.parametrize(
    "signed",
    [
        '{"b":1,"a":2}\n',
        '{"a": 1}\n',
        '{"a":1}\n\n',
        '{"a":1,"a":1}\n',
        '{"a":1.0}\n',
        '{"a":1e3}\n',
        '{"a":NaN}\n',
        '{"a":"\\u0041"}\n',
        '{"a":9007199254740992}\n',
        '{"a":"\\ud800"}\n',
        "[]\n",
        '"a"\n',
        "not json\n",
        "[" * 100000 + "\n",
        '{"a":' * 3000 + "1" + "}" * 3000 + "\n",
        '{"a":' + "9" * 5000 + "}\n",
    ],
)
def test_a_signed_text_that_is_not_canonical_is_refused(signed: str) -> None:
    with pytest.raises(NoteRefused):
        certificate.verify(notes.sign(signed, KEY), [KEY.verifier])


@pytest.mark.parametrize("value", [1.5, 2**53, b"bytes", {1: 2}, {1, 2}, "\ud800", float("nan")])
def test_what_json_cannot_hold_exactly_is_refused(value: object) -> None:
    with pytest.raises(NoteRefused):
        certificate.canonical({"a": [value]})
