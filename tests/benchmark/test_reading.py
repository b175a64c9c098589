"""Words of a suite: what is taken, and what is refused with a hint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sanitizer.benchmark.reading import check_keys, check_twins, file_at, listed, model_at, name_of, number
from sanitizer.errors import UsageError


def test_what_is_right_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").touch()
    check_keys("key", {"a": 1}, ("a", "b"), ("a",))
    check_twins("name", ["a", "b"])
    assert (name_of("a-1/b", "a name"), number(3, "n", least=3, most=3), listed([0], "x")) == ("a-1/b", 3, [0])
    assert file_at(tmp_path, "model/../model/config.json", "f") == tmp_path.resolve() / "model" / "config.json"
    assert model_at(tmp_path, "model", "m") == tmp_path.resolve() / "model"


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (check_keys, ("key", {"c": 1}, ("a",), ())),
        (check_keys, ("key", {}, ("a",), ("a",))),
        (check_twins, ("name", ["a", "a"])),
        (name_of, ("0a", "a name")),
        (name_of, (5, "a name")),
        (number, ("3", "n")),
        (listed, ([], "x")),
        (listed, ("a", "x")),
        (file_at, (Path(), 3, "f")),
        (file_at, (Path(), "none", "f")),
        (model_at, (Path(), "none", "m")),
    ],
)
def test_what_is_wrong_has_a_hint(check: Any, words: Any) -> None:
    with pytest.raises(UsageError) as caught:
        check(*words)
    assert caught.value.hint
