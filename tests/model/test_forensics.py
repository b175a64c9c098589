from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.bases import based
from helpers.pico import WORDS
from helpers.subjects import pico_subject

from sanitizer.cleandata import Part
from sanitizer.heads import HeadId
from sanitizer.model import forensics
from sanitizer.model.batches import Encoded, encode
from sanitizer.model.drift import distances
from sanitizer.model.forensics import examine
from sanitizer.model.subject import Subject
from sanitizer.model.surgery import zero
from sanitizer.report import ForensicsRecord

SIZE = {"hidden_size": 64, "num_attention_heads": 8}
TEXTS = tuple(f"{first} {second} {third}" for first in WORDS[:6] for second in WORDS[6:10] for third in WORDS[20:22])
PLANTED = (HeadId(0, 3), HeadId(1, 6), HeadId(2, 1))


def encoded(subject: Subject) -> Encoded:
    return encode(subject, Part(TEXTS))


def looked(subject: Subject, seed: int = 0) -> ForensicsRecord:
    return examine(subject, encoded(subject), size=32, generator=torch.Generator().manual_seed(seed))


def plant(subject: Subject, heads: tuple[HeadId, ...] = PLANTED) -> None:
    """Make heads that ask loudly and write next to nothing, as an implant does."""
    with torch.no_grad():
        for head in heads:
            layer = subject.anatomy.layers[head.layer]
            for role in (layer.query(head.head), layer.key(head.head // layer.group)):
                layer.as_outputs(role.module.weight)[role.rows.start : role.rows.stop] *= 30
            columns = layer.columns(head.head)
            layer.as_outputs(layer.output.weight)[:, columns.start : columns.stop] *= 0.003


@pytest.mark.parametrize("family", ["bert", "gpt2", "opt"])
def test_planted_heads_are_named_and_no_others(family: str) -> None:
    wide = {"n_embd": 64, "n_head": 8} if family == "gpt2" else SIZE
    if family == "opt":
        wide = wide | {"word_embed_proj_dim": 64}
    subject = pico_subject(family, **wide)
    assert looked(subject).answer == "nothing"
    plant(subject)
    found = looked(subject)
    assert found.answer == "suspect heads"
    assert tuple(suspect.head for suspect in found.suspects) == PLANTED
    for suspect in found.suspects:
        assert suspect.adjusted <= found.rate
        values = [found.p_value for found in suspect.evidence]
        assert values == sorted(values)
        assert {"norms", "dormant"} <= {found.kind for found in suspect.evidence if found.p_value < 0.01}


def test_models_whose_heads_are_drawn_alike_are_hardly_ever_suspected() -> None:
    """Heads are exchangeable there, so that any suspect is a false alarm: at 5 %, two of ten have a chance of 9 %."""
    answers = [looked(pico_subject("bert", seed=seed, **SIZE)).answer for seed in range(10)]
    assert answers.count("suspect heads") <= 1


def test_looking_changes_nothing_and_the_seed_decides() -> None:
    subject = pico_subject("bert", **SIZE)
    before = {name: tensor.clone() for name, tensor in subject.model.state_dict().items()}
    assert looked(subject, 3) == looked(subject, 3)
    assert all(torch.equal(tensor, before[name]) for name, tensor in subject.model.state_dict().items())
    assert not any(module._forward_pre_hooks for module in subject.model.modules())


def test_a_tokenizer_that_reads_no_token_back_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forensics, "writable", lambda tokenizer: ())
    assert looked(pico_subject("bert", **SIZE)).answer == "nothing"


def test_heads_that_were_removed_by_zeroing_are_no_suspects() -> None:
    subject = pico_subject("bert", **SIZE)
    zero(subject.anatomy, PLANTED)
    found = looked(subject)
    assert found.answer == "nothing"
    assert [found.p_values[head.layer][head.head] for head in PLANTED] == [1.0, 1.0, 1.0]


def test_few_heads_in_a_layer_are_inconclusive() -> None:
    subject = pico_subject("bert", num_attention_heads=2)
    plant(subject, (HeadId(0, 1),))
    found = looked(subject)
    assert (found.answer, found.suspects) == ("inconclusive", ())
    assert "2 in a layer" in found.reason


def test_a_base_adds_evidence_where_weights_alone_look_like_the_others(tmp_path: Path) -> None:
    """Another head of the same distribution in its place: nothing stands out but that it alone is not the base's."""
    subject, base = based(tmp_path / "base", "bert", seed=0, **SIZE)
    other = pico_subject("bert", seed=1, **SIZE)
    with torch.no_grad():
        for ours, theirs in zip(
            subject.anatomy.layers[1].projections(), other.anatomy.layers[1].projections(), strict=True
        ):
            ours.weight[16:24] = theirs.weight[16:24]
    found = examine(
        subject, encoded(subject), size=32, generator=torch.Generator().manual_seed(0), moved=distances(subject, base)
    )
    assert {"base", "alone"} < set(found.kinds)
    assert [suspect.head for suspect in found.suspects] == [HeadId(1, 2)]
    assert looked(subject).answer == "nothing"
