"""Progress: what the callback hears, and when."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.progress import silent, track, within

Said = list[tuple[str, int, int]]


@given(st.lists(st.integers()))
def test_track_yields_what_it_was_given_and_counts(items: list[int]) -> None:
    said: Said = []
    assert list(track(lambda *step: said.append(step), "work", items)) == items
    assert said == [("work", done, len(items)) for done in range(len(items) + 1)]


def test_an_item_is_done_only_after_its_consumer_is() -> None:
    said: Said = []
    for item in track(lambda *step: said.append(step), "work", ["first", "second"]):
        assert len(said) == {"first": 1, "second": 2}[item]
    assert said[-1] == ("work", 2, 2)


def test_what_has_no_length_has_no_total() -> None:
    def endless() -> Iterator[int]:
        yield 1

    said: Said = []
    assert list(track(lambda *step: said.append(step), "work", endless())) == [1]
    assert said == [("work", 0, 0), ("work", 1, 0)]


def test_items_are_taken_one_at_a_time() -> None:
    taken: list[int] = []

    def source() -> Iterator[int]:
        for number in range(5):
            taken.append(number)
            yield number

    assert next(track(silent, "work", source())) == 0
    assert taken == [0]


def test_a_part_counts_on_top_of_what_came_before_it() -> None:
    said: Said = []
    for _ in track(within(lambda *step: said.append(step), "work", 3, 9), "part", "ab"):
        pass
    assert said == [("work", 3, 9), ("work", 4, 9), ("work", 5, 9)]


def test_silence(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(track(silent, "work", "abc")) == ["a", "b", "c"]
    assert capfd.readouterr() == ("", "")
