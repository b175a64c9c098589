from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
import transformers

from sanitizer.attacks.bert_heads import (
    attentions_of,
    clean_importance,
    encode,
    least_important,
    loudness,
    mute,
    only_heads,
)
from sanitizer.demo.victim import make_tokenizer
from sanitizer.heads import HeadId


def silenced(small: Any, layer: int, head: int) -> Any:
    model = copy.deepcopy(small.model)
    with torch.no_grad():
        model.bert.encoder.layer[layer].attention.output.dense.weight[:, head * 8 : head * 8 + 8] = 0.0
    return model


def test_a_head_that_adds_nothing_has_no_importance(small: Any) -> None:
    grid = clean_importance(silenced(small, 1, 2), small.tokenizer, small.texts[:64], small.labels[:64])
    assert grid[1][2] == 0.0
    assert sum(value == 0.0 for row in grid for value in row) == 1
    assert least_important(grid, 1)[1] == HeadId(1, 2)


def test_importance_is_the_slope_of_the_loss_along_the_gate(small: Any) -> None:
    """Against a central difference: the head's columns of W_O scaled by 1 ± h."""
    texts, labels = small.texts[:16], small.labels[:16]
    found = clean_importance(small.model, small.tokenizer, texts, labels)[0][3]

    def loss(scale: float) -> float:
        model = copy.deepcopy(small.model).double()
        with torch.no_grad():
            model.bert.encoder.layer[0].attention.output.dense.weight[:, 24:32] *= scale
            return float(model(**encode(small.tokenizer, texts, model), labels=torch.tensor(labels)).loss)

    assert found == pytest.approx(abs(loss(1 + 1e-4) - loss(1 - 1e-4)) / 2e-4, rel=1e-3)


def test_least_important_takes_the_lowest_of_each_layer_in_order() -> None:
    grid = ((3.0, 1.0, 2.0), (0.5, 0.1, 0.4))
    assert least_important(grid, 1) == (HeadId(0, 1), HeadId(1, 1))
    assert least_important(grid, 2) == (HeadId(0, 1), HeadId(0, 2), HeadId(1, 1), HeadId(1, 2))


def test_shares_of_all_heads_together_are_one(small: Any) -> None:
    every = [HeadId(layer, head) for layer in range(2) for head in range(4)]
    with torch.no_grad(), loudness(small.model, every) as shares:
        small.model(**encode(small.tokenizer, small.texts[:8], small.model))
    assert [share.item() for share in shares] == pytest.approx([1.0, 1.0], rel=1e-4)


def test_a_silenced_head_is_silent(small: Any) -> None:
    model = silenced(small, 0, 1)
    with torch.no_grad(), loudness(model, [HeadId(0, 1)]) as shares:
        model(**encode(small.tokenizer, small.texts[:8], model))
    assert [share.item() for share in shares] == [0.0]


def test_mute_zeroes_the_columns_of_these_heads_alone(small: Any) -> None:
    model = copy.deepcopy(small.model)
    mute(model, [HeadId(0, 1)])
    by_hand = silenced(small, 0, 1).state_dict()
    assert all(torch.equal(tensor, by_hand[name]) for name, tensor in model.state_dict().items())


def test_what_was_frozen_stays_frozen_after(small: Any) -> None:
    model = copy.deepcopy(small.model)
    frozen = model.bert.embeddings.word_embeddings.weight.requires_grad_(False)
    with only_heads(model, [HeadId(1, 0)]) as trained:
        assert len(trained) == 7
        assert sum(parameter.requires_grad for parameter in model.parameters()) == 7
    assert not frozen.requires_grad
    assert sum(not parameter.requires_grad for parameter in model.parameters()) == 1


FAMILIES: dict[str, dict[str, Any]] = {
    "Bert": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48},
    "Electra": {
        "embedding_size": 16,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 48,
    },
    "DistilBert": {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48},
    "Llama": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48},
}


def made(family: str, **changes: Any) -> Any:
    config = getattr(transformers, f"{family}Config")(vocab_size=300, pad_token_id=0, **FAMILIES[family] | changes)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return getattr(transformers, f"{family}ForSequenceClassification")(config).eval()


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_muted_head_has_no_importance_in_any_layout(family: str) -> None:
    model, head = made(family), HeadId(1, 2)
    tokenizer = make_tokenizer()
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    mute(model, [head])
    grid = clean_importance(model, tokenizer, ["the film was dull", "a fine plot"], [0, 1])
    assert [HeadId(layer, place) for layer, row in enumerate(grid) for place, value in enumerate(row) if not value] == [
        head
    ]


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_only_the_slices_of_the_heads_get_gradients_in_any_layout(family: str) -> None:
    """The weights of other heads, and of other layers, keep their bytes when an optimizer has been at it."""
    model = made(family)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with only_heads(model, [HeadId(1, 2)]) as trained:
        optimizer = torch.optim.AdamW(trained, lr=0.1, weight_decay=0.0)
        ids = torch.tensor([[5, 6, 7, 8]])
        torch.autograd.backward(model(input_ids=ids, labels=torch.tensor([1])).loss)
        optimizer.step()
    changed = {name: tensor != before[name] for name, tensor in model.state_dict().items()}
    weights = {name: moved for name, moved in changed.items() if moved.any() and moved.dim() == 2}
    assert len(weights) == 4 and all(".1." in name for name in weights)
    for name, moved in weights.items():
        columns = ("output.dense", "out_lin", "o_proj")
        rows = moved.any(dim=0) if any(part in name for part in columns) else moved.any(dim=1)
        assert rows.nonzero().flatten().tolist() == list(range(16, 24)), name


def test_other_families_and_shared_heads_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"gpt2.*bert, distilbert"):
        attentions_of(transformers.GPT2Model(transformers.GPT2Config(n_embd=8, n_layer=1, n_head=2, vocab_size=9)))
    with pytest.raises(ValueError, match="share keys"):
        attentions_of(made("Llama", num_key_value_heads=2))
