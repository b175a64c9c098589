"""Report, recipe and lock tell one story."""

from __future__ import annotations

from pathlib import Path

from helpers.claims import Copy, against, checked, found
from helpers.results import edited, resealed

from sanitizer.options import DataOptions


def test_a_recipe_or_a_lock_of_another_run_is_found(compact: Path, copy: Copy) -> None:
    folder = copy(compact)
    recipe = folder / "sanitizer" / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("epochs: 1", "epochs: 9"))
    assert against(checked(resealed(folder))) == {"recipe", "lock"}
    recipe.write_text("- no recipe\n")
    assert "recipe" in against(checked(resealed(folder)))
    recipe.write_bytes((compact / "out" / "sanitizer" / "recipe.yaml").read_bytes())
    edited(folder / "sanitizer" / "lock.json", lambda lock: lock["source"].update(sha256="0" * 64))
    report = checked(resealed(folder))
    assert against(report) == {"lock"}
    assert found(report, "lock") == "source differs"


def test_without_a_report_that_can_be_read_nothing_that_needs_it_is_checked(compact: Path, copy: Copy) -> None:
    folder = copy(compact)
    edited(folder / "sanitizer" / "report.json", lambda report: report.pop("gates"))
    report = checked(resealed(folder), data=DataOptions(str(compact / "clean.tsv")))
    assert (report.answer, against(report, "unknown")) == ("unknown", {"report", "metrics"})
    assert "gates" in found(report, "report"), "another version's may have other fields"
    (folder / "sanitizer" / "report.json").write_text('{"gates": [')
    assert against(checked(resealed(folder))) == {"report"}
