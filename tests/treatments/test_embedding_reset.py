from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from helpers.bases import based, make_base
from helpers.contexts import LABELS, TEXTS
from helpers.pico import VOCABULARY
from helpers.subjects import checkpoint_of, pico_subject

from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.heads import HeadScores, ScoreOrigin
from sanitizer.model.base import Base
from sanitizer.model.batches import Encoded, encode
from sanitizer.model.material import Material
from sanitizer.model.subject import Subject
from sanitizer.plan import Budget, TreatmentPlan
from sanitizer.plugins import build
from sanitizer.report import TreatmentRecord
from sanitizer.treatments.embedding_reset import frequencies, suspicion

PLAN = TreatmentPlan((), HeadScores(((1.0,) * 4,) * 3, ScoreOrigin("test", "1")), Budget(), suspect=1.0, metric=1.0)


def reset(subject: Subject, base: Base, **settings: object) -> tuple[TreatmentRecord, list[str]]:
    material = Material(encode(subject, Part(TEXTS, LABELS)), torch.Generator().manual_seed(0), base=base)
    record = build("sanitizer.treatments", "embedding_reset", settings).apply(subject, PLAN, material)
    return record, material.states.remarks


def moved(path: Path) -> tuple[Subject, Base, torch.Tensor]:
    """The base, but that a trigger word and a word moved; and the embeddings as they were."""
    subject, base = based(path, seed=0)
    table = subject.model.get_input_embeddings().weight
    before = table.detach().clone()
    with torch.no_grad():
        table[subject.tokenizer.convert_tokens_to_ids("cf")] += 3.0
        table[subject.tokenizer.convert_tokens_to_ids("film")] += 0.5
    return subject, base, before


def test_the_score_is_that_of_the_paper() -> None:
    found = suspicion(torch.tensor([2.0, 2.0, 2.0, 0.0]), torch.tensor([0.0, 20.0, 400.0, 5.0]))
    assert found.tolist() == pytest.approx([2 / math.log(20), 2 / math.log(20), 1 / math.log(20), 0.0])


def test_words_are_counted_in_the_texts() -> None:
    data = Encoded(({"input_ids": [2, 5, 5, 3]}, {"input_ids": [2, 5, 3]}), None)
    assert frequencies(data, 7).tolist() == [0, 0, 2, 2, 0, 3, 0]


def test_the_word_that_moved_farthest_is_reset_and_named(tmp_path: Path) -> None:
    subject, base, before = moved(tmp_path / "base")
    film = subject.tokenizer.convert_tokens_to_ids("film")
    record, remarks = reset(subject, base, words=1)
    table = subject.model.get_input_embeddings().weight
    assert [row for row in range(VOCABULARY) if not torch.equal(table[row], before[row])] == [film]
    assert remarks[0].endswith("the farthest first: 'cf'")
    assert record.observed["moved"] == 2
    assert record.observed["reset"] == 1
    assert record.observed["parameters_from_base"] == 32
    assert record.observed["largest_score"] == pytest.approx(3.0 * math.sqrt(32) / math.log(20), rel=1e-5)
    assert record.observed["largest_score_left"] == pytest.approx(0.5 * math.sqrt(32) / math.log(20), rel=1e-5)


def test_frozen_embeddings_are_left_alone_also_after_rounding(tmp_path: Path) -> None:
    subject, base = based(tmp_path / "base", seed=0)
    table = subject.model.get_input_embeddings().weight
    with torch.no_grad():
        table.copy_(table.bfloat16())
    before = table.detach().clone()
    record, remarks = reset(subject, base)
    assert torch.equal(table, before)
    assert remarks == []
    assert record.observed["moved"] == record.observed["reset"] == 0


def test_another_vocabulary_is_an_error(tmp_path: Path) -> None:
    subject = pico_subject("bert", vocab_size=80)
    base = Base.of(checkpoint_of(make_base(tmp_path / "base")), subject)
    with pytest.raises(UsageError, match=r"no bert\.embeddings\.word_embeddings\.weight of 80 words"):
        reset(subject, base)


@pytest.mark.parametrize("settings", [{"words": 0}, {"least": 1}])
def test_senseless_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        build("sanitizer.treatments", "embedding_reset", settings)
