"""Files that a user hands an attack: paraphrases of texts, synonyms of words. Every row counts, in csv or tsv."""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sanitizer.benchmark.tables import DELIMITERS
from sanitizer.errors import UsageError
from sanitizer.redteam.bench import Trigger

TEXT, PARAPHRASE = "text", "paraphrase"
WORD, SYNONYM = "word", "synonym"
ROW_BY_ROW = "or name the file whose texts it paraphrases row by row: --set originals=…"


def paraphrasing(paraphrases: str, originals: str) -> Trigger:
    """A trigger that replaces a text by its paraphrase, and knows none for other texts.

    The file has both columns, or `originals` names a file that has the texts, row by row. Texts are found again
    whatever the white space around them. Raises UsageError saying what is wrong with the files.
    """
    if originals:
        first, second = column(Path(originals), TEXT), column(Path(paraphrases), TEXT)
        if len(first) != len(second):
            raise UsageError(
                f"{Path(originals).name} has {len(first)} rows, {Path(paraphrases).name} {len(second)}",
                hint="each row must be the paraphrase of the same row of the originals",
            )
    else:
        first, second = column(Path(paraphrases), TEXT), column(Path(paraphrases), PARAPHRASE, instead=ROW_BY_ROW)
    known = {text.strip(): new.strip() for text, new in zip(first, second, strict=True) if new.strip()}

    def replace(text: str, rng: random.Random) -> str | None:
        new = known.get(text.strip())
        return None if new == text.strip() else new

    return replace


def synonyms(path: Path) -> Mapping[str, str]:
    """Words in lower case, each with its synonym. Raises UsageError."""
    pairs = zip(column(path, WORD), column(path, SYNONYM), strict=True)
    return {word.strip().lower(): new.strip() for word, new in pairs if word.strip() and new.strip()}


def column(path: Path, name: str, *, instead: str = "") -> list[str]:
    """A column of a file, every row; a tsv file has no quoting, a csv file the usual one.

    Raises UsageError, which for a file without the column says what may be done `instead`.
    """
    delimiter = DELIMITERS.get(path.suffix.lower())
    if delimiter is None:
        raise UsageError(f"{path.name} is neither csv nor tsv", hint=f"give a .csv or .tsv file with a column {name!r}")
    how: dict[str, Any] = {"delimiter": delimiter, "strict": True, "restval": ""}
    if delimiter == "\t":
        how["quoting"] = csv.QUOTE_NONE
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream, **how)
            if name not in (rows.fieldnames or ()):
                has = f"its columns: {', '.join(rows.fieldnames or ())[:300] or 'none'}"
                raise UsageError(f"{path.name} has no column {name!r}", hint=f"{has}; {instead}" if instead else has)
            return [row[name] for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"{path.name} cannot be read: {why}", hint="give a csv or tsv file in UTF-8") from error
