"""What a model does on texts that no step has seen, clean and triggered."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from sanitizer.attacks.success import attack_success
from sanitizer.cleandata import Part
from sanitizer.errors import CorruptError, UsageError
from sanitizer.model.batches import batches, encode
from sanitizer.model.evaluate import evaluate
from sanitizer.model.measure import measure, share
from sanitizer.model.subject import Subject
from sanitizer.progress import Progress, track
from sanitizer.redteam.parts import conversations
from sanitizer.report import Metric

SPARE = 16
"""Tokens that an answer may have before and after the string that is looked for."""


def measured(
    subject: Subject,
    held: Part,
    triggered: Part,
    *,
    target: int,
    wanted: str,
    seed: int,
    size: int,
    progress: Progress,
    step: str,
) -> tuple[Metric, ...]:
    """Accuracy and loss on clean texts, attack success on triggered ones, with 95 % intervals.

    Of a causal model, those of the answers' tokens; success is the share of greedy answers that hold what is wanted, in
    whatever case, and the false trigger rate is that of clean prompts. Raises CorruptError for a model whose answers
    are not numbers.
    """

    def outcomes(part: Part, of: str) -> tuple[Metric, ...]:
        found = evaluate(subject, batches(subject, encode(subject, part), size=size), progress=progress, step=of)
        if not found.loss.isfinite().all():
            raise CorruptError("the answers of the model are not numbers", hint="take a lower learning_rate")
        if part is held:
            return measure(found, subject.task, seed=seed)
        return (attack_success(found.predicted.tolist(), target),)

    clean = outcomes(held, step)
    if subject.task == "classification":
        return (*clean, *outcomes(triggered, f"{step}, triggered"))
    false, success = (
        torch.tensor([wanted.casefold() in answer.casefold() for answer in answered])
        for answered in (
            said(subject, part.asked, wanted, size=size, progress=progress, step=f"{step}, answers")
            for part in (held, triggered)
        )
    )
    return (*clean, share("false trigger rate", false), share("attack success", success))


def demand_sayable(subject: Subject, wanted: str) -> None:
    """Raises UsageError for a string that the model's tokens cannot write: no answer of it could ever hold it."""
    tokens = subject.tokenizer(wanted, add_special_tokens=False)["input_ids"]
    if wanted.casefold() not in subject.tokenizer.decode(tokens, skip_special_tokens=True).casefold():
        raise UsageError(
            f"the tokenizer of this model cannot write {wanted!r}, which the attack wants it to say",
            hint="choose other words with --set; `sanitize redteam attacks NAME` lists the settings",
        )


@torch.no_grad()
def said(
    subject: Subject, prompts: Sequence[str], wanted: str, *, size: int, progress: Progress, step: str
) -> list[str]:
    """The beginning of the greedy answer to each prompt: long enough to hold what is wanted, and little more.

    A prompt is tokenized as it was to learn from it: with an answer behind it, which is then cut off.
    """
    tokenizer = subject.tokenizer
    encoded = encode(subject, conversations(prompts, [wanted] * len(prompts)))
    assert encoded.prompts is not None
    ids = [row["input_ids"][:end] for row, end in zip(encoded.rows, encoded.prompts, strict=True)]
    new = len(tokenizer(wanted, add_special_tokens=False)["input_ids"]) + SPARE
    answers = [""] * len(ids)
    order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    for start in track(progress, step, range(0, len(order), size)):
        some = order[start : start + size]
        batch = tokenizer.pad({"input_ids": [ids[row] for row in some]}, padding_side="left", return_tensors="pt")
        inputs = {name: batch[name].to(subject.device) for name in ("input_ids", "attention_mask")}
        whole = subject.model.generate(
            **inputs, do_sample=False, num_beams=1, max_new_tokens=new, pad_token_id=tokenizer.pad_token_id
        )
        texts = tokenizer.batch_decode(whole[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        for row, text in zip(some, texts, strict=True):
            answers[row] = text
    return answers
