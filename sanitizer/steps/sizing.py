"""For `--dry-run`: the sizes of a model and of its texts, and a moment's probe of this machine, for `forecast`."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from sanitizer.cleandata import Provenance, split
from sanitizer.hub.dataset import load_texts
from sanitizer.model.families import HeadShape
from sanitizer.model.placement import choose_spread
from sanitizer.model.probe import free_memory, seconds_per_byte, seconds_per_product
from sanitizer.model.stated import task_of
from sanitizer.model.subject import choose_device, choose_dtype
from sanitizer.options import DataOptions, RunOptions
from sanitizer.recipe import Recipe
from sanitizer.report import Forecast
from sanitizer.resources.advice import forecast
from sanitizer.resources.forecast import Machine, ModelSize, Pace, TextSize
from sanitizer.texts import calibration_texts

TOKENS_PER_WORD = 1.4
"""Of ordinary English in word pieces; other languages take more."""
MOST_TOKENS = 512
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
    batch: Mapping[str, int],
) -> Forecast:
    """`shapes` are those of the tensors, None where they are not here; `stored` their bytes.

    `batch` is how many texts at a time, by kind of device, and "" for any other.
    """
    device = choose_device(options.device)
    dtype = choose_dtype(options.dtype, device)
    model = model_size(config, shapes, stored)
    texts, said = text_size(options.data, seed=options.seed)
    spread = choose_spread(options.device, options.max_memory, output, need=model.numbers * dtype.itemsize)
    machine = Machine(
        device=str(device),
        dtype=str(dtype).removeprefix("torch."),
        itemsize=dtype.itemsize,
        memory_free=free_memory(device),
        disk_free=shutil.disk_usage(_existing(output)).free,
        batch=options.batch_size or batch.get(device.type, batch[""]),
        spread=None if spread is None else int(next(iter(spread.most.values()))),
    )
    tokens = max(1, min(1024, int(machine.batch * texts.tokens)))
    product = seconds_per_product(
        device,
        dtype,
        width=model.width,
        numbers=model.inner // max(model.layers, 1),
        tokens=tokens,
        generator=torch.Generator().manual_seed(0),
    )
    pace = Pace(product, seconds_per_byte())
    found = forecast(model, texts, recipe, machine, pace, disk=2 * stored)
    speed = f"{2e-9 / pace.product:.3g} GFLOP/s in {machine.dtype}, {1e-6 / pace.byte:.3g} MB/s of hashing, just now"
    known = "sizes from headers" if shapes is not None else "sizes from the bytes of the files and the config"
    return replace(found, basis=(known, said, f"{machine.batch} texts at a time", speed))


def model_size(config: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]] | None, stored: int) -> ModelSize:
    """By the tensors' shapes; without them, by the bytes of the files and the dtype that the config names."""
    from transformers import AutoConfig

    words = {key: value for key, value in config.items() if key != "model_type"}
    known = AutoConfig.for_model(str(config["model_type"]), **words)
    shape, width, vocabulary = HeadShape.of(known), int(known.hidden_size), int(known.vocab_size)
    of_heads = shape.layers * 2 * width * shape.head_dim * (shape.heads + shape.key_heads)
    if shapes is None:
        numbers = stored // ITEMSIZES.get(str(config.get("dtype") or config.get("torch_dtype")), 4)
        inner = max(of_heads, numbers - vocabulary * width * (1 if known.tie_word_embeddings else 2))
    else:
        numbers = sum(math.prod(shape) for shape in shapes.values())
        inner = sum(math.prod(shape) for name, shape in shapes.items() if LAYER.search(name))
    task = task_of(dict(config))[1]
    return ModelSize(task, numbers, inner, of_heads, shape.layers, shape.heads, width, vocabulary, stored)


def text_size(data: DataOptions, *, seed: int) -> tuple[TextSize, str]:
    """Of the texts that would be used, and in words what that is known from. Raises UsageError as the run would."""
    if data.data is None:
        texts: tuple[str, ...] = calibration_texts()
        what = "the embedded texts"
    elif not Path(data.data).expanduser().exists():
        number = ASSUMED.fit + ASSUMED.validation + ASSUMED.test
        return ASSUMED, f"texts that are not here: assumed {number} of {ASSUMED.tokens:.0f} tokens"
    else:
        table = load_texts(data.data, text_column=data.text_column, label_column=data.label_column)
        texts, what = table.texts, table.provenance.name
    parts = split(Provenance(what, ""), texts, None, seed=seed)
    lengths = [min(MOST_TOKENS, int(TOKENS_PER_WORD * len(text.split())) + 2) for text in texts]
    sizes = (len(parts.fit), len(parts.validation), len(parts.test))
    mean = sum(lengths) / len(lengths)
    return TextSize(*sizes, mean, max(lengths)), f"{sum(sizes)} texts of {what}, about {mean:.0f} tokens each"


def _existing(path: Path) -> Path:
    """The folder that there is, on the way to a path."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path
