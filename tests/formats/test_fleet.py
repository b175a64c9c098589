"""A fleet as Markdown: counts, rows, and nothing that a name could do to it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.payloads import PAYLOADS
from helpers.records import make_checkpoint, make_fleet_report

from sanitizer.formats.fleet import markdown
from sanitizer.formats.markdown import MOST_ROWS


def test_counts_and_rows_the_gravest_first() -> None:
    lines = markdown(make_fleet_report()).splitlines()
    assert lines[0] == "### sanitize fleet `models.txt`: vet"
    assert lines[2] == "3 checkpoints: 1 refused, 1 inconclusive, 1 done; 1 not reached"
    assert "- options `--fail-on medium`" in lines
    rows = [line for line in lines if line.startswith("| `")]
    assert [row.split("|")[1].strip() for row in rows] == ["`org/reviews@v2`", "`models/b`", "`models/a`"]
    assert [row.split("|")[2].strip() for row in rows] == ["**refused**", "**inconclusive**", "done"]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_strangers_wrote_is_a_code_span(payload: str) -> None:
    plain = markdown(make_fleet_report(checkpoints=(make_checkpoint(name="x", said="y"),)))
    text = markdown(make_fleet_report(checkpoints=(make_checkpoint(name=payload, said=payload),)))
    assert len(text.splitlines()) == len(plain.splitlines())
    row, other = text.splitlines()[-1], plain.splitlines()[-1]
    assert (row.count("|"), row.count("`") <= other.count("`")) == (other.count("|"), True)
    assert "\u202e" not in text and "\x1b" not in text


def test_a_table_has_an_end() -> None:
    many = tuple(replace(make_checkpoint(), name=f"m{number}") for number in range(MOST_ROWS + 3))
    assert markdown(make_fleet_report(checkpoints=many)).endswith("\nand 3 more, all of them in the JSON report\n")
