"""Results of real runs, whole and tampered with: each kind of file, and whoever forgets to forge the rest."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.results import copy_of, edited, make_result, resealed, reweighed
from helpers.runs import make_tsv
from safetensors.torch import load_file, save_file

from sanitizer.errors import UsageError
from sanitizer.options import DataOptions, VerifyOptions
from sanitizer.output import SUMS
from sanitizer.report import VerifyReport
from sanitizer.verifying import verdict, verify

MODEL_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
PAPERS = (
    "README.md",
    *(f"sanitizer/{name}" for name in ("report.json", "report.html", "heads.svg", "lock.json", "recipe.yaml")),
)
Copy = Callable[[Path], Path]


@pytest.fixture(scope="module")
def compact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with suspect, clean texts and, in `out`, the result of a run that cut heads out."""
    return make_result(tmp_path_factory.mktemp("compact")).parent


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with heads at zero."""
    return make_result(tmp_path_factory.mktemp("dense"), layout="dense").parent


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return lambda made: copy_of(made / "out", tmp_path)


def checked(folder: Path, **words: Any) -> VerifyReport:
    return verify(VerifyOptions(str(folder), device="cpu", **words))


def against(report: VerifyReport, answer: str = "false") -> set[str]:
    """What does not hold."""
    return {claim.about for claim in report.claims if claim.answer == answer}


def found(report: VerifyReport, about: str) -> str:
    return next(claim.found for claim in report.claims if claim.about == about and claim.answer != "held")


def test_what_a_run_wrote_holds_and_its_digest_is_that_of_its_sums(compact: Path, dense: Path) -> None:
    for made in (compact, dense):
        report = checked(made / "out")
        assert (report.answer, against(report, "unknown")) == ("held", set())
        assert report.digest == hashlib.sha256((made / "out" / SUMS).read_bytes()).hexdigest()
        assert any("who made it" in text for text in report.not_shown)


@pytest.mark.parametrize("name", [*MODEL_FILES, *PAPERS])
def test_a_changed_byte_of_any_file_is_found(compact: Path, copy: Copy, name: str) -> None:
    path = copy(compact) / name
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    report = checked(path.parents[name.count("/")])
    assert report.answer == "false"
    assert f"{name} has changed" in found(report, "files")


@pytest.mark.parametrize("name", [*MODEL_FILES[1:3], *PAPERS])
def test_a_missing_file_is_found(compact: Path, copy: Copy, name: str) -> None:
    folder = copy(compact)
    (folder / name).unlink()
    report = checked(folder)
    assert report.answer == "false"
    assert f"{name} is missing" in found(report, "files")


def test_a_file_or_a_link_beside_is_found_and_what_a_client_leaves_is_not(compact: Path, copy: Copy) -> None:
    folder = copy(compact)
    (folder / ".gitattributes").write_text("*.safetensors filter=lfs\n")
    (folder / ".cache" / "huggingface").mkdir(parents=True)
    (folder / ".cache" / "huggingface" / "x.lock").touch()
    assert checked(folder).answer == "held"
    (folder / "extra.txt").write_text("x")
    (folder / "link").symlink_to("config.json")
    words = found(checked(folder), "files")
    assert "extra.txt is not listed" in words
    assert "link is not a plain file" in words


def test_without_sums_nothing_is_passed(compact: Path, copy: Copy) -> None:
    folder = copy(compact)
    (folder / SUMS).unlink()
    report = checked(folder)
    assert (report.answer, against(report, "unknown")) == ("unknown", {"files"})
    (folder / SUMS).write_text("nonsense\n")
    assert against(checked(folder)) == {"files"}


def test_a_model_that_says_nothing_of_itself_is_no_pass(compact: Path) -> None:
    report = checked(compact / "suspect")
    assert (report.answer, against(report, "unknown")) == ("unknown", {"files", "report"})


def test_a_forged_metric_contradicts_the_gate_and_the_card(compact: Path, copy: Copy) -> None:
    folder = copy(compact)

    def forge(report: Any) -> None:
        report["after"][0] |= {"value": 1.0, "high": 1.0}

    edited(folder / "sanitizer" / "report.json", forge)
    report = checked(resealed(folder))
    assert against(report) == {"numbers", "card"}
    assert "accuracy budget" in found(report, "numbers")


def test_a_page_that_tells_another_story_is_no_pass_and_none_is_no_claim(compact: Path, copy: Copy) -> None:
    folder = copy(compact)
    page = folder / "sanitizer" / "report.html"
    page.write_text(
        page.read_text(encoding="utf-8").replace("gates passed", "gates passed, certified"), encoding="utf-8"
    )
    report = checked(resealed(folder))
    assert (report.answer, against(report, "unknown")) == ("unknown", {"page"})
    page.unlink()
    assert checked(resealed(folder)).answer == "held"


def test_a_metric_that_was_forged_everywhere_is_found_by_measuring(compact: Path, copy: Copy) -> None:
    """Card, gate, sums: all of it is made anew from the forged report. Only the texts know better."""
    from sanitizer.card import render_card
    from sanitizer.gates import accuracy_budget
    from sanitizer.html.figure import render_figure
    from sanitizer.html.page import render_page
    from sanitizer.plan import Budget
    from sanitizer.report import RunReport
    from sanitizer.schema import from_json, to_json

    folder = copy(compact)
    path = folder / "sanitizer" / "report.json"
    honest = from_json(path.read_text(), "report")
    assert isinstance(honest, RunReport)
    n = honest.after[0].n

    def forge(document: Any) -> None:
        value = 1.0 if honest.after[0].value < 1 else (n - 1) / n
        document["after"][0] |= {"value": value, "low": 0.2, "high": 1.0}

    edited(path, forge)
    forged = from_json(path.read_text(), "report")
    assert isinstance(forged, RunReport)
    gate = accuracy_budget(forged.before[0], forged.after[0], Budget(honest.recipe.budget.max_accuracy_drop or 0))
    edited(path, lambda document: document["gates"].__setitem__(0, vars(gate)))
    forged = from_json(path.read_text(), "report")
    assert isinstance(forged, RunReport)
    path.write_text(to_json(forged))
    (folder / "README.md").write_text(render_card(forged, repo_name=None, folder="out"))
    (folder / "sanitizer" / "report.html").write_text(render_page(forged), encoding="utf-8")
    (folder / "sanitizer" / "heads.svg").write_text(render_figure(forged), encoding="utf-8")
    resealed(folder)
    assert checked(folder).answer == "held", "the papers agree with each other"
    report = checked(folder, data=DataOptions(str(compact / "clean.tsv")))
    assert against(report) == {"metrics"}
    assert report.metrics[0].found == honest.after[0]


def test_the_same_data_gives_the_same_metrics_and_the_source_the_rest(compact: Path) -> None:
    report = checked(compact / "out", data=DataOptions(str(compact / "clean.tsv")), source=compact / "suspect")
    assert report.answer == "held"
    assert [row.found == row.claimed for row in report.metrics] == [True] * 3, "agreement with the suspect too"
    assert sum(claim.about == "metrics" for claim in report.claims) == 2, "after and before"


def test_other_data_is_said_to_be_other_data(compact: Path, tmp_path: Path) -> None:
    report = checked(compact / "out", data=DataOptions(str(make_tsv(tmp_path / "other.tsv", 60))))
    assert (report.answer, against(report, "unknown")) == ("unknown", {"metrics"})
    assert "other data" in found(report, "metrics")
    assert [row.claimed for row in report.metrics] == [None, None]
    assert report.metrics[0].found.n == 60


def test_the_run_again_gives_the_same_bits_and_other_weights_are_found(compact: Path, copy: Copy) -> None:
    words = {"data": DataOptions(str(compact / "clean.tsv")), "rederive": True, "source": compact / "suspect"}
    report = checked(compact / "out", **words)
    assert report.answer == "held", report.claims
    assert next(claim.found for claim in report.claims if claim.about == "rerun").endswith("bit by bit")
    folder = copy(compact)
    reweighed(folder, lambda tensors: tensors["classifier.bias"].add_(0.001))
    again = checked(resealed(folder), **words)
    assert "rerun" in against(again)
    assert "1 of" in found(again, "rerun")


def test_a_run_without_its_source_or_its_data_is_unknown(compact: Path, tmp_path: Path) -> None:
    report = checked(compact / "out", rederive=True)
    assert against(report, "unknown") == {"source", "metrics", "rerun"}
    other = DataOptions(str(make_tsv(tmp_path / "other.tsv", 60)))
    report = checked(compact / "out", rederive=True, data=other, source=compact / "suspect")
    assert against(report, "unknown") == {"metrics", "rerun"}
    wrong = checked(
        compact / "out", rederive=True, data=DataOptions(str(compact / "clean.tsv")), source=compact / "out"
    )
    assert against(wrong, "unknown") == {"source", "rerun"}, "another model is not the source"


def test_a_head_that_was_put_back_is_found_in_a_compact_result(compact: Path, copy: Copy) -> None:
    """The suspect's own tensors and config in place of the result's, and every digest made anew."""
    folder = copy(compact)
    original = load_file(compact / "suspect" / "model.safetensors")
    reweighed(folder, lambda tensors: tensors.update(original))
    (folder / "config.json").write_bytes((compact / "suspect" / "config.json").read_bytes())
    report = checked(resealed(folder))
    assert {"heads", "parameters", "files"} <= against(report)
    assert "heads in its tensors, by the report it has" in found(report, "heads")


def test_a_head_that_was_put_back_is_found_in_a_dense_result(dense: Path, copy: Copy) -> None:
    folder = copy(dense)
    key = "bert.encoder.layer.{}.attention.self.query.bias"

    def put_back(tensors: dict[str, torch.Tensor]) -> None:
        zero = next(key.format(layer) for layer in range(3) if (tensors[key.format(layer)] == 0).sum() >= 8)
        tensors[zero][tensors[zero] == 0] += 6e-8  # the least that half precision has

    reweighed(folder, put_back)
    report = checked(resealed(folder))
    assert against(report) == {"heads"}
    assert "called zeroed" in found(report, "heads")


def test_fewer_heads_than_claimed_in_the_config_is_found(compact: Path, copy: Copy) -> None:
    folder = copy(compact)

    def swap(config: Any) -> None:
        removed = config["quantization_config"]["removed_heads"]
        layer, gone = next((layer, gone) for layer, gone in removed.items() if len(gone) < 4)
        left = [head for head in range(4) if head not in gone]
        removed[layer] = sorted([*gone[1:], left[0]])

    edited(folder / "config.json", swap)
    report = checked(resealed(folder))
    assert {"heads", "files"} <= against(report)
    assert "the config misses heads" in found(report, "heads")


def test_a_recipe_or_a_lock_of_another_run_is_found(compact: Path, copy: Copy) -> None:
    folder = copy(compact)
    recipe = folder / "sanitizer" / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("epochs: 1", "epochs: 9"))
    assert against(checked(resealed(folder))) == {"recipe", "lock"}
    recipe.write_text("- no recipe\n")
    assert "recipe" in against(checked(resealed(folder)))
    recipe.write_bytes((compact / "out" / "sanitizer" / "recipe.yaml").read_bytes())
    edited(folder / "sanitizer" / "lock.json", lambda lock: lock["source"].update(sha256="0" * 64))
    report = checked(resealed(folder))
    assert against(report) == {"lock"}
    assert found(report, "lock") == "source differs"


def test_without_a_report_that_can_be_read_nothing_that_needs_it_is_checked(compact: Path, copy: Copy) -> None:
    folder = copy(compact)
    edited(folder / "sanitizer" / "report.json", lambda report: report.pop("gates"))
    report = checked(resealed(folder), data=DataOptions(str(compact / "clean.tsv")))
    assert (report.answer, against(report, "unknown")) == ("unknown", {"report", "metrics"})
    assert "gates" in found(report, "report"), "another version's may have other fields"
    (folder / "sanitizer" / "report.json").write_text('{"gates": [')
    assert against(checked(resealed(folder))) == {"report"}


def test_a_card_with_other_numbers_is_false_and_with_other_words_unknown(compact: Path, copy: Copy) -> None:
    folder = copy(compact)
    card = folder / "README.md"
    honest = card.read_text()
    better = re.sub(r"(\| `?accuracy`? \| )\d", r"\g<1>9", honest, count=1)
    assert better != honest
    card.write_text(better)
    assert against(checked(resealed(folder))) == {"card"}
    card.write_text(honest.replace("## Limits", "It is proven to have no backdoor.\n\n## Limits"))
    report = checked(resealed(folder))
    assert (report.answer, against(report, "unknown")) == ("unknown", {"card"})
    assert "proven to have no backdoor" in found(report, "card")


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
