from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from helpers.records import make_apply

from sanitizer.applying.documents import render_card, write_documents
from sanitizer.errors import UsageError
from sanitizer.pipeline import publish
from sanitizer.report import HeadOutcome
from sanitizer.schema import from_json

HOSTILE = "x](javascript:alert(1)) <script> `tick` |\n# heading"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text("{}")
    write_documents(make_apply(), tmp_path, name="mine", hashed={})
    return tmp_path


def test_everything_is_there_reads_back_and_is_summed(folder: Path) -> None:
    assert from_json((folder / "sanitizer" / "apply.json").read_text(), "apply") == make_apply()
    sums = ["sha256sum", "--check", "--strict", "sanitizer/SHA256SUMS"]
    assert subprocess.run(sums, cwd=folder, capture_output=True, check=False).returncode == 0


def test_what_was_not_measured_is_not_pushed_as_a_runs_result(folder: Path) -> None:
    with pytest.raises(UsageError, match="not the result of a run"):
        publish(folder, "me/model")


def test_the_card_says_what_was_done_and_that_nothing_was_measured() -> None:
    card = render_card(make_apply(), folder="mine")
    front = yaml.safe_load(card.split("---")[1])
    assert (front["base_model"], front["tags"]) == ("org/reviews", ["sanitizer", "pruned", "sanitizer-apply"])
    assert "model-index" not in front
    assert "Nothing was measured" in card
    assert "cut out of the tensors: 2; left in them with every weight zero:\n1" in card
    assert "layer   1  x . . ." in card
    assert "(`finetune`); none of that is in this copy" in card
    assert "import sanitizer.loading" in card
    assert "other files" not in card


def test_a_plan_for_another_model_is_said_in_the_card() -> None:
    plan = make_apply().plan
    other = make_apply(plan=replace(plan, other_model=True))
    assert "made for other files than these" in render_card(other, folder="mine")
    nameless = make_apply(plan=replace(plan, other_model=True, digest=None, model=None))
    assert "a model that it does not name by digest" in render_card(nameless, folder="mine")


def test_names_of_strangers_stay_code_spans() -> None:
    report = make_apply()
    card = render_card(
        replace(
            report,
            plan=replace(report.plan, name=HOSTILE, model=HOSTILE, digest=HOSTILE, not_repeated=(HOSTILE,)),
            source=replace(report.source, name=HOSTILE, architecture=HOSTILE),
            heads=(HeadOutcome(report.heads[0].head, "zeroed"),),
            warnings=(HOSTILE,),
        ),
        folder="mine",
    )
    assert "\n# heading" not in card
    assert HOSTILE not in card
    assert "`x](javascript:alert(1)) <script> \\x60tick\\x60 \\x7c\\x0a# heading`" in card
