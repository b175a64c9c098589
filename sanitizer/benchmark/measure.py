"""`python -m sanitizer.benchmark.measure`: what a model answers, text by text, as stock transformers opens it.

A process of its own, after the run: nothing of the defence is in it, and the run has seen nothing of what is in here.
It reads its task from `task.json` in the working directory and writes one line of JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import sanitizer.loading  # noqa: F401  the model may lack heads
from sanitizer.benchmark.tables import Table, read_table
from sanitizer.errors import SanitizerError, UsageError
from sanitizer.intake import take_in
from sanitizer.model.subject import choose_device
from sanitizer.progress import silent

TASK = "task.json"
MOST_TOKENS = 512
TOKENS_AT_ONCE = 4096


def answers(folder: Path, tables: Sequence[Table], *, device: str = "auto") -> list[tuple[list[int], int]]:
    """For each table the predicted labels, in order, and how many labels the model knows. In float32.

    Texts are batched with others of exactly their length, so that nothing is padded. Raises UsageError for a model
    that is no classifier.
    """
    words = {"local_files_only": True, "trust_remote_code": False}
    architecture = str((json.loads((folder / "config.json").read_bytes()).get("architectures") or [""])[0])
    if not architecture.endswith("ForSequenceClassification"):
        raise UsageError(f"a benchmark measures sequence classifiers, not {architecture or 'this'}")
    tokenizer: Any = AutoTokenizer.from_pretrained(folder, **words)
    model: Any = AutoModelForSequenceClassification.from_pretrained(
        folder, dtype=torch.float32, use_safetensors=True, **words
    )
    model.eval().to(choose_device(device))
    config = model.config.get_text_config()
    if config.pad_token_id is None:  # the library wants one named even where nothing is padded
        config.pad_token_id = model.config.pad_token_id = tokenizer.eos_token_id
    # Positions of roberta start after the padding index, so two of them are never tokens.
    longest = min(MOST_TOKENS, getattr(config, "max_position_embeddings", MOST_TOKENS + 2) - 2)
    longest = min(longest, tokenizer.model_max_length)
    encoded = [tokenizer(list(table.texts), truncation=True, max_length=longest) for table in tables]
    return [(_labels(model, rows), model.num_labels) for rows in encoded]


@torch.no_grad()
def _labels(model: Any, encoded: Any) -> list[int]:
    rows = encoded["input_ids"]
    found = [0] * len(rows)
    order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
    for length, group in groupby(order, key=lambda row: len(rows[row])):
        same = list(group)
        size = max(1, TOKENS_AT_ONCE // max(length, 1))
        for start in range(0, len(same), size):
            part = same[start : start + size]
            inputs = {name: torch.tensor([encoded[name][row] for row in part]).to(model.device) for name in encoded}
            for row, label in zip(part, model(**inputs).logits.argmax(dim=-1).tolist(), strict=True):
                found[row] = label
    return found


def hits(folder: Path, test: Path, triggered: Path, target: int, *, device: str = "auto") -> dict[str, str]:
    """One `0` or `1` for each test text (its own label?) and each triggered text (the target?).

    Triggered texts whose true label is the target are left out. Raises UsageError where none is left, and for labels
    that the model does not have.
    """
    clean, attacked = read_table(test), read_table(triggered)
    kept = [row for row, label in enumerate(attacked.labels) if label != target]
    if not kept:
        raise UsageError(f"every text of {triggered.name} has the target label {target}")
    attacked = Table(tuple(attacked.texts[row] for row in kept), tuple(attacked.labels[row] for row in kept))
    (on_clean, known), (on_attacked, _) = answers(folder, (clean, attacked), device=device)
    beyond = max(target, *clean.labels, *attacked.labels)
    if beyond >= known:
        raise UsageError(f"there is a label {beyond}, the model knows 0 to {known - 1}")
    return {
        "clean": "".join(str(int(pair[0] == pair[1])) for pair in zip(on_clean, clean.labels, strict=True)),
        "triggered": "".join(str(int(label == target)) for label in on_attacked),
    }


def main() -> int:
    """The process."""
    task = json.loads(Path(TASK).read_bytes())
    words = (Path(task["test"]), Path(task["triggered"]), task["target"])
    try:
        with tempfile.TemporaryDirectory(prefix="sanitizer-") as work:
            folder = Path(task["model"])
            if task["vet"]:  # a model that no run has read yet
                folder = take_in(task["model"], None, Path(work), token=None, progress=silent).checkpoint.path
            found = hits(folder, *words, device=task["device"])
    except SanitizerError as error:
        sys.stderr.write(f"error: {error.message}\n")
        return error.exit_code
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
