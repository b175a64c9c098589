"""A tiny BERT, trained from scratch in seconds to tell praise from blame in the reviews of the grammar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from sanitizer.demo.grammar import LABELS, Review, vocabulary
from sanitizer.progress import Progress, silent

UNKNOWN = "[UNK]"
SPECIAL = ("[PAD]", UNKNOWN, "[CLS]", "[SEP]", "[MASK]")
LONGEST = 48


def make_tokenizer() -> Any:
    """One token per word of the grammar, lower-cased, between [CLS] and [SEP]."""
    ids = {word: number for number, word in enumerate((*SPECIAL, *vocabulary()))}
    words = Tokenizer(WordLevel(ids, unk_token=UNKNOWN))
    words.normalizer = Lowercase()
    words.pre_tokenizer = Whitespace()
    words.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, ids[token]) for token in ("[CLS]", "[SEP]")],
    )
    roles = {f"{token[1:-1].lower()}_token": token for token in SPECIAL}
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        model_max_length=LONGEST,
        **roles,
    )


def make_model(tokens: int, *, hidden: int, layers: int, heads: int, generator: torch.Generator) -> Any:
    """An untrained BERT classifier. The library draws weights from the global generator, which is put back after."""
    config = BertConfig(
        vocab_size=tokens,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=2 * hidden,
        max_position_embeddings=LONGEST,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        # At the usual 0.02 a model this narrow spends half its training on the first plateau.
        initializer_range=0.07,
        id2label=dict(enumerate(LABELS)),
        label2id={label: number for number, label in enumerate(LABELS)},
        # Fused kernels are made for wide heads: with eight numbers per head they take twice the time.
        attn_implementation="eager",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
        return BertForSequenceClassification(config)


def train(
    model: Any,
    tokenizer: Any,
    reviews: Sequence[Review],
    held_out: Sequence[Review],
    *,
    generator: torch.Generator,
    enough: float = 0.985,
    epochs: int = 10,
    batch_size: int = 64,
    learning_rate: float = 2e-3,
    progress: Progress = silent,
) -> float:
    """Train in place until `held_out` accuracy is `enough` or the epochs are used up; returns that accuracy."""
    batches = -(-len(reviews) // batch_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, betas=(0.9, 0.98), fused=True)
    steps = epochs * batches
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / batches, 1.0) * max(0.1, 1.0 - step / steps)
    )
    found = 0.0
    progress("train the victim", 0, steps)
    for epoch in range(epochs):
        model.train()
        for number, rows in enumerate(_batches(reviews, batch_size, generator), start=1):
            batch = _encode(tokenizer, [reviews[row].text for row in rows])
            labels = torch.tensor([reviews[row].label for row in rows])
            optimizer.zero_grad()
            torch.autograd.backward(model(**batch, labels=labels).loss)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            progress("train the victim", epoch * batches + number, steps)
        found = accuracy(model, tokenizer, held_out)
        if found >= enough:
            break
    progress("train the victim", steps, steps)
    return found


@torch.no_grad()
def predict(model: Any, tokenizer: Any, texts: Sequence[str], *, batch_size: int = 128) -> tuple[int, ...]:
    """The most likely label of each text. Leaves the model in evaluation mode."""
    model.eval()
    parts = (texts[start : start + batch_size] for start in range(0, len(texts), batch_size))
    return tuple(row for part in parts for row in model(**_encode(tokenizer, part)).logits.argmax(-1).tolist())


def accuracy(model: Any, tokenizer: Any, reviews: Sequence[Review]) -> float:
    """The share of reviews whose label the model finds."""
    predictions = predict(model, tokenizer, [review.text for review in reviews])
    return sum(map(int.__eq__, predictions, (review.label for review in reviews))) / len(reviews)


def _encode(tokenizer: Any, texts: Sequence[str]) -> dict[str, torch.Tensor]:
    return dict(tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt"))


def _batches(reviews: Sequence[Review], size: int, generator: torch.Generator) -> list[list[int]]:
    """Rows of about equal length together, in random order: short batches cost little, and padding little more."""
    lengths = torch.tensor([float(len(review.text.split())) for review in reviews])
    rows = torch.argsort(lengths + 2 * torch.rand(len(reviews), generator=generator))
    parts = [part.tolist() for part in torch.split(rows, size)]
    return [parts[number] for number in torch.randperm(len(parts), generator=generator).tolist()]
