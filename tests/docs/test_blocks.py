"""The reader of documentation: what it finds, and that it would find what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.blocks import blocks, commands, misused, named_in_prose

from sanitizer.cli import sanitize

PAGE = """# A page

`sanitize vet --fail-on high` in prose.

```console
$ sanitize vet x \\
    --json
passed
```

<!-- not run: it cannot be -->
```bash
HF_HUB_OFFLINE=1 sanitize ./model > out.txt && sanitize recipes show pure
```
"""


def test_what_is_typed_and_what_is_shown(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PAGE)
    console, bash = blocks(tmp_path / "page.md")
    assert (console.line, console.script, console.shown) == (5, "sanitize vet x \\\n    --json", ("passed",))
    assert bash.not_run == "it cannot be"
    assert list(commands(console.script)) == [["vet", "x", "--json"]]
    assert list(commands(bash.script)) == [["./model", ">", "out.txt"], ["recipes", "show", "pure"]]
    assert list(named_in_prose(tmp_path / "page.md")) == [(3, "sanitize vet --fail-on high")]


def test_a_mark_that_says_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("<!-- skip -->\n```bash\ntrue\n```\n")
    with pytest.raises(ValueError, match="says nothing"):
        list(blocks(tmp_path / "page.md"))


@pytest.mark.parametrize(
    "line",
    [
        "sanitize ./model --stratgey auto",
        "sanitize vet ./model --strategy gradient",
        "sanitize redteam grow ./model",
        "docker run --rm --gpus all sanitizer ./model --no-such",
    ],
)
def test_words_that_the_command_line_does_not_know_are_found(line: str) -> None:
    (words,) = commands(line)
    assert misused(words, sanitize)


@pytest.mark.parametrize(
    "line",
    [
        "sanitize ./model --strategy=auto --data x.tsv  # --not-an-option",
        "sanitize recipes pure",
        "docker run --rm --gpus all sanitizer vet org/model --rebuild model",
        "sanitize --version",
    ],
)
def test_words_that_it_knows_are_fine(line: str) -> None:
    (words,) = commands(line)
    assert not misused(words, sanitize)
