"""`sanitize report`, on real files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers.records import make_report, make_scan

from sanitizer.html.page import render_page
from sanitizer.schema import to_json


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "saved.json"
    path.write_text(to_json(make_report()))
    return path


def test_the_page_lies_beside_its_report(sanitize: Any, saved: Path) -> None:
    done = sanitize("report", "saved.json")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "saved.html\n", "")
    assert saved.with_suffix(".html").read_text(encoding="utf-8") == render_page(make_report())


def test_a_scan_has_a_page_too_and_lies_where_it_is_asked_for(sanitize: Any, tmp_path: Path) -> None:
    (tmp_path / "scan.json").write_text(to_json(make_scan()))
    assert sanitize("report", "scan.json", "-o", "there.html").stdout == "there.html\n"
    assert "Looked at, and not changed" in (tmp_path / "there.html").read_text(encoding="utf-8")
    assert not (tmp_path / "scan.html").exists()


def test_a_browser_is_shown_the_page(
    sanitize: Any, saved: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A real child process stands in for the browser, and writes down what it was given."""
    program = tmp_path / "browser"
    program.write_text(f'#!{sys.executable}\nimport sys\nopen("{tmp_path}/seen", "w").write(sys.argv[1])\n')
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{program} %s")
    monkeypatch.setattr("webbrowser._tryorder", None)  # it remembers what it found at first
    assert sanitize("report", "saved.json", "--open").exit_code == 0
    assert (tmp_path / "seen").read_text() == saved.with_suffix(".html").as_uri()


def test_without_a_browser_it_says_so(sanitize: Any, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER", "false")
    monkeypatch.setenv("PATH", os.devnull)
    monkeypatch.setattr("webbrowser._tryorder", None)
    done = sanitize("report", "saved.json", "--open")
    assert done.exit_code == 3
    assert "no browser was found here; open the page yourself" in done.stderr
    assert saved.with_suffix(".html").is_file()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nowhere"], 2, "does not exist"),
        (["empty"], 2, "it has no sanitizer/report.json"),
        (["plain.txt"], 3, "plain.txt is no report"),
        (["saved.json", "-o", "no/such/folder.html"], 2, "no/such cannot be written to"),
    ],
)
def test_what_is_wrong_is_said(
    sanitize: Any, saved: Path, tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "plain.txt").write_text("no JSON")
    done = sanitize("report", *words)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr
