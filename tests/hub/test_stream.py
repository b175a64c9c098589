from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sanitizer.errors import UsageError
from sanitizer.hub.stream import stream_texts

TEXTS = ["one, two", "null", None, "one, two", " x "]


def as_jsonl(path: Path) -> None:
    path.write_text("".join(json.dumps({"text": text, "label": 1}) + "\n" for text in TEXTS))


def as_json(path: Path) -> None:
    path.write_text(json.dumps([{"text": text, "label": 1} for text in TEXTS]))


def as_csv(path: Path) -> None:
    path.write_text("\ufefftext,label\n" + "".join(f'"{text or ""}",1\n' for text in TEXTS), encoding="utf-8")


def as_tsv(path: Path) -> None:
    path.write_text("label\ttext\r\n" + "".join(f"1\t{text or ''}\r\n" for text in TEXTS), newline="")


def as_parquet(path: Path) -> None:
    pq.write_table(pa.table({"text": TEXTS, "label": [1] * len(TEXTS)}), path)


@pytest.mark.parametrize(
    ("name", "write"),
    [("d.jsonl", as_jsonl), ("d.json", as_json), ("d.csv", as_csv), ("d.tsv", as_tsv), ("d.parquet", as_parquet)],
)
def test_every_row_comes_in_its_order_whatever_the_kind(
    tmp_path: Path, name: str, write: Callable[[Path], None]
) -> None:
    write(tmp_path / name)
    assert list(stream_texts(str(tmp_path / name))) == TEXTS


def test_standard_input_is_objects_or_texts_and_blank_lines_are_nothing() -> None:
    lines = ['{"message": "a", "id": 3}\n', "\n", '"b"\n', '{"message": " "}\n', '{"id": 4}\n']
    assert list(stream_texts("-", lines=lines)) == ["a", "b", None, None]
    assert list(stream_texts("-", column="body", lines=['{"text": "a", "body": "b"}'])) == ["b"]


def test_half_characters_are_replaced() -> None:
    (text,) = stream_texts("-", lines=['"a \\ud800 b"'])
    assert text == "a ? b"


def test_rows_are_read_one_at_a_time() -> None:
    def endless() -> object:
        while True:
            yield '"more"\n'

    stream = stream_texts("-", lines=endless())  # type: ignore[arg-type]
    assert [next(stream) for _ in range(1000)] == ["more"] * 1000


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("d.jsonl", '{"text": "a"}\n{"text": \n', "line 2 of d.jsonl is not JSON"),
        ("d.jsonl", "3\n", "line 1 of d.jsonl is neither"),
        ("d.jsonl", '{"id": 3}\n', "no column of the data is plainly the text"),
        ("d.csv", "text,label\na,b,c\n", "line 2 of d.csv has more cells"),
        ("d.csv", 'text\n"a\n', "cannot be read as its suffix says"),
        ("d.tsv", "x\ty\na\tb\n", "no column of the data is plainly the text"),
        ("d.csv", b"text\n\xff\n", "not a text file in UTF-8"),
        ("d.parquet", b"nothing of the kind", "cannot be read as its suffix says"),
    ],
)
def test_what_cannot_be_read_is_refused_by_line(
    tmp_path: Path, name: str, content: str | bytes, complaint: str
) -> None:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError, match=complaint):
        list(stream_texts(str(tmp_path / name)))


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        list(stream_texts(str(tmp_path / "d.csv")))
