"""The page of a fleet: what it says, and what no name in it can do."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from helpers.payloads import PAYLOADS
from helpers.records import make_checkpoint, make_fleet_report

from sanitizer.html.fleet import render_fleet
from sanitizer.html.page import MOST_ROWS
from sanitizer.report import FileRecord, Finding, VetRecord


def text_of(page: str) -> str:
    body = page.partition("</style>")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_it_has_the_counts_and_every_checkpoint_the_gravest_first() -> None:
    report = make_fleet_report()
    text = text_of(render_fleet(report))
    assert "4 checkpoints: 1 refused, 1 inconclusive, 1 not reached" in text
    assert "models/c was not reached" in text
    places = [text.index(name) for name in ("org/reviews@v2", "models/b", "models/a")]
    assert places == sorted(places)
    assert "weights.pickle-unread" in text
    assert "files.unneeded" not in text, "low findings are in the reports"
    assert "--fail-on medium" in text
    assert "all done" in text_of(render_fleet(replace(report, checkpoints=report.checkpoints[:1], missing=())))


def test_the_same_report_gives_the_same_page() -> None:
    assert render_fleet(make_fleet_report()) == render_fleet(make_fleet_report())


def test_links_lead_into_its_own_folder_alone() -> None:
    report = make_fleet_report(verb="run")
    links = re.findall(r'href="([^"]*)"', render_fleet(report))
    assert len(links) == 4
    assert all(link.startswith("checkpoints/") for link in links)
    assert sum(link.endswith("model/sanitizer/report.html") for link in links) == 1, "only what is done has a page"


def test_it_runs_and_loads_nothing() -> None:
    page = render_fleet(make_fleet_report())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1] and "script-src" not in policy[1]
    assert "<script" not in page
    assert not re.search(r'\b(src|srcset|action|style)="', page)


@pytest.mark.parametrize("payload", [*PAYLOADS, "</title><script>alert(1)</script>", '" onmouseover="alert(1)'])
def test_what_strangers_wrote_is_text(payload: str) -> None:
    vetting = VetRecord((FileRecord(payload, 1, "", "dropped", payload),), (Finding("a.b", "high", payload, payload),))
    record = make_checkpoint(name=payload, said=payload, hint=payload, vetting=vetting)
    page = render_fleet(make_fleet_report(checkpoints=(record,), list=payload, options=(payload,), missing=(payload,)))
    plain = render_fleet(make_fleet_report(checkpoints=(make_checkpoint(),)))
    body = page.partition("</style>")[2]
    assert "<script" not in body and "<img" not in body
    assert not re.search(r"<[^>]*\sonmouseover", body)
    allowed = set(re.findall(r"<(/?[a-z0-9]+)", plain)) | {"p", "/p"}
    assert set(re.findall(r"<(/?[a-z0-9]+)", page)) <= allowed | {"ul", "/ul", "li", "/li"}
    assert "\u202e" not in page and "\x1b" not in page


def test_a_table_has_an_end() -> None:
    many = VetRecord((), tuple(Finding("a.b", "high", f"f{number}", "x") for number in range(MOST_ROWS + 7)))
    text = text_of(render_fleet(make_fleet_report(checkpoints=(make_checkpoint(vetting=many),))))
    assert "And 7 more" in text
