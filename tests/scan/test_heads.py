from __future__ import annotations

import torch
from helpers.records import LEANING
from helpers.subjects import pico_subject
from pytest import MonkeyPatch

import sanitizer.scan.heads as heads
from sanitizer.cleandata import Part
from sanitizer.model import alike
from sanitizer.model.batches import Encoded, batches, encode
from sanitizer.model.importance import gate_importance
from sanitizer.model.subject import Subject
from sanitizer.report import LeaningRecord
from sanitizer.scan.heads import scan_heads

TEXTS = tuple(f"the {word} was {how} good" for word in ("film", "plot", "scene", "cast") for how in ("not", "very"))
LABELS = tuple(index % 2 for index in range(len(TEXTS)))


def test_scan_reports_a_full_grid_and_the_importance_of_the_texts_it_saw(monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "INPUTS", 5)
    subject = pico_subject("bert")
    record = scan_heads(subject, Part(TEXTS, LABELS), batch_size=4)
    assert record.inputs == record.similarity[0].inputs == 5
    assert [len(row) for row in record.mean_similarity] == [len(row) for row in record.importance] == [4, 4, 4]
    data = encode(subject, Part(TEXTS[:5], LABELS[:5]))
    assert record.importance == gate_importance(subject, batches(subject, data, size=4))


def test_a_scan_looks_for_planted_heads_among_the_same_texts() -> None:
    subject = pico_subject("bert", hidden_size=64, num_attention_heads=8)
    found = scan_heads(subject, Part(TEXTS, LABELS), batch_size=4).forensics
    assert found is not None and (found.answer, found.texts) == ("nothing", len(TEXTS))
    with torch.no_grad():
        attention = subject.model.base_model.encoder.layer[1].attention
        attention.self.query.weight[40:48] *= 100
        attention.output.dense.weight[:, 40:48] *= 0.001
    found = scan_heads(subject, Part(TEXTS, LABELS), batch_size=4).forensics
    assert found is not None and [str(suspect.head) for suspect in found.suspects] == ["L1.H5"]


def test_where_a_classifier_leans_is_seen_on_more_texts_than_heads_are(monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "INPUTS", 5)
    monkeypatch.setattr(heads, "LEANING_INPUTS", 6)
    asked: list[int] = []

    def leaning(subject: Subject, data: Encoded, **words: object) -> LeaningRecord:
        asked.append(len(data.rows))
        return LEANING

    monkeypatch.setattr(heads, "leaning", leaning)
    assert scan_heads(pico_subject("bert"), Part(TEXTS, LABELS), batch_size=4).leaning == LEANING
    assert scan_heads(pico_subject("llama"), Part(TEXTS), batch_size=4).leaning is None
    assert asked == [6]


def test_heads_are_ablated_where_it_is_asked_for() -> None:
    subject = pico_subject("bert")
    assert scan_heads(subject, Part(TEXTS, LABELS), batch_size=4).ablation == ()
    found = scan_heads(subject, Part(TEXTS, LABELS), batch_size=4, ablate=True).ablation
    assert [record.head for record in found] == list(subject.anatomy.heads())


def test_memory_bound_changes_batches_not_results(monkeypatch: MonkeyPatch) -> None:
    subject = pico_subject("llama")
    roomy = scan_heads(subject, Part(TEXTS), batch_size=8)
    monkeypatch.setattr(alike, "FLOATS", 1)
    tight = scan_heads(subject, Part(TEXTS), batch_size=8)
    assert [round(record.mean, 5) for record in roomy.similarity] == [
        round(record.mean, 5) for record in tight.similarity
    ]
