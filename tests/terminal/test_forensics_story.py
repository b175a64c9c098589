from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.records import SCAN

from sanitizer.heads import HeadId
from sanitizer.report import EvidenceRecord, ForensicsRecord, SuspectHead
from sanitizer.terminal.forensics_story import MOST, forensics_story, in_short


@pytest.fixture
def record() -> ForensicsRecord:
    assert SCAN.forensics is not None
    return SCAN.forensics


def test_suspects_are_named_with_the_evidence_that_counts(record: ForensicsRecord) -> None:
    told = [text.plain for text in forensics_story(record)]
    assert (
        told[0].split()
        == (
            "forensics suspect heads: 1 of 12 stand out by 2 kinds of evidence or more "
            "(norms, shape, chain, dormant, woken; 150 texts, 512 probes)"
        ).split()
    )
    assert told[1].split() == ["L1.H0", "p", "0.006:", "dormant", "1e-05,", "norms", "0.0002"]
    assert "at most 5 % false alarms" in told[2] and "--strategy forensics" in told[2]


def test_nothing_found_is_one_line(record: ForensicsRecord) -> None:
    calm = replace(record, answer="nothing", reason="no head stands out", suspects=())
    (line,) = forensics_story(calm)
    assert "nothing: no head stands out" in line.plain


def test_by_weights_alone_no_texts_are_told_and_no_strategy_is_advised(record: ForensicsRecord) -> None:
    told = [text.plain for text in forensics_story(replace(record, kinds=("norms", "chain"), texts=0, probes=0))]
    assert told[0].endswith("(norms, chain; weights alone)")
    assert told[-1].endswith("if clean heads are as assumed")


def test_in_short_a_number_or_a_word(record: ForensicsRecord) -> None:
    assert in_short(record) == "1"
    assert in_short(replace(record, answer="nothing", suspects=())) == "none"
    assert in_short(replace(record, answer="inconclusive", suspects=())) == "inconclusive"


def test_a_long_list_is_cut_and_says_so(record: ForensicsRecord) -> None:
    many = tuple(SuspectHead(HeadId(0, head), 0.01, (EvidenceRecord("norms", 0.001),)) for head in range(MOST + 5))
    told = [text.plain for text in forensics_story(replace(record, suspects=many))]
    assert sum("L0.H" in line for line in told) == MOST
    assert any("and 5 more" in line for line in told)


def test_words_of_a_report_cannot_move_the_cursor(record: ForensicsRecord) -> None:
    hostile = replace(record, reason="\x1b[2Jgone", kinds=("\x1b[31mred",))
    assert "\x1b" not in "".join(text.plain for text in forensics_story(hostile))
