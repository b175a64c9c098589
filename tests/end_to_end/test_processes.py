"""One run in several processes, as a launcher starts them."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import pytest
from helpers.runs import make_suspect, make_tsv, options
from helpers.together import together
from safetensors.torch import load_file

from sanitizer import pipeline, processes
from sanitizer.errors import PeerError, UsageError

NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    make_suspect(tmp_path / "suspect", **NO_DROPOUT)
    (tmp_path / "suspect" / "README.md").write_text("---\nlicense: mit\ntags: [film]\n---\nA card.\n")
    make_tsv(tmp_path / "clean.tsv")
    (tmp_path / "states").mkdir()
    return tmp_path


def spoken(words: list[str]) -> tuple[int, str, str]:
    """The command line in this process: its exit code, stdout and stderr."""
    from sanitizer.cli import sanitize

    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = sanitize.main(words, standalone_mode=False)
    return code, out.getvalue(), err.getvalue()


def test_two_processes_are_one_run(here: Path) -> None:
    words = [str(here / "suspect"), "--data", str(here / "clean.tsv"), "--device", "cpu", "--json"]
    words += ["--max-accuracy-drop", "0.9", "--max-heads", "4", "--output"]
    alone = spoken([*words, str(here / "one")])
    first, second = together(spoken, [*words, str(here / "two")], folder=here / "states", assemble=False)
    assert (alone[0], first[0], second[0], second[1]) == (0, 0, 0, ""), first[2] + second[2]
    assert "error" not in second[2]
    one, two = json.loads(alone[1]), json.loads(first[1])
    assert two["heads"] == one["heads"]
    assert [gate["passed"] for gate in two["gates"]] == [gate["passed"] for gate in one["gates"]]
    weights = [load_file(here / name / "model.safetensors") for name in ("one", "two")]
    apart = {name: float((weights[1][name] - weights[0][name]).abs().max()) for name in weights[0]}
    # Half precision: a weight that lies between two of its numbers may be rounded to the other one.
    assert max(far for name, far in apart.items() if not name.endswith("key.bias")) < 2e-3
    assert not list(here.glob(".*sanitizer*"))


def failing(here: Path) -> tuple[str, int]:
    def fail(step: str, done: int, total: int) -> None:
        if processes.rank() == 1 and step == "fine-tune" and done == 1:
            raise UsageError("this process has had enough")

    try:
        pipeline.run(options(here / "suspect", here / "clean.tsv", here / "out"), progress=fail)
    except (PeerError, UsageError) as error:
        return type(error).__name__, error.exit_code
    return "finished", 0


def test_one_that_fails_ends_the_other_with_its_code(here: Path) -> None:
    assert together(failing, here, folder=here / "states", assemble=False) == [("PeerError", 2), ("UsageError", 2)]
    assert not (here / "out").exists()


def test_what_is_no_run_works_in_one_process(here: Path) -> None:
    first, second = together(spoken, ["vet", str(here / "suspect")], folder=here / "states", assemble=False)
    assert (first[0], second) == (2, (2, "", ""))
    assert "vet works in one process, and 2 were launched" in first[2]
