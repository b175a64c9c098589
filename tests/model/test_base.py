"""A base's tensors, held against what transformers itself loads from the same folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.bases import based, make_base
from helpers.pico import CONFIGS, make_folder
from helpers.subjects import checkpoint_of, pico_subject
from safetensors.torch import load_file, save_file
from transformers import AutoModel

from sanitizer.errors import CorruptError, UsageError
from sanitizer.heads import HeadId
from sanitizer.model.base import Base, matched

FILE = "model.safetensors"


def test_names_are_the_same_or_differ_by_the_prefix_and_shapes_must_fit() -> None:
    stored = {"a.w": (2, 3), "bert.b.w": (4,), "c.LayerNorm.gamma": (5,), "d.w": (3, 2), "bert.c.LayerNorm.weigh": (5,)}
    wanted = {"bert.a.w": (2, 3), "b.w": (4,), "bert.c.LayerNorm.weight": (5,), "bert.d.w": (2, 3), "bert.e.w": (1,)}
    assert matched(wanted, stored, prefix="bert") == {
        "bert.a.w": "a.w",
        "b.w": "bert.b.w",
        "bert.c.LayerNorm.weight": "c.LayerNorm.gamma",
    }


def test_the_same_name_comes_before_a_likely_one() -> None:
    stored = {"bert.w": (1,), "w": (1,)}
    assert matched({"bert.w": (1,)}, stored, prefix="bert") == {"bert.w": "bert.w"}
    # The name decides, and then the shape: no other tensor is taken because it would fit.
    assert matched({"bert.w": (1,)}, {"bert.w": (2,), "w": (1,)}, prefix="bert") == {}


@pytest.mark.parametrize("family", CONFIGS)
def test_every_parameter_of_the_inner_model_becomes_that_of_the_base(family: str, tmp_path: Path) -> None:
    subject, base = based(tmp_path / "base", family)
    head = {name: weight for name, weight in subject.model.named_parameters() if name in base.lacking}
    before = {name: weight.detach().clone() for name, weight in head.items()}
    numbers = base.put(subject)
    there = dict(AutoModel.from_pretrained(tmp_path / "base", dtype=torch.float32).named_parameters())
    ours = dict(subject.model.base_model.named_parameters())
    # Some classes make a pooler that the published base has not.
    assert there.keys() - ours.keys() <= {"pooler.dense.weight", "pooler.dense.bias"}
    for name, weight in ours.items():
        assert torch.equal(there[name], weight), name
    assert numbers == sum(weight.numel() for weight in ours.values())
    assert all(torch.equal(before[name], weight) for name, weight in head.items())
    inner = {id(weight) for weight in ours.values()}
    assert all(id(weight) not in inner for weight in head.values())


def test_a_classifiers_head_is_never_the_bases(tmp_path: Path) -> None:
    """Though the base is a classifier of another task with as many labels."""
    subject = pico_subject("bert", seed=1)
    base = Base.of(checkpoint_of(make_folder(tmp_path / "base", "bert")), subject)
    assert base.lacking == ("classifier.weight", "classifier.bias")
    before = subject.model.classifier.weight.detach().clone()
    base.put(subject)
    assert torch.equal(subject.model.classifier.weight, before)


def test_a_causal_models_head_is_the_bases_if_it_has_one(tmp_path: Path) -> None:
    subject = pico_subject("llama", seed=1, tie_word_embeddings=False)
    whole = Base.of(checkpoint_of(make_folder(tmp_path / "whole", "llama", tie_word_embeddings=False)), subject)
    assert whole.lacking == ()
    bare = Base.of(checkpoint_of(make_base(tmp_path / "bare", "llama")), subject)
    assert bare.lacking == ("lm_head.weight",)


def test_old_names_of_layer_norms_are_known(tmp_path: Path) -> None:
    folder = make_base(tmp_path / "base", "bert")
    tensors = load_file(folder / FILE)
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        for name, tensor in tensors.items()
    }
    assert old.keys() != tensors.keys()
    save_file(old, folder / FILE, metadata={"format": "pt"})
    subject = pico_subject("bert", seed=1)
    base = Base.of(checkpoint_of(folder), subject)
    base.put(subject)
    norm = subject.model.bert.encoder.layer[0].output.LayerNorm
    assert torch.equal(norm.weight, tensors["encoder.layer.0.output.LayerNorm.weight"])
    assert torch.equal(norm.bias, tensors["encoder.layer.0.output.LayerNorm.bias"])


@pytest.mark.parametrize(
    ("family", "changes", "said"),
    [
        ("roberta", {}, "the base is a roberta model, the suspect a bert one"),
        ("bert", {"num_hidden_layers": 4}, "the base has 4 layers of 4 heads of size 8, the suspect 3 of 4 of 8"),
        ("bert", {"num_attention_heads": 2}, "3 layers of 2 heads of size 16"),
        ("bert", {"intermediate_size": 64}, r"no counterpart of bert\.encoder\.layer\.0\.intermediate\.dense\.weight"),
    ],
)
def test_another_model_is_no_base(family: str, changes: dict[str, object], said: str, tmp_path: Path) -> None:
    folder = make_base(tmp_path / "base", family, **changes)
    with pytest.raises(UsageError, match=said) as caught:
        Base.of(checkpoint_of(folder), pico_subject("bert"))
    assert "the model that this one was made from" in caught.value.hint


def test_a_base_that_lacks_a_layers_tensor_is_none(tmp_path: Path) -> None:
    folder = make_base(tmp_path / "base", "bert")
    tensors = load_file(folder / FILE)
    del tensors["encoder.layer.1.output.dense.bias"]
    save_file(tensors, folder / FILE, metadata={"format": "pt"})
    with pytest.raises(UsageError, match=r"layer\.1\.output\.dense\.bias \(32,\)$"):
        Base.of(checkpoint_of(folder), pico_subject("bert"))


def test_a_larger_vocabulary_keeps_its_embeddings_and_says_so(tmp_path: Path) -> None:
    subject = pico_subject("bert", seed=1, vocab_size=80)
    base = Base.of(checkpoint_of(make_base(tmp_path / "base", "bert")), subject)
    assert base.lacking[0] == "bert.embeddings.word_embeddings.weight"


def test_bytes_that_changed_after_vetting_are_not_read(tmp_path: Path) -> None:
    folder = make_base(tmp_path / "base", "bert")
    checkpoint = checkpoint_of(folder)
    data = bytearray((folder / FILE).read_bytes())
    data[-1] ^= 1
    (folder / FILE).write_bytes(data)
    with pytest.raises(CorruptError, match="changed after it was vetted"):
        Base.of(checkpoint, pico_subject("bert"))


def test_zeroed_heads_stay_zero_and_cut_ones_are_an_error(tmp_path: Path) -> None:
    subject, base = based(tmp_path / "base")
    subject.remove((HeadId(1, 2),), physically=False)
    base.put(subject)
    layer = subject.anatomy.layers[1]
    assert layer.output.weight[:, list(layer.columns(2))].abs().max() == 0
    assert layer.output.weight[:, list(layer.columns(1))].abs().min() > 0
    subject.remove((HeadId(1, 2),), physically=True)
    with pytest.raises(UsageError, match="without the heads that were removed") as caught:
        base.put(subject)
    assert "--layout dense" in caught.value.hint


def test_the_cosine_tells_a_base_from_a_stranger(tmp_path: Path) -> None:
    subject, same = based(tmp_path / "same", seed=0)
    assert same.similarity(subject) == pytest.approx(1.0)
    stranger = Base.of(checkpoint_of(make_base(tmp_path / "other", seed=5)), subject)
    assert abs(stranger.similarity(subject)) < 0.1
