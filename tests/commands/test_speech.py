"""What is said when a command ends badly."""

from __future__ import annotations

from typing import Any

import pytest

from sanitizer.commands.speech import redacted
from sanitizer.errors import HubError, RefusedError
from sanitizer.report import Finding


def test_an_error_says_what_to_do(sanitize: Any, pipeline: Any) -> None:
    pipeline.raises = HubError("org/model is gated", hint="accept its terms")
    assert sanitize("org/model").stderr == "error: org/model is gated; accept its terms\n"


def test_a_refusal_lists_its_findings_the_gravest_first(sanitize: Any, pipeline: Any) -> None:
    low = Finding("unreferenced", "low", "notes.bin", "nothing names it")
    high = Finding("auto-map", "high", "config.json", "names code to run", "delete auto_map")
    pipeline.raises = RefusedError("org/model is refused", findings=(low, high), hint="do not use it")
    assert sanitize("org/model").stderr.splitlines() == [
        "error: org/model is refused; do not use it",
        "  high    auto-map  config.json: names code to run (delete auto_map)",
        "  low     unreferenced  notes.bin: nothing names it",
    ]


def test_a_stranger_cannot_paint_the_terminal(sanitize: Any, pipeline: Any) -> None:
    finding = Finding("r", "high", "\x1b[2Ja.json", "[red]\u202egpj.exe\n\n[/red]")
    pipeline.raises = RefusedError("model \x1b]0;title\x07 [bold]", findings=(finding,))
    said = sanitize("org/model", color=True).stderr
    assert not {"\x07", "\u202e"} & set(said)
    assert "\x1b[2J" not in said
    assert "\x1b]0" not in said
    assert "[red]gpj.exe [/red]" in said
    assert "[bold]" in said


def test_a_bug_asks_to_be_reported_and_shows_its_place_only_when_asked(sanitize: Any, pipeline: Any) -> None:
    pipeline.raises = ZeroDivisionError("by zero")
    said = sanitize("org/model").stderr
    assert "ZeroDivisionError: by zero" in said
    assert "this is a bug" in said
    assert "sanitize doctor" in said
    assert "Traceback" not in said
    assert "Traceback" in sanitize("org/model", "-v").stderr


def test_full_disk_is_no_bug_and_names_the_file(sanitize: Any, pipeline: Any) -> None:
    pipeline.raises = OSError(28, "No space left on device", "out/model.safetensors")
    assert sanitize("org/model").stderr == "error: No space left on device: out/model.safetensors\n"


def test_memory_of_the_gpu_counts_as_memory(sanitize: Any, pipeline: Any) -> None:
    class OutOfMemoryError(RuntimeError):
        """As torch names it."""

    pipeline.raises = OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB")
    assert "--batch-size" in sanitize("org/model").stderr


@pytest.mark.parametrize("flags", [(), ("-v",)])
def test_a_token_is_never_said(sanitize: Any, pipeline: Any, flags: tuple[str, ...]) -> None:
    pipeline.raises = ValueError("Illegal header value b'Bearer hf_abcdefghijklmnop'")
    said = sanitize("org/model", *flags).stderr
    assert "hf_a" not in said
    assert "Bearer hf_***" in said


def test_only_tokens_are_redacted() -> None:
    assert redacted("hf_abcdefgh12, hf_hub, HF_TOKEN") == "hf_***, hf_hub, HF_TOKEN"
