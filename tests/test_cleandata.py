"""Splits: disjoint, whole, repeatable, and every text keeps its own label."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.cleandata import LEAST, MOST_TEST, MOST_TEXTS, MOST_VALIDATION, Part, Provenance, digest, split
from sanitizer.errors import UsageError

HERE = Provenance("texts.tsv", "ab" * 32)
texts_of = st.integers(LEAST, 300).map(lambda count: tuple(f"text {index}" for index in range(count)))
seeds = st.integers(0, 2**32 - 1)


@given(texts_of, seeds)
def test_parts_are_disjoint_and_cover_everything(texts: tuple[str, ...], seed: int) -> None:
    data = split(HERE, texts, None, seed=seed)
    together = [*data.fit.texts, *data.validation.texts, *data.test.texts]
    assert sorted(together) == sorted(texts)
    assert min(len(data.fit), len(data.validation), len(data.test)) >= 3
    assert data.labelled_by == "none"


@given(texts_of, seeds)
def test_labels_stay_with_their_texts(texts: tuple[str, ...], seed: int) -> None:
    data = split(HERE, texts, tuple(range(len(texts))), seed=seed)
    for part in (data.fit, data.validation, data.test):
        assert part.labels is not None
        assert [f"text {label}" for label in part.labels] == list(part.texts)
    assert data.labelled_by == "given"


@given(texts_of, seeds)
def test_a_seed_repeats_and_labels_do_not_move_the_split(texts: tuple[str, ...], seed: int) -> None:
    once = split(HERE, texts, None, seed=seed)
    assert once == split(HERE, texts, None, seed=seed)
    labelled = split(HERE, texts, (0,) * len(texts), seed=seed)
    assert [part.texts for part in (once.fit, once.validation, once.test)] == [
        part.texts for part in (labelled.fit, labelled.validation, labelled.test)
    ]


def test_another_seed_is_another_split() -> None:
    texts = tuple(f"text {index}" for index in range(200))
    assert split(HERE, texts, None, seed=1).test != split(HERE, texts, None, seed=2).test


def test_the_shares_and_the_ceilings_are_those_promised() -> None:
    data = split(HERE, tuple(map(str, range(1000))), None, seed=0)
    assert (len(data.test), len(data.validation), len(data.fit)) == (150, 150, 700)
    many = split(HERE, tuple(map(str, range(MOST_TEXTS + 5000))), None, seed=0)
    assert (len(many.test), len(many.validation)) == (MOST_TEST, MOST_VALIDATION) == (2000, 1000)
    drawn = {*many.fit.texts, *many.validation.texts, *many.test.texts}
    assert len(drawn) == MOST_TEXTS == 20_000
    assert any(int(text) >= MOST_TEXTS for text in drawn), "the first texts of a sorted file are not a sample"


def test_too_few_texts_are_an_error_that_says_how_many() -> None:
    with pytest.raises(UsageError, match=r"texts\.tsv has 19 usable texts") as caught:
        split(HERE, ("x",) * (LEAST - 1), None, seed=0)
    assert "at least 20" in caught.value.hint


def test_labels_must_be_as_many_as_texts() -> None:
    with pytest.raises(UsageError, match="2 texts but 1 labels"):
        Part(("a", "b"), (0,))


def test_relabelled_keeps_the_texts_and_says_who_labelled_them() -> None:
    data = split(HERE, tuple(map(str, range(20))), None, seed=0)
    named = data.relabelled([1] * len(data.fit), [0] * len(data.validation), [1] * len(data.test))
    assert named.labelled_by == "suspect"
    assert (named.fit.texts, named.validation.texts, named.test.texts) == (
        data.fit.texts,
        data.validation.texts,
        data.test.texts,
    )
    assert (set(named.fit.labels or ()), set(named.validation.labels or ())) == ({1}, {0})
    assert named.provenance == data.provenance


@given(st.lists(st.text(), min_size=1, max_size=4), st.lists(st.text(), min_size=1, max_size=4))
def test_a_digest_is_of_the_very_texts(some: list[str], others: list[str]) -> None:
    assert (digest(some, None) == digest(others, None)) == (some == others)


def test_a_digest_tells_labels_apart_and_texts_that_hold_line_ends() -> None:
    assert digest(["a", "b"], [0, 1]) != digest(["a", "b"], [1, 0])
    assert digest(["a\n\t1\tb"], None) != digest(["a", "b"], None)


@given(texts_of, seeds)
def test_prompts_stay_with_their_texts(texts: tuple[str, ...], seed: int) -> None:
    data = split(HERE, texts, None, seed=seed, prompts=tuple(range(len(texts))))
    for part in (data.fit, data.validation, data.test):
        assert part.prompts is not None
        assert [f"text {prompt}" for prompt in part.prompts] == list(part.texts)
        assert part.asked == tuple(text[:prompt] for text, prompt in zip(part.texts, part.prompts, strict=True))
    assert split(HERE, texts, None, seed=seed).fit.asked == split(HERE, texts, None, seed=seed).fit.texts
