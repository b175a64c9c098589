"""The page in a real browser: what it does when it is pointed at, clicked and typed into, and what it never does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from helpers.browser import chromium
from helpers.payloads import poisoned, poisoned_comparison
from helpers.records import SCAN, make_comparison, make_report, make_scan

from sanitizer.html.comparison import render_comparison
from sanitizer.html.figure import render_figure
from sanitizer.html.page import render_page
from sanitizer.report import CompareReport, RunReport, ScanReport


@dataclass
class Shown:
    """A page in a browser, and everything it complained of, asked for, or tried to tell."""

    page: Any
    noise: list[str] = field(default_factory=list)

    def texts(self, selector: str) -> list[str]:
        return list(self.page.locator(selector).all_inner_texts())

    def heads(self) -> list[str]:
        return self.texts("#heads tbody tr:visible th")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Any]:
    contexts = []

    def open_page(report: RunReport | ScanReport | CompareReport, *, width: int = 1440, **how: Any) -> Shown:
        place = tmp_path / "page.html"
        text = render_comparison(report) if isinstance(report, CompareReport) else render_page(report)
        place.write_text(text, encoding="utf-8")
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **how))
        shown = Shown(contexts[-1].new_page())
        shown.page.on("console", lambda message: shown.noise.append(f"{message.type}: {message.text}"))
        shown.page.on("pageerror", lambda error: shown.noise.append(f"error: {error}"))
        shown.page.on("dialog", lambda dialog: (shown.noise.append("a dialog"), dialog.dismiss()))
        shown.page.on("request", lambda request: shown.noise.append(f"asked for {request.url}"))
        shown.page.goto(place.as_uri())
        assert shown.noise == [f"asked for {place.as_uri()}"]
        shown.noise.clear()
        return shown

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    "report",
    [make_report(), make_scan(), make_comparison(), make_comparison(heads=None, answers=None)],
    ids=["run", "scan", "comparison", "comparison without heads"],
)
@pytest.mark.parametrize("width", [390, 1440])
def test_it_fits_and_is_quiet(show: Any, report: RunReport | ScanReport | CompareReport, width: int) -> None:
    shown = show(report, width=width)
    assert shown.page.evaluate("document.documentElement.scrollWidth") == width
    assert shown.noise == []


def test_columns_sort_both_ways_and_back(show: Any) -> None:
    shown = show(make_report())
    score = shown.page.get_by_role("button", name="Score")
    score.click()
    assert shown.heads()[:3] == ["L1.H0", "L2.H2", "L0.H1"]  # 0.01, 0.015, 0.02
    assert shown.page.locator("[aria-sort]").get_attribute("aria-sort") == "ascending"
    score.click()
    assert shown.heads()[0] == "L2.H3"  # 0.61
    shown.page.get_by_role("button", name="Treatment").click()
    assert shown.heads()[-3:] == ["L1.H0", "L2.H2", "L0.H1"]  # removed, removed, zeroed
    shown.page.get_by_role("button", name="Head").click()
    assert shown.heads()[:2] == ["L0.H0", "L0.H1"]
    assert shown.page.locator("[aria-sort]").count() == 1
    assert shown.noise == []


def test_rows_are_filtered_by_name_and_by_kind(show: Any) -> None:
    shown = show(make_report())
    assert shown.texts("#matching") == ["12 of 12 heads"]
    shown.page.get_by_label("Find", exact=True).fill("l1")
    assert shown.heads() == ["L1.H0", "L1.H1", "L1.H2", "L1.H3"]
    shown.page.get_by_label("Treatment", exact=True).select_option("removed")
    assert shown.heads() == ["L1.H0"]
    assert shown.texts("#matching") == ["1 of 12 heads"]
    shown.page.get_by_label("Find", exact=True).fill("")
    assert shown.heads() == ["L1.H0", "L2.H2"]
    shown.page.get_by_label("Class", exact=True).select_option("suspicious")
    assert shown.heads() == []
    assert shown.noise == []


def test_pointing_at_a_head_tells_of_it_in_every_map(show: Any) -> None:
    shown = show(make_report())
    field = shown.page.locator(".field").nth(4)
    box, view = field.locator("svg").bounding_box(), field.locator("svg").get_attribute("viewBox")
    left, top, wide, high = map(float, view.split())
    x, y = box["width"] * (0.5 + 1 - left) / wide, box["height"] * (0.5 + 2 - top) / high
    field.hover(position={"x": x, "y": y})
    told = shown.page.locator("#tip").inner_text().split()
    assert told[0] == "L2.H1"
    assert dict(zip(told[1::2], told[2::2], strict=True)) == {
        "Treatment": "kept", "Forensics": "unsuspected", "Class": "intermediate", "Trust": "0.480",
        "Score": "0.3300", "Importance": "0.3300", "Similarity": "0.550",
    }  # fmt: skip
    cursors = shown.page.locator(".cursor")
    assert {(one.get_attribute("x"), one.get_attribute("y")) for one in cursors.all()} == {("1", "2")}
    assert cursors.count() == 7
    shown.page.locator("h1").hover()
    assert shown.page.locator("#tip").is_hidden()


def test_maps_are_walked_with_the_keyboard(show: Any) -> None:
    shown = show(make_report())
    keys, said = shown.page.keyboard, shown.page.locator("#said")
    shown.page.locator("nav a").last.focus()
    keys.press("Tab")
    assert said.inner_text().startswith("L0.H0: Treatment kept, Forensics unsuspected, Class suspicious")
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowLeft"):
        keys.press(key)  # the edges stop it
    assert said.inner_text().startswith("L2.H0:")
    assert shown.page.locator("#tip").is_visible()
    keys.press("Escape")
    assert shown.page.locator("#tip").is_hidden()
    keys.press("ArrowRight")
    keys.press("Enter")
    assert shown.page.evaluate("document.activeElement.cells[0].textContent") == "L2.H1"
    assert shown.noise == []


def test_finding_a_head_that_is_filtered_out_ends_the_filter(show: Any) -> None:
    shown = show(make_report())
    shown.page.get_by_label("Find", exact=True).fill("L0")
    shown.page.locator(".field").first.focus()
    for key in ("Tab", "Shift+Tab", "ArrowDown", "Enter"):
        shown.page.keyboard.press(key)
    assert shown.texts("tr.here th") == ["L1.H0"]
    assert len(shown.heads()) == 12


def test_the_heads_of_any_layer_can_be_compared(show: Any) -> None:
    cosines = tuple(((0.1 * layer, 0.2, 0.3), (0.4, 0.5), (0.6,), ()) for layer in (1, 2, 9))
    shown = show(make_report(scan=replace(SCAN, cosines=cosines)))
    drawn = shown.page.locator(".pairs .cells path")
    told = shown.page.locator("#said")
    assert shown.page.get_by_label("Heads of a layer", exact=True).input_value() == "2"  # the most alike
    before = [path.get_attribute("d") for path in drawn.all()]
    shown.page.get_by_label("Heads of a layer", exact=True).select_option("L0")
    assert [path.get_attribute("d") for path in drawn.all()] != before
    shown.page.get_by_label("Heads of a layer", exact=True).focus()
    shown.page.keyboard.press("Tab")
    shown.page.keyboard.press("ArrowRight")
    assert told.inner_text() == "L0: H0 and H1: cosine 0.100"
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowDown"):
        shown.page.keyboard.press(key)
    assert told.inner_text() == "L0: H3 and H2: cosine 0.600"
    shown.page.keyboard.press("Enter")
    assert shown.texts("tr.here th") == ["L0.H3"]
    assert shown.noise == []


def test_the_heads_of_a_comparison_are_pointed_at_sorted_and_filtered(show: Any) -> None:
    shown = show(make_comparison())
    shown.page.locator("nav a").last.focus()
    shown.page.keyboard.press("Tab")
    said = shown.page.locator("#said")
    assert said.inner_text() == "L0.H0: What became of it changed, Change 0.250"
    shown.page.keyboard.press("ArrowRight")
    assert said.inner_text().startswith("L0.H1: What became of it zeroed")
    shown.page.get_by_label("What became of it", exact=True).select_option("removed")
    assert shown.heads() == ["L1.H0", "L2.H2"]
    shown.page.get_by_label("What became of it", exact=True).select_option("changed")
    shown.page.get_by_role("button", name="Change").click()
    shown.page.get_by_role("button", name="Change").click()
    assert shown.heads()[:2] == ["L2.H3", "L1.H1"]  # 1.0, 0.75
    assert shown.noise == []


def test_the_letters_of_a_card_s_figure_stay_on_its_sheet_and_apart(browser: Any, tmp_path: Path) -> None:
    """As an image of a card is read: an SVG by itself, in both faces, measured by the browser."""
    place = tmp_path / "heads.svg"
    place.write_text(render_figure(make_report()), encoding="utf-8")
    fills = []
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(place.as_uri())
        boxes = page.evaluate(
            "[...document.querySelectorAll('text')].map((one) => {"
            "const box = one.getBBox(); return [box.x, box.y, box.x + box.width, box.y + box.height]; })"
        )
        wide, high = page.evaluate(
            "[document.documentElement.viewBox.baseVal.width, document.documentElement.viewBox.baseVal.height]"
        )
        assert all(x >= 0 and y >= 0 and end <= wide and low <= high for x, y, end, low in boxes)
        for index, (x, y, end, low) in enumerate(boxes):
            for left, top, right, bottom in boxes[index + 1 :]:
                assert (
                    right <= x or end <= left or bottom <= y + 3 or low <= top + 3
                )  # lines may touch by their leading
        fills.append(page.evaluate("getComputedStyle(document.querySelector('.sheet')).fill"))
        context.close()
    assert fills[0] != fills[1]


def test_without_scripts_everything_is_there_but_the_controls(show: Any) -> None:
    shown = show(make_report(), java_script_enabled=False)
    assert len(shown.heads()) == 12
    assert shown.page.locator(".cells path").count() > 12
    assert shown.page.locator(".filters").is_hidden()
    assert "arrow keys" not in shown.page.locator("#maps").inner_text()


@pytest.mark.parametrize(
    "payload", ["</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", '" onfocus=alert(1) autofocus="']
)
def test_hostile_names_are_texts(show: Any, payload: str) -> None:
    shown = show(poisoned(payload))
    assert shown.page.locator("h1").inner_text() == payload
    assert shown.page.locator("img, iframe, object, base").count() == 0
    assert shown.page.locator("script").count() == 1
    shown.page.get_by_role("button", name="Score").click()
    shown.page.locator(".field").first.hover()
    assert shown.noise == []


@pytest.mark.parametrize("payload", ["</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>"])
def test_hostile_names_are_texts_in_a_comparison(show: Any, payload: str) -> None:
    shown = show(poisoned_comparison(payload))
    assert payload in shown.page.locator("h1").inner_text()
    assert shown.page.locator("img, iframe, object, base").count() == 0
    assert shown.page.locator("script").count() == 1
    assert shown.noise == []


def test_the_policy_stops_what_would_get_past_the_template(show: Any) -> None:
    """The second wall: markup that is put into the page by hand neither runs nor loads anything."""
    shown = show(make_report())
    stopped = shown.page.evaluate(
        """async () => {
            const stopped = [];
            document.addEventListener("securitypolicyviolation", (event) => stopped.push(event.effectiveDirective));
            document.body.insertAdjacentHTML("beforeend",
              "<img src='http://127.0.0.1:9/x.png' onerror='window.ran = 1'>" + "<p style='color: red'>x</p><iframe src='http://127.0.0.1:9/'></iframe>");
            const script = document.createElement("script");
            script.textContent = "window.ran = 1";
            document.body.append(script);
            await fetch("http://127.0.0.1:9/").catch(() => 0);
            for (let waited = 0; new Set(stopped).size < 6 && waited < 100; waited += 1)
              await new Promise((done) => setTimeout(done, 50));  // a busy machine tells of a frame late
            await new Promise((done) => setTimeout(done, 200));
            return [window.ran, stopped.sort()];
        }"""
    )
    assert stopped[0] is None
    assert set(stopped[1]) == {
        "connect-src",
        "frame-src",
        "img-src",
        "script-src-attr",
        "script-src-elem",
        "style-src-attr",
    }


def test_it_has_a_dark_face(show: Any) -> None:
    def background(scheme: str) -> int:
        page = show(make_report(), color_scheme=scheme).page
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return int(sum(int(part) for part in colour[4:-1].split(",")))

    assert background("dark") < 150 < 600 < background("light")


def test_on_paper_every_row_is_there(show: Any) -> None:
    page = show(make_report()).page
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('.tall')).maxHeight") == "none"
    assert page.locator(".filters").is_hidden()
