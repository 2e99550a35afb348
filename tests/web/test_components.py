"""The components of the pages, seen by a browser and by axe-core, and read as markup."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import expect

from tests.web.gallery.gallery import PAGES, PersonForm, make_app
from tests.web.lens import AXE
from tests.web.looks import PHONE, resize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from playwright.sync_api import ConsoleMessage, Page

TARGETS = "a[href], button, input:not([type=hidden]), select, textarea, summary"
STRICT = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice", "wcag2aaa"],
    "rules": {
        "color-contrast-enhanced": {"enabled": True},
        "identical-links-same-purpose": {"enabled": False},
    },
}
SMALL = """selector => [...document.querySelectorAll(selector)].map(e => {
  if (!e.checkVisibility()) return ["", 44, 44];
  const box = e.getBoundingClientRect();
  return [e.textContent.trim() || e.name, box.width, box.height];
}).filter(([, width, height]) => width < 43.9 || height < 43.9)"""
RINGLESS = """selector => [...document.querySelectorAll(selector)].filter(e => {
  if (!e.checkVisibility()) return false;
  e.focus({focusVisible: true});
  const style = getComputedStyle(e);
  return style.outlineStyle !== "solid" || parseFloat(style.outlineWidth) < 3;
}).map(e => e.outerHTML)"""
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Markup(HTMLParser):
    """What the tests ask about a page of HTML."""

    attributes: list[tuple[str, str, str | None]] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    _inside: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value) for name, value in attrs]
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in ("script", "style") and data.strip():
            self.inline.append(data)

    def values(self, name: str) -> list[str]:
        return [value or "" for _, attribute, value in self.attributes if attribute == name]


@pytest.fixture(scope="module")
def app() -> Flask:
    return make_app()


@pytest.fixture(scope="module")
def address(app: Flask, serve: Callable[[Flask], str]) -> str:
    return serve(app)


@pytest.fixture
def look(tabs: Callable[..., Page], address: str) -> Iterator[Callable[..., Page]]:
    """Give a function that opens a page of the gallery; what the policy blocked fails the test."""
    tab = tabs()
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        said.append(message.text)

    def open_page(path: str, *, width: int = 1280, scheme: Literal["light", "dark"] = "light") -> Page:
        tab.set_viewport_size({"width": width, "height": 844})
        tab.emulate_media(color_scheme=scheme, media="screen")
        tab.goto(f"{address}/{path}")
        return tab

    tab.on("console", listen)
    yield open_page
    tab.remove_listener("console", listen)
    tab.emulate_media(color_scheme="light", media="screen")
    assert [text for text in said if "Content Security Policy" in text] == []


def markup(app: Flask, path: str) -> Markup:
    response = app.test_client().get(path)
    assert response.status_code == 200
    parsed = Markup()
    parsed.feed(response.text)
    return parsed


def ratio(one: str, two: str) -> float:
    """Return the contrast of two colours as WCAG 2.2 defines it."""
    light, dark = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("page", PAGES)
def test_no_page_needs_an_unsafe_policy(app: Flask, page: str) -> None:
    parsed = markup(app, f"/{page}")
    names = [name for _, name, _ in parsed.attributes]
    assert parsed.inline == []
    assert "style" not in names
    assert [name for name in names if name.startswith("on")] == []
    assert [value for value in parsed.values("src") if "//" in value and not value.startswith("data:")] == []


@pytest.mark.parametrize("page", PAGES)
def test_ids_are_unique_and_every_reference_leads_somewhere(app: Flask, page: str) -> None:
    parsed = markup(app, f"/{page}")
    ids = parsed.values("id")
    assert len(ids) == len(set(ids))
    named = {"for", "aria-describedby", "aria-labelledby"}
    references = {
        one for _, name, value in parsed.attributes if name in named for one in (value or "").split()
    }
    assert references <= set(ids)


def test_the_error_summary_leads_to_the_fields(app: Flask) -> None:
    parsed = markup(app, "/gallery")
    fields = {value for tag, name, value in parsed.attributes if name == "id" and tag == "input"}
    assert {"#name", "#weight"} <= set(parsed.values("href"))
    assert {"name", "weight"} <= fields


@pytest.mark.parametrize("page", ["gallery", "answer"])
def test_axe_finds_nothing_on_a_desktop_or_a_dark_phone(look: Callable[..., Page], page: str) -> None:
    seen = look(page)
    seen.evaluate(AXE_FILE_PATH.read_text())
    assert seen.evaluate(AXE, STRICT) == []
    seen.emulate_media(color_scheme="dark")
    resize(seen, PHONE)
    assert seen.evaluate(AXE, STRICT) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_target_is_44_px_and_nothing_scrolls_sideways(look: Callable[..., Page], page: str) -> None:
    seen = look(page)
    for width in (1280, 640, 390, 320):  # 640 and 320 are 1280 at 200 % and at 400 % zoom
        seen.set_viewport_size({"width": width, "height": 844})
        assert seen.evaluate(SMALL, TARGETS + ":not(.skip-link)") == []
        assert seen.evaluate(WIDER) == 0


@pytest.mark.parametrize("page", ["gallery", "answer", "wrong-kit"])
def test_the_focus_is_always_seen(look: Callable[..., Page], page: str) -> None:
    assert look(page, width=390).evaluate(RINGLESS, TARGETS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("door", ["site", "codebreak"])
def test_the_colours_keep_their_contrast(look: Callable[..., Page], door: str, scheme: str) -> None:
    page = look(f"home?door={door}", scheme=scheme)
    read = "names => names.map(name => getComputedStyle(document.body).getPropertyValue('--' + name).trim())"
    words = [("ink", "ground"), ("ink-soft", "ground"), ("ink-soft", "panel"), ("ink-soft", "accent-tint")]
    words += [("accent", "ground"), ("accent", "accent-tint"), ("on-accent", "accent"), ("accent", "panel")]
    words += [("attention", "attention-tint"), ("attention", "ground"), ("attention", "accent-tint")]
    words += [("on-band", "stop"), ("on-band", "right"), ("on-band", "head")]
    shapes = [("line-strong", "ground"), ("focus", "ground"), ("focus", "accent-tint"), ("focus", "panel")]
    got = {pair: ratio(*page.evaluate(read, pair)) for pair in (*words, *shapes)}
    assert {pair: value for pair, value in got.items() if value < (7 if pair in words else 3)} == {}


def test_the_doors_do_not_look_alike(look: Callable[..., Page]) -> None:
    ground = "() => getComputedStyle(document.querySelector('.page-head')).backgroundColor"
    seen = {}
    for door, name in (("site", "Site door"), ("codebreak", "Code-break door")):
        page = look(f"home?door={door}")
        assert name in page.inner_text("header")
        seen[door] = page.evaluate(ground)
    assert seen["site"] != seen["codebreak"]


def test_a_rehearsal_says_so_on_screen_and_in_print(look: Callable[..., Page]) -> None:
    page = look("answer")
    assert page.locator("text=REHEARSAL").first.is_visible()
    page.emulate_media(media="print")
    assert page.locator("text=REHEARSAL").first.is_visible()
    assert not page.locator(".page-nav").is_visible()
    assert "REHEARSAL" not in look("answer?rehearsal=0").content()


def test_a_rehearsal_prints_its_stripes_on_every_sheet(look: Callable[..., Page]) -> None:
    page = look("gallery")
    page.emulate_media(media="print")
    printed = page.pdf(format="A4")
    sheets = len(re.findall(rb"/Type /Page\b", printed))
    streams = [
        inflated
        for found in re.finditer(rb"stream\r?\n(.*?)endstream", printed, re.DOTALL)
        if (inflated := _inflate(found.group(1)))
    ]
    striped = [stream for stream in streams if re.search(rb"1 \.82\d* \.29\d* rg", stream)]  # #ffd24a
    assert sheets > 1
    assert len(striped) == sheets


def _inflate(data: bytes) -> bytes:
    try:
        return zlib.decompress(data)
    except zlib.error:
        return b""


def test_a_scan_lands_in_the_scan_box_wherever_one_tapped(look: Callable[..., Page]) -> None:
    page = look("home")
    page.click("h1")
    page.keyboard.type("1042")
    assert page.input_value("#scan") == "1042"


def test_the_script_leaves_the_error_summary_its_focus(look: Callable[..., Page]) -> None:
    page = look("gallery")
    expect(page.locator(".error-summary").first).to_be_focused()


def render(app: Flask, expression: str, **values: object) -> str:
    with app.test_request_context():
        template = app.jinja_env.from_string('{% import "components.html" as c %}{{ ' + expression + " }}")
        return template.render(**values)


@pytest.mark.parametrize(
    ("scanned", "needed", "sentence"),
    [
        ("482119037", "482 119 037", "The two numbers are the same."),
        ("482119037", "482119030", "Digit 9 differs."),
        ("482191037", "482119037", "Digits 5 and 6 differ."),
        ("48211", "482119037", "Digits 6, 7, 8 and 9 differ."),
        ("111", "222", "All digits differ."),
    ],
)
def test_a_wrong_kit_is_compared_digit_by_digit(app: Flask, scanned: str, needed: str, sentence: str) -> None:
    assert sentence in render(app, "c.digit_difference(scanned, needed)", scanned=scanned, needed=needed)


@pytest.mark.parametrize(
    ("digits", "label"),
    [("482119037", "4 8 2, 1 1 9, 0 3 7"), ("48211903", "4 8 2, 1 1 9, 0 3"), ("1042", "1 0 4 2")],
)
def test_a_number_is_read_out_digit_by_digit(app: Flask, digits: str, label: str) -> None:
    assert f'aria-label="{label}"' in render(app, "c.number(digits)", digits=digits)


def test_what_a_person_typed_is_escaped_everywhere(app: Flask) -> None:
    evil = '"><script>alert(1)</script>'
    calls = (
        "c.scan_box(x, name='scan', value=x, error=x, hint=x)",
        "c.field('name', label=x, value=x, hint=x, error=x, unit=x)",
        "c.field('name', label=x, type='radio', value=x, options=[(x, x, x)], error=x)",
        "c.hard_stop(x, x, [x], x, x, scanned=x, needed=x)",
        "c.facts([(x, x)])",
        "c.number(x)",
        "c.status(x)",
        "c.timeline([{'at': x, 'what': x, 'detail': x, 'by': x}])",
        "c.answer([{'treatment': x, 'when': x, 'period': x, 'kit': x}], x, x)",
    )
    assert [call for call in calls if "<script" in render(app, call, x=evil)] == []


def test_an_unknown_telephone_is_no_link(app: Flask) -> None:
    assert render(app, "c.telephone('')") == ""


def test_a_blocked_act_has_its_reason_and_no_button(app: Flask) -> None:
    shown = render(app, "c.actions('Randomize', blocked='The product is not cleared yet.')")
    assert "The product is not cleared yet." in shown
    assert "<button" not in shown


def test_a_field_made_by_hand_says_what_a_wtforms_field_says(app: Flask) -> None:
    with app.test_request_context():
        form = PersonForm()
    bound = render(app, "c.field(bound, hint='H', error='E')", bound=form.name)
    plain = render(app, "c.field('name', label='Name as printed', hint='H', error='E')")
    for part in (
        'aria-describedby="name-hint name-error"',
        'aria-invalid="true"',
        'for="name"',
        "form-control",
    ):
        assert part in bound
        assert part in plain


def test_every_component_is_documented_with_its_arguments() -> None:
    root = Path(__file__).parents[2]
    source = (root / "randomizer" / "web" / "templates" / "components.html").read_text()
    page = (root / "docs" / "components.md").read_text()
    macros = re.findall(r"\{% macro ([a-z]\w*)\(([^{]*)\) -%\}", source)
    written = {name: " ".join(arguments.split()) for name, arguments in macros}
    assert len(written) > 30
    assert [name for name, arguments in written.items() if f"**`{name}({arguments})`**" not in page] == []


def test_every_picture_of_the_documentation_is_there() -> None:
    docs = Path(__file__).parents[2] / "docs"
    pictures = re.findall(r"\(pictures/([^)]+)\)", (docs / "components.md").read_text())
    assert [name for name in pictures if not (docs / "pictures" / name).exists()] == []
