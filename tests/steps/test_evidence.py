"""The report has what each step found, and its remarks are in the order of the steps."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.records import make_inputs
from helpers.runs import make_tsv, options

from sanitizer import pipeline
from sanitizer.recipe import Recipe, Step

TUNED = Recipe("random", treatments=(Step("finetune"), Step("remove")), prepare=(Step("finetune"),))


def test_remarks_are_in_the_order_of_the_steps(place: Path, tmp_path: Path) -> None:
    data = make_tsv(tmp_path / "unlabelled.tsv", labelled=False)
    words = options(place / "bert", data, tmp_path / "out", recipe=TUNED, max_heads=0)
    warnings = pipeline.run(words, flagged=make_inputs().examples).report.warnings
    wanted = [
        "prepare: finetune was left out",
        "finetune was left out",
        "heads may be judged on",
        "every head was kept",
    ]
    assert [warning[: len(start)] for warning, start in zip(warnings, wanted, strict=False)] == wanted


@pytest.mark.parametrize(("family", "metrics"), [("bert", 3), ("llama", 2)])
def test_agreement_with_the_suspect_is_asked_of_classifiers(
    place: Path, tmp_path: Path, family: str, metrics: int
) -> None:
    report = pipeline.run(options(place / family, place / "clean.tsv", tmp_path / "out", recipe="remove-only")).report
    assert (len(report.before), len(report.after)) == (2, metrics)
    assert {metric.n for metric in report.before if metric.name == "accuracy"} <= {report.data.test}
    steps = [timing.step for timing in report.timings]
    assert steps == "vet,open,measure before,scan,score,choose,remove,save,measure after,scan again".split(",")
