from __future__ import annotations

import pytest

from sanitizer import processes


def test_what_torchrun_says_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, word in {"RANK": "3", "LOCAL_RANK": "1", "WORLD_SIZE": "4"}.items():
        monkeypatch.setenv(name, word)
    assert (processes.count(), processes.rank(), processes.local_rank()) == (4, 3, 1)


@pytest.mark.parametrize("words", [{}, {"WORLD_SIZE": "4"}, {"RANK": "1"}, {"RANK": "0", "WORLD_SIZE": "many"}])
def test_without_a_launcher_there_is_one(monkeypatch: pytest.MonkeyPatch, words: dict[str, str]) -> None:
    """A container may set the one variable or the other for reasons of its own."""
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    for name, word in words.items():
        monkeypatch.setenv(name, word)
    assert (processes.count(), processes.rank(), processes.local_rank()) == (1, 0, 0)


@pytest.mark.parametrize(("word", "asked"), [("True", True), ("1", True), ("False", False), ("", False)])
def test_accelerate_may_ask_for_the_cpu(monkeypatch: pytest.MonkeyPatch, word: str, asked: bool) -> None:
    monkeypatch.setenv("ACCELERATE_USE_CPU", word)
    assert processes.on_cpu() is asked
