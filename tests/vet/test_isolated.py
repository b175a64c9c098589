"""The worker: it says what the gate says, knows no token, and whatever becomes of it the parent has an answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.checkpoints import TOKENIZER, WEIGHTS, make, write_json
from helpers.hostile import CASES, Case
from helpers.pico import make_folder

from sanitizer.checkpoint import FileDigest
from sanitizer.errors import CorruptError, IncompleteError, ResourceError
from sanitizer.vet import isolated, process
from sanitizer.vet.gate import Survey, settled, survey
from sanitizer.vet.inventory import open_local
from sanitizer.vet.isolated import Worker
from sanitizer.vet.judgement import answer, refusal

BROKEN = "raise SystemExit(3)  # {root}"


def surveyed(folder: Path, **how: bool) -> Survey:
    with Worker() as worker:
        return worker.survey(open_local(folder), {"left.txt": FileDigest(3, "")}, **how)


def grave(seen: Survey) -> list[str]:
    return [finding.rule for finding in seen.record.findings if finding.severity != "low"]


def answering(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(process, "_BOOT", code + "  # {root}")


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.rule in ("config.auto-map", "template.escape", "files.link")]
)
def test_it_says_what_the_gate_says(case: Case, tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    case.hostile(folder)
    there = surveyed(folder).record
    here = survey(open_local(folder), {"left.txt": FileDigest(3, "")}).record
    assert (there.files, there.findings, there.templates) == (here.files, here.findings, here.templates)


def test_errors_keep_their_kind_message_and_hint(tmp_path: Path) -> None:
    folder = make(tmp_path / "m")
    (folder / "model.safetensors").write_bytes(WEIGHTS[:-1])
    with pytest.raises(CorruptError, match="truncated") as caught:
        settled(surveyed(folder))
    assert caught.value.hint == "download it again, or ask the author"


def test_progress_arrives(tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    with Worker() as worker:
        worker.survey(open_local(make(tmp_path / "m")), progress=lambda *step: steps.append(step))
    assert ("vet files", 3, 3) in steps


def test_it_knows_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('hijacked')")
    told = tmp_path / "told.json"
    answering(monkeypatch, f"import json, os, sys; json.dump([dict(os.environ), sys.path], open({str(told)!r}, 'w'))")
    surveyed(make(tmp_path / "m"))
    environment, paths = json.loads(told.read_text())
    assert "HF_TOKEN" not in environment
    assert str(tmp_path) not in paths


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("raise SystemExit(3)", "code 3"),
        ("import os; os.abort()", "signal 6"),
        ("import os; os.kill(os.getpid(), 9)", "out of time or memory"),
        ("import os; os.kill(os.getpid(), 24)", "processor time"),
        ("print('hello')", "nobody understands"),
        ("print('{{}}')", "nobody understands"),
        ("print('[1, 2]')", "nobody understands"),
        ('print(\'{{"survey": [{{"files": [1]}}, []]}}\')', "nobody understands"),
        ("print('{{\"survey\": [{{}}, []]}}')", "nobody understands"),
        ("print('[' * 100000)", "nobody understands"),
        (
            'print(\'{{"survey": [{{"files": [], "templates": [], "findings": [{{"rule": "a", "severity": "mild", '
            '"file": "a", "message": "a"}}]}}, []]}}\')',
            "nobody understands",
        ),
    ],
)
def test_a_worker_that_dies_or_lies_in_form_is_inconclusive(
    code: str, why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answering(monkeypatch, code)
    seen = surveyed(make(tmp_path / "m"))
    assert answer(seen.record, "high") == "inconclusive"
    assert refusal(seen.record) is not None
    assert {file.fate for file in seen.record.files} == {"refused"}
    with pytest.raises(IncompleteError, match=why):
        settled(seen)


def test_one_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answering(monkeypatch, "import time; time.sleep(600)")
    monkeypatch.setattr(isolated, "WALL_SECONDS", 0.2)
    with pytest.raises(IncompleteError, match="out of time"):
        settled(surveyed(make(tmp_path / "m")))


def test_memory_that_runs_out_is_a_limit_and_no_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    boot = process._BOOT.replace("main()", "sys.modules['sanitizer.vet.worker'].MEMORY = 200 << 20; main()")
    monkeypatch.setattr(process, "_BOOT", boot)
    folder = make(tmp_path / "m")
    write_json(folder / "vocab.json", {f"word {index}": index for index in range(1_000_000)})
    seen = surveyed(folder)
    assert answer(seen.record, "high") == "inconclusive"


def test_leaving_early_leaves_no_process(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Worker() as worker:
        child = worker._process
        raise KeyboardInterrupt
    assert child.returncode is not None


def test_a_sandbox_is_demanded_before_anything_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(isolated, "WANTED", ("a second moon",))
    with pytest.raises(ResourceError, match="no sandbox"):
        surveyed(make(tmp_path / "m"), require=True)
    answering(monkeypatch, "raise SystemExit(0)")
    with pytest.raises(ResourceError, match="no sandbox"):
        surveyed(make(tmp_path / "n"), require=True)


def test_a_tokenizer_that_loads_is_kept(tmp_path: Path) -> None:
    seen = surveyed(make_folder(tmp_path / "m", "bert"))
    assert grave(seen) == []


def test_a_tokenizer_that_does_not_load_is_refused(tmp_path: Path) -> None:
    """Each part is on the list, yet the library refuses: a property that no character has."""
    folder = make(tmp_path / "m")
    split = {"type": "Split", "pattern": {"Regex": r"\p{Nonsense}"}, "behavior": "Isolated", "invert": False}
    write_json(folder / "tokenizer.json", {**TOKENIZER, "pre_tokenizer": split})
    seen = surveyed(folder)
    assert grave(seen) == ["tokenizer.unloadable"]
    assert refusal(seen.record) is not None


def test_dying_of_a_tokenizer_is_its_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    boot = process._BOOT.replace(
        "main()", "sys.modules['sanitizer.vet.worker']._load = lambda load, path: os.abort(); main()"
    )
    monkeypatch.setattr(process, "_BOOT", "import os; " + boot)
    seen = surveyed(make_folder(tmp_path / "m", "bert"))
    assert grave(seen) == ["tokenizer.unloadable"]
    assert "died" in seen.record.findings[-1].message
    assert seen.record.findings[-1].file == "tokenizer.json"


def test_a_worker_ends_with_its_parent(tmp_path: Path) -> None:
    code = "from sanitizer.vet.isolated import Worker; import os; "
    code += "worker = Worker(); print(worker._process.pid, flush=True); os._exit(1)"
    root = str(Path(isolated.__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    for _ in range(100):
        place = Path(f"/proc/{int(done.stdout)}/stat")
        if not place.exists() or place.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.1)
    raise AssertionError("the worker is still there")
