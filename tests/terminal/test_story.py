"""Stories against the records they tell, one of them word for word."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from helpers.records import BASE, PLAN, RECIPE, SCAN, SOURCE, VETTING, make_preview, make_report, make_scan
from rich.console import Console, RenderableType

from sanitizer.heads import HeadId
from sanitizer.report import AblationRecord, Finding, Gate, RunReport, TreatmentRecord
from sanitizer.terminal.story import findings_story, preview_story, run_story, scan_story, tell

GOLDEN = Path(__file__).parent / "run_story.txt"


@dataclass(frozen=True)
class Pushed:
    repo: str = "me/model"
    url: str = "https://hub.example/me/model"
    commit: str = "f" * 40
    pull_request: str | None = None
    unchanged: bool = False


def told(parts: Iterable[RenderableType], *, width: int = 80, terminal: bool = False) -> str:
    environment = {"TERM": "xterm-256color"}
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, highlight=False, _environ=environment)
    tell(console, parts)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def result(report: RunReport, pushed: Any = None, output: str = "out/reviews-sanitized") -> Any:
    return SimpleNamespace(report=report, output=Path(output), pushed=pushed)


def run_told(report: RunReport, pushed: Any = None, **shown: Any) -> str:
    return told(run_story(result(report, pushed), colour=False), **shown)


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def test_the_story_of_a_run_word_for_word() -> None:
    assert lines(run_told(make_report())) == lines(GOLDEN.read_text(encoding="utf-8"))


def test_limits_and_a_preparation_are_told() -> None:
    budget = replace(RECIPE.budget, max_accuracy_drop=None, min_accuracy=0.85, max_heads=1, per_layer=2)
    report = make_report(
        recipe=replace(RECIPE, budget=budget, prepare=("finetune",)),
        prepare=(TreatmentRecord("finetune", {}, {}, 1.0),),
        plan=replace(PLAN, threshold=0.85),
    )
    assert [line for line in lines(run_told(report)) if line.startswith(("  prepare", "  budget"))] == [
        "  prepare     finetune; undone once the heads were chosen",
        "  budget      accuracy of at least 85.0 % on validation data (89.1 % prepared, with every head), "
        "at most 1 head, at most 2 of each layer",
    ]
    none = make_report(recipe=replace(RECIPE, budget=replace(RECIPE.budget, max_heads=0)))
    assert "  budget" not in run_told(none), "nothing was to be removed"
    kept = run_told(replace(none, heads=()))
    assert "every head kept; treated by remove, finetune" in kept
    assert "worth keeping" not in kept, "scores that decided nothing"
    assert "Only attention heads were treated" not in kept


def test_a_base_is_told_whether_it_was_used_or_only_named() -> None:
    held = make_report(base=BASE, source=replace(SOURCE, base_models=("org/named",)))
    taken = TreatmentRecord("rebase", {}, {"parameters_from_base": 22_713_216.0}, 61.0)
    used = run_told(replace(held, treatments=(taken,)))
    assert f"  base        org/base at commit {'c' * 40}" in lines(used)
    assert "22.7 M of 22.7 M parameters have a counterpart there; cosine of the layers 0.9987" in used
    assert "rust_model.ot" in used
    assert "Weights were taken from the base: whatever it hides" in used
    assert "Only attention heads were treated" not in used
    assert "org/named" not in used
    assert "Weights were taken from the base" not in run_told(held), "it was only held against it"
    named = run_told(make_report(source=replace(SOURCE, base_models=("org/named",))))
    assert "  base        org/named, says its card: not fetched; recipes such as rebase can use it (--base)" in named
    assert "  base  " not in run_told(make_report())
    assert "org/base, which would be vetted too" in told(preview_story(make_preview(base="org/base")))


def stories() -> dict[str, str]:
    return {
        "run": run_told(make_report()),
        "failed": run_told(make_report(gates=(Gate("accuracy", False, "0.8"),))),
        "scan": told(scan_story(make_scan(), colour=False)),
        "preview": told(preview_story(make_preview())),
    }


def test_nothing_is_ever_called_safe() -> None:
    for story in stories().values():
        assert not re.search(r"\b(safe|safely|safety)\b", story, re.IGNORECASE)


def test_without_a_terminal_there_is_not_one_escape() -> None:
    for story in stories().values():
        assert "\x1b" not in story


def test_a_failed_gate_is_said_and_no_snippet_invites_to_load() -> None:
    story = run_told(make_report(gates=(Gate("accuracy", False, "0.80 is below 0.87"),)))
    assert "FAILED  accuracy: 0.80 is below 0.87" in story
    assert "from_pretrained" not in story
    assert "nothing was published" in story


@pytest.mark.parametrize(
    ("task", "needs_loader", "expected", "absent"),
    [
        ("classification", True, "AutoModelForSequenceClassification", "AutoModelForCausalLM"),
        ("causal", False, "AutoModelForCausalLM", "sanitizer.loading"),
    ],
)
def test_the_snippet_is_for_this_model(task: Any, needs_loader: bool, expected: str, absent: str) -> None:
    report = make_report(source=replace(SOURCE, task=task), needs_loader=needs_loader)
    story = run_told(report)
    assert f"{expected}.from_pretrained('out/reviews-sanitized')" in story
    assert ("import sanitizer.loading" in story) is needs_loader
    assert absent not in story


def test_the_snippet_is_python() -> None:
    story = run_told(make_report())
    block = story[story.index("To load it:") :].splitlines()[1:]
    end = next(index for index, line in enumerate(block) if line[:1].isalpha())
    code = "\n".join(line.removeprefix("    ") for line in block[:end])
    compile(code, "snippet", "exec")
    assert code.startswith("import sanitizer.loading")


@pytest.mark.parametrize("terminal", [True, False])
def test_paths_and_code_are_never_broken(terminal: bool) -> None:
    long = "/".join(["a-rather-long-folder-name"] * 6)
    story = told(run_story(result(make_report(), output=long), colour=False), terminal=terminal)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", story)
    assert f"{long}/sanitizer/report.json\n" in plain
    assert f"from_pretrained('{long}')\n" in plain


def test_a_push_says_where_and_a_pull_request_where_to_review() -> None:
    story = run_told(make_report(), Pushed())
    assert f"https://hub.example/me/model at commit {'f' * 40}" in story
    assert "--push-to" not in story
    story = run_told(make_report(), Pushed(pull_request="https://hub.example/me/model/discussions/3"))
    assert "https://hub.example/me/model/discussions/3" in story
    assert "already there" in run_told(make_report(), Pushed(unchanged=True))


def test_no_head_removed_is_said_plainly() -> None:
    story = run_told(make_report(heads=(), parameters_after=SOURCE.parameters))
    assert "none removed of 12 heads" in story
    assert re.search(r"parameters +22\.7 M +22\.7 M +none", story)


def test_strangers_words_stay_words() -> None:
    evil = "\x1b[31m[red]x[/red]\u202e\n:smile:"
    source = replace(SOURCE, name=evil, architecture=evil, dtype=evil)
    vetting = replace(VETTING, findings=(Finding(evil, "high", evil, evil, evil),))
    report = make_report(source=source, vetting=vetting, warnings=(evil,), gates=(Gate(evil, True, evil),))
    for story in (run_told(report), told(scan_story(make_scan(source=source, vetting=vetting), colour=False))):
        assert not {"\x1b", "\u202e"} & set(story)
        assert story.startswith("[31m[red]x[/red] :smile:\n")
    preview = make_preview(source=evil, output=evil, recipe=evil, data=evil, commit=evil)
    assert not {"\x1b", "\u202e"} & set(told(preview_story(preview)))


def test_findings_are_told_the_gravest_first_and_not_without_end() -> None:
    findings = [Finding(f"rule-{index}", "low", "f", "m") for index in range(30)]
    story = told(findings_story([*findings, Finding("worst", "high", "f", "m")])).splitlines()
    assert "worst" in story[0]
    assert len(story) == 21
    assert story[-1] == "  and 11 more, all of them in the report"


def test_the_story_fits_a_terminal_of_80_columns() -> None:
    for name, parts in (
        ("run", run_story(result(make_report()), colour=True)),
        ("scan", scan_story(make_scan(), colour=True)),
        ("preview", preview_story(make_preview())),
    ):
        for line in re.sub(r"\x1b\[[0-9;]*m", "", told(parts, terminal=True)).splitlines():
            code = line.startswith("    ")  # is copied, and so stays whole
            assert code or len(line.rstrip()) <= 80, (name, line)


def test_a_scan_of_a_folder_names_the_folder_to_treat() -> None:
    local = replace(SOURCE, commit=None, revision=None, name="my model")
    assert "sanitize './my model'" in told(scan_story(make_scan(source=local), colour=False))
    assert "sanitize org/reviews" in told(scan_story(make_scan(), colour=False))


def test_a_scan_shows_score_and_class_of_each_head() -> None:
    story = told(scan_story(make_scan(), colour=False))
    assert "By class: 5 suspicious, 4 intermediate, 3 trusted" in story
    assert "L0  ! + ! ." in story
    assert " 0 trust 0.1   9 trust 0.7" in story


def test_an_ablation_names_the_heads_that_make_a_difference() -> None:
    changes = {HeadId(0, 1): (-0.05, -0.08, -0.02), HeadId(2, 2): (0.01, -0.01, 0.03), HeadId(2, 3): (0.04, 0.01, 0.07)}
    ablation = tuple(AblationRecord(head, *changes.get(head, (0.0, -0.01, 0.01)), 256) for head in PLAN.scores.heads())
    scan = replace(SCAN, ablation=ablation)
    story = told(scan_story(make_scan(scan=scan), colour=False))
    assert "  L0.H1   -5.0 points (-8.0 to -2.0)\n  L2.H3   +4.0 points (+1.0 to +7.0)\n95 %" in story
    run = run_told(make_report(scan=scan))
    assert "without each of them alone\n  L0.H1   -5.0 points (-8.0 to -2.0)\n95 %" in run, "of the three treated"
    quiet = replace(SCAN, ablation=ablation[:1])
    assert "none makes a difference that shows" in run_told(make_report(scan=quiet, heads=()))


def test_a_preview_says_what_a_run_would_take() -> None:
    story = told(preview_story(make_preview()))
    assert "45.5 MB" in story
    assert "136 MB" in story
    assert "reviews-sanitized" in story
    assert "1 rebuilt, 1 kept, 1 dropped" in story
