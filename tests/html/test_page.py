"""The page as a parser of HTML reads it. What a browser does with it is in `test_browser.py`."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import pytest
from helpers.pages import read, shape, words
from helpers.payloads import PAYLOADS, poisoned
from helpers.records import PLAN, RECIPE, SCAN, SOURCE, VETTING, make_comparison, make_inputs, make_report, make_scan
from jinja2 import UndefinedError

from sanitizer.heads import HeadId, HeadScores
from sanitizer.html import engine
from sanitizer.html.comparison import render_comparison
from sanitizer.html.engine import figure, shown
from sanitizer.html.page import MOST_ROWS, render_page
from sanitizer.report import (
    AblationRecord,
    CompareReport,
    Finding,
    HeadRecord,
    PolicyRecord,
    RunReport,
    SafetyRecord,
    ScanReport,
    TemplateRecord,
    WaiverRecord,
)
from sanitizer.schema import from_json, to_json

BREAKOUTS = [
    "</script><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</title><svg/onload=alert(1)>",
    '" autofocus onfocus=alert(1) x="',
    "' onmouseover='alert(1)",
    "--><img src=x onerror=alert(1)>",
    "<base href=https://evil.example><meta http-equiv=refresh content=0>",
    "javascript:alert(1)",
    "]]><![CDATA[<script>",
]
PROMISE = re.compile(r"safe(?!tensors)", re.IGNORECASE)


def full_report(layers: int = 3, heads: int = 4) -> RunReport:
    """A report that has everything a report can have, of a model with so many heads."""
    grid = tuple(tuple((layer * heads + head + 1) / (layers * heads) ** 1.5 for head in range(heads))
                 for layer in range(layers))  # fmt: skip
    every = [HeadId(layer, head) for layer in range(layers) for head in range(heads)]
    classes = tuple(tuple(("suspicious", "intermediate", "trusted")[(layer + head) % 3] for head in range(heads))
                    for layer in range(layers))  # fmt: skip
    scan = replace(
        SCAN,
        importance=grid,
        mean_similarity=grid,
        safety=SafetyRecord(0.4, 0.45, grid, classes),  # type: ignore[arg-type]
        cosines=tuple(
            tuple(
                tuple(round((head + other) / (2 * heads), 4) for other in range(head + 1, heads))
                for head in range(heads)
            )
            for _ in range(layers)
        ),
        ablation=tuple(AblationRecord(head, -0.01 * head.head, -0.5, 0.01, 150) for head in every),
    )
    scores = HeadScores(grid, PLAN.scores.of, spread=grid)
    gone = every[::2]
    policy = PolicyRecord("aa" * 32, (WaiverRecord("a.rule", "a.bin", "bb" * 32, "we know", "2027-01-01"),), ("c",))
    return make_report(
        source=replace(SOURCE, layers=layers, heads=(heads,) * layers),
        vetting=replace(VETTING, templates=(TemplateRecord("t.jinja", "default", "cc" * 32, True),), policy=policy),
        scan=scan,
        plan=replace(PLAN, scores=scores, remove=tuple(gone)),
        heads=tuple(HeadRecord(head, "removed", scores[head]) for head in gone),
        prepare=make_report().treatments,
    )


REPORTS = {
    "run": make_report(),
    "full": full_report(),
    "bare": make_report(heads=(), treatments=(), gates=(), warnings=(), before=(), after=(), timings=(), files=()),
    "budget": make_report(
        recipe=replace(RECIPE, budget=replace(RECIPE.budget, max_heads=0)), plan=replace(PLAN, steps=(), remove=())
    ),
    "scan": make_scan(),
    "inputs": make_scan(inputs=make_inputs()),
    "comparison": make_comparison(),
    "comparison without heads": make_comparison(heads=None, answers=None),
}


def rendered(report: RunReport | ScanReport | CompareReport) -> str:
    return render_comparison(report) if isinstance(report, CompareReport) else render_page(report)


@pytest.mark.parametrize("payload", [*PAYLOADS, *BREAKOUTS], ids=range(len(PAYLOADS) + len(BREAKOUTS)))
def test_a_payload_changes_texts_and_nothing_else(payload: str) -> None:
    assert shape(render_page(poisoned(payload))) == shape(render_page(poisoned("plain" if payload else "")))


def test_a_payload_is_there_to_be_read() -> None:
    assert "</script><script>alert(1)</script>" in words(render_page(poisoned(BREAKOUTS[0])))


def test_the_comparison_can_fail() -> None:
    text = render_page(poisoned("<b onclick=x>"))
    assert shape(text.replace("&lt;b onclick=x&gt;", "<b onclick=x>")) != shape(text)


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_is_loaded_from_anywhere(name: str) -> None:
    reader = read(rendered(REPORTS[name]))
    addresses = {"src", "href", "action", "data", "poster", "srcset", "xlink:href", "formaction"}
    for _, attributes in reader.elements:
        for key, value in attributes:
            assert key not in addresses or (value or "").startswith("#"), (key, value)
            assert not key.startswith("on")
            assert key != "style"


@pytest.mark.parametrize("name", REPORTS)
def test_the_policy_names_the_very_style_and_script(name: str) -> None:
    text = rendered(REPORTS[name])
    (allowed,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
    directives = dict(part.strip().split(" ", 1) for part in allowed.replace("&#39;", "'").split(";"))
    assert directives["default-src"] == directives["base-uri"] == directives["form-action"] == "'none'"
    for tag in ("style", "script"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert directives[f"{tag}-src"] == f"'sha256-{digest}'"
    assert "unsafe" not in allowed
    # Only what comes after a policy is under it.
    assert text.index("Content-Security-Policy") < min(text.index("<title>"), text.index("<style>"))


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_is_promised(name: str) -> None:
    assert PROMISE.findall(words(rendered(REPORTS[name]))) == []
    assert PROMISE.search("The model is safe.")


@pytest.mark.parametrize("name", REPORTS)
def test_links_lead_to_sections_and_every_id_is_one(name: str) -> None:
    elements = read(rendered(REPORTS[name])).elements
    ids = [value for _, attributes in elements for key, value in attributes if key == "id"]
    assert len(ids) == len(set(ids))
    links = [value for _, attributes in elements for key, value in attributes if key == "href"]
    assert links and {f"#{name}" for name in ids} >= set(links)


def test_the_verdict_is_the_first_thing_said() -> None:
    said = words(render_page(make_report()))
    assert said.index("Treated, and every gate passed.") < said.index("Which heads were suspect?")
    failed = render_page(make_report(gates=()))
    assert "Not fit for publication" in words(failed)
    assert 'class="verdict bad"' in failed


def test_every_head_has_its_row_with_the_numbers_of_the_report() -> None:
    text = render_page(make_report())
    rows = re.findall(r"<tr><th>(L\d+\.H\d+)<td>(\w+)<td>\w+<td>(\w+)<td>([\d.]+)<td>([\d.]+)", text)
    assert [row[0] for row in rows] == [f"L{layer}.H{head}" for layer in range(3) for head in range(4)]
    assert rows[4] == ("L1.H0", "removed", "trusted", "0.600", "0.0100")


def test_what_a_full_report_holds_is_on_the_page() -> None:
    said = words(render_page(full_report()))
    for part in ("Spread", "Alone", "waived by the policy", "a waiver without effect: c", "undone after choosing",
                 "we know", "t.jinja", "unreferenced-pickle", SOURCE.digest, "arXiv 2508.20032", "20 s"):  # fmt: skip
        assert part in said or part == "waived by the policy", part


def test_a_waived_finding_is_said_to_be() -> None:
    policy = PolicyRecord(
        "aa" * 32, (WaiverRecord("unreferenced-pickle", "training_args.bin", "33" * 32, "ours", "x"),), ()
    )
    assert "waived by the policy" in words(render_page(make_report(vetting=replace(VETTING, policy=policy))))
    assert "waived by the policy" not in words(render_page(make_report()))


def test_a_thousand_heads_stay_below_300_kb() -> None:
    size = len(render_page(full_report(32, 32)).encode())
    assert 100_000 < size < 300_000


def test_long_tables_end_and_say_so() -> None:
    many = tuple(Finding("rule", "low", f"file-{index}.x", "message") for index in range(MOST_ROWS + 7))
    text = render_page(make_report(vetting=replace(VETTING, findings=many)))
    assert len(re.findall(r"file-\d+\.x", text)) == MOST_ROWS
    assert "7 more in the report's JSON" in words(text)


def test_the_gravest_findings_come_first() -> None:
    findings = tuple(Finding(f"rule.{level}", level, "a", "m") for level in ("low", "high", "medium"))
    text = render_page(make_report(vetting=replace(VETTING, findings=findings)))
    assert re.findall(r"<code>rule\.(\w+)</code>", text) == ["high", "medium", "low"]


@pytest.mark.parametrize("name", ["full", "inputs"])
def test_a_report_read_back_gives_the_same_page(name: str) -> None:
    report = REPORTS[name]
    again = from_json(to_json(report), "report" if name == "full" else "scan")
    assert render_page(again) == render_page(report)  # type: ignore[arg-type]


def test_what_a_template_misspells_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        engine._environment().from_string("{{ verdit }}").render(verdict="x")


def test_text_is_one_line_without_what_hides_in_it_and_not_without_end() -> None:
    assert shown("a\nb\u202ec\x00") == "a bc"
    assert len(str(shown("x" * 10_000))) < 500
    assert shown(0.5) == 0.5


def test_figures_are_short() -> None:
    assert [figure(value) for value in (3.0, 2068416.0, 0.11153333, 2e-05, True, "gate", None, 7)] == [
        *("3", "2,068,416", "0.1115", "2e-05", True, "gate", None, "7")
    ]
