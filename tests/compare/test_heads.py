"""Changes of heads, where it is known which head was changed, cut or zeroed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from helpers.subjects import checkpoint_of, make_folder, open_folder

from sanitizer.compare.heads import compare_heads
from sanitizer.compare.stored import Stored
from sanitizer.errors import UnsupportedError
from sanitizer.heads import HeadId
from sanitizer.model.save import save
from sanitizer.model.subject import Subject

CHANGED, ZERO, GONE = HeadId(1, 2), HeadId(0, 3), (HeadId(2, 0), HeadId(2, 2))


def saved(subject: Subject, source: Path, target: Path) -> Stored:
    save(subject, checkpoint_of(source), target)
    return Stored.of(checkpoint_of(target))


@pytest.mark.parametrize("family", ["bert", "gpt2", "gpt_neox", "modernbert", "qwen2"])
def test_a_head_that_was_changed_cut_or_zeroed_and_no_other(family: str, tmp_path: Path) -> None:
    source = make_folder(tmp_path / "a", family)
    before, subject = Stored.of(checkpoint_of(source)), open_folder(source)
    layer = subject.anatomy.layers[CHANGED.layer]
    query = layer.query(CHANGED.head)
    layer.as_outputs(query.module.weight.data)[list(query.rows)] *= 1.5
    subject.remove((ZERO,), physically=False)
    subject.remove(GONE, physically=True)
    found = compare_heads(before, saved(subject, source, tmp_path / "b"))
    assert (found.left_only, found.right_only, found.zeroed) == (GONE, (), (ZERO,))
    for index, row in enumerate(found.change):
        for head, value in enumerate(row):
            if HeadId(index, head) in (*GONE, ZERO):
                assert value is None
            elif HeadId(index, head) == CHANGED:
                assert value is not None
                assert 0 < value < 0.5, "half of its query, which is a part of it"
            else:
                assert value == 0.0


def test_the_other_way_round_heads_come(tmp_path: Path) -> None:
    source = make_folder(tmp_path / "a", "bert")
    subject = open_folder(source)
    subject.remove(GONE, physically=True)
    after = saved(subject, source, tmp_path / "b")
    assert compare_heads(after, Stored.of(checkpoint_of(source))).right_only == GONE


def test_twice_as_large_is_a_change_of_the_whole(tmp_path: Path) -> None:
    source = make_folder(tmp_path / "a", "bert")
    subject = open_folder(source)
    for parameter in subject.model.parameters():
        parameter.data *= 2
    found = compare_heads(Stored.of(checkpoint_of(source)), saved(subject, source, tmp_path / "b"))
    assert all(math.isclose(value or 0, 1, rel_tol=1e-6) for row in found.change for value in row)


def test_models_that_began_otherwise_have_no_heads_in_common(tmp_path: Path) -> None:
    one, other = make_folder(tmp_path / "a", "bert"), make_folder(tmp_path / "b", "bert", num_attention_heads=2)
    with pytest.raises(UnsupportedError, match="same heads"):
        compare_heads(Stored.of(checkpoint_of(one)), Stored.of(checkpoint_of(other)))
