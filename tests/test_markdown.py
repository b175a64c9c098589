"""What CommonMark (markdown-it-py) makes of values once they went through the one filter."""

from __future__ import annotations

import codecs

from hypothesis import example, given
from hypothesis import strategies as st
from jinja2 import Environment
from markdown_it import MarkdownIt
from markupsafe import Markup

from sanitizer.markdown import LONGEST, code, fence, inject, visible

READER = MarkdownIt("commonmark").enable("table")
anything = st.text(st.characters(), max_size=60) | st.text(st.sampled_from("`|\\ \n[]()<>!#*_-~x"), max_size=20)


def test_known_spellings() -> None:
    assert visible("org/model-v1.2") == "org/model-v1.2"
    assert visible("zażółć 漢字") == "zażółć 漢字"
    assert visible("a|b`c\\d\n\x1b\u202e\U000e0041\udcff") == r"a\x7cb\x60c\\d\x0a\x1b\u202e\U000e0041\udcff"
    assert code("`") == r"`\x60`"
    assert code("") == code("  ") == "—"
    assert code("x" * (LONGEST + 1)) == f"`{'x' * LONGEST}…`"


@given(anything)
def test_visible_is_printable_and_reads_back(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert not {"`", "|"} & set(shown)
    if shown.isascii():
        assert codecs.decode(shown, "unicode_escape") == text


@given(anything, anything)
@example("a\\", "|")
@example("`", "``")
@example("", "`")
def test_two_values_in_a_row_are_two_cells_of_code(one: str, other: str) -> None:
    tokens = READER.parse(f"| a | b |\n|---|---|\n| {code(one)} | {code(other)} |\n")
    cells = [token.children or [] for token in tokens if token.type == "inline"][2:]
    assert len(cells) == 2
    for value, cell in zip((one, other), cells, strict=True):
        (only,) = cell
        shown = visible(value).strip()
        if shown:
            assert only.type == "code_inline"
            assert only.content == shown
        else:
            assert (only.type, only.content) == ("text", "—")


@given(st.text(st.sampled_from("`~ \n#>-"), max_size=30))
def test_a_fence_holds_its_values(text: str) -> None:
    (token,) = READER.parse(fence(visible(text), "text"))
    assert (token.type, token.info) == ("fence", "text")
    assert token.content == visible(text) + "\n"


@given(st.text(max_size=30))
def test_jinja_cannot_forget_the_filter_nor_run_a_value(text: str) -> None:
    hostile = "{{ 7 * 7 }}{% raw %}" + text
    template = Environment(finalize=inject, autoescape=False).from_string("{{ value }}{{ number }}{{ made }}")
    shown = template.render(value=hostile, number=3, made=Markup("*"))
    assert shown == f"{code(hostile)}3*"
