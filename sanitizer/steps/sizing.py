"""For `--dry-run`: the sizes of a model and of its texts, and a moment's probe of this machine, for `forecast`."""

from __future__ import annotations

import math
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from sanitizer.auto import AUTO, decide
from sanitizer.cleandata import DataOrigin, LabelSource, Provenance, split
from sanitizer.hub.dataset import load_texts
from sanitizer.model.batches import batch_size
from sanitizer.model.families import HeadShape
from sanitizer.model.placement import choose_spread
from sanitizer.model.probe import MOST, free_memory, seconds_per_byte, seconds_per_number, seconds_per_product
from sanitizer.model.stated import task_of
from sanitizer.model.subject import choose_device, choose_dtype
from sanitizer.options import DataOptions, RunOptions
from sanitizer.recipe import Recipe
from sanitizer.report import DataRecord, Forecast, Task
from sanitizer.resolve import completed
from sanitizer.resources.advice import forecast
from sanitizer.resources.forecast import Machine, ModelSize, Pace, TextSize
from sanitizer.texts import calibration_texts

TOKENS_PER_WORD = 1.4
"""Of ordinary English in word pieces; other languages take more."""
MOST_TOKENS = 512
AT_ONCE = 1024
"""Tokens that the probe of the machine computes at a time, about."""
ASSUMED = TextSize(7000, 1000, 2000, 128.0, MOST_TOKENS)
"""A data set that is not here yet."""
LAYER = re.compile(r"(?:^|\.)(\d+)\.")
ITEMSIZES = {"float16": 2, "bfloat16": 2, "float32": 4}


def forecast_of(
    options: RunOptions,
    recipe: Recipe,
    config: Mapping[str, Any],
    shapes: Mapping[str, tuple[int, ...]] | None,
    stored: int,
    output: Path,
    *,
    vetted: float = 0.0,
) -> Forecast:
    """`shapes` are those of the tensors, None where they are not here; `stored` their bytes.

    `vetted` is the seconds that looking at the files has just taken, where they are here. What `auto` would do is taken
    to be what it does where forensics names no head.
    """
    device = choose_device(options.device)
    dtype = choose_dtype(options.dtype, device)
    model = model_size(config, shapes, stored)
    began = time.monotonic()
    texts, said, labels = text_size(options.data, seed=options.seed)
    build(config)
    begun = time.monotonic() - began
    basis = [said]
    if recipe.strategy == AUTO:
        recipe = _decided(options, model.task, labels)
        steps = ", ".join(step.name for step in recipe.treatments)
        basis.append(f"auto as if forensics named no head: {recipe.strategy}, {steps}")
    spread = choose_spread(options.device, options.max_memory, output, need=model.numbers * dtype.itemsize)
    machine = Machine(
        device=str(device),
        dtype=str(dtype).removeprefix("torch."),
        itemsize=dtype.itemsize,
        memory_free=free_memory(device),
        disk_free=shutil.disk_usage(_existing(output)).free,
        batch=batch_size(options.batch_size, device),
        spread=None if spread is None else int(next(iter(spread.most.values()))),
    )
    pace = Pace(_product(config, model, texts, machine, dtype), seconds_per_byte(), vetted, begun)
    found = forecast(model, texts, recipe, machine, pace, disk=2 * stored)
    speed = f"{2e-9 / pace.product:.3g} GFLOP/s in {machine.dtype}, {1e-6 / pace.byte:.3g} MB/s of hashing, just now"
    known = "sizes from headers" if shapes is not None else "sizes from the bytes of the files and the config"
    return replace(found, basis=(known, *basis, f"{machine.batch} texts at a time", speed))


def _product(
    config: Mapping[str, Any], model: ModelSize, texts: TextSize, machine: Machine, dtype: torch.dtype
) -> float:
    """Of passes through layers such as these, or where one is too large for a moment, of one matrix product."""
    known, device, numbers = config_of(config), torch.device(machine.device), model.inner // max(model.layers, 1)
    if numbers > MOST:
        tokens = max(1, min(AT_ONCE, int(machine.batch * texts.tokens)))
        drawn = torch.Generator().manual_seed(0)
        return seconds_per_product(device, dtype, width=model.width, numbers=numbers, tokens=tokens, generator=drawn)
    positions = getattr(known, "max_position_embeddings", None) or MOST_TOKENS
    tokens = max(1, min(round(texts.tokens), positions - 2))
    at_once = max(1, min(machine.batch, AT_ONCE // tokens))
    return seconds_per_number(known, device, dtype, numbers=numbers, texts=at_once, tokens=tokens)


def build(config: Mapping[str, Any]) -> None:
    """Make the model's modules and no weights: what opening takes at any size, imports included."""
    import transformers

    known, (architecture, _) = config_of(config), task_of(dict(config))
    with torch.device("meta"):
        getattr(transformers, architecture)(known)


def config_of(config: Mapping[str, Any]) -> Any:
    """As the library reads it, with its defaults."""
    from transformers import AutoConfig

    words = {key: value for key, value in config.items() if key != "model_type"}
    return AutoConfig.for_model(str(config["model_type"]), **words)


def _decided(options: RunOptions, task: Task, labels: LabelSource) -> Recipe:
    origin: DataOrigin = "embedded" if options.data.data is None else "file"
    chosen, _ = decide(task, DataRecord("", "", labels, 0, 0, 0, origin=origin), None, base=options.base is not None)
    return completed(chosen, options)


def model_size(config: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]] | None, stored: int) -> ModelSize:
    """By the tensors' shapes; without them, by the bytes of the files and the dtype that the config names."""
    known = config_of(config)
    shape, width, vocabulary = HeadShape.of(known), int(known.hidden_size), int(known.vocab_size)
    of_heads = shape.layers * 2 * width * shape.head_dim * (shape.heads + shape.key_heads)
    if shapes is None:
        numbers = stored // ITEMSIZES.get(str(config.get("dtype") or config.get("torch_dtype")), 4)
        inner = max(of_heads, numbers - vocabulary * width * (1 if known.tie_word_embeddings else 2))
    else:
        numbers = sum(math.prod(shape) for shape in shapes.values())
        inner = sum(math.prod(shape) for name, shape in shapes.items() if LAYER.search(name))
    task = task_of(dict(config))[1]
    labels = len(known.id2label)
    return ModelSize(task, numbers, inner, of_heads, shape.layers, shape.heads, width, vocabulary, stored, labels)


def text_size(data: DataOptions, *, seed: int) -> tuple[TextSize, str, LabelSource]:
    """Of the texts that would be used, in words what that is known from, and whose their labels would be.

    Raises UsageError as the run would.
    """
    labels: LabelSource = "suspect"
    if data.data is None:
        texts: tuple[str, ...] = calibration_texts()
        what = "the embedded texts"
    elif not Path(data.data).expanduser().exists():
        number = ASSUMED.fit + ASSUMED.validation + ASSUMED.test
        return ASSUMED, f"texts that are not here: assumed {number} of {ASSUMED.tokens:.0f} tokens", "given"
    else:
        table = load_texts(data.data, text_column=data.text_column, label_column=data.label_column)
        texts, what = table.texts, table.provenance.name
        labels = "suspect" if table.labels is None else "given"
    parts = split(Provenance(what, ""), texts, None, seed=seed)
    lengths = [min(MOST_TOKENS, int(TOKENS_PER_WORD * len(text.split())) + 2) for text in texts]
    sizes = (len(parts.fit), len(parts.validation), len(parts.test))
    mean = sum(lengths) / len(lengths)
    return TextSize(*sizes, mean, max(lengths)), f"{sum(sizes)} texts of {what}, about {mean:.0f} tokens each", labels


def _existing(path: Path) -> Path:
    """The folder that there is, on the way to a path."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path
