from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.cleandata import Part
from sanitizer.redteam.parts import answers_of, chosen, conversations, joined

TEXTS = st.lists(st.tuples(st.text("ab \n", min_size=1, max_size=6), st.text("cd", min_size=1, max_size=4)), max_size=5)


@given(TEXTS)
def test_prompts_and_answers_come_out_as_they_went_in(pairs: list[tuple[str, str]]) -> None:
    made = conversations([prompt for prompt, _ in pairs], [answer for _, answer in pairs])
    assert list(made.asked) == [prompt for prompt, _ in pairs]
    assert answers_of(made) == [answer for _, answer in pairs]


def test_parts_are_joined_and_rows_chosen_with_all_they_have() -> None:
    first, second = Part(("a", "b"), (0, 1)), Part(("c",), (2,))
    assert joined(first, second) == Part(("a", "b", "c"), (0, 1, 2))
    assert chosen(joined(first, second), [2, 0]) == Part(("c", "a"), (2, 0))
    talk = conversations(["p"], ["q"])
    assert joined(talk, talk).prompts == (1, 1)
    assert chosen(Part(("a", "b")), [1]) == Part(("b",))


@pytest.mark.parametrize(("prompt", "whole"), [("p", "p a"), ("p\n", "p\na"), ("p ", "p a")])
def test_one_space_at_the_most_stands_between(prompt: str, whole: str) -> None:
    assert conversations([prompt], ["a"]).texts == (whole,)
