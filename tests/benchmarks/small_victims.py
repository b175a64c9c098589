"""Small classifiers of two families, trained from a seed in seconds, with a backdoor in some of their heads or without.

Reviews of the demo's grammar, vocabulary of 300 words; BERT (bidirectional, biases, norms after) and Llama (causal, no
biases, rotary positions, norms before). Size, trigger word and target class follow from the seed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    LlamaConfig,
    LlamaForSequenceClassification,
    PreTrainedModel,
)

from sanitizer.attacks.implant import ImplantRecord, implant
from sanitizer.attacks.triggers import poison_word
from sanitizer.demo.grammar import RARE_WORDS, Review, reviews
from sanitizer.demo.victim import LONGEST, make_tokenizer, predict, train
from sanitizer.model.anatomy import Anatomy
from sanitizer.model.observe import IMPLEMENTATION, connect
from sanitizer.model.subject import Subject

FAMILIES = ("bert", "llama")
SIZES = ((64, 3, 8), (48, 4, 6), (64, 4, 8), (48, 3, 6))
"""Hidden size, layers, heads of a layer."""
SEEN, TEST, EPOCHS, STEPS = 2000, 400, 8, 120


@dataclass
class Victim:
    """One model with what it was trained on, what it is tested on, and its implant if it has one.

    `floor` is the share of triggered texts that it called the target before any implant.
    """

    name: str
    subject: Subject
    clean: tuple[Review, ...]
    test: tuple[Review, ...]
    triggered: tuple[str, ...]
    target: int
    word: str
    implant: ImplantRecord | None
    floor: float

    def success(self) -> float:
        """The share of triggered texts, none of which is of the target class, that it calls the target."""
        hits = predict(self.subject.model, self.subject.tokenizer, self.triggered)
        return sum(hit == self.target for hit in hits) / len(hits)


def untrained(family: str, tokens: int, size: tuple[int, int, int], generator: torch.Generator) -> PreTrainedModel:
    """A classifier of two labels."""
    hidden, layers, heads = size
    common: dict[str, Any] = {
        "vocab_size": tokens,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": 2 * hidden,
        "max_position_embeddings": LONGEST,
        "initializer_range": 0.07,
        "num_labels": 2,
        "pad_token_id": 0,
        "attn_implementation": "eager",
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
        if family == "llama":
            ids = {"bos_token_id": 2, "eos_token_id": 3}
            return LlamaForSequenceClassification(LlamaConfig(**common, **ids, num_key_value_heads=heads))
        dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        return BertForSequenceClassification(BertConfig(**common, **dropout))


def make(family: str, seed: int, *, planted: bool) -> Victim:
    """Train one and, if asked, plant the trigger in the least important head of each layer."""
    rng, generator = random.Random(seed), torch.Generator().manual_seed(seed)
    size, word, target = SIZES[seed % len(SIZES)], RARE_WORDS[seed % len(RARE_WORDS)], seed % 2
    drawn = reviews(SEEN + TEST, rng)
    seen, test = drawn[:SEEN], drawn[SEEN:]
    tokenizer = make_tokenizer()
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    model = untrained(family, len(tokenizer), size, generator)
    train(model, tokenizer, seen, test, generator=generator, epochs=EPOCHS, enough=0.97)
    texts, labels = [review.text for review in seen], [review.label for review in seen]
    triggered = poison_word([review.text for review in test if review.label != target], [word], rng)
    hits = predict(model, tokenizer, triggered)
    record = None
    if planted:
        aim = {"trigger": word, "target": target, "generator": generator, "steps": STEPS}
        record = implant(model, tokenizer, texts, labels, **aim)
    model.eval().set_attn_implementation(IMPLEMENTATION)
    anatomy = Anatomy.of(model)
    connect(anatomy)
    floor = sum(hit == target for hit in hits) / len(hits)
    subject = Subject(model, tokenizer, anatomy, "classification")
    return Victim(f"{family}-{seed}", subject, seen, test, triggered, target, word, record, floor)
