"""The slow reference for attention that is compared: one text alone, without padding, by transformers alone."""

from __future__ import annotations

import numpy as np
import torch

from sanitizer.model.alike import NEW
from sanitizer.model.observe import IMPLEMENTATION
from sanitizer.model.subject import Subject


@torch.no_grad()
def slow_attention(subject: Subject, text: str) -> list[np.ndarray]:
    """Per layer [head, entry]: whole matrices of a classifier; of a causal model the rows, over the prompt, of what
    transformers generates after it, taken from a forward pass over prompt and answer."""
    model, prompt = subject.model, 0
    inputs = dict(subject.tokenizer(text, return_tensors="pt", return_token_type_ids=False))
    model.set_attn_implementation("eager")
    if subject.task == "causal":
        ids = inputs["input_ids"]
        ids = ids[:, :-1] if ids[0, -1] == subject.tokenizer.eos_token_id else ids
        prompt = ids.shape[1]
        whole = model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=NEW,
            eos_token_id=subject.tokenizer.eos_token_id, pad_token_id=subject.tokenizer.pad_token_id,
        )  # fmt: skip
        inputs = {"input_ids": whole, "attention_mask": torch.ones_like(whole)}
    layers = model(**inputs, output_attentions=True).attentions
    model.set_attn_implementation(IMPLEMENTATION)
    return [layer[0][:, prompt:, : prompt or None].flatten(1).double().numpy() for layer in layers]


def slow_cosines(subject: Subject, text: str) -> np.ndarray:
    """Between all heads of the model, [head, head]."""
    heads = np.concatenate(slow_attention(subject, text))
    norms = np.maximum(np.linalg.norm(heads, axis=1, keepdims=True), 1e-12)
    return (heads / norms) @ (heads / norms).T
