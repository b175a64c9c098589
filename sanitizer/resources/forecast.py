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

from sanitizer.recipe import Recipe, Step
from sanitizer.report import StageForecast, Task
from sanitizer.resources.passes import LEANING, work_of

BASE = 500 * 10**6
"""Bytes of an interpreter with torch and transformers in it."""
SCANNED, SCANNED_TOKENS, PROBES = 256, 128, 512
"""What a scan looks at: texts, tokens of each, and probes of forensics (`sanitizer.scan.heads`)."""
LEANT = 1000
"""Texts that show where a classifier leans (`sanitizer.scan.heads`)."""
GENERATED = 16
CONTROLS = 5
"""Passes of a classifier over the scanned texts: as they are, and made unusual in four ways."""
SEARCHED, CHECKED = 5, 1
"""Passes over the validation texts while heads are chosen. The suspect is asked all of them, and so is the choice; the
questions between, most of which are decided on a few texts, came to 1.3 to 4.4 passes in the plans of 18 runs, on 9 to
1000 texts. Where a recipe removes nothing the suspect alone is asked."""
FREE = frozenset({"random", "forensics"})
"""Strategies that look at nothing, or at what the scan has found."""
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
    labels: int = 2


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
    """Seconds for one number of a layer and one token, and to hash one byte; and what beginning takes at any size.

    That is a vetting process that looks at this very model, and reading the texts and building the model, without its
    weights.
    """

    product: float
    byte: float
    vet: float = 0.0
    build: float = 0.0


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
    if model.task == "classification":
        looked += LEANING * min(LEANT, texts.fit) * short
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
    opened = OPEN_PASSES * model.stored * pace.byte
    removes = any(step.name == "remove" for step in recipe.treatments)
    found = [
        StageForecast("vet", BASE, pace.vet + VET_PASSES * model.stored * pace.byte),
        StageForecast("open", held, pace.build + opened),
        *(replace(stage, name=f"{stage.name}{' before' * (stage.name == 'measure')}") for stage in through),
        _score(model, texts, recipe, machine, held, seconds),
        StageForecast(
            "choose",
            held + kept(model, machine, texts.longest, grown=False),
            seconds((SEARCHED if removes else CHECKED) * texts.validation * texts.tokens),
        ),
    ]
    found += [_tuned(model, texts, step, machine, seconds) for step in recipe.treatments if step.name != "remove"]
    found.append(StageForecast("save", held, SAVE_PASSES * model.stored * pace.byte))
    measured, scanned_again = through
    found.append(replace(measured, name="measure after", seconds=(measured.seconds or 0.0) + opened))
    found.append(replace(scanned_again, name="scan again"))
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


def _tuned(
    model: ModelSize, texts: TextSize, step: Step, machine: Machine, seconds: Callable[[float], float]
) -> StageForecast:
    size = int(step.settings.get("batch_size", 32))
    held = BASE + kept(model, machine, texts.longest, grown=True, itemsize=4, texts=size)
    work = work_of(step.name, step.settings, fit=texts.fit, words=model.words, labels=model.labels)
    if work is None:
        return StageForecast(step.name, held + 16 * model.numbers, None)
    passes = work.fit * texts.fit + work.validation * texts.validation + work.texts
    return StageForecast(
        step.name, held + (16 + work.copies) * model.numbers, seconds(passes * texts.tokens + work.tokens)
    )


def _score(
    model: ModelSize,
    texts: TextSize,
    recipe: Recipe,
    machine: Machine,
    held: int,
    seconds: Callable[[float], float],
) -> StageForecast:
    if recipe.strategy in FREE:
        return StageForecast("score", held, 0.0)
    if recipe.strategy != "gradient":
        return StageForecast("score", None, None)
    samples = min(int(recipe.settings.get("samples", 1024)), texts.fit)
    back = 2 + (machine.spread is not None)
    return StageForecast(
        "score", held + kept(model, machine, texts.longest, grown=True), seconds(samples * texts.tokens * back)
    )
