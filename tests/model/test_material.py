"""What a guard says of flagged inputs, as shares of heads."""

from __future__ import annotations

from dataclasses import replace

from helpers.records import make_input
from helpers.subjects import pico_subject

from sanitizer.heads import HeadId
from sanitizer.model.material import Flagged
from sanitizer.report import HeadShare


def test_shares_are_means_over_inputs_and_nothing_where_no_record_names_a_head() -> None:
    first = make_input(heads=(HeadShare(HeadId(1, 2), 0.4), HeadShare(HeadId(0, 1), 0.1)))
    second = replace(first, text="another film", heads=(HeadShare(HeadId(1, 2), 0.2),))
    found = Flagged.of(pico_subject("bert"), [first, second])
    assert len(found.data) == 2
    named = {HeadId(1, 2): 0.3, HeadId(0, 1): 0.05}
    for layer, row in enumerate(found.shares):
        assert len(row) == 4
        for head, share in enumerate(row):
            assert abs(share - named.get(HeadId(layer, head), 0.0)) < 1e-12
