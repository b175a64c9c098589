"""What measuring again finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers.claims import Copy, against, checked, found
from helpers.results import edited, resealed
from helpers.runs import make_tsv

from sanitizer.options import DataOptions


def test_a_metric_that_was_forged_everywhere_is_found_by_measuring(compact: Path, copy: Copy) -> None:
    """Card, gate, sums: all of it is made anew from the forged report. Only the texts know better."""
    from sanitizer.card import render_card
    from sanitizer.gates import accuracy_budget
    from sanitizer.html.figure import render_figure
    from sanitizer.html.page import render_page
    from sanitizer.plan import Budget
    from sanitizer.report import RunReport
    from sanitizer.schema import from_json, to_json

    folder = copy(compact)
    path = folder / "sanitizer" / "report.json"
    honest = from_json(path.read_text(), "report")
    assert isinstance(honest, RunReport)
    n = honest.after[0].n

    def forge(document: Any) -> None:
        value = 1.0 if honest.after[0].value < 1 else (n - 1) / n
        document["after"][0] |= {"value": value, "low": 0.2, "high": 1.0}

    edited(path, forge)
    forged = from_json(path.read_text(), "report")
    assert isinstance(forged, RunReport)
    gate = accuracy_budget(forged.before[0], forged.after[0], Budget(honest.recipe.budget.max_accuracy_drop or 0))
    edited(path, lambda document: document["gates"].__setitem__(0, vars(gate)))
    forged = from_json(path.read_text(), "report")
    assert isinstance(forged, RunReport)
    path.write_text(to_json(forged))
    (folder / "README.md").write_text(render_card(forged, repo_name=None, folder="out"))
    (folder / "sanitizer" / "report.html").write_text(render_page(forged), encoding="utf-8")
    (folder / "sanitizer" / "heads.svg").write_text(render_figure(forged), encoding="utf-8")
    resealed(folder)
    assert checked(folder).answer == "held", "the papers agree with each other"
    report = checked(folder, data=DataOptions(str(compact / "clean.tsv")))
    assert against(report) == {"metrics"}
    assert report.metrics[0].found == honest.after[0]


def test_the_same_data_gives_the_same_metrics_and_the_source_the_rest(compact: Path) -> None:
    report = checked(compact / "out", data=DataOptions(str(compact / "clean.tsv")), source=compact / "suspect")
    assert report.answer == "held"
    assert [row.found == row.claimed for row in report.metrics] == [True] * 3, "agreement with the suspect too"
    assert sum(claim.about == "metrics" for claim in report.claims) == 2, "after and before"


def test_other_data_is_said_to_be_other_data(compact: Path, tmp_path: Path) -> None:
    report = checked(compact / "out", data=DataOptions(str(make_tsv(tmp_path / "other.tsv", 60))))
    assert (report.answer, against(report, "unknown")) == ("unknown", {"metrics"})
    assert "other data" in found(report, "metrics")
    assert [row.claimed for row in report.metrics] == [None, None]
    assert report.metrics[0].found.n == 60


def test_a_run_without_its_source_or_its_data_is_unknown(compact: Path, tmp_path: Path) -> None:
    report = checked(compact / "out", rederive=True)
    assert against(report, "unknown") == {"source", "metrics", "rerun"}
    other = DataOptions(str(make_tsv(tmp_path / "other.tsv", 60)))
    report = checked(compact / "out", rederive=True, data=other, source=compact / "suspect")
    assert against(report, "unknown") == {"metrics", "rerun"}
    wrong = checked(
        compact / "out", rederive=True, data=DataOptions(str(compact / "clean.tsv")), source=compact / "out"
    )
    assert against(wrong, "unknown") == {"source", "rerun"}, "another model is not the source"
