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
