"""What a run would take: bytes by the shapes of a model, seconds by a moment's probe of this machine. Pure logic.

Memory of activations: Korthikanti et al. 2022, arXiv 2205.05198, equation 2: a layer keeps tokens x width x
(34 + 5 heads x length / width) bytes for its gradient in 16-bit numbers. Departure: twice that in 32 bits. A forward
pass alone keeps one layer's and the logits. Tuning holds weights, gradients and two moments in float32: 16 bytes a
number (Rajbhandari et al. 2020, ZeRO, section 3.1).

Time: every number of a layer meets every token once in a forward pass, and once more for gradients with respect to what
goes in; tuning takes a third pass. Attention scores are left out: at a few hundred tokens they are small beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sanitizer.recipe import Recipe
from sanitizer.report import StageForecast, Task

BASE = 500 * 10**6
"""Bytes of an interpreter with torch and transformers in it."""
SCANNED, SCANNED_TOKENS, PROBES = 256, 128, 512
"""What a scan looks at: texts, tokens of each, and probes of forensics (`sanitizer.scan.heads`)."""
GENERATED = 16
CONTROLS = 5
"""Passes of a classifier over the scanned texts: as they are, and made unusual in four ways."""
QUESTIONS = 10
"""Passes over the validation texts while heads are chosen: many more are asked, few of them to the end."""
VET_PASSES, OPEN_PASSES, SAVE_PASSES = 7, 5, 7
"""What takes as long as hashing all bytes so many times, as tests/benchmarks/scaling.py measured it."""


@dataclass(frozen=True)
class ModelSize:
    """Of a checkpoint, as far as it is known: weights in numbers, those of all layers and of the heads among them."""

    task: Task
    numbers: int
    inner: int
    of_heads: int
    layers: int
    heads: int
    width: int
    words: int
    stored: int


@dataclass(frozen=True)
class TextSize:
    """How many clean texts there are for each purpose, and how long they are on average and at most, in tokens."""

    fit: int
    validation: int
    test: int
    tokens: float
    longest: int


@dataclass(frozen=True)
class Pace:
    """Seconds for one number of a layer and one token, and to hash one byte."""

    product: float
    byte: float


@dataclass(frozen=True)
class Machine:
    """What would compute: bytes a number in its precision, bytes free, and the spread that the user asked for."""

    device: str
    dtype: str
    itemsize: int
    memory_free: int
    disk_free: int
    batch: int
    spread: int | None = None
    """Bytes of weights that may be in memory at a time where a model is spread; None: all of them."""


def stages_of(
    model: ModelSize, texts: TextSize, recipe: Recipe, machine: Machine, pace: Pace
) -> tuple[StageForecast, ...]:
    """In the order in which they run."""
    held = weights_held(model, machine)
    short = min(texts.tokens, SCANNED_TOKENS)
    longest = min(texts.longest, SCANNED_TOKENS)
    scanned = min(SCANNED, texts.fit)
    passes = 1 + GENERATED / max(short, 1) * (model.task == "causal") + CONTROLS * (model.task == "classification")
    back = 2 + (machine.spread is not None)
    looked = scanned * short * (passes + back) + (scanned + PROBES) * short
    # Of weights that are not float32 in the main memory, forensics holds copies of two layers.
    own = machine.itemsize == 4 and machine.device == "cpu" and machine.spread is None
    slices = 0 if own else 4 * model.of_heads * min(2, model.layers) // max(model.layers, 1)

    def seconds(tokens: float) -> float:
        reading = (
            0.0 if machine.spread is None else max(0, model.numbers * machine.itemsize - machine.spread) * pace.byte
        )
        return tokens * (
            model.inner + model.words * model.width * (model.task == "causal")
        ) * pace.product + reading * tokens / (machine.batch * max(texts.tokens, 1))

    through = [
        StageForecast(
            "measure", held + kept(model, machine, texts.longest, grown=False), seconds(texts.test * texts.tokens)
        ),
        StageForecast(
            "scan",
            held + kept(model, machine, longest, grown=True) + (slices if machine.device == "cpu" else 0),
            seconds(looked),
        ),
    ]
    found = [
        StageForecast("vet", BASE, VET_PASSES * model.stored * pace.byte),
        StageForecast("open", held, OPEN_PASSES * model.stored * pace.byte),
        *(replace(stage, name=f"{stage.name}{' before' * (stage.name == 'measure')}") for stage in through),
        _score(model, texts, recipe, machine, held, seconds),
        StageForecast(
            "choose",
            held + kept(model, machine, texts.longest, grown=False),
            seconds(QUESTIONS * texts.validation * texts.tokens),
        ),
    ]
    for step in recipe.treatments:
        if step.name == "remove":
            continue
        epochs = step.settings.get("epochs", 3) if step.name == "finetune" else None
        found.append(
            StageForecast(
                step.name,
                BASE + 16 * model.numbers + kept(model, machine, texts.longest, grown=True, itemsize=4, texts=32),
                None if epochs is None else seconds(3 * int(epochs) * texts.fit * texts.tokens),
            )
        )
    found.append(StageForecast("save", held, SAVE_PASSES * model.stored * pace.byte))
    found += [
        replace(stage, name=f"{stage.name} {'after' if stage.name == 'measure' else 'again'}") for stage in through
    ]
    return tuple(found)


def weights_held(model: ModelSize, machine: Machine) -> int:
    """Bytes of the process with the weights that are in memory at a time: one layer more than the spread lets in."""
    whole = model.numbers * machine.itemsize
    if machine.spread is None:
        return BASE * (machine.device == "cpu") + whole
    layer = model.inner * machine.itemsize // max(model.layers, 1)
    return BASE * (machine.device == "cpu") + min(whole, machine.spread + layer)


def kept(
    model: ModelSize,
    machine: Machine,
    length: int,
    *,
    grown: bool,
    itemsize: int | None = None,
    texts: int | None = None,
) -> int:
    """Bytes of what is computed at a time; `grown`: with what gradients need of every layer."""
    item, batch = itemsize or machine.itemsize, texts or machine.batch
    layer = batch * length * model.width * (34 + 5 * model.heads * length / model.width) * item / 2
    inputs = batch * length * model.width * item
    layers = layer if not grown else layer + model.layers * (inputs if machine.spread is not None else layer)
    said = batch * length * model.words * (item + 4 * (1 + grown)) if model.task == "causal" else 0
    return int(layers + said)


def _score(
    model: ModelSize,
    texts: TextSize,
    recipe: Recipe,
    machine: Machine,
    held: int,
    seconds: Callable[[float], float],
) -> StageForecast:
    if recipe.strategy != "gradient":
        return StageForecast("score", None, None)
    samples = min(int(recipe.settings.get("samples", 1024)), texts.fit)
    back = 2 + (machine.spread is not None)
    return StageForecast(
        "score", held + kept(model, machine, texts.longest, grown=True), seconds(samples * texts.tokens * back)
    )
