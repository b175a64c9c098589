"""The verb, from a word for a model to a finished folder; nothing is written where anything is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.faults import forks
from helpers.pico import make_inputs
from helpers.runs import listing, make_suspect
from helpers.subjects import open_folder
from safetensors.torch import load_file, save_file

from sanitizer.applying.work import ApplyResult, apply
from sanitizer.checkpoint import Checkpoint, LocalOrigin
from sanitizer.errors import CorruptError, RefusedError, SanitizerError, UnsupportedError, UsageError
from sanitizer.hub.finished import verified
from sanitizer.model.observe import closed_gates, gated
from sanitizer.model.subject import open_subject
from sanitizer.options import ApplyOptions
from sanitizer.schema import from_json

HEADS = ("L0.H1", "L1.H0", "L1.H3", "L2.H2")
FAULTS = """
from pathlib import Path
from sanitizer.applying import documents, operation
from sanitizer.applying.work import apply
from sanitizer.options import ApplyOptions
import sanitizer.vet.values, sanitizer.vet.isolated
here = Path({here!r})
def work():
    output = here / "place" / "out"
    apply(ApplyOptions(here / "heads.json", str(here / "suspect"), output=output, force=True, other_model=True))
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    make_suspect(tmp_path / "suspect")
    (tmp_path / "heads.json").write_text(json.dumps({"heads": HEADS}))
    return tmp_path


def applied(here: Path, *, dry_run: bool = False, **changes: Any) -> ApplyResult:
    words: dict[str, Any] = {"output": here / "out", "other_model": True, **changes}
    return apply(ApplyOptions(words.pop("plan", here / "heads.json"), str(here / "suspect"), **words), dry_run=dry_run)


@pytest.mark.parametrize("layout", ["compact", "dense"])
def test_the_result_answers_as_the_model_with_those_heads_closed(here: Path, layout: str) -> None:
    report = applied(here, layout=layout).report
    assert {str(record.head): record.outcome for record in report.heads} == dict.fromkeys(
        HEADS, "removed" if layout == "compact" else "zeroed"
    )
    names = [path.name for path in (here / "out").iterdir() if path.is_file()]
    written = Checkpoint.of_folder(here / "out", LocalOrigin("out"), names)
    treated = open_subject(written, device=torch.device("cpu"), dtype=torch.float32)
    suspect = open_folder(here / "suspect")
    inputs = make_inputs()
    with torch.no_grad():
        after = treated.model(**inputs).logits
        whole = suspect.model(**inputs).logits
        with gated(
            suspect.anatomy,
            closed_gates(suspect.anatomy, [record.head for record in report.heads], device=suspect.device),
        ):
            without = suspect.model(**inputs).logits
    torch.testing.assert_close(after, without, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(after, whole, atol=1e-3)


def test_the_folder_is_finished_and_its_record_reads_back(here: Path) -> None:
    done = applied(here)
    assert listing(here / "out") == {
        *("README.md", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"),
        *("sanitizer", "sanitizer/SHA256SUMS", "sanitizer/apply.json"),
    }
    verified(here / "out")
    assert from_json((here / "out" / "sanitizer" / "apply.json").read_text(), "apply") == done.report
    assert (done.report.plan.other_model, done.report.plan.digest) == (True, None)
    assert {record.name: record.fate for record in done.report.files}["model.safetensors"] == "rebuilt"
    assert sorted(path.name for path in here.iterdir()) == ["heads.json", "out", "suspect"], "no scratch is left"


def test_the_same_words_give_the_same_bytes(here: Path) -> None:
    applied(here)
    first = checkpoint_of_all(here / "out")
    applied(here, force=True)
    assert checkpoint_of_all(here / "out") == first


def checkpoint_of_all(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_plan_made_for_these_files_needs_no_word(here: Path) -> None:
    digest = applied(here, dry_run=True).report.source.digest
    plan = {"heads": HEADS, "source": {"digest": digest, "model_type": "bert", "heads": [4, 4, 4], "name": "suspect"}}
    (here / "plan.json").write_text(json.dumps(plan))
    report = applied(here, plan=here / "plan.json", other_model=False).report
    assert (report.plan.other_model, report.plan.model) == (False, "suspect")


def test_a_dry_run_says_the_same_and_writes_nothing(here: Path) -> None:
    before = listing(here)
    dry = applied(here, dry_run=True).report
    assert listing(here) == before
    done = applied(here).report
    assert (dry.written, dry.files) == (False, ())
    assert (dry.heads, dry.parameters_after, dry.needs_loader) == (
        done.heads,
        done.parameters_after,
        done.needs_loader,
    )


def of_another_type(here: Path) -> None:
    (here / "heads.json").write_text(json.dumps({"heads": HEADS, "source": {"model_type": "gpt2"}}))


def of_another_shape(here: Path) -> None:
    (here / "heads.json").write_text(json.dumps({"heads": HEADS, "source": {"heads": [4, 4]}}))


def of_a_missing_head(here: Path) -> None:
    (here / "heads.json").write_text(json.dumps({"heads": ["L0.H4"]}))


def without_a_layer(here: Path) -> None:
    tensors = load_file(here / "suspect" / "model.safetensors")
    left = {name: tensor for name, tensor in tensors.items() if "layer.2.attention.self.key" not in name}
    save_file(left, here / "suspect" / "model.safetensors", metadata={"format": "pt"})


def of_another_width(here: Path) -> None:
    tensors = load_file(here / "suspect" / "model.safetensors")
    name = "bert.encoder.layer.1.attention.self.key.weight"
    tensors[name] = tensors[name][:24].contiguous()
    save_file(tensors, here / "suspect" / "model.safetensors", metadata={"format": "pt"})


def of_another_task(here: Path) -> None:
    config = json.loads((here / "suspect" / "config.json").read_text())
    (here / "suspect" / "config.json").write_text(json.dumps({**config, "architectures": ["BertForMaskedLM"]}))


def with_remote_code(here: Path) -> None:
    config = json.loads((here / "suspect" / "config.json").read_text())
    (here / "suspect" / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "evil.Model"}}))


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (of_another_type, UsageError),
        (of_another_shape, UsageError),
        (of_a_missing_head, UsageError),
        (without_a_layer, CorruptError),
        (of_another_width, CorruptError),
        (of_another_task, UnsupportedError),
        (with_remote_code, RefusedError),
    ],
)
def test_what_does_not_fit_is_refused_and_the_old_output_stays(
    spoil: Any, error: type[SanitizerError], here: Path
) -> None:
    (here / "out").mkdir()
    (here / "out" / "mine").write_text("kept")
    spoil(here)
    before = listing(here)
    with pytest.raises(error):
        applied(here, force=True)
    assert listing(here) == before
    assert (here / "out" / "mine").read_text() == "kept"


def test_other_files_without_the_word_are_refused(here: Path) -> None:
    with pytest.raises(UsageError, match="does not say"):
        applied(here, other_model=False)
    assert not (here / "out").exists()


@pytest.mark.slow
def test_killed_or_out_of_disk_at_any_step_it_leaves_the_old_output_or_the_new(here: Path) -> None:
    applied(here, layout="dense")
    (here / "place").mkdir()
    (here / "out").rename(here / "place" / "out")
    old = checkpoint_of_all(here / "place" / "out")
    with forks(FAULTS.format(here=str(here)), here / "place") as tries:
        assert tries.tries("full", 1)[0][0] == 3
        ((code, steps),) = tries.tries()
        assert code == 0
        new = checkpoint_of_all(here / "place" / "out")
        assert new != old
        seen = set()
        for fault in ("kill", "full"):
            for step in sorted({1, steps // 3, steps // 2, 2 * steps // 3, steps - 1, steps}):
                restore(here / "place" / "out", old)
                tries.tries(fault, step)  # type: ignore[arg-type]
                found = checkpoint_of_all(here / "place" / "out")
                assert found in (old, new), (fault, step)
                seen.add(found == new)
        assert seen == {True, False}


def restore(folder: Path, files: dict[str, bytes]) -> None:
    for path in (path for path in folder.rglob("*") if path.is_file()):
        path.unlink()
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
