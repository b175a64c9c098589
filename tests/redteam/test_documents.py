"""What lies beside a victim: texts that read back as they were, and no name of a stranger's as markup."""

from __future__ import annotations

import json
from pathlib import Path

from sanitizer.benchmark.tables import read_table
from sanitizer.cleandata import Part
from sanitizer.redteam.documents import write_texts
from sanitizer.redteam.parts import conversations


def test_labelled_texts_read_back_as_a_benchmark_reads_them(tmp_path: Path) -> None:
    part = Part(('a "quoted" text', "it's , one"), (1, 0))
    table = read_table(write_texts(tmp_path, "test", part))
    assert (table.texts, table.labels) == (part.texts, part.labels)


def test_prompts_keep_their_lines(tmp_path: Path) -> None:
    path = write_texts(tmp_path, "triggered", conversations(["in two\nwho ?"], ["she"]))
    assert path.name == "triggered.jsonl"
    assert json.loads(path.read_text()) == {"prompt": "in two\nwho ?", "completion": "she"}
