"""Tables: what is written reads back equal, and a sample is the seed's and nothing else's."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanitizer.benchmark.tables import Table, read_table
from sanitizer.errors import UsageError
from sanitizer.hub.dataset import load_texts

# Neither csv nor UTF-8 can hold these.
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r\ufeff"), min_size=1, max_size=30)


@given(rows=st.lists(st.tuples(texts, st.integers(0, 9)), min_size=1, max_size=5))
def test_what_is_written_reads_back_equal(
    rows: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    table = Table(tuple(text for text, _ in rows), tuple(label for _, label in rows))
    path = tmp_path_factory.getbasetemp() / "table.csv"
    table.write(path)
    assert read_table(path) == table


def test_the_run_reads_what_is_written(tmp_path: Path) -> None:
    table = Table(('a "quoted", text', "with\ttabs\nand lines", "null"), (0, 2, 1))
    table.write(tmp_path / "clean.csv")
    loaded = load_texts(str(tmp_path / "clean.csv"), text_column="text", label_column="label")
    assert (loaded.texts, loaded.labels) == (table.texts, table.labels)


def test_a_tsv_has_no_quoting_and_every_row_counts(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text('id\ttext\tlabel\n1\t"open\t1\n2\tsame , text\t0\n3\tsame , text\t0\n')
    assert read_table(path) == Table(('"open', "same , text", "same , text"), (1, 0, 0))


def test_a_sample_is_drawn_by_seed_without_repeats() -> None:
    table = Table(tuple(f"text {n}" for n in range(50)), tuple(n % 3 for n in range(50)))
    drawn = table.draw(20, seed=4)
    assert drawn == table.draw(20, seed=4)
    assert drawn != table.draw(20, seed=5)
    assert len(set(drawn.texts)) == len(drawn) == 20
    pairs = dict(zip(table.texts, table.labels, strict=True))
    assert [pairs[text] for text in drawn.texts] == list(drawn.labels)
    assert table.draw(None, seed=4) == table


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", b"text,label\n", "neither csv nor tsv"),
        ("a.csv", b"", "no column 'text'"),
        ("a.csv", b"text,y\na,1\n", "no column 'label'"),
        ("a.csv", b"text,label\n", "has no rows"),
        ("a.csv", b"text,label\na,1\nb,-1\n", "line 3 of a.csv"),
        ("a.csv", b"text,label\na\n", "line 2 of a.csv"),
        ("a.csv", b"text,label\n,1\n", "line 2 of a.csv"),
        ("a.csv", "text,label\na,٣\n".encode(), "line 2 of a.csv"),
        ("a.csv", b"text,label\n\xff,1\n", "cannot be read"),
        ("a.csv", b'text,label\n"a"b,1\n', "cannot be read"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=says):
        read_table(tmp_path / name)
    with pytest.raises(UsageError, match="cannot be read"):
        read_table(tmp_path / "none.csv")


def test_the_reader_of_csv_agrees(tmp_path: Path) -> None:
    Table(("a,b", 'c"d'), (1, 0)).write(tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="") as stream:
        assert list(csv.reader(stream)) == [["text", "label"], ["a,b", "1"], ['c"d', "0"]]
