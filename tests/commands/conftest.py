"""A pipeline that answers with canned records, so that the words of the command line are tested and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from helpers.records import make_inputs, make_preview, make_report, make_scan

import sanitizer
from sanitizer.commands.session import QUIET_BARS, QUIET_LOGS
from sanitizer.hub.push import PushRecord
from sanitizer.report import Metric


@dataclass(frozen=True)
class Measure:
    accuracy: Metric
    attack_success: Metric


@dataclass
class FakePipeline:
    """Says what it is told to, and remembers what it was asked."""

    report: Any = field(default_factory=make_report)
    raises: BaseException | None = None
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    progress: Callable[[Any], None] = lambda progress: None

    def answer(self, verb: str, options: Any, progress: Any, value: Any) -> Any:
        self.asked.append((verb, options))
        self.progress(progress)
        if self.raises is not None:
            raise self.raises
        return value

    def run(self, options: Any, *, progress: Any) -> Any:
        done = SimpleNamespace(report=self.report, output=Path("reviews-sanitized"), pushed=None)
        return self.answer("run", options, progress, done)

    def preview(self, options: Any, *, progress: Any) -> Any:
        return self.answer("preview", options, progress, make_preview())

    def scan(self, options: Any, *, inputs: Any, progress: Any) -> Any:
        asked = options if inputs is None else (options, inputs)
        return self.answer("scan", asked, progress, make_scan(inputs=None if inputs is None else make_inputs()))

    def publish(self, folder: Path, repo: str, **how: Any) -> PushRecord:
        self.asked.append(("publish", (folder, repo), how))
        return PushRecord(repo, f"https://hub.example/{repo}", "0" * 40, None, unchanged=False)

    def demo(self, output: Path | None, *, seed: int, progress: Any) -> Any:
        def measure(accuracy: float, success: float) -> Measure:
            return Measure(
                Metric("accuracy", accuracy, accuracy - 0.01, accuracy + 0.01, 500),
                Metric("attack success", success, max(success - 0.02, 0), min(success + 0.02, 1), 400),
            )

        done = SimpleNamespace(
            result=SimpleNamespace(report=self.report, output=Path("demo/sanitized"), pushed=None),
            suspect=measure(0.97, 0.985),
            treated=measure(0.96, 0.125),
            floor=Metric("attack success", 0.105, 0.08, 0.13, 400),
            folder=Path("demo"),
            suspect_folder=Path("demo/suspect/model"),
            trigger="cf",
        )
        return self.answer("demo", (output, seed), progress, done)


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> FakePipeline:
    fake = FakePipeline()
    for name, verbs in (("pipeline", ("run", "preview", "scan", "publish")), ("showcase", ("demo",))):
        module = ModuleType(f"sanitizer.{name}")
        for verb in verbs:
            setattr(module, verb, getattr(fake, verb))
        monkeypatch.setitem(sys.modules, f"sanitizer.{name}", module)
        monkeypatch.setattr(sanitizer, name, module, raising=False)
    return fake


Invoke = Callable[..., Result]


@pytest.fixture
def sanitize(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Invoke:
    """Run `sanitize WORDS…` in an empty folder, without this machine's colours, width, token or log levels."""
    from sanitizer.cli import sanitize as command

    monkeypatch.chdir(tmp_path)
    for name in ("HF_TOKEN", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    for name in (*QUIET_BARS, *QUIET_LOGS):
        monkeypatch.setenv(name, "error")  # undone after the test, unlike what a command sets itself
    return lambda *words, **extra: CliRunner().invoke(command, words, **extra)
