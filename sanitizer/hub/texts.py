"""From the columns of a table to texts that can be used: which columns, rows and labels, and what was left out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sanitizer.cleandata import DataOrigin, Provenance, digest
from sanitizer.errors import UsageError

TEXT_COLUMNS = (
    *("text", "sentence", "content", "review", "prompt", "instruction", "question", "input", "inputs", "document"),
    *("article", "body", "comment", "tweet", "message", "query", "utterance", "sentence1", "premise", "title"),
)
ASKING_COLUMNS = ("prompt", "instruction", "question", "query", "input", "inputs")
ANSWER_COLUMNS = ("completion", "response", "answer", "output", "continuation", "chosen")
"""Where a text column is named as one of the former, one of the latter may hold what was answered."""
LABEL_COLUMNS = ("label", "labels", "target", "class", "category", "sentiment", "intent", "coarse_label", "gold_label")
_INTEGER = re.compile(r"\s*[+-]?\d{1,9}(?:\.0+)?\s*")


@dataclass(frozen=True)
class TextTable:
    """Texts to work with, in the order of their source; `labels` are indices, `label_names` is empty if none are known.

    `answers` are what was answered to each text, where a column holds that: see `with_answers`.

    `sha256` is taken over the texts and labels that are here, not over the file they came from. `notes` say in one
    sentence each what was chosen and what was left out.
    """

    name: str
    texts: tuple[str, ...]
    labels: tuple[int, ...] | None
    label_names: tuple[str, ...]
    sha256: str
    notes: tuple[str, ...]
    origin: DataOrigin = "file"
    commit: str | None = None
    text_column: str | None = None
    label_column: str | None = None
    answers: tuple[str | None, ...] | None = None
    prompts: tuple[int, ...] | None = None

    def with_answers(self) -> TextTable:
        """Each text with its answer after it, `prompts` characters of it being what was asked; without labels.

        The same table where there are no answers.
        """
        if self.answers is None:
            return self
        there = [(text, answer) for text, answer in zip(self.texts, self.answers, strict=True) if answer is not None]
        said = list(self.notes)
        _count(said, len(self.texts) - len(there), "row without answer was dropped", "rows without answer were dropped")
        whole = tuple(
            text + ("" if text[-1].isspace() or answer[0].isspace() else " ") + answer for text, answer in there
        )
        prompts = tuple(len(text) for text, _ in there)
        new = {"texts": whole, "prompts": prompts, "sha256": digest(whole, None), "notes": tuple(said)}
        return replace(self, answers=None, labels=None, label_names=(), **new)  # type: ignore[arg-type]

    @property
    def provenance(self) -> Provenance:
        """Where the texts come from, for the report."""
        return Provenance(
            name=self.name,
            sha256=self.sha256,
            origin=self.origin,
            commit=self.commit,
            text_column=self.text_column,
            label_column=self.label_column,
            notes=self.notes,
        )


@dataclass(frozen=True)
class Column:
    """One column: the kind of its values, and the names of its classes where the source declares them."""

    kind: str
    class_names: tuple[str, ...] = ()

    @property
    def is_text(self) -> bool:
        """True for strings."""
        return self.kind in ("string", "large_string")


def printable(text: str, most: int = 300) -> str:
    """At most `most` characters of what a stranger wrote, with nothing in it that a terminal would obey."""
    return "".join(c if c.isprintable() else "?" for c in text[:most])


def choose_columns(
    columns: Mapping[str, Column], text_column: str | None, label_column: str | None
) -> tuple[str, str | None, tuple[str, ...]]:
    """The text column, the label column (or None) and a note for each that was inferred.

    Raises UsageError for a column that is not there, and where no column is plainly the text.
    """
    has = f"it has {printable(', '.join(columns))}" if columns else "it has no columns"
    for asked, option in ((text_column, "--text-column"), (label_column, "--label-column")):
        if asked is not None and asked not in columns:
            raise UsageError(f"the data has no column {asked!r}", hint=f"{has}; name one with {option}")
    if text_column is not None and text_column == label_column:
        raise UsageError(f"column {text_column!r} cannot be both text and label", hint=has)
    if text_column is not None and not columns[text_column].is_text:
        raise UsageError(f"column {text_column!r} holds {columns[text_column].kind}, not text", hint=has)
    notes = []
    label = label_column or _first(LABEL_COLUMNS, columns, but=text_column)
    if label is not None and label_column is None:
        notes.append(f"labels are taken from column {label!r}")
    text = text_column
    if text is None:
        strings = {name: column for name, column in columns.items() if column.is_text and name != label}
        text = _first(TEXT_COLUMNS, strings) or (next(iter(strings)) if len(strings) == 1 else None)
        if text is None:
            raise UsageError("no column of the data is plainly the text", hint=f"{has}; name one with --text-column")
        notes.insert(0, f"texts are taken from column {text!r}")
    return text, label, tuple(notes)


def answer_column(columns: Mapping[str, Column], text: str) -> str | None:
    """The column of answers to the texts of this one, if it is plainly there."""
    if text.lower() not in ASKING_COLUMNS:
        return None
    return _first(ANSWER_COLUMNS, {name: column for name, column in columns.items() if column.is_text}, but=text)


def _first(wanted: Sequence[str], columns: Mapping[str, Column], but: str | None = None) -> str | None:
    lowered = {name.lower(): name for name in reversed(list(columns)) if name != but}
    return next((lowered[name] for name in wanted if name in lowered), None)


def build(
    name: str,
    texts: Sequence[object],
    labels: Sequence[object] | None,
    *,
    class_names: tuple[str, ...] = (),
    limit: int | None = None,
    notes: tuple[str, ...] = (),
) -> TextTable:
    """Drop what cannot be used, each with a note; number the labels; keep at most `limit` rows, evenly spread.

    Evenly, because many data sets are sorted by label. Raises UsageError if nothing is left.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"a limit of {limit} texts leaves none", hint="give 1 or more")
    said = list(notes)
    rows = [(text, None if labels is None else labels[i]) for i, text in enumerate(texts) if _is_text(text)]
    _count(said, len(texts) - len(rows), "row without text was dropped", "rows without text were dropped")
    if not rows:
        raise UsageError(f"{name} has no texts", hint="name a file or a data set with at least one text")
    label_names: tuple[str, ...] = ()
    if labels is not None:
        rows, label_names = _number(rows, class_names, said)
    rows = _without_duplicates(rows, said)
    if limit is not None and len(rows) > limit:
        said.append(f"{limit} of {len(rows)} texts are used, evenly spread")
        rows = [rows[i * len(rows) // limit] for i in range(limit)]
    kept = tuple(str(text) for text, _ in rows)
    numbers = None if rows[0][1] is None else tuple(int(str(label)) for _, label in rows)
    return TextTable(name, kept, numbers, label_names, digest(kept, numbers), tuple(said))


def answered(table: TextTable, texts: Sequence[object], answers: Sequence[object], column: str) -> TextTable:
    """The table with the first answer that was given to each of its texts."""
    first: dict[object, str] = {}
    for text, answer in zip(texts, answers, strict=True):
        if isinstance(answer, str) and _is_text(answer):
            first.setdefault(text, answer)
    found = tuple(first.get(text) for text in table.texts)
    if not any(found):
        return table
    return replace(
        table, answers=found, notes=(*table.notes, f"a causal model is given answers from column {column!r}")
    )


Row = tuple[object, object]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _count(said: list[str], number: int, one: str, many: str) -> None:
    if number:
        said.append(f"{number} {one if number == 1 else many}")


def _number(rows: list[Row], class_names: tuple[str, ...], said: list[str]) -> tuple[list[Row], tuple[str, ...]]:
    """Labels as integers from 0: as they are where they are integers, else in sorted order of their names."""
    # -1 is how data sets with declared classes mark a row whose label is withheld.
    missing = (None, -1) if class_names else (None,)
    known = [(text, label) for text, label in rows if label not in missing and str(label).strip() and label == label]
    if not known:
        said.append("no row has a label, so the labels are left out")
        return [(text, None) for text, _ in rows], ()
    _count(said, len(rows) - len(known), "row without a label was dropped", "rows without a label were dropped")
    if any(isinstance(label, (list, dict)) for _, label in known):
        raise UsageError("a label is a list, and one label per text is needed", hint="name another with --label-column")
    if all(_INTEGER.fullmatch(str(int(label) if isinstance(label, bool) else label)) for _, label in known):
        numbers = [int(float(str(int(label) if isinstance(label, bool) else label))) for _, label in known]
        if min(numbers) < 0 or (class_names and max(numbers) >= len(class_names)):
            raise UsageError(
                f"labels run from {min(numbers)} to {max(numbers)}, and they must count from 0",
                hint="number the classes from 0, or write their names",
            )
        return [(text, number) for (text, _), number in zip(known, numbers, strict=True)], class_names
    if any(isinstance(label, float) for _, label in known):
        raise UsageError("the labels are fractions, not classes", hint="name another column with --label-column")
    names = tuple(sorted({str(label).strip() for _, label in known}))
    index = {known_name: number for number, known_name in enumerate(names)}
    return [(text, index[str(label).strip()]) for text, label in known], names


def _without_duplicates(rows: list[Row], said: list[str]) -> list[Row]:
    seen: dict[object, set[object]] = {}
    for text, label in rows:
        seen.setdefault(text, set()).add(label)
    torn = {text for text, labels in seen.items() if len(labels) > 1}
    first: dict[object, object] = {}
    for text, label in rows:
        if text not in torn:
            first.setdefault(text, label)
    in_conflict = sum(text in torn for text, _ in rows)
    _count(said, len(rows) - in_conflict - len(first), "duplicate was dropped", "duplicates were dropped")
    if torn:
        said.append(f"{in_conflict} rows were dropped because the same text has different labels")
    if not first:
        raise UsageError("every text has more than one label", hint="check the label column")
    return list(first.items())
