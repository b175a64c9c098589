"""The table against the papers' numbers is what its two files say, and holds every published figure."""

from __future__ import annotations

import runpy
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def test_the_committed_page_is_what_the_script_writes() -> None:
    script = runpy.run_path(str(ROOT / "tests" / "benchmarks" / "papers.py"), run_name="papers")
    page = (ROOT / "cards" / "papers" / "README.md").read_text(encoding="utf-8")
    assert page == script["page"]()
    for table in yaml.safe_load((ROOT / "cards" / "papers" / "published.yaml").read_text(encoding="utf-8")):
        for row in table["rows"]:
            assert "{:.1f}/{:.1f} → {:.1f}/{:.1f} |".format(*table["before"], *row["after"]) in page
