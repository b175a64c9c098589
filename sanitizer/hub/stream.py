"""Texts one by one, in their order and as many as there are: for inputs, of which none may be dropped or skipped.

`sanitizer.hub.dataset` reads clean texts whole, without duplicates; here memory does not grow with the number of rows.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sanitizer.errors import UsageError
from sanitizer.hub.dataset import FORMS, JSON_SUFFIXES, SUFFIXES, as_usage, column_of, read_file, read_hub
from sanitizer.hub.texts import Column, choose_columns

ROWS = 256
"""Rows of a parquet file that are read at a time."""


def stream_texts(
    spec: str, *, column: str | None = None, token: str | None = None, lines: Iterable[str] = ()
) -> Iterator[str | None]:
    """The texts of a file or of a Hub data set, as `load_texts` names them; `-` is JSON lines taken from `lines`.

    None stands for a row without text. A line of JSON is an object, or a text by itself. Raises UsageError for what
    cannot be read, with the number of the row: a row that is skipped would count as looked at.
    """
    path = Path(spec).expanduser()
    kind = path.suffix.lower()
    if spec == "-":
        return _standard_input(lines, column)
    if spec.startswith("hf://") or not (spec.startswith((".", "/", "~")) or path.exists() or kind in SUFFIXES):
        return _rows(read_hub(spec, token)[1], column)
    if not path.is_file():
        raise UsageError(f"there is no file {path}", hint=FORMS)
    if kind in {".csv", ".tsv"}:
        return _table(path, column)
    if kind == ".parquet":
        return _parquet(path, column)
    if kind in JSON_SUFFIXES and kind != ".json":
        return _json_file(path, column)
    return _rows(read_file(path), column)


def _text(value: object) -> str | None:
    """A text without half characters (lone surrogates), which JSON may hold and no tokenizer takes."""
    if not isinstance(value, str) or not value.strip():
        return None
    return value.encode("utf-8", "replace").decode("utf-8")


def _json_file(path: Path, column: str | None) -> Iterator[str | None]:
    with path.open(encoding="utf-8-sig") as stream, _readable(path.name):
        yield from _json_lines(stream, path.name, column)


def _standard_input(lines: Iterable[str], column: str | None) -> Iterator[str | None]:
    with _readable("standard input"):
        yield from _json_lines(lines, "standard input", column)


def _json_lines(lines: Iterable[str], name: str, column: str | None) -> Iterator[str | None]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"line {number} of {name} is not JSON", hint="one JSON value a line") from error
        if isinstance(row, dict):
            if column is None:
                there = {key: Column("string" if isinstance(value, str) else "other") for key, value in row.items()}
                column = choose_columns(there, None, None)[0]
            row = row.get(column)
        elif not isinstance(row, str):
            raise UsageError(
                f"line {number} of {name} is neither an object nor a text", hint='such as {"text": "a good film"}'
            )
        yield _text(row)


def _table(path: Path, column: str | None) -> Iterator[str | None]:
    how: dict[str, Any] = {"delimiter": "\t", "quoting": csv.QUOTE_NONE} if path.suffix.lower() == ".tsv" else {}
    with path.open(encoding="utf-8-sig", newline="") as stream, _readable(path.name):
        rows = csv.reader(stream, strict=True, **how)
        header = next(rows, [])
        place = header.index(choose_columns({name: Column("string") for name in header}, column, None)[0])
        for row in rows:
            if len(row) > len(header):
                raise UsageError(
                    f"line {rows.line_num} of {path.name} has more cells than the header", hint="quote separators"
                )
            if row:
                yield _text(row[place] if place < len(row) else None)


def _parquet(path: Path, column: str | None) -> Iterator[str | None]:
    from pyarrow.parquet import ParquetFile

    with as_usage(path.name):
        file = ParquetFile(path)
    there = {field.name: Column(str(field.type)) for field in file.schema_arrow}
    chosen = choose_columns(there, column, None)[0]
    with as_usage(path.name):
        for batch in file.iter_batches(batch_size=ROWS, columns=[chosen]):
            yield from map(_text, batch.column(0).to_pylist())


def _rows(data: Any, column: str | None) -> Iterator[str | None]:
    there = {name: column_of(feature) for name, feature in data.features.items()}
    chosen = choose_columns(there, column, None)[0]
    return (_text(row[chosen]) for row in data.select_columns([chosen]))


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not a text file in UTF-8", hint="save it as UTF-8") from error
    except csv.Error as error:
        raise UsageError(f"{name} cannot be read as its suffix says: {error}", hint=FORMS) from error
