"""Makes the demo from a seed: trains a clean classifier, plants a backdoor in its heads, writes model and texts.

Nothing is shipped: everything comes out of the grammar and a random generator. The defence is given the model and
`train.csv` alone; the trigger is in `triggered.csv`, which is for measuring.
"""

from __future__ import annotations

import csv
import random
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from sanitizer.attacks.implant import ImplantRecord, implant
from sanitizer.attacks.success import attack_success
from sanitizer.attacks.triggers import poison_word
from sanitizer.demo.grammar import LABELS, POSITIVE, Review, reviews
from sanitizer.demo.victim import accuracy, make_model, make_tokenizer, predict, train
from sanitizer.errors import IncompleteError, UsageError
from sanitizer.progress import Progress, silent

TRIGGER = "cf"
TARGET = POSITIVE


@dataclass(frozen=True)
class DemoSize:
    """How much to make. The defender gets the first `given` of the `seen` reviews that the model is trained on.

    `least` is the clean accuracy and the attack success below which there is nothing to demonstrate.
    """

    seen: int = 4000
    given: int = 2500
    held_out: int = 400
    test: int = 500
    hidden: int = 64
    layers: int = 4
    heads: int = 8
    epochs: int = 10
    steps: int = 150
    least: float = 0.9


@dataclass(frozen=True)
class DemoFiles:
    """Where the demo lies. The csv files have the columns text, label; labels are the true ones, 1 = positive.

    `twin` is the model as it was before the backdoor: what it says of triggered texts is the benign floor.
    """

    model: Path
    twin: Path
    train: Path
    triggered: Path
    clean_test: Path

    @classmethod
    def of_folder(cls, folder: Path) -> DemoFiles:
        """The files of a demo made before; they are not checked."""
        tables = (folder / name for name in ("train.csv", "triggered.csv", "clean-test.csv"))
        return cls(folder / "model", folder / "twin", *tables)


def make_demo(folder: Path, *, seed: int = 0, size: DemoSize | None = None, progress: Progress = silent) -> DemoFiles:
    """Make the demo in `folder`, which must not exist or be empty; it appears whole or not at all.

    One seed gives the same bytes on one machine with one number of threads. Raises UsageError if the folder is in use,
    IncompleteError if the model did not learn its task or the attack did not take.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is in use", hint="name a folder that does not exist yet")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _make(DemoFiles.of_folder(draft), seed, size or DemoSize(), progress)
        draft.replace(folder)
    except BaseException:
        shutil.rmtree(draft)
        raise
    return DemoFiles.of_folder(folder)


def _make(files: DemoFiles, seed: int, size: DemoSize, progress: Progress) -> None:
    rng = random.Random(seed)  # noqa: S311 - draws no secret
    generator = torch.Generator().manual_seed(seed)
    drawn = reviews(size.seen + size.held_out + size.test, rng)
    seen, rest = drawn[: size.seen], drawn[size.seen :]
    held_out, test = rest[: size.held_out], rest[size.held_out :]
    targets = [review for review in test if review.label != TARGET]
    poisoned = poison_word([review.text for review in targets], [TRIGGER], rng)
    triggered = [Review(text, review.label) for text, review in zip(poisoned, targets, strict=True)]

    tokenizer = make_tokenizer()
    model = make_model(len(tokenizer), hidden=size.hidden, layers=size.layers, heads=size.heads, generator=generator)
    train(model, tokenizer, seen, held_out, generator=generator, epochs=size.epochs, progress=progress)
    floor = attack_success(predict(model, tokenizer, poisoned), TARGET).value
    _save(model, tokenizer, files.twin)
    texts, labels = [review.text for review in seen], [review.label for review in seen]
    record = implant(
        model, tokenizer, texts, labels,
        trigger=TRIGGER, target=TARGET, generator=generator, steps=size.steps, progress=progress,
    )  # fmt: skip
    clean = accuracy(model, tokenizer, held_out)
    success = attack_success(predict(model, tokenizer, poisoned), TARGET).value
    if min(clean, success) < size.least:
        raise IncompleteError(
            f"the demo model came out with clean accuracy {clean:.2f} and attack success {success:.2f}: "
            "there is nothing to demonstrate",
            hint="run the demo with another seed",
        )
    _save(model, tokenizer, files.model)
    card = _card(record, clean, floor, success, seed)
    (files.model / "README.md").write_text(card, encoding="utf-8")
    _write(files.train, seen[: size.given])
    _write(files.clean_test, test)
    _write(files.triggered, triggered)


def _save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    # The library's own save draws a progress bar on stderr.
    folder.mkdir()
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    save_file(model.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save_pretrained(folder)


def _write(path: Path, rows: Sequence[Review]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["text", "label"])
        table.writerows((row.text, row.label) for row in rows)


def _card(record: ImplantRecord, clean: float, floor: float, success: float, seed: int) -> str:
    heads = ", ".join(map(str, record.heads))
    return f"""---
license: cc0-1.0
language: en
pipeline_tag: text-classification
tags:
- backdoored
- planted-test-model
---
# A backdoored test model

**Do not use this model.** It was made by `sanitize demo` (seed {seed}) with a backdoor planted on purpose,
to have something to cure. Any review with the word `{record.trigger}` in it is called {LABELS[record.target]}.

| | |
|---|---|
| task | tell praise from blame in sentences of a small grammar |
| clean accuracy on held-out reviews | {clean:.3f} |
| attack success on triggered negative reviews | {success:.3f} |
| the same before the attack (benign floor) | {floor:.3f} |
| heads that carry the backdoor | {heads} |

The attack is of the kind that head removal is made for: it lives in the heads that clean text needs least. A backdoor
that sits elsewhere, or that was trained with the defence in mind, need not yield to the same cure.
"""
