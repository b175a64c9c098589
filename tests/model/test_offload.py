"""A model of which most lies on disk, held against the same model whole: every number is the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from accelerate import dispatch_model
from helpers.contexts import LABELS, TEXTS
from helpers.pico import make_folder, make_inputs
from helpers.subjects import checkpoint_of, open_folder

from sanitizer.cleandata import Part
from sanitizer.errors import UnsupportedError
from sanitizer.heads import HeadId
from sanitizer.model.activity import attention_variance, head_activation
from sanitizer.model.alike import nearest_cosine
from sanitizer.model.batches import Batch, batches, encode
from sanitizer.model.evaluate import evaluate
from sanitizer.model.forensics import examine
from sanitizer.model.importance import gate_importance, key_importance
from sanitizer.model.judge import Judge
from sanitizer.model.observe import closed_gates, gated
from sanitizer.model.offload import heads_offloaded, numbers, offloaded, put
from sanitizer.model.placement import Spread
from sanitizer.model.slices import head_slices
from sanitizer.model.subject import Subject, open_subject
from sanitizer.scan.similarity import similarity

CPU = torch.device("cpu")
EVERY_SEAM = ("bert", "gpt2", "llama", "phi3")


def on_disk(folder: Path, place: Path, *, bytes_in_memory: int = 40_000) -> Subject:
    spread = Spread({"cpu": bytes_in_memory}, place)
    return open_subject(checkpoint_of(folder), device=CPU, dtype=torch.float32, spread=spread)


def pair(tmp_path: Path, family: str) -> tuple[Subject, Subject]:
    folder = make_folder(tmp_path / "m", family, dtype=torch.float16)
    return open_folder(folder), on_disk(folder, tmp_path / "away")


def made(subject: Subject) -> tuple[Batch, ...]:
    return batches(subject, encode(subject, Part(TEXTS, None if subject.task == "causal" else LABELS)), size=5)


@pytest.mark.parametrize("family", EVERY_SEAM)
def test_the_disk_holds_heads_and_the_logits_are_the_same_bits(family: str, tmp_path: Path) -> None:
    whole, away = pair(tmp_path, family)
    assert (offloaded(whole.model), heads_offloaded(whole.anatomy), whole.spread) == (False, False, False)
    assert (offloaded(away.model), heads_offloaded(away.anatomy), away.spread) == (True, True, True)
    assert away.device == CPU
    gates = closed_gates(whole.anatomy, [HeadId(1, 0)], device=CPU)
    with torch.no_grad():
        assert torch.equal(whole.model(**make_inputs()).logits, away.model(**make_inputs()).logits)
        with gated(whole.anatomy, gates), gated(away.anatomy, gates):
            assert torch.equal(whole.model(**make_inputs()).logits, away.model(**make_inputs()).logits)


@pytest.mark.parametrize("family", EVERY_SEAM)
def test_what_a_scan_and_scores_see_is_the_same(family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sanitizer.model.forensics.PROBES", 8)
    whole, away = pair(tmp_path, family)
    for measured in (gate_importance, similarity, nearest_cosine, attention_variance, head_activation):
        assert measured(whole, made(whole)) == measured(away, made(away)), measured.__name__  # type: ignore[operator]
    said = [
        examine(one, encode(one, Part(TEXTS)), size=8, generator=torch.Generator().manual_seed(0))
        for one in (whole, away)
    ]
    assert said[0] == said[1]


def test_gradients_leave_offloaded_parameters_able_to_get_them(tmp_path: Path) -> None:
    _, away = pair(tmp_path, "llama")
    gate_importance(away, made(away))
    assert all(parameter.requires_grad for parameter in away.model.parameters())


def test_masks_are_judged_alike(tmp_path: Path) -> None:
    whole, away = pair(tmp_path, "bert")
    answers = []
    for one in (whole, away):
        judge = Judge(one, encode(one, Part(TEXTS, LABELS)), size=4, generator=torch.Generator().manual_seed(0))
        answers.append([judge.exact(mask) for mask in ((), (HeadId(0, 1),), (HeadId(1, 0), HeadId(2, 3)))])
    assert answers[0] == answers[1]


@pytest.mark.parametrize("family", EVERY_SEAM)
@pytest.mark.parametrize("physically", [True, False])
def test_heads_that_are_removed_on_disk_are_gone_as_in_memory(family: str, physically: bool, tmp_path: Path) -> None:
    whole, away = pair(tmp_path, family)
    before = checkpoint_of(tmp_path / "m").files
    heads = (HeadId(0, 0), HeadId(0, 1), HeadId(2, 3))
    for one in (whole, away):
        one.remove(heads, physically=physically)
    assert whole.anatomy.counts() == away.anatomy.counts()
    with torch.no_grad():
        assert torch.equal(whole.model(**make_inputs()).logits, away.model(**make_inputs()).logits)
    assert gate_importance(whole, made(whole)) == gate_importance(away, made(away))
    assert evaluate(whole, made(whole)).mean_loss == evaluate(away, made(away)).mean_loss
    for one, other in zip(head_slices(whole.anatomy), head_slices(away.anatomy), strict=True):
        for left, right in zip(one, other, strict=True):
            assert all(torch.equal(left.parts()[name], right.parts()[name]) for name in left.parts())
    assert checkpoint_of(tmp_path / "m").files == before, "what was vetted must stay as it is"


def test_heads_that_are_in_the_main_memory_are_removed_there(tmp_path: Path) -> None:
    """As for a GPU: what it does not hold waits in the main memory. The CPU is told to be such a device."""
    folder = make_folder(tmp_path / "m", "llama")
    whole, waiting = open_folder(folder), open_folder(folder)
    places = {"model.embed_tokens": "cpu", "model.layers": "cpu", "model.norm": "cpu", "lm_head": "cpu"}
    dispatch_model(waiting.model, {**places, "model.rotary_emb": "cpu"}, main_device=CPU, force_hooks=True)
    assert heads_offloaded(waiting.anatomy)
    waiting.home = CPU
    for one in (whole, waiting):
        one.remove((HeadId(0, 0), HeadId(0, 1), HeadId(1, 2)), physically=True)
    with torch.no_grad():
        assert torch.equal(whole.model(**make_inputs()).logits, waiting.model(**make_inputs()).logits)


def test_a_changed_weight_is_read_again_and_a_missing_one_would_be_noticed(tmp_path: Path) -> None:
    whole, away = pair(tmp_path, "bert")
    output = away.anatomy.layers[0].output
    was = numbers(output, "weight").clone()
    assert torch.equal(was, whole.anatomy.layers[0].output.get_parameter("weight"))
    put(output, "weight", was + 1)
    assert torch.equal(numbers(output, "weight"), was + 1)
    with torch.no_grad():
        assert not torch.equal(whole.model(**make_inputs()).logits, away.model(**make_inputs()).logits)


def test_gradients_of_offloaded_weights_are_refused_with_what_to_do(tmp_path: Path) -> None:
    _, away = pair(tmp_path, "llama")
    with pytest.raises(UnsupportedError, match="no gradient") as refused:
        key_importance(away, made(away))
    assert "of=gate" in refused.value.hint


def test_a_compact_checkpoint_is_spread_too(tmp_path: Path) -> None:
    from sanitizer.model.save import save

    folder = make_folder(tmp_path / "m", "bert")
    cut = open_folder(folder)
    cut.remove((HeadId(1, 0),), physically=True)
    save(cut, checkpoint_of(folder), tmp_path / "out")
    away = on_disk(tmp_path / "out", tmp_path / "away")
    assert offloaded(away.model)
    assert away.anatomy.layers[1].original == (1, 2, 3)
    with torch.no_grad():
        assert torch.equal(cut.model(**make_inputs()).logits, away.model(**make_inputs()).logits)
