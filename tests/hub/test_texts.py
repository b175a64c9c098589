"""The rules by which rows become texts and labels, without any file."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.errors import UsageError
from sanitizer.hub.texts import Column, build, choose_columns

STRING, INT = Column("string"), Column("int64")


@pytest.mark.parametrize(
    ("columns", "asked", "text", "label"),
    [
        ({"text": STRING, "label": INT}, (None, None), "text", "label"),
        ({"Sentence": STRING, "Target": STRING}, (None, None), "Sentence", "Target"),
        ({"id": STRING, "review": STRING}, (None, None), "review", None),
        ({"odd": STRING, "n": INT}, (None, None), "odd", None),
        ({"a": STRING, "b": STRING}, ("b", None), "b", None),
        ({"a": STRING, "b": STRING}, ("b", "a"), "b", "a"),
        ({"label": STRING, "class": INT}, ("label", None), "label", "class"),
        ({"text": STRING, "label": INT, "stars": INT}, (None, "stars"), "text", "stars"),
    ],
)
def test_columns(
    columns: dict[str, Column], asked: tuple[str | None, str | None], text: str, label: str | None
) -> None:
    got = choose_columns(columns, *asked)
    assert got[:2] == (text, label)
    inferred = (asked[0] is None) + (asked[1] is None and label is not None)
    assert len(got[2]) == inferred


@pytest.mark.parametrize(
    ("columns", "asked", "says"),
    [
        ({"text": STRING}, ("body", None), "no column 'body'"),
        ({"text": STRING}, (None, "y"), "no column 'y'"),
        ({"a": STRING, "b": STRING}, (None, None), "plainly the text"),
        ({"text": INT}, (None, None), "plainly the text"),
        ({}, (None, None), "plainly the text"),
        ({"n": INT}, ("n", None), "holds int64"),
        ({"a": STRING}, ("a", "a"), "both text and label"),
    ],
)
def test_wrong_columns_name_those_there_are(columns: dict[str, Column], asked: tuple[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        choose_columns(columns, *asked)
    assert all(name in caught.value.hint for name in columns)


def test_labels_as_numbers_words_and_classes() -> None:
    texts = ("a", "b", "c")
    assert build("n", texts, ("1", "0", " 2 ")).labels == (1, 0, 2)
    assert build("n", texts, (1.0, 0.0, 1.0)).labels == (1, 0, 1)
    assert build("n", texts, (True, False, True)).labels == (1, 0, 1)
    named = build("n", texts, ("spam", "ham", "spam"))
    assert (named.labels, named.label_names) == ((1, 0, 1), ("ham", "spam"))
    declared = build("n", texts, (1, 0, 1), class_names=("neg", "pos"))
    assert (declared.labels, declared.label_names) == ((1, 0, 1), ("neg", "pos"))
    assert build("n", texts, None).labels is None


@pytest.mark.parametrize(
    ("labels", "says"),
    [((0.5, 1.5), "fractions"), (([1], [2]), "a list"), ((-1, 1), "count from 0"), (("-2", "1"), "-2")],
)
def test_labels_that_are_none(labels: tuple[object, ...], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        build("n", ("a", "b"), labels)


def test_what_is_dropped_is_said() -> None:
    texts = ("a", " ", None, "b", "b", "c", "c", "d", "e")
    labels = (1, 0, 0, 0, 0, 0, 1, None, float("nan"))
    table = build("n", texts, labels)
    assert (table.texts, table.labels) == (("a", "b"), (1, 0))
    assert table.notes == (
        "2 rows without text were dropped",
        "2 rows without a label were dropped",
        "1 duplicate was dropped",
        "2 rows were dropped because the same text has different labels",
    )


def test_a_withheld_label_of_a_declared_class_is_missing() -> None:
    table = build("n", ("a", "b"), (-1, 1), class_names=("x", "y"))
    assert (table.texts, table.labels) == (("b",), (1,))
    withheld = build("n", ("a", "b"), (-1, -1), class_names=("x", "y"))
    assert (withheld.labels, withheld.label_names) == (None, ())
    assert any("no row has a label" in note for note in withheld.notes)


@pytest.mark.parametrize(("texts", "labels"), [((), None), ((" ", ""), None), (("a", "a"), (0, 1))])
def test_nothing_left_is_an_error(texts: tuple[str, ...], labels: tuple[int, ...] | None) -> None:
    with pytest.raises(UsageError):
        build("n", texts, labels)


def test_a_limit_reaches_to_the_end_of_sorted_data() -> None:
    table = build("n", [f"t{i}" for i in range(100)], [int(i >= 50) for i in range(100)], limit=10)
    assert table.labels == (0,) * 5 + (1,) * 5
    with pytest.raises(UsageError):
        build("n", ("a",), None, limit=0)


def test_the_digest_is_over_what_is_used() -> None:
    truth = hashlib.sha256(b'["a", 1]\n["\\u00e9\\n", 0]\n').hexdigest()
    assert build("n", ("a", "é\n"), (1, 0)).sha256 == truth
    assert build("other", ("a", " ", "é\n"), ("1", "0", "0")).sha256 == truth
    assert build("n", ("a", "é\n"), (1, 1)).sha256 != truth


rows = st.lists(st.tuples(st.text(max_size=3), st.sampled_from([None, 0, 1, "x"])), max_size=20)


@given(rows, st.integers(1, 10))
def test_laws_of_a_table(given_rows: list[tuple[str, object]], limit: int) -> None:
    texts, labels = [t for t, _ in given_rows], [y for _, y in given_rows]
    try:
        table = build("n", texts, labels, limit=limit)
    except UsageError:
        return
    assert len(set(table.texts)) == len(table.texts) <= limit
    assert all(text.strip() for text in table.texts)
    usable = texts if table.labels is None else [t for t, y in given_rows if y is not None]
    assert [t for t in dict.fromkeys(usable) if t in table.texts] == list(table.texts)
    if table.labels is not None:
        assert len(table.labels) == len(table.texts)
    again = build("n", table.texts, table.labels)
    assert (again.texts, again.labels, again.sha256) == (table.texts, table.labels, table.sha256)
