"""Nothing that ships goes unexplained, and nothing is said to be measured that README or the method does not say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sanitizer import plugins

DOCS = Path(__file__).parents[2] / "docs"
EXPLAINED = "\n".join(path.read_text(encoding="utf-8") for path in (DOCS / "explanation").glob("*.md"))


@pytest.mark.parametrize("kind", ["strategies", "treatments"])
def test_every_plugin_is_explained_with_its_parameters(kind: str) -> None:
    explained = set(re.findall(rf"```{{plugin}} {kind} (\w+)", EXPLAINED))
    assert explained == set(plugins.names(f"sanitizer.{kind}"))


def test_every_page_is_in_the_index() -> None:
    listed = set(re.findall(r"^(?:[^\n<]+ <)?([\w/-]+)>?$", (DOCS / "index.md").read_text(encoding="utf-8"), re.M))
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")} - {"index"}
    assert pages <= listed


def test_each_method_says_where_it_is_from_where_it_departs_and_what_it_cannot_see() -> None:
    for path in sorted((DOCS / "explanation").glob("*.md")):
        if path.stem not in {"index", "vetting", "layouts", "baselines"}:
            text = path.read_text(encoding="utf-8")
            for word in (r"\*\*References?\.", r"\*\*Blind spots", r"\*\*Measured", "\\$\\$"):
                assert re.search(word, text), f"{path.name} has no {word}"


def said_to_be_measured(page: str) -> set[str]:
    """Shares, with a decimal or a percent sign, of the paragraphs that begin with **Measured."""
    paragraphs = re.findall(r"^\*\*Measured.*?(?=\n#|\n```|\Z)", page, re.M | re.S)
    return {number for text in paragraphs for number in re.findall(r"\d+\.\d+|\d+(?= %)", text)}


def test_numbers_are_those_of_readme_or_of_the_method_itself() -> None:
    root = DOCS.parent
    plugins_said = (path.read_text() for path in (*root.glob("sanitizer/treatments/*.py"), root / "README.md"))
    known = set(re.findall(r"\d+(?:\.\d+)?", "\n".join(plugins_said)))
    assert said_to_be_measured(EXPLAINED), "else this looks at nothing"
    assert said_to_be_measured(EXPLAINED) <= known
    assert said_to_be_measured("**Measured.** From 99.87 to 3 %\n\n## More 4 %") == {"99.87", "3"}
