"""Bad input: one line that says what to do, the right exit code, and nothing left behind."""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub.constants as constants
import pytest
from click.testing import Result
from helpers.hub import LoopbackHub
from helpers.hub_client import point_client
from helpers.runs import listing, make_suspect, make_texts
from safetensors import SafetensorError

Case = Callable[[Path, Path, Path, pytest.MonkeyPatch], tuple[Any, ...]]
"""Given working folder, suspect, data and monkeypatch: the words of the command."""

QUICK = ("--device", "cpu", "--max-accuracy-drop", "0.9", "--max-heads", "2", "--output", "out")


def edited(suspect: Path, place: Path, edit: Callable[[dict[str, Any]], None]) -> Path:
    shutil.copytree(suspect, place)
    config = json.loads((place / "config.json").read_text())
    edit(config)
    (place / "config.json").write_text(json.dumps(config))
    return place


def data(here: Path, text: str, name: str = "d.tsv") -> Path:
    (here / name).write_text(text)
    return here / name


def missing_folder(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    return "./nowhere", "--data", clean


def file_for_folder(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    return clean, "--data", clean


def empty_data(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    return suspect, "--data", data(here, "")


def header_only(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    return suspect, "--data", data(here, "text\tlabel\n")


def few_texts(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    return suspect, "--data", data(here, "text\tlabel\ngood film\t1\n")


def missing_data(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    return suspect, "--data", "gone.tsv"


def wrong_column(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    return suspect, "--data", clean, "--text-column", "txet"


def wrong_label_column(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    return suspect, "--data", clean, "--label-column", "lable"


def foreign_labels(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    rows = [f"{text}\t{index % 3}" for index, text in enumerate(make_texts(30))]
    return suspect, "--data", data(here, "\n".join(["text\tlabel", *rows]) + "\n")


def unknown_strategy(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    return suspect, "--data", clean, "--strategy", "gradeint"


def unknown_setting(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    return suspect, "--data", clean, "--set", "sample=3"


def bad_setting(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    return suspect, "--data", clean, "--set", "samples=many"


def bad_recipe(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    return suspect, "--data", clean, "--recipe", data(here, "strategy: [", "r.yaml")


def recipe_of_unknown(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    text = "strategy: gradient\ntreatments: [remove, finetun]\n"
    return suspect, "--data", clean, "--recipe", data(here, text, "r.yaml")


def missing_recipe(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    return suspect, "--data", clean, "--recipe", "gone.yaml"


def taken_output(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    (here / "out").mkdir()
    (here / "out" / "precious").touch()
    return suspect, "--data", clean


def output_is_here(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    return suspect, "--data", clean, "--output", ".", "--force"


def output_is_the_model(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    shutil.copytree(suspect, here / "model")
    return "./model", "--data", clean, "--output", "model", "--force"


def bad_push_name(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    return suspect, "--data", clean, "--push-to", "not a name"


def unsupported_family(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    return edited(suspect, here / "m", lambda config: config.update(model_type="falcon")), "--data", clean


def unsupported_task(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    change = {"architectures": ["BertForTokenClassification"]}
    return edited(suspect, here / "m", lambda config: config.update(change)), "--data", clean


def truncated_weights(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    weights = edited(suspect, here / "m", lambda config: None) / "model.safetensors"
    os.truncate(weights, weights.stat().st_size - 100)
    return here / "m", "--data", clean


def truncated_shard(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    from helpers.pico import make_model, make_tokenizer

    make_model("bert").save_pretrained(here / "m", max_shard_size="40KB")
    make_tokenizer().save_pretrained(here / "m")
    shards = sorted((here / "m").glob("model-*.safetensors"))
    assert len(shards) > 1
    os.truncate(shards[0], shards[0].stat().st_size // 2)
    return here / "m", "--data", clean


def missing_shard(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    truncated_shard(here, suspect, clean, patch)
    sorted((here / "m").glob("model-*.safetensors"))[0].unlink()
    return here / "m", "--data", clean


def misshapen_weights(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    return edited(suspect, here / "m", lambda config: config.update(intermediate_size=64)), "--data", clean


def pickle_only(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    place = edited(suspect, here / "m", lambda config: None)
    (place / "model.safetensors").unlink()
    (place / "pytorch_model.bin").write_bytes(b"\x80\x04]q\x00.")
    return place, "--data", clean


def auto_map(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    change = {"auto_map": {"AutoModel": "evil.Evil"}}
    return edited(suspect, here / "m", lambda config: config.update(change)), "--data", clean


def link_out(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    place = edited(suspect, here / "m", lambda config: None)
    (place / "tokenizer.json").unlink()
    (place / "tokenizer.json").symlink_to("/etc/hostname")
    return place, "--data", clean


def no_space_seen(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    patch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(total=10**9, used=10**9, free=10))
    return suspect, "--data", clean


def no_space_for_copy(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    def full(*words: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    patch.setattr(os, "fsync", full)
    return suspect, "--data", clean


def no_space_for_weights(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    def full(*words: object, **how: object) -> None:
        # What safetensors 0.8 raises on a full file system.
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    patch.setattr("transformers.modeling_utils.safe_save_file", full)
    return suspect, "--data", clean


def no_space_for_report(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    write = Path.write_text

    def full(path: Path, *words: Any, **how: Any) -> int:
        if path.name == "lock.json":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, *words, **how)

    patch.setattr(Path, "write_text", full)
    return suspect, "--data", clean


def unreachable_hub(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    point_client(patch, f"http://127.0.0.1:{port}", here.parent / "hf-home")
    patch.setattr("sanitizer.hub.failures.time", SimpleNamespace(sleep=lambda seconds: None))
    return "org/model", "--data", clean


def offline(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    words = unreachable_hub(here, suspect, clean, patch)
    patch.setattr(constants, "HF_HUB_OFFLINE", True)
    return words


def no_such_device(here: Path, suspect: Path, clean: Path, patch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    return suspect, "--data", clean, "--device", "cuda:99"


CASES: list[tuple[Case, int, str]] = [
    (missing_folder, 2, "nowhere"),
    (file_for_folder, 2, "clean.tsv"),
    (empty_data, 2, "d.tsv is empty"),
    (header_only, 2, "d.tsv has no"),
    (few_texts, 2, "at least 20"),
    (missing_data, 2, "gone.tsv"),
    (wrong_column, 2, "no column 'txet'; it has text, label"),
    (wrong_label_column, 2, "no column 'lable'; it has text, label"),
    (foreign_labels, 2, "has the label 2, the model knows 0 to 1"),
    (unknown_strategy, 2, "did you mean 'gradient'?"),
    (unknown_setting, 2, "did you mean 'samples'?"),
    (bad_setting, 2, "'many'"),
    (bad_recipe, 2, "is no YAML"),
    (recipe_of_unknown, 2, "did you mean 'finetune'?"),
    (missing_recipe, 2, "gone.yaml"),
    (taken_output, 2, "--force"),
    (output_is_here, 2, "must not be replaced"),
    (output_is_the_model, 2, "the model itself"),
    (bad_push_name, 2, "not a name"),
    (unsupported_family, 3, "falcon"),
    (unsupported_task, 3, "BertForTokenClassification"),
    (truncated_weights, 3, "model.safetensors"),
    (truncated_shard, 3, "model-00001-of"),
    (missing_shard, 3, "model-00001-of"),
    (misshapen_weights, 3, "misshapen"),
    (pickle_only, 1, "pytorch_model.bin"),
    (auto_map, 1, "auto_map"),
    (link_out, 1, "tokenizer.json"),
    (no_space_seen, 3, "--output"),
    (no_space_for_copy, 3, "cannot be written"),
    (no_space_for_weights, 3, "is full"),
    (no_space_for_report, 3, "is full"),
    (unreachable_hub, 3, "127.0.0.1"),
    (offline, 3, "HF_HUB_OFFLINE"),
    (no_such_device, 3, "cuda:99"),
]


@pytest.mark.parametrize(("case", "code", "says"), CASES, ids=[case.__name__ for case, _, _ in CASES])
def test_one_line_the_right_code_and_nothing_left(
    sanitize: Callable[..., Result],
    here: Path,
    suspect: Path,
    clean: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: Case,
    code: int,
    says: str,
) -> None:
    words = case(here, suspect, clean, monkeypatch)
    before = listing(here)
    done = sanitize(words[0], *QUICK, *words[1:])
    assert done.exit_code == code, done.stderr
    assert done.stdout == ""
    first, *more = done.stderr.splitlines()
    assert first.startswith("error: ")
    assert "; " in first, "an error says what to do next"
    assert says in first
    assert "Traceback" not in done.stderr
    assert "this is a bug" not in first
    assert all(line.startswith("  high ") for line in more) if code == 1 else not more
    assert listing(here) == before


def test_a_refusal_lists_its_findings(sanitize: Callable[..., Result], here: Path, suspect: Path, clean: Path) -> None:
    place = edited(suspect, here / "m", lambda config: config.update(auto_map={"AutoModel": "evil.Evil"}))
    done = sanitize(place, "--data", clean, *QUICK)
    assert (done.exit_code, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) >= 2


def test_an_interruption_is_130_and_leaves_nothing(
    sanitize: Callable[..., Result], here: Path, suspect: Path, clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*words: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sanitizer.steps.opening.save", interrupted)
    done = sanitize(suspect, "--data", clean, *QUICK)
    assert (done.exit_code, done.stdout, listing(here)) == (130, "", set())
    assert len(done.stderr.splitlines()) == 1


def test_a_gated_repository_says_how_to_get_in(
    sanitize: Callable[..., Result], here: Path, hub: LoopbackHub, tmp_path: Path
) -> None:
    folder = make_suspect(tmp_path / "gated")
    hub.repo("org/gated", {path.name: path.read_bytes() for path in folder.iterdir()}, gated=True)
    done = sanitize("org/gated", *QUICK)
    assert (done.exit_code, done.stdout, listing(here)) == (3, "", set())
    (line,) = done.stderr.splitlines()
    assert "gated" in line
    assert "--token" in line or "access" in line
