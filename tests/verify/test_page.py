"""Page and figure are those of the report."""

from __future__ import annotations

from pathlib import Path

from helpers.claims import Copy, against, checked
from helpers.results import resealed


def test_a_page_that_tells_another_story_is_no_pass_and_none_is_no_claim(compact: Path, copy: Copy) -> None:
    folder = copy(compact)
    page = folder / "sanitizer" / "report.html"
    page.write_text(
        page.read_text(encoding="utf-8").replace("gates passed", "gates passed, certified"), encoding="utf-8"
    )
    report = checked(resealed(folder))
    assert (report.answer, against(report, "unknown")) == ("unknown", {"page"})
    page.unlink()
    assert checked(resealed(folder)).answer == "held"
