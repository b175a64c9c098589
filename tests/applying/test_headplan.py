from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from helpers.records import DIGEST, make_report

from sanitizer.applying.headplan import HeadPlan, check_digest, check_fits, read_plan
from sanitizer.errors import UsageError
from sanitizer.heads import HeadId
from sanitizer.schema import to_json

PLAN = HeadPlan("plan.json", "00" * 32, (HeadId(0, 1), HeadId(2, 3)), None, "aa" * 32, "bert", (4, 4, 4))


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_runs_report_is_a_plan_for_its_model(tmp_path: Path) -> None:
    path = written(tmp_path / "report.json", to_json(make_report()))
    assert read_plan(path) == HeadPlan(
        name="report.json",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        heads=(HeadId(0, 1), HeadId(1, 0), HeadId(2, 2)),
        model="org/reviews",
        digest=DIGEST,
        model_type="bert",
        counts=(4, 4, 4),
        treatments=("remove", "finetune"),
    )


@pytest.mark.parametrize(
    "document", [{"heads": ["L2.H3", "L0.H1"]}, {"plan": {"remove": ["L0.H1", "L2.H3"], "scores": None}, "more": 1}]
)
def test_a_bare_list_of_heads_is_a_plan_for_nobody_knows_what(document: object, tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path / "heads.json", json.dumps(document)))
    assert (plan.heads, plan.digest, plan.counts) == ((HeadId(0, 1), HeadId(2, 3)), None, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no plan"),
        ("[]", "is no plan"),
        ("{}", "does not list any heads"),
        ('{"heads": []}', "nothing to remove"),
        ('{"heads": {"L0.H1": 1}}', "does not list any heads"),
        ('{"heads": ["L0H1"]}', "not an attention head"),
        ('{"heads": [3]}', "is not a head"),
        ('{"heads": ["L0.H1", {"head": "L0.H1"}]}', "twice"),
        ('{"heads": ["L0.H1"], "heads": ["L0.H2"]}', "twice"),
        ('{"plan": ["L0.H1"]}', "does not list any heads"),
    ],
)
def test_what_is_no_plan_is_a_usage_error(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        read_plan(written(tmp_path / "plan.json", text))


def test_a_plan_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_plan(tmp_path / "missing.json")


@pytest.mark.parametrize(
    ("model_type", "counts", "said"),
    [
        ("roberta", (4, 4, 4), "plan for a bert model, this is a roberta"),
        ("bert", (4, 4), "3 layers of 4 heads, this has 2 layers of 4 heads"),
        ("bert", (4, 4, 3), "this has 3 layers of 3 to 4 heads"),
    ],
)
def test_a_plan_for_another_shape_does_not_fit(model_type: str, counts: tuple[int, ...], said: str) -> None:
    check_fits(PLAN, "bert", (4, 4, 4))
    with pytest.raises(UsageError, match=said):
        check_fits(PLAN, model_type, counts)


def test_a_head_that_is_not_there_does_not_fit() -> None:
    bare = HeadPlan("heads.json", "00" * 32, (HeadId(1, 3),))
    check_fits(bare, "bert", (1, 4))
    for counts in ((4,), (4, 3)):
        with pytest.raises(UsageError, match=r"names L1\.H3"):
            check_fits(bare, "bert", counts)


def test_other_files_need_a_word() -> None:
    check_digest(PLAN, "aa" * 32, other_model=False)
    for digest in ("bb" * 32, ""):
        with pytest.raises(UsageError, match="made for other files") as caught:
            check_digest(PLAN, digest, other_model=False)
        assert "--other-model" in caught.value.hint
        check_digest(PLAN, digest, other_model=True)
    with pytest.raises(UsageError, match="does not say"):
        check_digest(HeadPlan("heads.json", "00" * 32, PLAN.heads), "aa" * 32, other_model=False)
