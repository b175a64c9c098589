"""What the process of one checkpoint answers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.checkpoints import WEIGHTS, make
from helpers.fleets import HOSTILE
from helpers.hub import LoopbackHub
from helpers.records import COMMIT, make_forensics, make_report, make_scan, make_vet
from helpers.runs import CPU, make_suspect, make_tsv
from pydantic import TypeAdapter

from sanitizer.fleet import child
from sanitizer.fleet.child import ANSWER, TASK, Answer, gravest, of_forensics, of_run, of_vet
from sanitizer.fleet.identity import folder_digest
from sanitizer.fleet.order import Order
from sanitizer.options import DataOptions, ForensicsOptions, Gatekeeping, RunOptions, ScanOptions, VetOptions
from sanitizer.report import Finding, ForensicsReport, Gate, RunReport, ScanReport, VetReport
from sanitizer.schema import from_json


def ask(folder: Path, verb: Any, options: Any, monkeypatch: pytest.MonkeyPatch) -> Answer:
    """As a worker asks, but in this process."""
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    (folder / TASK).write_text(json.dumps(Order.of(verb, options).document()))
    child.main()
    return TypeAdapter(Answer).validate_json((folder / ANSWER).read_bytes())


def test_a_harmless_folder_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = make(tmp_path / "model")
    answer = ask(tmp_path / "work", "vet", VetOptions(str(model)), monkeypatch)
    assert (answer.answer, answer.transient, answer.identity) == ("done", False, folder_digest(model))
    report = from_json(answer.report or "", "vet")
    assert isinstance(report, VetReport)
    assert (report.answer, answer.vetting) == ("passed", report.vetting)


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_folder_is_refused_by_its_rule(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rule, change = HOSTILE[name]
    model = make(tmp_path / "it" / "model")
    change(model)
    answer = ask(tmp_path / "work", "vet", VetOptions(str(model)), monkeypatch)
    assert (answer.answer, answer.transient) == ("refused", False)
    assert answer.vetting is not None
    assert rule in {finding.rule for finding in answer.vetting.findings}
    assert answer.identity == folder_digest(model)


def test_a_file_that_is_cut_short_is_inconclusive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = make(tmp_path / "model")
    (model / "model.safetensors").write_bytes(WEIGHTS[:-1])
    answer = ask(tmp_path / "work", "vet", VetOptions(str(model)), monkeypatch)
    assert (answer.answer, answer.transient) == ("inconclusive", False)
    assert "truncated" in answer.said


def test_only_a_hub_that_may_answer_later_is_worth_another_try(
    hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = ask(tmp_path / "work", "vet", VetOptions("hf://org/none"), monkeypatch)
    assert (answer.answer, answer.transient, answer.identity) == ("inconclusive", False, None)
    assert "has no org/none" in answer.said
    hub.fail("GET", "/api/models", status=503, times=99)
    monkeypatch.setattr("sanitizer.hub.failures.time.sleep", lambda seconds: None)
    answer = ask(tmp_path / "work", "vet", VetOptions("hf://org/none"), monkeypatch)
    assert (answer.answer, answer.transient) == ("inconclusive", True)
    assert "HTTP 503" in answer.said


def test_options_are_checked_without_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data.tsv"
    data.write_text("text\tlabel\n" + "".join(f"text {n}\t{n % 2}\n" for n in range(30)))
    good = DataOptions(str(data))
    for verb, options, says in (
        ("run", RunOptions("", good), None),
        ("scan", ScanOptions("", good), None),
        ("run", RunOptions("", good, strategy="gradeint"), "gradeint"),
        ("run", RunOptions("", good, settings={"none": "1"}), "none"),
        ("run", RunOptions("", good, recipe="rebase"), "takes weights from the model"),
        ("scan", ScanOptions("", DataOptions(str(data), "nope")), "no column 'nope'"),
        ("scan", ScanOptions("", DataOptions("./none.tsv")), "none.tsv"),
    ):
        answer = ask(tmp_path / "work", verb, options, monkeypatch)
        assert (answer.answer == "done") is (says is None), answer
        if says is not None:
            assert answer.usage
            assert says in answer.said


def test_heads_are_looked_at_in_files_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_suspect(tmp_path / "model")
    answer = ask(tmp_path / "work", "forensics", ForensicsOptions(str(model)), monkeypatch)
    assert (answer.answer, answer.identity) == ("done", folder_digest(model))
    report = from_json(answer.report or "", "forensics")
    assert isinstance(report, ForensicsReport)
    assert answer.vetting == report.vetting


@pytest.mark.slow
def test_a_real_run_and_a_real_scan_are_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, data = make_suspect(tmp_path / "model"), DataOptions(str(make_tsv(tmp_path / "data.tsv")))
    words: dict[str, Any] = {"strategy": "random", **CPU, "output": tmp_path / "out", "force": True, "resume": False}
    answer = ask(tmp_path / "work", "run", RunOptions(str(model), data, **words), monkeypatch)
    assert answer.answer in ("done", "gate failed"), answer.said
    report = from_json(answer.report or "", "report")
    assert isinstance(report, RunReport)
    assert report == from_json((tmp_path / "out" / "sanitizer" / "report.json").read_text(), "report")
    assert (answer.answer == "done") is report.passed
    answer = ask(tmp_path / "work", "scan", ScanOptions(str(model), data, device="cpu"), monkeypatch)
    assert (answer.answer, answer.identity) == ("done", folder_digest(model))
    assert isinstance(from_json(answer.report or "", "scan"), ScanReport)


def test_a_run_is_refused_by_the_gate_and_not_by_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = make(tmp_path / "model")
    HOSTILE["code"][1](model)
    options = RunOptions(str(model), gate=Gatekeeping("low"), output=tmp_path / "out")
    answer = ask(tmp_path / "work", "run", options, monkeypatch)
    assert answer.answer == "refused"
    assert answer.said.startswith("config.auto-map in config.json")
    assert not (tmp_path / "out").exists()


def test_a_token_is_taken_out_of_the_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setenv("HF_TOKEN", "hf_secretsecret")
    answer = ask(tmp_path / "work", "vet", VetOptions(str(make(tmp_path / "model"))), monkeypatch)
    assert answer.answer == "done"
    assert "HF_TOKEN" not in os.environ
    assert "hf_secret" not in (tmp_path / "work" / ANSWER).read_text()


def test_a_failed_gate_is_no_success() -> None:
    report = make_report()
    assert of_run(report).answer == "done"
    assert f"{len(report.heads)} of 12 heads removed" in of_run(report).said
    failed = make_report(gates=(Gate("accuracy budget", False, "fell by 9 points"),))
    assert (of_run(failed).answer, of_run(failed).said) == ("gate failed", "accuracy budget: fell by 9 points")


def test_a_look_is_done_whatever_it_shows() -> None:
    scan, files = make_scan(), make_forensics()
    assert of_forensics(scan, scan.scan.forensics).said == "heads that look planted: L1.H0"
    assert of_forensics(files, files.forensics).said == "heads that look planted: L1.H0"
    calm = replace(files.forensics, answer="nothing", suspects=())
    assert of_forensics(files, calm).said == "no head looks planted"
    for seen in (None, replace(calm, answer="inconclusive")):
        assert "could not be told" in of_forensics(files, seen).said
        assert of_forensics(files, seen).answer == "done"


def test_what_is_said_of_a_refusal_is_its_gravest_finding() -> None:
    low, high = Finding("a.b", "low", "x", "small"), Finding("c.d", "high", "y", "large")
    assert gravest((low, high)) == "c.d in y: large (and 1 more finding)"
    assert gravest((high,)) == "c.d in y: large"
    assert gravest(()) == "refused"
    report = make_vet()
    assert of_vet(report).said.startswith("weights.pickle-unread in pytorch_model.bin")
    assert "--rebuild" in of_vet(report).hint
    assert report.commit == COMMIT
