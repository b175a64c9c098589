"""A guard over a stream: what it writes, and that it goes on as if it had never stopped."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.runs import make_suspect, make_texts, write_tsv

from sanitizer import guarding
from sanitizer.cleandata import Part
from sanitizer.errors import UsageError
from sanitizer.guarding import guard
from sanitizer.options import DataOptions, GuardOptions
from sanitizer.schema import validate

FPR = 0.05
ODD = ". , ! " * 30
"""Longer than the model reads, and of words that no clean text has."""


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> GuardOptions:
    """A random model whose guard is fitted once; eleven inputs, two of them odd and one empty."""
    place = tmp_path_factory.mktemp("guard")
    clean = write_tsv(place / "clean.tsv", Part(make_texts(160)))
    rows: list[str | None] = [*make_texts(8, seed=1), ODD, None, ODD]
    (place / "in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in rows))
    made = GuardOptions(
        str(make_suspect(place / "bert")),
        str(place / "in.jsonl"),
        DataOptions(str(clean)),
        fpr=FPR,
        guard=place / "kept",
        device="cpu",
    )
    fitted = guard(made)
    assert any("160" not in note and "clean texts fitted" in note for note in fitted.notes)
    return made


def run(options: GuardOptions, **changes: Any) -> tuple[list[dict[str, Any]], guarding.Guarded]:
    lines: list[str] = []
    done = guard(replace(options, **changes), emit=lines.append)
    return [json.loads(line) for line in lines], done


def test_the_lines_are_a_header_the_flagged_and_the_progress(
    options: GuardOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarding, "CHUNK", 4)
    records, done = run(options)
    assert [record["kind"] for record in records].count("progress") == 3
    for record in records:
        validate(record, record["kind"])
    assert records[0]["kind"] == "guard"
    flagged = [record for record in records if record["kind"] == "input"]
    assert {8, 10} <= {record["index"] for record in flagged}
    assert all(record["p_value"] <= FPR and record["heads"] for record in flagged)
    assert records[-1] == {"inputs": 11, "flagged": len(flagged), "long": 2, "empty": 1, "kind": "progress"}
    assert (done.looked, done.done.inputs) == (11, 11)
    assert done.notes == ("kept was read; no clean data was used",)


@pytest.mark.parametrize("cut", [0.05, 0.3, 0.6, 0.99])
def test_interrupted_and_resumed_gives_the_same_bytes(
    options: GuardOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: float
) -> None:
    monkeypatch.setattr(guarding, "CHUNK", 4)
    whole, broken = tmp_path / "whole.jsonl", tmp_path / "broken.jsonl"
    run(options, out=whole)
    text = whole.read_bytes()
    broken.write_bytes(text[: int(cut * len(text))])
    _, done = run(options, out=broken)
    assert broken.read_bytes() == text
    assert done.looked <= 11
    _, again = run(options, out=broken)
    assert (again.looked, broken.read_bytes()) == (0, text)


def test_a_file_begun_by_something_else_is_refused_and_left_alone(options: GuardOptions, tmp_path: Path) -> None:
    for content in (b"my notes", b"my notes\n", b'{"kind": "guard"}\n'):
        (tmp_path / "out").write_bytes(content)
        with pytest.raises(UsageError, match="was not begun by"):
            run(options, out=tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == content
    (tmp_path / "out").unlink()
    run(options, out=tmp_path / "out")
    with pytest.raises(UsageError, match="was not begun by"):
        run(options, out=tmp_path / "out", fpr=0.1)


def test_standard_input_is_taken_as_new(options: GuardOptions, tmp_path: Path) -> None:
    live = replace(options, inputs="-", out=tmp_path / "out")
    for count in (1, 2):
        done = guard(live, lines=[json.dumps(ODD) + "\n"])
        assert (done.looked, done.done.inputs) == (1, count)
    indices = [json.loads(line).get("index") for line in (tmp_path / "out").read_text().splitlines()]
    assert [index for index in indices if index is not None] == [0, 1]


def test_words_that_cannot_work_are_refused_before_the_model_is_read(options: GuardOptions, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        run(replace(options, model="no-such-model", out=tmp_path / "missing" / "out"))
    with pytest.raises(UsageError, match="between 0 and 1"):
        run(replace(options, model="no-such-model", fpr=2.0))


def test_too_few_clean_texts_for_the_rate_are_refused(options: GuardOptions) -> None:
    with pytest.raises(UsageError, match="to calibrate on"):
        run(options, fpr=0.001)
    with pytest.raises(UsageError, match="to calibrate on"):
        run(options, guard=None, fpr=0.001)
