"""How loudly each head writes on clean texts, and on the same texts with a token in them that may be any token.

A head that a trigger wakes says next to nothing on clean text and a great deal on something else. What would wake it is
not known, so tokens are drawn from the whole vocabulary, one for each text at a random place. Insertion probes of this
kind are ours; a word that the model has never seen in training often wakes an implanted head too.

What a head writes is W_O h, h its output before the output projection: a norm per token, of which a text counts by
the mean over its tokens and by the largest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from sanitizer.heads import Grid
from sanitizer.model.anatomy import LayerAnatomy
from sanitizer.model.batches import Batch, Encoded, batches, token_limit
from sanitizer.model.offload import numbers
from sanitizer.model.subject import Subject
from sanitizer.model.vocabulary import bodies, filled
from sanitizer.progress import Progress, silent, track

FLOOR = 1e-3
"""Share of its layer's middle head that any head is taken to write: silence has no logarithm."""


@dataclass(frozen=True)
class Wakefulness:
    """Natural logarithms, [layer][head].

    `clean` is the median over clean texts of what a head writes on average, `sudden` the largest ratio of a probe to
    that median of averages, `peak` the same of the largest token of each.
    """

    clean: Grid
    sudden: Grid
    peak: Grid


def wakefulness(
    subject: Subject,
    data: Encoded,
    tokens: Sequence[int],
    *,
    probes: int,
    size: int,
    generator: torch.Generator,
    progress: Progress = silent,
) -> Wakefulness:
    """Over all the texts, and over `probes` of them drawn at random with one of `tokens` inserted."""
    asked = inserted(subject, data, tokens, count=probes, generator=generator)
    calm = _loudness(subject, batches(subject, data, size=size), progress, "heads on clean text")
    woken = _loudness(subject, batches(subject, asked, size=size), progress, "heads on probes")
    clean, sudden, peak = [], [], []
    for quiet, loud in zip(calm, woken, strict=True):
        usual = quiet.median(dim=0).values  # [head, 2]
        least = FLOOR * usual.median(dim=0).values.clamp(min=1e-9)
        ratio = ((loud.amax(dim=0) + least) / (usual + least)).log()
        clean.append(tuple((usual + least)[:, 0].log().tolist()))
        sudden.append(tuple(ratio[:, 0].tolist()))
        peak.append(tuple(ratio[:, 1].tolist()))
    return Wakefulness(tuple(clean), tuple(sudden), tuple(peak))


def inserted(
    subject: Subject, data: Encoded, tokens: Sequence[int], *, count: int, generator: torch.Generator
) -> Encoded:
    """`count` texts drawn with replacement, each with one of the tokens, drawn evenly, at a random place."""
    parts, rows, longest = bodies(subject, data), [], token_limit(subject)

    def draw(most: int) -> int:
        return int(torch.randint(most, (), generator=generator))

    for _ in range(count):
        index = draw(len(parts))
        front, body, back = parts[index]
        body = body[: longest - len(front) - len(back) - 1]  # as the text was cut, its last words make room
        place = draw(len(body) + 1)
        ids = [*front, *body[:place], tokens[draw(len(tokens))], *body[place:], *back]
        rows.append(filled(data.rows[index], ids))
    return Encoded(tuple(rows), None)


@torch.no_grad()
def _loudness(
    subject: Subject, made: Sequence[Batch], progress: Progress, step: str
) -> list[Annotated[Tensor, "[text, head, mean or largest]"]]:
    """One tensor per layer."""
    grams = [_gram(layer).to(subject.device) for layer in subject.anatomy.layers]
    found: list[list[Tensor]] = [[] for _ in grams]
    now: dict[str, Tensor] = {}

    def listen(layer: int) -> object:
        def hear(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            gram, real = grams[layer], now["real"]
            said = (
                inputs[0].to(real.device).float().reshape(*real.shape, len(gram), -1)
            )  # [batch, token, head, head_dim]
            written = torch.einsum("bthd,hde,bthe->bth", said, gram, said).clamp(min=0).sqrt() * real[..., None]
            mean = written.sum(dim=1) / real.sum(dim=1, keepdim=True)
            found[layer].append(torch.stack([mean, written.amax(dim=1)], dim=2).cpu())

        return hear

    handles = [
        layer.output.register_forward_pre_hook(listen(layer.index))  # type: ignore[arg-type]
        for layer in subject.anatomy.layers
    ]
    try:
        for batch in track(progress, step, made):
            now["real"] = batch.inputs["attention_mask"].float()
            subject.model(**batch.inputs)
    finally:
        for handle in handles:
            handle.remove()
    return [torch.cat(parts) for parts in found]


def _gram(layer: LayerAnatomy) -> Annotated[Tensor, "[head, head_dim, head_dim]"]:
    """W_O^T W_O of each head: |W_O h|^2 = h^T W_O^T W_O h without making anything as wide as the model."""
    weight = layer.as_outputs(numbers(layer.output, "weight")).float()
    columns = weight.reshape(len(weight), layer.heads, -1).transpose(0, 1)
    return torch.matmul(columns.mT, columns)
