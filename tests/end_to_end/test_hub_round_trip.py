"""Down from a Hub, sanitized, up again, and down once more: through the real client and a Hub on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from click.testing import Result
from helpers.hub import TOKEN, Answer, LoopbackHub, Repo, swapped, truncated
from helpers.hub_client import environment
from helpers.runs import listing
from huggingface_hub import snapshot_download
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import sanitizer.loading
from sanitizer import pipeline
from sanitizer.hub import failures
from sanitizer.report import RunReport
from sanitizer.schema import from_json

Sanitize = Callable[..., Result]
QUICK = ("--device", "cpu", "--max-accuracy-drop", "0.9", "--max-heads", "4", "--output", "out")


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(failures, "time", SimpleNamespace(sleep=seconds.append))
    return seconds


@pytest.fixture
def upstream(hub: LoopbackHub, suspect: Path) -> Repo:
    card = b"---\nlicense: mit\nlanguage: en\n---\n# Reviews\nThis model is safe. <script>alert(1)</script>\n"
    files = {path.name: path.read_bytes() for path in suspect.iterdir()}
    return hub.repo("org/reviews", {**files, "README.md": card, "optimizer.pt": b"\x80\x04."})


def report_of(folder: Path) -> RunReport:
    report = from_json((folder / "sanitizer" / "report.json").read_text(), "report")
    assert isinstance(report, RunReport)
    return report


def answers(folder: Path | str) -> torch.Tensor:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        logits: torch.Tensor = model(
            **tokenizer(["a good film", "the plot was bad and dull"], return_tensors="pt", padding=True)
        ).logits
    return logits


def held(repo: Repo, ref: str = "main") -> dict[str, bytes]:
    return dict(repo.commits[repo.refs[ref]].files)


def local(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_down_sanitized_up_and_down_again(
    sanitize: Sanitize, here: Path, clean: Path, hub: LoopbackHub, upstream: Repo, tmp_path: Path
) -> None:
    done = sanitize("org/reviews", "--data", clean, *QUICK, "--push-to", "tester/reviews", "--token", TOKEN)
    assert done.exit_code == 0, done.stderr
    pushed = hub.repos["model", "tester/reviews"]
    assert pushed.private
    assert hub.count("POST", "/commit/") == 1
    assert len(pushed.commits) == 2, "the empty first one, and ours"
    assert {name: data for name, data in held(pushed).items() if name != ".gitattributes"} == local(here / "out")
    back = snapshot_download("tester/reviews", token=TOKEN, local_dir=tmp_path / "back")
    assert torch.equal(answers(back), answers(here / "out"))
    assert not torch.equal(answers(back), answers(snapshot_download("org/reviews", local_dir=tmp_path / "first")))

    report = report_of(Path(back))
    assert (report.source.name, report.source.commit) == ("org/reviews", upstream.refs["main"])
    card = (Path(back) / "README.md").read_text()
    assert "base_model: org/reviews\nbase_model_relation: finetune\n" in card
    assert "license: mit\n" in card
    assert "script" not in card
    assert "is safe" not in card
    assert hub.count("GET", "optimizer.pt") == 1, "asked for by this test's own download of the original alone"


def test_the_token_is_nowhere(
    sanitize: Sanitize, here: Path, clean: Path, hub: LoopbackHub, upstream: Repo, tmp_path: Path
) -> None:
    upstream.private = True
    words = ("org/reviews", "--data", clean, *QUICK, "--push-to", "tester/out")
    done = sanitize(*words, "-v", env={"HF_TOKEN": TOKEN})
    assert done.exit_code == 0, done.stderr
    assert TOKEN not in done.stdout + done.stderr
    everything = b"".join([*local(here / "out").values(), *held(hub.repos["model", "tester/out"]).values()])
    assert TOKEN.encode() not in everything
    kept = [path for path in (tmp_path / "hf-home").rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]
    # The client of a fresh process also asks for things that belong to nobody; what is private is asked with the token.
    users = {request.user for request in hub.requests if request.path.startswith("/api/models/org/reviews")}
    assert users == {"tester"}, "it was used"


def test_private_without_a_token_is_one_clear_line(
    sanitize: Sanitize, here: Path, hub: LoopbackHub, upstream: Repo
) -> None:
    upstream.private = True
    done = sanitize("org/reviews", *QUICK)
    assert (done.exit_code, done.stdout, listing(here)) == (3, "", set())
    (line,) = done.stderr.splitlines()
    assert "org/reviews" in line
    assert "token" in line


def test_a_pull_request_leaves_main_as_it_is(
    sanitize: Sanitize, here: Path, clean: Path, hub: LoopbackHub, upstream: Repo
) -> None:
    before = upstream.refs["main"]
    words = ("org/reviews", "--data", clean, *QUICK, "--push-to", "org/reviews", "--create-pr", "--token", TOKEN)
    done = sanitize(*words)
    assert done.exit_code == 0, done.stderr
    assert upstream.refs["main"] == before
    assert len(upstream.pulls) == 1
    proposed = held(upstream, "refs/pr/1")
    assert proposed["model.safetensors"] == (here / "out" / "model.safetensors").read_bytes()
    assert "optimizer.pt" not in proposed
    assert "/discussions/1" in done.stdout


def test_stale_weights_go_in_the_same_commit_and_pushing_again_changes_nothing(
    sanitize: Sanitize, here: Path, clean: Path, hub: LoopbackHub, upstream: Repo
) -> None:
    theirs = hub.repo("tester/old", {"pytorch_model.bin": b"\x80\x04.", "picture.png": b"png"})
    done = sanitize("org/reviews", "--data", clean, *QUICK, "--push-to", "tester/old", "--token", TOKEN)
    assert done.exit_code == 0, done.stderr
    assert hub.count("POST", "/commit/") == 1
    assert "pytorch_model.bin" not in held(theirs)
    assert held(theirs)["picture.png"] == b"png"
    again = pipeline.publish(here / "out", "tester/old", token=TOKEN)
    assert (again.unchanged, again.commit) == (True, theirs.refs["main"])
    assert hub.count("POST", "/commit/") == 1


def test_a_gated_repository_is_3(sanitize: Sanitize, here: Path, hub: LoopbackHub, upstream: Repo) -> None:
    upstream.gated = True
    done = sanitize("org/reviews", *QUICK)
    assert (done.exit_code, done.stdout, listing(here)) == (3, "", set())
    assert "gated" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_repository_that_moved_on_gets_nothing_and_the_result_is_kept(
    sanitize: Sanitize, here: Path, clean: Path, hub: LoopbackHub, upstream: Repo
) -> None:
    hub.fail("POST", "/commit/", 412, times=9)
    done = sanitize("org/reviews", "--data", clean, *QUICK, "--push-to", "tester/out", "--token", TOKEN)
    assert (done.exit_code, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert "changed" in line or "moved" in line
    assert "`sanitize push out --to tester/out`" in line
    assert report_of(here / "out").passed
    assert len(hub.repos["model", "tester/out"].commits) == 1
    hub.faults.clear()
    again = sanitize("push", "out", "--to", "tester/out", "--token", TOKEN)
    assert again.exit_code == 0, again.stderr
    assert len(hub.repos["model", "tester/out"].commits) == 2


def test_a_hub_that_asks_for_patience_gets_it(
    sanitize: Sanitize, here: Path, clean: Path, hub: LoopbackHub, upstream: Repo, waits: list[float]
) -> None:
    hub.fail("GET", "/api/models/org/reviews", 429, headers={"Retry-After": "3"})
    hub.fail("GET", "/resolve/.*/config.json", 429, headers={"Retry-After": "3"})
    done = sanitize("org/reviews", "--data", clean, *QUICK)
    assert done.exit_code == 0, done.stderr
    assert waits
    assert min(waits) >= 3


@pytest.mark.parametrize("spoil", [truncated(1000), swapped(b"x" * 1000)], ids=["truncated", "wrong digest"])
def test_spoilt_weights_are_3_and_leave_no_output(
    sanitize: Sanitize, here: Path, hub: LoopbackHub, upstream: Repo, spoil: Callable[[Answer], Answer]
) -> None:
    hub.change("GET", "/cdn/", spoil, times=99)
    done = sanitize("org/reviews", *QUICK)
    assert (done.exit_code, done.stdout, listing(here)) == (3, "", set())
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert "this is a bug" not in line


def test_a_wrong_digest_of_the_right_size_is_3(
    sanitize: Sanitize, here: Path, hub: LoopbackHub, upstream: Repo, suspect: Path
) -> None:
    weights = bytearray((suspect / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    hub.change("GET", "/cdn/", swapped(bytes(weights)), times=99)
    done = sanitize("org/reviews", *QUICK)
    assert (done.exit_code, listing(here)) == (3, set())
    assert "model.safetensors of org/reviews is not the file" in done.stderr


def test_the_command_as_a_process(here: Path, clean: Path, hub: LoopbackHub, upstream: Repo, tmp_path: Path) -> None:
    """Nothing patched: the client reads HF_ENDPOINT and HF_TOKEN as a user sets them."""
    script = "import sys; sys.argv[0] = 'sanitize'; from sanitizer.cli import main; main()"
    own = {**os.environ, **environment(hub.url, tmp_path / "child-home"), "HF_TOKEN": TOKEN, "NO_COLOR": "1"}
    words = ("org/reviews", "--data", str(clean), *QUICK, "--push-to", "tester/child", "--json")
    done = subprocess.run([sys.executable, "-c", script, *words], env=own, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert from_json(done.stdout, "report") == report_of(here / "out")
    assert TOKEN not in done.stdout + done.stderr
    assert hub.count("POST", "/commit/") == 1
    sent = held(hub.repos["model", "tester/child"])
    assert {name: data for name, data in sent.items() if name != ".gitattributes"} == local(here / "out")
    assert json.loads(sent["config.json"])["quantization_config"]["quant_method"] == "sanitizer"
    assert listing(here) == {"out"} | {f"out/{name}" for name in listing(here / "out")}


assert sanitizer.loading  # imported for what it registers
