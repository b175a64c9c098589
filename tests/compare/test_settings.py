from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from helpers.subjects import checkpoint_of

from sanitizer.compare.settings import LONGEST, compare_settings
from sanitizer.report import SettingDifference


def differences(tmp_path: Path, left: dict[str, Any], right: dict[str, Any]) -> dict[str, SettingDifference]:
    for name, files in (("a", left), ("b", right)):
        (tmp_path / name).mkdir()
        for file, document in files.items():
            (tmp_path / name / file).write_text(json.dumps(document))
    found = compare_settings(checkpoint_of(tmp_path / "a"), checkpoint_of(tmp_path / "b"))
    assert len({(one.file, one.key) for one in found}) == len(found)
    return {one.key: one for one in found}


def test_keys_are_compared_at_any_depth_and_true_is_not_1(tmp_path: Path) -> None:
    left = {"config.json": {"a": 1, "b": {"c": True, "d": None}, "gone": [1, 2], "same": {"x": "y"}}}
    right = {"config.json": {"a": 1.5, "b": {"c": 1, "d": None}, "come": None, "same": {"x": "y"}}}
    found = differences(tmp_path, left, right)
    assert {key: (one.left, one.right) for key, one in found.items()} == {
        "a": ("1", "1.5"),
        "b.c": ("true", "1"),
        "gone": ("[1, 2]", None),
        "come": (None, "null"),
    }


def test_a_vocabulary_is_counted(tmp_path: Path) -> None:
    words = {f"w{number}": number for number in range(100)}
    other = {**{name: number for name, number in words.items() if number > 2}, "w9": 500, "new": 501}
    left, right = ({"tokenizer.json": {"model": {"vocab": vocab}}} for vocab in (words, other))
    (one,) = differences(tmp_path, left, right).values()
    assert one.key == "model.vocab"
    assert one.left == "100 entries, 3 only here, 1 with another value there"
    assert one.right == "98 entries, 1 only here"


def test_a_file_of_one_side_and_a_long_value(tmp_path: Path) -> None:
    found = differences(tmp_path, {"a.json": {}, "b.json": {"t": "x" * 999}}, {"b.json": {"t": "y"}})
    assert found["(the file)"] == SettingDifference("a.json", "(the file)", "there", None)
    assert len(found["t"].left or "") == LONGEST
