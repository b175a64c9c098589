"""What a record answers: two questions, and that what is not known is no pass."""

from __future__ import annotations

from pathlib import Path

from helpers.checkpoints import WEIGHTS, make, rules, vetted

from sanitizer.report import FileRecord, Finding, VetRecord
from sanitizer.vet.gate import survey
from sanitizer.vet.inventory import open_local
from sanitizer.vet.judgement import answer, refusal


def test_the_two_questions_have_two_answers(folder: Path) -> None:
    record = vetted(folder)
    assert refusal(record) is None
    assert refusal(record, "high") is None
    for severity in ("medium", "low"):
        against = refusal(record, severity)
        assert against is not None
        assert "pytorch_model.bin" in {finding.file for finding in against.findings}


def test_refused_wins_over_inconclusive_and_that_over_passed(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    assert answer(vetted(folder), "low") == "passed"
    (folder / "train.py").touch()
    assert [answer(vetted(folder), severity) for severity in ("low", "medium")] == ["refused", "passed"]
    (folder / "model.safetensors").write_bytes(WEIGHTS[:-1])
    record = survey(open_local(folder)).record
    assert [answer(record, severity) for severity in ("low", "medium")] == ["refused", "inconclusive"]
    assert answer(VetRecord((), ()), "high") == "refused"


def test_nothing_vetted_is_not_a_pass(tmp_path: Path) -> None:
    against = refusal(VetRecord((), ()))
    assert against is not None
    assert against.findings[0].rule == "gate.nothing"
    (tmp_path / "empty").mkdir()
    assert rules(vetted(tmp_path / "empty")) == {"config.missing", "weights.none"}
    assert refusal(vetted(tmp_path / "empty")) is not None


def test_a_refused_file_counts_even_without_a_finding() -> None:
    record = VetRecord((FileRecord("a", 0, "", "refused", "because"),), ())
    against = refusal(record)
    assert against is not None
    assert "because" in against.message


def test_a_high_finding_on_what_was_dropped_does_not_stop_a_rebuild() -> None:
    record = VetRecord((FileRecord("a", 0, "", "dropped", "x"),), (Finding("r.r", "high", "a", "text", "hint"),))
    assert refusal(record) is None
    assert refusal(record, "high") is not None
    elsewhere = VetRecord(record.files, (Finding("r.r", "high", ".", "text", "hint"),))
    assert refusal(elsewhere) is not None


def test_the_refusal_says_where_what_and_how_many(tmp_path: Path) -> None:
    folder = make(tmp_path / "m", auto_map={"a": "b.C"}, trust_remote_code=True)
    against = refusal(vetted(folder))
    assert against is not None
    assert against.message.startswith("config.json: auto_map names Python code")
    assert "[config.auto-map]" in against.message
    assert against.message.endswith("(and 1 more finding)")
    assert against.hint
