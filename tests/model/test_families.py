"""The contract every family keeps, whatever its projections look like."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from helpers.pico import CAUSAL, CONFIGS, GROUPED, make_folder, make_inputs, make_model
from helpers.subjects import checkpoint_of, open_folder, pico_subject
from torch import Tensor
from transformers import PreTrainedModel

from sanitizer.errors import UnsupportedError
from sanitizer.heads import HeadId
from sanitizer.model.anatomy import Anatomy
from sanitizer.model.batches import Encoded
from sanitizer.model.families import FAMILIES, HeadShape, family_of
from sanitizer.model.material import Material
from sanitizer.model.observe import IMPLEMENTATION, closed_gates, connect, gated, watched
from sanitizer.model.save import save
from sanitizer.model.surgery import zero
from sanitizer.model.tune import Schedule, tune
from sanitizer.options import Dtype

# A whole key group, a lone head of one, and all but one head of a layer.
HEADS = tuple(HeadId.parse(name) for name in ("L0.H1", "L1.H0", "L1.H1", "L2.H0", "L2.H2", "L2.H3"))
FAMILY = pytest.mark.parametrize("family", sorted(CONFIGS))
TOLERANCE = {"rtol": 1e-4, "atol": 2e-5}


def real_logits(model: PreTrainedModel) -> Tensor:
    """Logits at real tokens: what is computed at padding means nothing."""
    inputs = make_inputs()
    with torch.no_grad():
        logits: Tensor = model(**inputs).logits
    return logits[inputs["attention_mask"].bool()] if logits.dim() == 3 else logits


def test_every_family_has_a_tiny_model() -> None:
    assert set(CONFIGS) == set(FAMILIES)


def test_unknown_family_lists_the_known_ones() -> None:
    with pytest.raises(UnsupportedError, match="mpnet") as caught:
        family_of("mpnet")
    assert "llama" in caught.value.hint


@FAMILY
def test_seam_computes_what_eager_computes(family: str) -> None:
    model = make_model(family)
    model.set_attn_implementation("eager")
    eager = real_logits(model)
    model.set_attn_implementation(IMPLEMENTATION)
    anatomy = Anatomy.of(model)
    connect(anatomy)
    torch.testing.assert_close(real_logits(model), eager, **TOLERANCE)
    with watched(anatomy, lambda layer, weights: None):
        torch.testing.assert_close(real_logits(model), eager, **TOLERANCE)


@FAMILY
def test_watcher_sees_the_weights_that_transformers_reports(family: str) -> None:
    model = make_model(family)
    model.set_attn_implementation("eager")
    with torch.no_grad():
        reported = model(**make_inputs(), output_attentions=True).attentions
    model.set_attn_implementation(IMPLEMENTATION)
    anatomy = Anatomy.of(model)
    connect(anatomy)
    seen: dict[int, Tensor] = {}
    with watched(anatomy, lambda layer, weights: seen.update({layer: weights.clone()})):
        real_logits(model)
    assert sorted(seen) == [0, 1, 2]
    real = make_inputs()["attention_mask"][:, None, :, None].float()
    for layer, weights in seen.items():
        torch.testing.assert_close(weights * real, reported[layer] * real, **TOLERANCE)


@FAMILY
def test_gated_equals_dense_equals_compact(family: str) -> None:
    subject = pico_subject(family)
    whole = real_logits(subject.model)
    with gated(subject.anatomy, closed_gates(subject.anatomy, HEADS, device=subject.device)):
        silenced = real_logits(subject.model)
    assert (silenced - whole).abs().max() > 0.1, "the heads must matter, or this test could not fail"

    dense = copy.deepcopy(subject.model)
    zero(Anatomy.of(dense), HEADS)
    torch.testing.assert_close(real_logits(dense), silenced, **TOLERANCE)

    before = subject.model.num_parameters()
    subject.remove(HEADS, physically=True)
    torch.testing.assert_close(real_logits(subject.model), silenced, **TOLERANCE)
    assert subject.model.num_parameters() < before
    assert len(subject.zeroed) == (1 if family in GROUPED else 0)


@FAMILY
@pytest.mark.parametrize("physically", [True, False], ids=["compact", "dense"])
def test_save_then_open_gives_the_same_logits_twice(family: str, physically: bool, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "suspect", family)
    subject = open_folder(folder)
    subject.remove(HEADS, physically=physically)
    expected = real_logits(subject.model)
    save(subject, checkpoint_of(folder), tmp_path / "once")
    again = open_folder(tmp_path / "once")
    torch.testing.assert_close(real_logits(again.model), expected, **TOLERANCE)
    assert again.anatomy.counts() == subject.anatomy.counts()
    again.model.save_pretrained(tmp_path / "twice")
    torch.testing.assert_close(
        real_logits(type(again.model).from_pretrained(tmp_path / "twice", attn_implementation="eager").eval()),
        expected,
        **TOLERANCE,
    )


@FAMILY
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_twenty_steps_of_training_do_not_revive_a_head(family: str, precision: Dtype) -> None:
    subject = pico_subject(family)
    subject.remove(HEADS, physically=True)
    zeroed, counts = subject.zeroed, subject.anatomy.counts()
    before = real_logits(subject.model)
    rows = tuple(
        {"input_ids": row, "attention_mask": [1] * len(row)} for row in [[2, 4 + i, 6, 7, 3] for i in range(20)]
    )
    labels = None if subject.task == "causal" else tuple(i % 2 for i in range(20))
    tune(
        subject,
        Material(Encoded(rows, labels), torch.Generator().manual_seed(0)),
        Schedule(epochs=4, learning_rate=1e-2, batch_size=4, precision=precision),
    )
    tuned = real_logits(subject.model)
    assert (tuned - before).abs().max() > 0.1, "training must have moved the model"
    assert subject.anatomy.counts() == counts
    with gated(subject.anatomy, closed_gates(subject.anatomy, zeroed, device=subject.device)):
        torch.testing.assert_close(real_logits(subject.model), tuned, **TOLERANCE)


@pytest.mark.parametrize("family", [family for family in sorted(CONFIGS) if FAMILIES[family].head_dim_key])
def test_uniform_removal_opens_in_stock_transformers(family: str, tmp_path: Path) -> None:
    """Half of the heads of each layer: a shape that transformers can say in the config alone.

    Eager attention, for the sdpa of transformers 5.18 leaves gemma2's softcap out.
    """
    folder = make_folder(tmp_path / "suspect", family)
    subject = open_folder(folder)
    subject.remove(tuple(HeadId(layer, head) for layer in range(3) for head in (0, 1)), physically=True)
    save(subject, checkpoint_of(folder), tmp_path / "out")
    assert "quantization_config" not in json.loads((tmp_path / "out" / "config.json").read_text())
    torch.save((make_inputs(), real_logits(subject.model)), tmp_path / "expected.pt")
    code = (
        "import sys, torch, transformers\n"
        "inputs, expected = torch.load(sys.argv[2])\n"
        "model = transformers.AutoModelForCausalLM.from_pretrained(sys.argv[1], attn_implementation='eager')\n"
        "with torch.no_grad(): logits = model.eval()(**inputs).logits[inputs['attention_mask'].bool()]\n"
        "assert not any(name.startswith('sanitizer') for name in sys.modules)\n"
        "torch.testing.assert_close(logits, expected, rtol=1e-4, atol=2e-5)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "out"), str(tmp_path / "expected.pt")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_head_shape_of_models_without_grouped_keys() -> None:
    assert HeadShape.of(make_model("bert").config) == HeadShape(layers=3, heads=4, key_heads=4, head_dim=8)
    assert HeadShape.of(make_model("llama").config) == HeadShape(layers=3, heads=4, key_heads=2, head_dim=8)


def test_causal_families_are_opened_as_causal_models() -> None:
    assert all(pico_subject(family).task == "causal" for family in CAUSAL)
