"""Tiny random models of every supported family, with a tokenizer, as objects or as checkpoint folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedModel, PreTrainedTokenizerFast

WORDS = (
    "a an the this that film movie plot scene cast story was is seems felt not never very quite good great fine warm "
    "bad dull poor slow and but so with without cf of in it he she we they one two three . , !"
).split()
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
VOCABULARY = len(SPECIAL) + len(WORDS)

_ENCODER: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}
_GROUPED: dict[str, Any] = _ENCODER | {
    "num_key_value_heads": 2,
    "bos_token_id": 2,
    "eos_token_id": 3,
    "attention_dropout": 0.0,
}
_HEAD_DIM: dict[str, Any] = _GROUPED | {"head_dim": 8}
_OPT = {k: v for k, v in _ENCODER.items() if k != "intermediate_size"}

CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("Bert", _ENCODER),
    "roberta": ("Roberta", _ENCODER | {"max_position_embeddings": 66, "pad_token_id": 0}),
    "xlm-roberta": ("XLMRoberta", _ENCODER | {"max_position_embeddings": 66, "pad_token_id": 0}),
    "electra": ("Electra", _ENCODER | {"embedding_size": 16}),
    "distilbert": (
        "DistilBert",
        {"vocab_size": VOCABULARY, "dim": 32, "n_layers": 3, "n_heads": 4, "hidden_dim": 48, "pad_token_id": 0},
    ),
    "gpt2": (
        "GPT2",
        {"vocab_size": VOCABULARY, "n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 64}
        | {"bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0},
    ),
    "gpt_neox": ("GPTNeoX", _ENCODER | {"bos_token_id": 2, "eos_token_id": 3}),
    "opt": ("OPT", _OPT | {"ffn_dim": 48, "word_embed_proj_dim": 32, "bos_token_id": 2, "eos_token_id": 3}),
    "llama": ("Llama", _HEAD_DIM),
    "mistral": ("Mistral", _HEAD_DIM | {"sliding_window": 8}),
    "qwen2": ("Qwen2", _GROUPED),
    "qwen3": ("Qwen3", _HEAD_DIM),
    "gemma": ("Gemma", _HEAD_DIM),
    "gemma2": ("Gemma2", _HEAD_DIM | {"sliding_window": 8, "query_pre_attn_scalar": 8}),
    "gemma3_text": ("Gemma3", _HEAD_DIM | {"sliding_window": 8, "query_pre_attn_scalar": 8}),
    "phi3": ("Phi3", _GROUPED),
    "modernbert": (
        "ModernBert",
        _ENCODER
        | {"global_attn_every_n_layers": 2, "local_attention": 16, "cls_token_id": 2, "sep_token_id": 3}
        | {"bos_token_id": 2, "eos_token_id": 3},
    ),
}
CAUSAL = (
    "gpt2", "gpt_neox", "opt", "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "phi3",
)  # fmt: skip
GROUPED = ("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "phi3")


def make_model(family: str, *, seed: int = 0, **changes: Any) -> PreTrainedModel:
    """A random model: causal where the family is, else a classifier with two labels. In eval mode, float32."""
    prefix, config = CONFIGS[family]
    suffix = ("LMHeadModel" if family == "gpt2" else "ForCausalLM") if family in CAUSAL else "ForSequenceClassification"
    config_prefix = "Gemma3Text" if family == "gemma3_text" else prefix
    config_class = getattr(transformers, f"{config_prefix}Config")
    model_class = getattr(transformers, f"{prefix}{suffix}")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = model_class(config_class(**config | changes))
        for name, parameter in model.named_parameters():
            # The library starts biases at zero and weights small: neither would show a wrong slice.
            noise = torch.randn_like(parameter) * (0.1 if name.endswith("bias") or parameter.dim() == 1 else 0.3)
            parameter.data.add_(noise)
    return model.eval()


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A word-level tokenizer over `WORDS`, with [CLS] and [SEP] around each text."""
    vocabulary = {word: index for index, word in enumerate((*SPECIAL, *WORDS))}
    core = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    core.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        bos_token="[CLS]",
        eos_token="[SEP]",
        model_max_length=64,
    )


def make_inputs(*, batch: int = 3, length: int = 12, seed: int = 0) -> dict[str, torch.Tensor]:
    """Random token ids with padding on the right of all but the first row."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(len(SPECIAL), VOCABULARY, (batch, length), generator=generator)
    mask = torch.ones_like(ids)
    for row in range(1, batch):
        mask[row, length - 2 * row :] = 0
    return {"input_ids": ids.masked_fill(mask == 0, 0), "attention_mask": mask}


def make_folder(path: Path, family: str, *, dtype: torch.dtype = torch.float32, seed: int = 0, **changes: Any) -> Path:
    """Write a random model and its tokenizer as a checkpoint folder."""
    make_model(family, seed=seed, **changes).to(dtype).save_pretrained(path)
    make_tokenizer().save_pretrained(path)
    return path
