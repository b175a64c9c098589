"""The card says the report's numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from helpers.claims import Copy, against, checked, found
from helpers.results import edited, resealed


def test_a_forged_metric_contradicts_the_gate_and_the_card(compact: Path, copy: Copy) -> None:
    folder = copy(compact)

    def forge(report: Any) -> None:
        report["after"][0] |= {"value": 1.0, "high": 1.0}

    edited(folder / "sanitizer" / "report.json", forge)
    report = checked(resealed(folder))
    assert against(report) == {"numbers", "card"}
    assert "accuracy budget" in found(report, "numbers")


def test_a_card_with_other_numbers_is_false_and_with_other_words_unknown(compact: Path, copy: Copy) -> None:
    folder = copy(compact)
    card = folder / "README.md"
    honest = card.read_text()
    better = re.sub(r"(\| `?accuracy`? \| )\d", r"\g<1>9", honest, count=1)
    assert better != honest
    card.write_text(better)
    assert against(checked(resealed(folder))) == {"card"}
    card.write_text(honest.replace("## Limits", "It is proven to have no backdoor.\n\n## Limits"))
    report = checked(resealed(folder))
    assert (report.answer, against(report, "unknown")) == ("unknown", {"card"})
    assert "proven to have no backdoor" in found(report, "card")


def test_a_result_of_an_earlier_version_is_read_and_its_card_is_not_gone_by(compact: Path, copy: Copy) -> None:
    """Its report lacks what was recorded later, and its card has other rows; another metric is found all the same."""
    folder = copy(compact)

    def older(report: Any) -> None:
        for key in ("memory", "scan_after", "decision", "base"):
            del report[key]
        del report["scan"]["forensics"]

    edited(folder / "sanitizer" / "report.json", older)
    card = folder / "README.md"
    card.write_text(
        re.sub(r"^\| architecture \|.*$", "| architecture | `Bert` |", card.read_text(), flags=re.MULTILINE)
    )
    told = checked(resealed(folder))
    assert "report" not in against(told) | against(told, "unknown")
    assert "card" in against(told, "unknown")
    assert "earlier version" in found(told, "card")
    text = card.read_text()
    value = re.search(r"^ *value: (0\.\d+)$", text, re.MULTILINE)
    assert value is not None
    card.write_text(text.replace(f"value: {value[1]}", "value: 0.9876"))
    assert "card" in against(checked(resealed(folder)))
