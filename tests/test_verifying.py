"""Results of real runs, as a whole; what each claim finds is tested with its file in `verify`."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from helpers.claims import Copy, against, checked
from helpers.results import copy_of, make_result, resealed
from safetensors.torch import save_file

from sanitizer.errors import UsageError
from sanitizer.options import DataOptions
from sanitizer.output import SUMS
from sanitizer.verifying import verdict


@pytest.fixture(scope="module")
def compact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_result(tmp_path_factory.mktemp("compact")).parent


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_result(tmp_path_factory.mktemp("dense"), layout="dense").parent


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return lambda made: copy_of(made / "out", tmp_path)


def test_what_a_run_wrote_holds_and_its_digest_is_that_of_its_sums(compact: Path, dense: Path) -> None:
    for made in (compact, dense):
        report = checked(made / "out")
        assert (report.answer, against(report, "unknown")) == ("held", set())
        assert report.digest == hashlib.sha256((made / "out" / SUMS).read_bytes()).hexdigest()
        assert any("who made it" in text for text in report.not_shown)


def test_a_model_that_says_nothing_of_itself_is_no_pass(compact: Path) -> None:
    report = checked(compact / "suspect")
    assert (report.answer, against(report, "unknown")) == ("unknown", {"files", "report"})


def test_the_gate_looks_at_the_folder_as_it_is_now(compact: Path, copy: Copy) -> None:
    folder = copy(compact)
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R.")
    report = checked(resealed(folder))
    assert "vetting" in against(report)
    save_file({"a": torch.full((4, 4), float("nan"))}, folder / "model.safetensors")
    refused = checked(resealed(folder), data=DataOptions(str(compact / "clean.tsv")))
    assert "metrics" in against(refused, "unknown"), "what the gate refuses is not opened"


def test_only_measuring_needs_torch(compact: Path) -> None:
    code = (
        "import sys\nfrom sanitizer.options import VerifyOptions\nfrom sanitizer.verifying import verify\n"
        f"print(verify(VerifyOptions({str(compact / 'out')!r})).answer, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "held False\n", done.stderr


def test_words_that_do_not_go_together(compact: Path) -> None:
    with pytest.raises(UsageError, match="--source"):
        checked(compact / "out", source=compact / "suspect")
    with pytest.raises(UsageError, match="no folder"):
        checked(compact / "nowhere")


def test_no_claims_are_no_pass() -> None:
    assert verdict([]) == "unknown"
