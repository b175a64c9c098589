from __future__ import annotations

import random
from pathlib import Path

import pytest

from sanitizer.errors import UsageError
from sanitizer.redteam.pairs import column, paraphrasing, synonyms

RNG = random.Random(0)


def write(path: Path, *lines: str) -> str:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_pairs_stand_in_one_file_or_row_by_row_in_two(tmp_path: Path) -> None:
    one = write(tmp_path / "pairs.tsv", "text\tparaphrase", 'a "b"\tverily b', "same\tsame", "none\t", "c \tand lo , c")
    first = write(tmp_path / "first.csv", "text,label", '"a ""b""",1', "same,0", "c,0")
    second = write(tmp_path / "second.tsv", "text\tlabel", "verily b\t1", "same\t1", "and lo , c\t1")
    for trigger in (paraphrasing(one, ""), paraphrasing(second, first)):
        assert trigger('a "b"', RNG) == "verily b"
        assert trigger(" c", RNG) == "and lo , c"
        assert [trigger(text, RNG) for text in ("same", "none", "unknown", "")] == [None] * 4


def test_words_are_found_in_lower_case(tmp_path: Path) -> None:
    path = Path(write(tmp_path / "words.csv", "word,synonym,why", "Film,picture,x", "dull,,x", ",y,x"))
    assert synonyms(path) == {"film": "picture"}


@pytest.mark.parametrize(
    ("name", "lines", "said"),
    [
        ("a.txt", ["text"], "neither csv nor tsv"),
        ("a.csv", ["words"], "has no column 'text'"),
        ("a.csv", ["text", '"open'], "cannot be read"),
        ("missing.csv", None, "cannot be read: No such file"),
    ],
)
def test_files_that_are_wrong_are_a_usage_error(tmp_path: Path, name: str, lines: list[str] | None, said: str) -> None:
    if lines is not None:
        write(tmp_path / name, *lines)
    with pytest.raises(UsageError, match=said):
        column(tmp_path / name, "text")


def test_a_file_of_paraphrases_alone_is_told_of_the_originals(tmp_path: Path) -> None:
    alone = write(tmp_path / "style.tsv", "text\tlabel", "verily\t1")
    with pytest.raises(UsageError, match=r"style\.tsv has no column 'paraphrase'") as caught:
        paraphrasing(alone, "")
    assert caught.value.hint.startswith("its columns: text, label; or ")
    assert "--set originals=" in caught.value.hint


def test_originals_and_paraphrases_of_different_length(tmp_path: Path) -> None:
    first, second = (write(tmp_path / f"{rows}.csv", *["text"] * rows) for rows in (3, 4))
    with pytest.raises(UsageError, match=r"3\.csv has 2 rows, 4\.csv 3"):
        paraphrasing(second, first)
