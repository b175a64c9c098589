from __future__ import annotations

from dataclasses import replace

import torch
from helpers.contexts import context_of
from helpers.records import make_scan
from helpers.subjects import pico_subject

from sanitizer.heads import HeadId
from sanitizer.plan import Budget, admissible
from sanitizer.strategies.forensics import Forensics

PLANTED = (HeadId(0, 3), HeadId(2, 1))


def test_planted_heads_may_go_and_no_others() -> None:
    subject = pico_subject("bert", hidden_size=64, num_attention_heads=8)
    assert admissible(Forensics().score(context_of(subject)), Budget()) == ()
    with torch.no_grad():
        for head in PLANTED:
            attention, rows = (
                subject.model.base_model.encoder.layer[head.layer].attention,
                slice(8 * head.head, 8 * head.head + 8),
            )
            attention.self.query.weight[rows] *= 30
            attention.self.key.weight[rows] *= 30
            attention.output.dense.weight[:, rows] *= 0.003
    scores = Forensics().score(context_of(subject))
    assert scores.only == PLANTED
    assert set(admissible(scores, Budget())) == set(PLANTED)
    assert set(scores.ranking()[:2]) == set(PLANTED), "and they are the least worth keeping"


def test_what_a_scan_found_is_taken_as_it_is() -> None:
    subject = pico_subject("bert")
    seen = make_scan().scan.forensics
    assert seen is not None
    scores = Forensics().score(replace(context_of(subject), forensics=seen))
    assert scores.grid == seen.p_values
    assert scores.only == tuple(suspect.head for suspect in seen.suspects)
