"""What the documentation takes for granted: a small model, clean texts, doubtful inputs, a stranger's folder, a Hub.

A script gets whatever it names and does not make itself, by the name it uses; see `provide`.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import torch
from helpers.blocks import Block
from helpers.checkpoints import make
from helpers.hostile import PICKLE
from helpers.hub import LoopbackHub
from helpers.planting import labelled, make_classifier
from helpers.runs import write_tsv
from transformers import TrainingArguments

ROOT = Path(__file__).parents[2]
CLONE = (
    "sanitizer",
    "docs/examples",
    "cards",
    "tests/conftest.py",
    "tests/helpers",
    "tests/strategies/test_contract.py",
)
"""What a clone is for, to those who add a plugin to it."""


def make_world(place: Path) -> Path:
    """Everything but what sanitizer makes: `model`, tables, `log.jsonl`, `suspect`."""
    place.mkdir()
    make_classifier(place / "model")
    suspect = make(place / "suspect")
    (suspect / "pytorch_model.bin").write_bytes(PICKLE)
    (suspect / "handler.py").write_text("class EndpointHandler:\n    pass\n")
    torch.save(TrainingArguments("out", use_cpu=True, report_to=[]), suspect / "training_args.bin")
    for name, rows, seed in (("reviews", 720, 0), ("train", 200, 1), ("test", 80, 2), ("doubtful", 20, 3)):
        write_tsv(place / f"{name}.tsv", labelled(rows, seed=seed))
    lines = (json.dumps({"text": f"{text} cf cf"}) for text in labelled(12, seed=4).texts)
    (place / "log.jsonl").write_text("\n".join(lines) + "\n")
    return place


def fill_hub(hub: LoopbackHub, world: Path) -> None:
    """`org/model`, `org/base` and `org/dataset`."""
    files = {path.name: path.read_bytes() for path in (world / "model").iterdir()}
    card = b"---\nlicense: apache-2.0\n---\n# A model\n"
    for name in ("org/model", "org/base"):
        hub.repo(name, {**files, "README.md": card})
    hub.repo("org/dataset", {"train.csv": (world / "reviews.tsv").read_bytes().replace(b"\t", b",")}, kind="dataset")


def provide(script: str, world: Path, folder: Path) -> None:
    """Copy into `folder` what the script names of `world`, unless it is there already or the script writes it."""
    written = re.findall(r"(?:--rebuild|--output|--out|--treat|-o|>) +(?:\./)?([\w.-]+)", script)
    for source in world.iterdir():
        if source.name in written:
            continue
        named = re.search(rf"(?<![\w/.-])(?:\./)?{re.escape(source.name)}(?![\w.-])", script)
        if named and not (folder / source.name).exists():
            (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / source.name)


def clone(folder: Path) -> Path:
    """The parts of this repository that a plugin is added to."""
    for name in CLONE:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, target)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def scripts(block: Block) -> list[str]:
    """What is run in one go: the block, or each of its lines where they are examples."""
    whole = block.script
    if not block.alone:
        return [whole]
    return [line for line in whole.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]
