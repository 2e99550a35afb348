"""The filter of the games: what it replaces, and that a leak beside or behind it still shows."""

from __future__ import annotations

import pytest

from tests.games.placeholders import LISTED, Placeholders, compared

ONE, TWO = b"a1" * 32, b"b2" * 32
REQUEST, OTHER_REQUEST = b"0123456789abcdef", b"fedcba9876543210"
SAMPLES = {
    "digests, roots, proofs and sealed bytes": (b'"digest": "%s"', ONE, TWO),
    "digests in a list as CSV": (b"12,2027-01-04T08:00:00Z,randomized,%s,Dr One,yes", ONE, TWO),
    "root on the trail page": (b'<p class="digest">%s</p>', ONE, TWO),
    "start of the certificate's digest on the lock page": (
        b"<dt>Certificate</dt><dd>%s</dd>",
        REQUEST,
        OTHER_REQUEST,
    ),
    "root of a checkpoint": (b"example.org/log\n12\n%s\n", b"A" * 43 + b"=", b"B" * 43 + b"="),
    "signature of a checkpoint": ("\u2014 log ".encode() + b"%s\n", b"A" * 90 + b"=", b"B" * 90 + b"="),
    "session cookie": (b"Set-Cookie: site=%s; HttpOnly", b"eyJ0.one", b"eyJ0.two"),
    "sealed cookie of what was typed": (b"Set-Cookie: site-typed=%s; HttpOnly", b"gAAAone", b"gAAAtwo"),
    "CSRF value": (b'name="csrf_token" value="%s"', b"Ij.one", b"Ij.two"),
    "request id of an answer": (b"X-Request-Id: %s\n", REQUEST, OTHER_REQUEST),
    "request id of a problem": (b'"instance": "urn:request:%s"', REQUEST, OTHER_REQUEST),
    "request id in the log": (b'"request": "%s"', REQUEST, OTHER_REQUEST),
    "Date": (
        b"Date: %s\n",
        b"Mon, 04 Jan 2027 08:00:00 GMT",
        b"Tue, 05 Jan 2027 08:00:00 GMT",
    ),
    "time of a log line": (
        b'"timestamp": "%s"',
        b"2027-01-04T08:00:00.000001Z",
        b"2027-01-04T09:00:00.000001Z",
    ),
}


def test_every_line_of_the_list_has_its_sample() -> None:
    assert set(SAMPLES) == {name for name, _ in LISTED}


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_listed_becomes_a_placeholder_of_the_same_length(name: str) -> None:
    around, one, two = SAMPLES[name]
    replaced = Placeholders().put(around % one)
    assert one not in replaced
    assert len(replaced) == len(around % one)
    assert compared([("page", around % one)], [("page", around % two)]) == []


@pytest.mark.promise(1)
@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize(
    "leak", ["value beside it", "other length", "repeats itself", "elsewhere", "earlier"]
)
def test_a_leak_beside_or_behind_what_is_listed_shows(name: str, leak: str) -> None:
    around, one, two = SAMPLES[name]
    clean = [("first", around % one), ("second", around % two)]
    leaky = {
        "value beside it": [("first", around % one + b" MSC"), ("second", around % two)],
        "other length": [("first", around % (one + one)), ("second", around % two)],
        "repeats itself": [("first", around % one), ("second", around % one)],
        "elsewhere": [("first", around % one), ("second", around % two), ("third", b"")],
        "earlier": [("second", around % two), ("first", around % one)],
    }[leak]
    assert compared(clean, clean) == []
    assert compared(clean, leaky)


@pytest.mark.promise(1)
@pytest.mark.parametrize(
    "told",
    [
        b'ETag: "%s"' % ONE,
        b"<td>%s</td>" % ONE,
        b'"sequence": "%s"' % ONE,
        b"Content-Length: 1024",
        b"Last-Modified: Mon, 04 Jan 2027 08:00:00 GMT",
        b"Set-Cookie: arm=%s; HttpOnly" % ONE,
        b'name="treatment" value="MSC"',
    ],
)
def test_what_is_not_listed_is_never_replaced(told: bytes) -> None:
    assert Placeholders().put(told) == told


def test_an_equal_value_has_an_equal_placeholder_wherever_it_stands() -> None:
    put = Placeholders().put
    first = put(b'<p class="digest">%s</p>' % ONE)
    assert put(b'{"digest": "%s"}' % ONE) == first.replace(b'<p class="digest">', b'{"digest": "').replace(
        b"</p>", b'"}'
    )
