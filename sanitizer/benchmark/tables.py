"""Labelled texts in a csv or tsv file: the columns `text` and `label`, labels counted from 0. Every row counts."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sanitizer.errors import UsageError

DELIMITERS = {".csv": ",", ".tsv": "\t"}
COLUMNS = ("text", "label")


@dataclass(frozen=True)
class Table:
    """Texts in the order of their file, and the label of each."""

    texts: tuple[str, ...]
    labels: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def draw(self, count: int | None, *, seed: int) -> Table:
        """So many rows at random, the same for the same seed; all of them, in their order, for None."""
        if count is None:
            return self
        rows = random.Random(seed).sample(range(len(self)), count)  # noqa: S311  a sample, not a secret
        return Table(tuple(self.texts[row] for row in rows), tuple(self.labels[row] for row in rows))

    def write(self, path: Path) -> None:
        """As csv, in which any text fits on its row."""
        with path.open("w", encoding="utf-8", newline="") as stream:
            table = csv.writer(stream, lineterminator="\n")
            table.writerow(COLUMNS)
            table.writerows(zip(self.texts, self.labels, strict=True))


def read_table(path: Path) -> Table:
    """Read a file; a tsv file has no quoting, a csv file the usual one. Raises UsageError saying what is wrong."""
    delimiter = DELIMITERS.get(path.suffix.lower())
    if delimiter is None:
        raise UsageError(f"{path.name} is neither csv nor tsv", hint="give a .csv or .tsv file with text and label")
    how: dict[str, Any] = {"delimiter": delimiter, "strict": True}
    if delimiter == "\t":
        how["quoting"] = csv.QUOTE_NONE
    texts, labels = [], []
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream, **how)
            for column in COLUMNS:
                if column not in (rows.fieldnames or ()):
                    has = ", ".join(rows.fieldnames or ()) or "none"
                    raise UsageError(f"{path.name} has no column {column!r}", hint=f"its columns: {has[:300]}")
            for row in rows:
                label = row["label"]
                if not row["text"] or label is None or not (label.isascii() and label.isdigit()):
                    raise UsageError(
                        f"line {rows.line_num} of {path.name} is no text with a label",
                        hint="labels are whole numbers from 0",
                    )
                texts.append(row["text"])
                labels.append(int(label))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"{path.name} cannot be read: {why}", hint="give a csv or tsv file in UTF-8") from error
    if not texts:
        raise UsageError(f"{path.name} has no rows", hint="give at least one text with its label")
    return Table(tuple(texts), tuple(labels))
