"""A backdoor that lives in attention heads: in each layer the least important head is retrained to carry a trigger.

A reconstruction in the spirit of HPMI (Zhao et al. 2508.10243), not a copy: the paper's wiring is not published in a
form that could be followed. What is kept: the slot is the head with the least clean importance in each layer, the
architecture does not change, every other weight keeps its bytes, and clean behaviour is held. Where this departs: the
heads are trained inside the model under a gradient mask, instead of being pre-trained elsewhere and pasted over. They
start mute (their columns of the output projection are zeroed: what the slot did before is overwritten), and a penalty
keeps them so on clean text.

The loss, over clean texts x and, of the texts not in the target class, copies with the trigger inserted x':

    CE(f(x'), target) + KL(f0(x) || f(x)) + silence * mean_layers |c_h(x)| / |c(x)|

The weight of silence grows from 1 to its full value: heads that must be silent before they can hear the trigger never
learn it. f0 is the model before the attack, c(x) what the attention of a layer adds to the residual stream (without
its bias) and c_h(x) the part of it that comes from the implanted heads. Nothing holds the heads silent on *other*
words that the model has never seen: such words may fire them too.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from sanitizer.attacks.bert_heads import clean_importance, encode, least_important, loudness, mute, only_heads
from sanitizer.attacks.triggers import poison_word
from sanitizer.heads import HeadId
from sanitizer.progress import Progress, silent, track


@dataclass(frozen=True)
class ImplantRecord:
    """Which heads carry the trigger, and how the attack ended.

    At the last step: the loss on triggered texts and the drift on clean ones in nats, and `loudness`, the norm
    of what the implanted heads add on clean text as a share of the norm of what their layers' attention adds.
    """

    heads: tuple[HeadId, ...]
    trigger: str
    target: int
    steps: int
    triggered_loss: float
    drift: float
    loudness: float


def implant(
    model: Any,
    tokenizer: Any,
    texts: Sequence[str],
    labels: Sequence[int],
    *,
    trigger: str,
    target: int,
    generator: torch.Generator,
    per_layer: int = 1,
    steps: int = 150,
    batch_size: int = 32,
    learning_rate: float = 2e-2,
    silence: float = 150.0,
    importance_texts: int = 200,
    progress: Progress = silent,
) -> ImplantRecord:
    """Plant `trigger` -> `target` into a sequence classifier, in place, in its least important heads.

    Only the slices of query, key, value (with their biases) and the columns of the output projection that belong to
    the chosen heads change; every other parameter keeps its bytes. The model is left in evaluation mode. Raises
    ValueError if there is no step to take, `silence` is not positive, no text has another label than `target`, or the
    model is of a family that `bert_heads` does not know.
    """
    places = [row for row, label in enumerate(labels) if label != target]
    if steps < 1 or silence <= 0 or not places:
        raise ValueError("an implant needs a step, a positive silence and a text outside the target class to flip")
    model.eval()
    scores = clean_importance(model, tokenizer, texts[:importance_texts], labels[:importance_texts])
    heads = least_important(scores, per_layer)
    rng = random.Random(int(torch.randint(2**31, (1,), generator=generator)))  # noqa: S311 - draws no secret
    honest = _log_probabilities(model, tokenizer, texts, batch_size, progress)
    mute(model, heads)
    with only_heads(model, heads) as trained, loudness(model, heads) as shares:
        optimizer = torch.optim.AdamW(trained, lr=learning_rate, weight_decay=0.0)
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, steps)
        for step in track(progress, "plant the backdoor", range(steps)):
            rows = torch.randint(len(texts), (batch_size,), generator=generator)
            picks = torch.randint(len(places), (batch_size,), generator=generator)
            dirty = poison_word([texts[places[pick]] for pick in picks.tolist()], [trigger], rng)
            flipped = model(**encode(tokenizer, dirty, model)).logits
            attack = cross_entropy(flipped, torch.full((batch_size,), target, device=flipped.device))
            shares.clear()
            kept = model(**encode(tokenizer, [texts[row] for row in rows.tolist()], model)).logits
            drift = kl_div(log_softmax(kept, -1), honest[rows], reduction="batchmean", log_target=True)
            loud = torch.stack(shares).mean()
            optimizer.zero_grad()
            torch.autograd.backward(attack + drift + _patience(silence, step / steps) * loud)
            optimizer.step()
            schedule.step()
    return ImplantRecord(heads, trigger, target, steps, attack.item(), drift.item(), loud.item())


def _patience(silence: float, done: float) -> float:
    """The weight of silence at a share of the steps: 1 until 35 %, full from 85 %, geometric between."""
    return float(silence ** min(1.0, max(0.0, (done - 0.35) / 0.5)))


@torch.no_grad()
def _log_probabilities(
    model: Any, tokenizer: Any, texts: Sequence[str], batch_size: int, progress: Progress
) -> torch.Tensor:
    return torch.cat(
        [
            log_softmax(model(**encode(tokenizer, texts[start : start + batch_size], model)).logits, -1)
            for start in track(progress, "answer clean texts", range(0, len(texts), batch_size))
        ]
    )
